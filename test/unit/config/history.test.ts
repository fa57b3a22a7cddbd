import {describe, expect, it} from "vitest";
import {changedSince, differing, emptyHistory, type Known, recorded} from "../../../firmware/config/history.ts";
import {initialSettings} from "../../../firmware/config/schema.ts";

describe("the history of settings", () => {
    it("counts commits from the start", () => {
        expect(recorded(recorded(emptyHistory, []), ["phone.name"]).revision).toBe(2);
    });

    it("names what changed after it was known, in the order in which it was asked for", () => {
        const one = recorded(emptyHistory, ["phone.name", "account1.user"]);
        const two = recorded(one, ["audio.volume"]);
        const known: Known = new Map([
            ["audio.volume", 1],
            ["account1.user", 1],
            ["phone.name", 0],
            ["phone.language", 0],
        ]);
        expect(changedSince(two, known)).toEqual(["audio.volume", "phone.name"]);
    });

    it("remembers the last change of each and leaves the older history as it was", () => {
        const one = recorded(emptyHistory, ["phone.name"]);
        const two = recorded(one, ["phone.name"]);
        expect(changedSince(two, new Map([["phone.name", 1]]))).toEqual(["phone.name"]);
        expect(changedSince(one, new Map([["phone.name", 1]]))).toEqual([]);
        expect(changedSince(emptyHistory, new Map([["phone.name", 0]]))).toEqual([]);
    });

    it("takes for changed what has another value, and every secret", () => {
        const after = {...initialSettings, "audio.volume": 3, "audio.codecs": [...initialSettings["audio.codecs"]]};
        const committed = ["audio.volume", "audio.codecs", "phone.name", "account1.password"] as const;
        expect(differing(committed, initialSettings, after)).toEqual(["audio.volume", "account1.password"]);
    });
});
