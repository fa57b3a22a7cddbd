import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {Config} from "../../../firmware/config/config.ts";
import {createLog} from "../../../firmware/log.ts";
import {attachConsole} from "../../../firmware/provisioning/console.ts";
import {Store} from "../../../firmware/store/store.ts";
import {openVault} from "../../../firmware/store/vault.ts";
import {Cable} from "./cable.ts";

let folder = "";
let store: Store;
let config: Config;
let one: Cable;
let two: Cable;
const log = createLog(() => undefined, "debug");

function consoleAt(): Cable {
    const link = new Cable();
    const answers = {status: () => ["registered: no"], blackBox: () => ["idle"], version: "0.0.0"};
    attachConsole({link, config, store, ...answers, log});
    return link;
}

beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-consoles-"));
    store = await Store.open({folder, log, onFault: () => undefined});
    config = await Config.load(store, openVault(join(folder, "key"), log), log);
    one = consoleAt();
    two = consoleAt();
});
afterEach(async () => {
    await store.close();
    rmSync(folder, {recursive: true, force: true});
});

const conflict = /error: phone\.name: was changed elsewhere meanwhile\r\n.*look at diff, then apply again/;

describe("two consoles", () => {
    it("stage by themselves and say nothing of one another", async () => {
        await one.type("set phone.name Hall");
        expect(await two.type("diff")).toContain("nothing is staged");
        await two.type("set audio.volume 3");
        expect(await two.type("apply")).toContain("applied 1 change");
        expect(await one.type("diff")).not.toContain("audio.volume");
        expect(one.seen).not.toContain("volume");
        expect(await one.type("apply")).toContain("applied 1 change");
        expect(config.settings).toMatchObject({"phone.name": "Hall", "audio.volume": 3});
    });

    it("have lines, questions and histories of their own", async () => {
        await one.type("set account1.password", "(unseen): ");
        two.send("sta");
        await one.type("canary-secret");
        expect(await two.type("tus")).toContain("registered: no");
        expect(await two.type("\u001b[A\u001b[A")).not.toContain("account1");
        expect(two.seen).not.toContain("canary");
    });

    it("refuse to replace what changed meanwhile, name it, apply nothing and keep what is staged", async () => {
        await one.type("set phone.name Hall");
        await one.type("set audio.volume 3");
        await two.type("set phone.name Kitchen");
        await two.type("apply");
        const answer = await one.type("apply");
        expect(answer).toMatch(conflict);
        expect(answer).not.toContain("audio.volume");
        expect(answer).toContain("offhook*> ");
        expect(config.settings).toMatchObject({"phone.name": "Kitchen", "audio.volume": 0});
    });

    it("apply when asked again", async () => {
        await one.type("set phone.name Hall");
        await config.commit(new Map([["phone.name", "Kitchen"]]));
        await one.type("apply");
        expect(await one.type("diff")).toContain(
            "set phone.name Hall\r\n  changed elsewhere meanwhile, now Kitchen\r\n",
        );
        expect(await one.type("apply")).toContain("applied 1 change");
        expect(config.settings["phone.name"]).toBe("Hall");
    });

    it("apply at once when diff has told what changed", async () => {
        await one.type("unset phone.name");
        await config.commit(new Map([["phone.name", "Kitchen"]]));
        expect(await one.type("diff")).toContain("unset phone.name\r\n  changed elsewhere meanwhile, now Kitchen\r\n");
        expect(await one.type("apply")).toContain("applied 1 change");
        expect(config.originOf("phone.name")).toBe("default");
    });

    it("are refused again when it changed once more after that", async () => {
        await one.type("set phone.name Hall");
        await config.commit(new Map([["phone.name", "Kitchen"]]));
        await one.type("apply");
        await config.commit(new Map([["phone.name", "Attic"]]));
        expect(await one.type("apply")).toMatch(conflict);
        expect(config.settings["phone.name"]).toBe("Attic");
    });

    it("are told of what the phone's own menu changed", async () => {
        await one.type("set audio.volume 3");
        await config.commit(new Map([["audio.volume", "-6"]]));
        expect(await one.type("apply")).toContain("error: audio.volume: was changed elsewhere meanwhile");
        expect(config.settings["audio.volume"]).toBe(-6);
    });

    it("show no secret that another set", async () => {
        await one.type("set account1.password canary-one");
        await two.type("set account1.password canary-two");
        await two.type("apply");
        expect(await one.type("apply")).toContain("error: account1.password: was changed elsewhere meanwhile");
        expect(await one.type("diff")).toContain("set account1.password ***\r\n  changed elsewhere meanwhile, now ***");
        expect(one.seen).not.toContain("canary-two");
    });

    it("know what changed when it is staged only after that", async () => {
        await two.type("set phone.name Kitchen");
        await two.type("apply");
        await one.type("set phone.name Hall");
        expect(await one.type("diff")).not.toContain("elsewhere");
        expect(await one.type("apply")).toContain("applied 1 change");
    });

    it("that apply at the same moment do so one after the other", async () => {
        await one.type("set phone.name Hall");
        await two.type("set phone.name Kitchen");
        const answers = await Promise.all([one.type("apply"), two.type("apply")]);
        expect(answers[0]).toContain("applied 1 change");
        expect(answers[1]).toMatch(conflict);
        expect(config.settings["phone.name"]).toBe("Hall");
    });

    it("forget only what was staged at the cable that was pulled", async () => {
        await one.type("set phone.name Hall");
        await two.type("set audio.volume 3");
        two.plug(false);
        two.plug(true);
        expect(await two.type("diff")).toContain("nothing is staged");
        expect(await one.type("apply")).toContain("applied 1 change");
        expect(config.settings).toMatchObject({"phone.name": "Hall", "audio.volume": 0});
    });
});
