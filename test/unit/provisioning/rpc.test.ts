import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {Config} from "../../../firmware/config/config.ts";
import {settingNames, settingOf} from "../../../firmware/config/schema.ts";
import {createLog} from "../../../firmware/log.ts";
import {attachConsole} from "../../../firmware/provisioning/console.ts";
import {longestRequest} from "../../../firmware/provisioning/line-editor.ts";
import {parseRequest} from "../../../firmware/provisioning/rpc-message.ts";
import {readChanges} from "../../../firmware/provisioning/rpc-settings.ts";
import {Store} from "../../../firmware/store/store.ts";
import {openVault} from "../../../firmware/store/vault.ts";
import {seededRandom} from "../../support/random.ts";
import {ringingCall} from "../../support/ringing-call.ts";
import {Cable} from "./cable.ts";

interface Answer {
    readonly id: unknown;
    // What it is depends on the method; each test looks at what it asked for.
    readonly result?: Readonly<Record<string, unknown>>;
    readonly error?: {
        readonly code: number;
        readonly message: string;
        readonly data?: Readonly<Record<string, unknown>>;
    };
}

let folder = "";
let store: Store;
let config: Config;
let cable: Cable;
const logged: string[] = [];
const log = createLog((line) => logged.push(line), "debug");

function consoleAt(): Cable {
    const link = new Cable();
    const answers = {status: () => ["registered: no"], blackBox: () => ["idle"], version: "0.0.0"};
    attachConsole({link, config, store, ...answers, log});
    return link;
}

beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-rpc-"));
    logged.length = 0;
    store = await Store.open({folder, log, onFault: () => undefined});
    config = await Config.load(store, openVault(join(folder, "key"), log), log);
    cable = consoleAt();
});
afterEach(async () => {
    await store.close();
    rmSync(folder, {recursive: true, force: true});
});

/** Sends octets that hold one request with its end, and answers what came back, which must be one line of JSON. */
async function exchange(link: Cable, octets: string | Uint8Array): Promise<Answer> {
    const from = link.seen.length;
    const write = link.write.bind(link);
    const answered = new Promise<void>((resolve) => {
        link.write = (bytes) => {
            write(bytes);
            link.write = write;
            resolve();
        };
    });
    link.send(octets);
    await answered;
    const lines = link.seen.slice(from).split("\r\n");
    expect(lines.filter((line) => line !== "")).toHaveLength(1);
    expect(lines.at(-1)).toBe("");
    return JSON.parse(lines.find((line) => line !== "") ?? "");
}

const lineOf = (method: string, params?: object): string => JSON.stringify({jsonrpc: "2.0", id: 7, method, params});
const call = (method: string, params?: object, link = cable): Promise<Answer> =>
    exchange(link, `${lineOf(method, params)}\n`);
const revision = async (): Promise<unknown> => (await call("hello")).result?.["revision"];

