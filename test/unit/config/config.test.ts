import {mkdtempSync, readdirSync, readFileSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {Config} from "../../../firmware/config/config.ts";
import {initialSettings, settingNames, settingOf} from "../../../firmware/config/schema.ts";
import {validate} from "../../../firmware/config/validate.ts";
import {createLog} from "../../../firmware/log.ts";
import {Secret} from "../../../firmware/secret.ts";
import {Store} from "../../../firmware/store/store.ts";
import {openVault} from "../../../firmware/store/vault.ts";

const lines: string[] = [];
const log = createLog((line) => lines.push(line), "debug");
let folder = "";
let store: Store;
const load = (): Promise<Config> => Config.load(store, openVault(join(folder, "key"), log), log);

beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-config-"));
    lines.length = 0;
    store = await Store.open({folder, log, onFault: () => undefined});
});
afterEach(async () => {
    await store.close();
    rmSync(folder, {recursive: true, force: true});
});

const account = new Map([
    ["account1.enabled", "on"],
    ["account1.user", "alice"],
    ["account1.domain", "phone.test"],
    ["account1.password", "canary-password"],
    ["account1.transport", "tcp"],
]);

describe("the registry of settings", () => {
    it.each(settingNames)("prints the default of %s in a form that it reads back", (name) => {
        const {kind, initial} = settingOf(name);
        const parsed = kind.parse(kind.print(initial));
        expect(parsed).toEqual({ok: true, value: initial});
    });

    it.each([
        ["", true],
        ["sip:quality@example.org", true],
        ["sip:collector.example.org:5070", true],
        ["sip:q@[2001:db8::1]", true],
        ["quality@example.org", false],
        ["sips:quality@example.org", false],
        ["sip:", false],
        ["sip:a@b c", false],
        ["sip:a@b\r\nVia: x", false],
        ["sip:a@example.org;transport=udp", false],
    ])("takes %j for a collector of reports: %s", (text, right) => {
        expect(validate(new Map([["quality.collector", text]]), initialSettings).ok).toBe(right);
    });

    it("says all errors at once, each with its name", () => {
        const judged = validate(
            new Map([
                ["audio.volume", "99"],
                ["phone.time-zone", "Mars/Olympus"],
                ["nonsense", "1"],
                ["account2.enabled", "on"],
            ]),
            initialSettings,
        );
        expect(judged.ok ? [] : judged.errors.map(({name}) => name)).toEqual([
            "audio.volume",
            "phone.time-zone",
            "nonsense",
            "account2.user",
            "account2.domain",
        ]);
    });

    it.each([
        ["rtp.ports", "100-90", "ports"],
        ["rtp.ports", "20000-20004", "eight"],
        ["audio.codecs", "PCMA,PCMA", "twice"],
        ["audio.codecs", "", "at least 1"],
        ["sip.ca", "rubbish", "PEM"],
        ["phone.name", "a\u0007b", "place 2"],
        ["audio.volume", "1e3", "whole number"],
        ["dial.emergency", "1", "2 to 8"],
    ])("refuses %s = %j with a reason", (name, text, reason) => {
        const judged = validate(new Map([[name, text]]), initialSettings);
        expect(judged.ok ? "" : judged.errors[0]?.what).toContain(reason);
    });

    it("takes a certificate on one line, whichever way its line ends are written", () => {
        const base64 = "QUJD".repeat(40);
        const judged = validate(
            new Map([["sip.ca", `-----BEGIN CERTIFICATE-----\\n${base64}\\n-----END CERTIFICATE-----`]]),
            initialSettings,
        );
        expect(judged.ok && judged.settings["sip.ca"].split("\n").length).toBe(6);
    });
});