describe("a tool at the port", () => {
    it("is told who the phone is, without greeting, prompt or echo", async () => {
        const {id, result} = await call("hello");
        expect(id).toBe(7);
        expect(result).toMatchObject({protocol: 1, name: "Offhook", firmware: "0.0.0", serial: config.instanceId});
        expect(cable.seen).not.toMatch(/offhook>|provisioning console/);
        expect((await call("status")).result).toEqual({lines: ["registered: no"]});
    });

    it("is answered the same whatever the line's end, and wherever the line is split", async () => {
        const octets = Buffer.from(lineOf("settings.validate", {changes: {"phone.name": "Zoë Ω"}}));
        for (const end of ["\r", "\n", "\r\n"]) {
            const valid = await exchange(cable, Buffer.concat([octets, Buffer.from(end)]));
            expect(valid.result).toEqual({valid: true, errors: []});
        }
        for (let place = 1; place < octets.length; place++) {
            cable.send(octets.subarray(0, place));
            const rest = Buffer.concat([octets.subarray(place), Buffer.from("\n")]);
            expect((await exchange(cable, rest)).result).toEqual({valid: true, errors: []});
        }
    });

    it("leaves the person's dialogue and what he staged as they were", async () => {
        await cable.type("set audio.volume 3");
        await call("settings.apply", {revision: await revision(), changes: {"phone.name": "Hall"}});
        expect(await cable.type("diff")).toContain("set audio.volume 3");
        expect(await cable.type("\u001b[A\u001b[A\u0015status")).not.toContain("jsonrpc");
        expect(await cable.type("apply")).toContain("applied 1 change");
        expect(config.settings).toMatchObject({"phone.name": "Hall", "audio.volume": 3});
    });

    it("reads and changes settings as JSON, and null goes back to the default", async () => {
        const changes = {"audio.volume": -3, "audio.codecs": ["PCMA", "opus"], "rtp.keys-over-clear": true};
        const applied = await call("settings.apply", {revision: await revision(), changes});
        expect(applied.result?.["scopes"]).toEqual(["now", "register"]);
        const names = Object.keys(changes);
        const {result} = await call("settings.get", {names});
        const expected = Object.entries(changes).map(([name, value]) => [name, {value, origin: "set"}]);
        expect(result).toEqual({revision: applied.result?.["revision"], settings: Object.fromEntries(expected)});
        const back = {revision: applied.result?.["revision"], changes: {"audio.volume": null}};
        expect((await call("settings.apply", back)).error).toBeUndefined();
        expect(config.originOf("audio.volume")).toBe("default");
    });

    it("is told every error at once, of values and of JSON alike, and nothing is changed", async () => {
        const changes = {
            "account1.enabled": true,
            "audio.volume": 99,
            "phone.name": {},
            "audio.codecs": [1],
            "no.such": 1,
            "phone.country": "xx",
        };
        const {error} = await call("settings.apply", {revision: await revision(), changes});
        const judged = await call("settings.validate", {changes});
        expect(error?.code).toBe(-32002);
        expect(error?.data).toEqual({errors: judged.result?.["errors"]});
        const errors = judged.result?.["errors"] as readonly {readonly name: string}[];
        const names = errors.map(({name}) => name).toSorted();
        const expected = [...Object.keys(changes).slice(1), "account1.user", "account1.domain"];
        expect(names).toEqual(expected.toSorted());
        expect(config.originOf("account1.enabled")).toBe("default");
    });

    it("is refused what another tool changed since, by name, and may then decide", async () => {
        const other = consoleAt();
        const known = await revision();
        await call("settings.apply", {revision: known, changes: {"phone.name": "Kitchen"}}, other);
        const changes = {"phone.name": "Hall", "audio.volume": 3};
        const {error} = await call("settings.apply", {revision: known, changes});
        expect(error).toMatchObject({code: -32001, data: {names: ["phone.name"]}});
        expect(config.settings).toMatchObject({"phone.name": "Kitchen", "audio.volume": 0});
        const told = error?.data?.["revision"];
        expect((await call("settings.apply", {revision: told, changes})).error).toBeUndefined();
        expect(config.settings).toMatchObject({"phone.name": "Hall", "audio.volume": 3});
    });

    it("finds every change in conflict with a revision from before a restart", async () => {
        const known = await revision();
        config = await Config.load(store, openVault(join(folder, "key"), log), log);
        cable = consoleAt();
        const {error} = await call("settings.apply", {revision: known, changes: {"audio.volume": 3}});
        expect(error).toMatchObject({code: -32001, data: {names: ["audio.volume"]}});
    });

    it("never sees a secret again, nor does the log or the next one at the port", async () => {
        const changes = {"account1.password": "canary-good"};
        await call("settings.apply", {revision: await revision(), changes});
        const all = (await call("settings.get")).result?.["settings"];
        expect(all).toMatchObject({"account1.password": {set: true, origin: "set"}});
        expect(all).toMatchObject({"account2.password": {set: false, origin: "default"}});
        await call("settings.apply", {revision: await revision(), changes: {"account1.password": ["canary-list"]}});
        await call("settings.validate", {changes: {"account1.password": `canary${"x".repeat(200)}`}});
        await exchange(cable, '{"password": "canary-cut\n');
        await exchange(cable, '{"jsonrpc":"2.0","id":1,"method":"canary-method","params":{"x":"canary"}}\n');
        await exchange(cable, '[{"changes":{"account1.password":"canary-batch"}}]\n');
        await exchange(cable, '\u001b{"changes":{"account1.password":"canary-escape"}}\n');
        cable.send('{"canary-unplugged');
        cable.plug(false);
        cable.plug(true);
        await cable.type("\u001b[A\u001b[A\u0015diff");
        expect(cable.seen + logged.join()).not.toContain("canary");
    });

    it("reads the calls by pages, the newest first", async () => {
        expect((await call("calls.list")).result).toEqual({calls: [], next: null});
        for (const number of ["601", "602", "603"]) {
            const busy = ringingCall({id: `in-${number}`, party: {number, name: null}});
            const startedAt = Number(number) * 1_000;
            await store.calls.open(busy, startedAt);
            await store.calls.close({...busy, phase: "ending", reason: {code: "busy", sip: 486}}, startedAt + 1, null);
        }
        const newest = await call("calls.list", {limit: 2});
        const others = {direction: "incoming", talkSeconds: null, name: null};
        expect(newest.result).toMatchObject({
            calls: [{number: "603", startedAt: "1970-01-01T00:10:03.000Z", ...others}, {number: "602"}],
            next: 2,
        });
        const {result} = await call("calls.list", {offset: newest.result?.["next"], limit: 2});
        expect(result).toMatchObject({calls: [{number: "601"}], next: null});
        expect((await call("calls.list", {limit: 101})).error).toMatchObject({code: -32602, data: {names: ["limit"]}});
    });
});

describe("a line that is no request", () => {
    const deep = `{"a":${"[".repeat(60_000)}${"]".repeat(60_000 - 50_000)}`;
    it.each([
        ["is not JSON", '{"jsonrpc"', -32700, null],
        ["nests without end", deep, -32700, null],
        ["nests deeper than it need", `{"a":${"[".repeat(16)}${"]".repeat(16)}}`, -32700, null],
        ["has a name twice", '{"jsonrpc":"2.0","id":1,"id":2,"method":"hello"}', -32700, null],
        ["has a name twice in other letters", '{"jsonrpc":"2.0","id":1,"i\\u0064":2,"method":"hello"}', -32700, null],
        ["is too long", `{"a":"${"x".repeat(longestRequest)}"}`, -32700, null],
        ["is a batch", '[{"jsonrpc":"2.0","id":1,"method":"hello"}]', -32600, null],
        ["is of another version", '{"jsonrpc":"1.0","id":1,"method":"hello"}', -32600, 1],
        ["has an id that is not exact", '{"jsonrpc":"2.0","id":12345678901234567890,"method":"hello"}', -32600, null],
        ["has no method", '{"jsonrpc":"2.0","id":"a"}', -32600, "a"],
        ["reaches for the prototype", '{"jsonrpc":"2.0","id":1,"method":"hello","__proto__":{"x":1}}', -32600, 1],
        ["names no method of ours", '{"jsonrpc":"2.0","id":null,"method":"toString"}', -32601, null],
        ["has params in a list", '{"jsonrpc":"2.0","id":1,"method":"hello","params":[1]}', -32602, 1],
        [
            "has other params",
            '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"__proto__":1,"constructor":2}}',
            -32602,
            1,
        ],
        [
            "asks for settings that are none",
            '{"jsonrpc":"2.0","id":1,"method":"settings.get","params":{"names":["__proto__"]}}',
            -32602,
            1,
        ],
        [
            "changes settings that are none",
            '{"jsonrpc":"2.0","id":1,"method":"settings.apply","params":{"revision":"00000000-0","changes":{"__proto__":1}}}',
            -32002,
            1,
        ],
        [
            "knows no revision",
            '{"jsonrpc":"2.0","id":1,"method":"settings.apply","params":{"revision":0,"changes":{}}}',
            -32602,
            1,
        ],
    ])("and %s is refused, and the port goes on", async (_, line, code, id) => {
        const answer = await exchange(cable, `${line}\n`);
        expect(answer).toMatchObject({id, error: {code}});
        expect((await call("hello")).result).toMatchObject({protocol: 1});
        expect(await cable.type("status")).toContain("registered: no");
    });

    it("and is no UTF-8 is refused", async () => {
        const answer = await exchange(cable, Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 0x0a]));
        expect(answer.error).toEqual({code: -32700, message: "the line is not valid UTF-8; nothing of it was taken"});
    });

    it("and has no id is obeyed without an answer", async () => {
        const params = {revision: await revision(), changes: {"phone.name": "Hall"}};
        cable.send(`${JSON.stringify({jsonrpc: "2.0", method: "settings.apply", params})}\n`);
        cable.send(`${JSON.stringify({jsonrpc: "2.0", method: "nothing"})}\n`);
        expect((await call("settings.get", {names: ["phone.name"]})).result?.["settings"]).toEqual({
            "phone.name": {value: "Hall", origin: "set"},
        });
    });

    it("and was a request once is read or refused in words of ours, whatever became of it", () => {
        const random = seededRandom(20_261_124);
        const whole = Buffer.from(lineOf("settings.apply", {revision: "0", changes: {"account1.password": "canary"}}));
        for (let run = 0; run < 5_000; run++) {
            const octets = Buffer.from(whole);
            for (let place = 0; place <= random.below(4); place++) {
                octets[random.below(octets.length)] = random.pick([...Buffer.from('{}[]":,\\u0'), random.below(256)]);
            }
            const parsed = parseRequest(octets.toString("utf8", 0, 1 + random.below(octets.length)));
            if (!parsed.ok) expect(parsed.error.message, `run ${run}`).not.toContain("canary");
        }
    });
});