describe("a commit", () => {
    it("is in force at once and after a restart, with the usual port filled in", async () => {
        const config = await load();
        expect(await config.commit(account)).toEqual({ok: true, scopes: new Set(["register"]), revision: 1});
        const again = await load();
        expect(again.accounts()).toMatchObject([{id: 0, user: "alice", authUser: "alice", port: 5060}]);
        expect(again.accounts()[0]?.password.reveal()).toBe("canary-password");
        expect(again.originOf("account1.user")).toBe("set");
        expect(again.originOf("audio.volume")).toBe("default");
    });

    it("changes nothing when one of its changes is wrong", async () => {
        const config = await load();
        const result = await config.commit(new Map([...account, ["audio.ptime", "25"]]));
        expect(result).toMatchObject({ok: false, errors: [{name: "audio.ptime"}]});
        expect(config.accounts()).toEqual([]);
        expect((await store.settings()).values.has("account1.user")).toBe(false);
    });

    it("tells its listeners which scopes it touched", async () => {
        const config = await load();
        const told: string[][] = [];
        config.onChange((scopes) => told.push([...scopes].sort()));
        await config.commit(
            new Map([
                ["audio.volume", "3"],
                ["log.level", "debug"],
            ]),
        );
        expect(told).toEqual([["now", "restart"]]);
        await config.commit(
            new Map([
                ["rtp.ports", "20000-20100"],
                ["rtp.dscp", "0"],
            ]),
        );
        expect(told.at(-1)).toEqual(["now"]);
    });

    it("goes back to the default with null", async () => {
        const config = await load();
        await config.commit(account);
        await config.commit(
            new Map([
                ["account1.password", null],
                ["account1.enabled", null],
            ]),
        );
        expect(config.textOf("account1.password")).toBe("");
        expect(config.accounts()).toEqual([]);
    });

    it("leaves no secret in a listing, the log or any file", async () => {
        const config = await load();
        await config.commit(account);
        expect(config.textOf("account1.password")).toBe("***");
        expect(JSON.stringify(config.accounts())).not.toContain("canary");
        await store.close();
        for (const file of readdirSync(folder)) {
            expect(readFileSync(join(folder, file)).includes("canary-password")).toBe(false);
        }
        expect(lines.join()).not.toContain("canary");
    });

    it("goes on without a password that another phone sealed, and says so", async () => {
        const config = await load();
        await config.commit(account);
        rmSync(join(folder, "key"));
        openVault(join(folder, "key"), log).seal("other", new Secret("x"));
        expect((await load()).accounts()).toMatchObject([{user: "alice", port: 5060}]);
        expect(lines.join()).toContain(
            "account1.password cannot be opened with this phone's key; it has to be set again",
        );
    });

    it("keeps the instance id over a restart", async () => {
        const first = await load();
        expect(first.instanceId).toMatch(/^[0-9a-f-]{36}$/);
        expect((await load()).instanceId).toBe(first.instanceId);
    });

    it("names a stored value that it does not understand and goes on with the default", async () => {
        await store.changeSettings([{name: "audio.volume", value: "loud"}]);
        const config = await load();
        expect(config.settings["audio.volume"]).toBe(0);
        expect(lines.join()).toContain("audio.volume is left at its default");
    });
});

describe("two who commit", () => {
    it("are told of what the other changed after they knew it, and change nothing then", async () => {
        const config = await load();
        const {revision} = config.history;
        await config.commit(new Map([["phone.name", "Hall"]]));
        const changes = new Map([
            ["phone.name", "Kitchen"],
            ["audio.volume", "3"],
        ]);
        const known = new Map([["phone.name", revision] as const, ["audio.volume", revision] as const]);
        const refused = {name: "phone.name", what: "was changed elsewhere meanwhile"};
        expect(await config.commit(changes, known)).toEqual({
            ok: false,
            why: "changed",
            names: ["phone.name"],
            errors: [refused],
            revision: 1,
        });
        expect(config.settings).toMatchObject({"phone.name": "Hall", "audio.volume": 0});
        const now = new Map([["phone.name", 1] as const, ["audio.volume", revision] as const]);
        expect(await config.commit(changes, now)).toMatchObject({ok: true});
        expect(config.settings).toMatchObject({"phone.name": "Kitchen", "audio.volume": 3});
    });

    it("are not told of a commit that left the value as it was", async () => {
        const config = await load();
        const known = new Map([["phone.name", config.history.revision] as const]);
        await config.commit(new Map([["phone.name", config.settings["phone.name"]]]));
        expect(await config.commit(new Map([["phone.name", "Hall"]]), known)).toMatchObject({ok: true});
    });

    it("are told of all errors at once", async () => {
        const config = await load();
        const known = new Map([["account1.password", config.history.revision] as const]);
        await config.commit(new Map([["account1.password", "canary-password"]]));
        const changes = new Map([
            ["account1.password", "canary-other"],
            ["audio.ptime", "25"],
        ]);
        expect(await config.commit(changes, known)).toMatchObject({
            why: "changed",
            errors: [{name: "account1.password"}, {name: "audio.ptime"}],
        });
        expect(lines.join()).not.toContain("canary");
    });

    it("at the same moment are judged one after the other, so that what each may do alone is not wrong together", async () => {
        const config = await load();
        await config.commit(new Map([...account, ["account1.enabled", "off"]]));
        const both = await Promise.all([
            config.commit(new Map([["account1.enabled", "on"]])),
            config.commit(new Map([["account1.user", null]])),
        ]);
        expect(both).toMatchObject([
            {ok: true},
            {ok: false, why: "refused", errors: [{name: "account1.user", what: "an enabled account needs a user"}]},
        ]);
        expect(config.accounts()).toMatchObject([{user: "alice"}]);
    });

    it("go on after a commit that the disk refused", async () => {
        const config = await load();
        await store.close();
        const both = [new Map([["phone.name", "Hall"]]), new Map([["phone.name", "Kitchen"]])];
        const results = await Promise.allSettled(both.map((changes) => config.commit(changes)));
        expect(results.map(({status}) => status)).toEqual(["fulfilled", "fulfilled"]);
        expect(config.history.revision).toBe(0);
    });
});