describe("the schema of the settings", () => {
    it("has an entry for every setting and no other, as the registry says", async () => {
        const {result} = await call("settings.schema");
        const properties = result?.["properties"] as Record<string, Record<string, unknown>>;
        expect(Object.keys(properties)).toEqual(settingNames);
        for (const name of settingNames) {
            const {help, secret, scope, kind} = settingOf(name);
            const expected = {description: help, "x-scope": scope, "x-range": kind.range, ...kind.json};
            expect(properties[name]).toMatchObject(expected);
            expect(properties[name]?.["writeOnly"] === true).toBe(secret);
            expect("default" in (properties[name] ?? {})).toBe(!secret);
        }
    });

    it("has defaults that are taken as they stand and mean the default", async () => {
        const {result} = await call("settings.schema");
        const properties = result?.["properties"] as Record<string, Record<string, unknown>>;
        for (const name of settingNames.filter((each) => !settingOf(each).secret)) {
            const {changes, errors} = readChanges(new Map([[name, properties[name]?.["default"]]]));
            expect(errors).toEqual([]);
            const parsed = settingOf(name).kind.parse(changes.get(name) ?? "");
            expect(parsed, name).toEqual({ok: true, value: settingOf(name).initial});
        }
    });

    it("has patterns that a validator of JSON Schema can read", () => {
        const patterns = settingNames.flatMap((name) => settingOf(name).kind.json.pattern ?? []);
        expect(patterns.length).toBeGreaterThan(0);
        for (const pattern of patterns) expect(() => new RegExp(pattern, "u")).not.toThrow();
    });
});
