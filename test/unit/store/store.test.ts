import {execFileSync, spawn} from "node:child_process";
import {copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import type {Call, CallQuality, EndReason} from "../../../firmware/phone/call.ts";
import {openDatabase} from "../../../firmware/store/database.ts";
import {migrate, newestVersion} from "../../../firmware/store/migrations.ts";
import {Store} from "../../../firmware/store/store.ts";
import {mayMount} from "../../support/mount.ts";
import {ringingCall} from "../../support/ringing-call.ts";

const log = createLog(() => undefined, "error");
let folder = "";
const faults: (string | null)[] = [];
const openStore = (): Promise<Store> => Store.open({folder, log, onFault: (fault) => faults.push(fault)});

function call(id: string, changes: Partial<Call> = {}): Call {
    return ringingCall({id, party: {number: "601", name: "Ada"}, ...changes});
}
const quality: CallQuality = {
    codec: "opus",
    lossRate: 0.0125,
    jitter: 3.5,
    roundTrip: 24,
    mosListening: 4.21,
    mosConversational: 4.14,
};
const ended = (code: EndReason["code"]): Partial<Call> => ({phase: "ending", reason: {code, sip: null}});

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "offhook-store-"));
    faults.length = 0;
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

describe("the database", () => {
    it("keeps a row acknowledged while another flow's transaction is open, though that one rolls back", async () => {
        const database = await openDatabase(join(folder, "x.db"));
        await database.run("CREATE TABLE t (v INTEGER)");
        const failing = database.transaction(async (transaction) => {
            await transaction.run("INSERT INTO t VALUES (1)");
            await new Promise((resolve) => setImmediate(resolve));
            throw new Error("changed its mind");
        });
        const acknowledged = database.run("INSERT INTO t VALUES (2)");
        await expect(failing).rejects.toThrow("changed its mind");
        await acknowledged;
        expect(await database.all("SELECT v FROM t")).toEqual([{v: 2}]);
        await database.close();
    });

    it("is in WAL mode with synchronous FULL", async () => {
        const database = await openDatabase(join(folder, "x.db"));
        expect(await database.all("PRAGMA journal_mode")).toEqual([{journal_mode: "wal"}]);
        expect(await database.all("PRAGMA synchronous")).toEqual([{synchronous: 2}]);
        await database.close();
    });

    it("names the statement, never its values, when one fails", async () => {
        const database = await openDatabase(join(folder, "x.db"));
        const error = await database.run("INSERT INTO nowhere VALUES (?)", ["canary"]).catch((thrown) => thrown);
        expect(error.message).toContain("INSERT INTO nowhere");
        expect(error.message).not.toContain("canary");
        await database.close();
    });

    it("refuses a database of a later firmware and leaves it as it is", async () => {
        const database = await openDatabase(join(folder, "x.db"));
        await database.run(`PRAGMA user_version = ${newestVersion + 1}`);
        await expect(migrate(database)).rejects.toMatchObject({code: "storeTooNew"});
        expect(await database.all("PRAGMA user_version")).toEqual([{user_version: newestVersion + 1}]);
        await database.close();
    });
});

describe("the call log", () => {
    it("has a row as soon as the call appears, and closes it when the call ends", async () => {
        const store = await openStore();
        await store.calls.open(call("in-1"), 1_000.75);
        const database = await openDatabase(join(folder, "offhook.db"));
        expect(await database.all("SELECT outcome FROM calls")).toEqual([{outcome: "open"}]);
        await database.close();
        await store.calls.answer(call("in-1", {phase: "talking"}), 2_000.25);
        await store.calls.close(call("in-1", ended("remoteHangUp")), 12_000, 10);
        expect(await store.calls.recents(10)).toMatchObject([
            {direction: "incoming", party: {number: "601", name: "Ada"}, talkSeconds: 10, outcome: "received"},
        ]);
        await store.close();
    });

    it.each([
        ["cancelled", "missed"],
        ["answeredElsewhere", "elsewhere"],
        ["declinedElsewhere", "elsewhere"],
        ["declined", "received"],
    ] as const)("files an unanswered incoming call that was %s under %s", async (code, outcome) => {
        const store = await openStore();
        await store.calls.open(call("in-1"), 1_000);
        await store.calls.close(call("in-1", ended(code)), 2_000, null);
        expect(await store.calls.recents(10)).toMatchObject([{outcome}]);
        await store.close();
    });

    it("counts missed calls until they are seen, also over a restart", async () => {
        const first = await openStore();
        await first.calls.open(call("in-1"), 1_000);
        await first.calls.close(call("in-1", ended("cancelled")), 2_000, null);
        await first.close();
        const second = await openStore();
        expect(await second.calls.missedCount()).toBe(1);
        await second.calls.markMissedSeen();
        expect(await second.calls.missedCount()).toBe(0);
        await second.close();
    });

    it("lists the newest first", async () => {
        const store = await openStore();
        for (const [index, wall] of [3_000, 1_000, 2_000].entries()) {
            await store.calls.open(call(`out-${index}`, {direction: "outgoing"}), wall);
            await store.calls.close(call(`out-${index}`, {direction: "outgoing", ...ended("busy")}), wall + 1, null);
        }
        expect((await store.calls.recents(2)).map(({startedAt}) => startedAt)).toEqual([3_000, 2_000]);
        await store.close();
    });

    it("keeps how a call was protected and how it sounded", async () => {
        const store = await openStore();
        const talked = call("in-1", {phase: "talking", talkingSince: 5, security: "hop", quality});
        await store.calls.open(call("in-1"), 1_000);
        await store.calls.answer(talked, 2_000);
        await store.calls.close({...talked, ...ended("remoteHangUp")}, 12_000, 10);
        expect(await store.calls.recents(10)).toMatchObject([{security: "hop", quality}]);
        const bare = {...quality, lossRate: null, jitter: null, mosListening: null, mosConversational: null};
        await store.calls.open(call("in-2"), 20_000);
        await store.calls.close(call("in-2", {...talked, id: "in-2", quality: bare, ...ended("busy")}), 21_000, 1);
        expect((await store.calls.recents(1))[0]?.quality).toEqual(bare);
        await store.close();
    });

    it("says nothing of the sound of a call in which nothing was said", async () => {
        const store = await openStore();
        await store.calls.open(call("in-1", {security: "hop"}), 1_000);
        await store.calls.close(call("in-1", {security: "hop", ...ended("cancelled")}), 2_000, null);
        expect(await store.calls.recents(10)).toMatchObject([{security: null, quality: null}]);
        await store.close();
    });

    it("has, after the power went in a call, what was noted of it", async () => {
        const cut = await openStore();
        const talked = call("in-1", {phase: "talking", talkingSince: 5, security: "hop"});
        await cut.calls.open(call("in-1"), 1_000);
        await cut.calls.answer(talked, 2_000);
        await cut.calls.note({...talked, quality});
        // The file as it stands on the disk while the phone still runs.
        const elsewhere = mkdtempSync(join(tmpdir(), "offhook-cut-"));
        for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(elsewhere, name));
        await cut.close();
        const store = await Store.open({folder: elsewhere, log, onFault: () => undefined});
        expect(await store.calls.recents(10)).toMatchObject([{outcome: "interrupted", security: "hop", quality}]);
        await store.close();
        rmSync(elsewhere, {recursive: true});
    });

    it("takes no note of a call that it does not know or that is over", async () => {
        const store = await openStore();
        await store.calls.note(call("in-9", {quality}));
        await store.calls.open(call("in-1"), 1_000);
        await store.calls.close(call("in-1", ended("cancelled")), 2_000, null);
        await store.calls.note(call("in-1", {talkingSince: 5, quality}));
        expect(await store.calls.recents(10)).toMatchObject([{outcome: "missed", quality: null}]);
        await store.close();
    });

    it("loses no acknowledged row to kill -9, and finds open calls interrupted", async () => {
        for (let round = 0; round < 5; round++) {
            const acknowledged = await killedWriter(round);
            const store = await openStore();
            const rows = await store.calls.recents(10_000);
            const known = new Set(rows.map(({party}) => party.number));
            expect(acknowledged.filter((number) => !known.has(number))).toEqual([]);
            expect(rows.some(({outcome}) => outcome === "interrupted")).toBe(true);
            await store.close();
        }
    });
});

/** Runs a process that opens calls for ever and says each that was acknowledged; kills it after some of them. */
async function killedWriter(round: number): Promise<string[]> {
    const writer = join(import.meta.dirname, "call-writer.ts");
    const child = spawn(process.execPath, [writer, folder, String(round)], {stdio: ["ignore", "pipe", "inherit"]});
    const acknowledged: string[] = [];
    const stopAt = 5 + round * 7;
    for await (const line of createInterface({input: child.stdout})) {
        acknowledged.push(line);
        if (acknowledged.length === stopAt) child.kill("SIGKILL");
    }
    return acknowledged;
}

describe("settings and contacts", () => {
    it("writes all changes or none", async () => {
        const store = await openStore();
        await store.changeSettings([{name: "a", value: "1"}]);
        const circular = {name: "c", value: {} as unknown as string};
        await expect(store.changeSettings([{name: "b", value: "2"}, circular])).rejects.toThrow();
        expect([...(await store.settings()).values]).toEqual([["a", "1"]]);
        await store.close();
    });

    it("finds a name by the whole number however it is written, never by its end", async () => {
        const store = await openStore();
        await store.addContact("Zoë", ["+33 (0)6-1".replace("(0)", ""), "888"], "test");
        expect(await store.nameOf("0033 61")).toBe("Zoë");
        expect(await store.nameOf("888")).toBe("Zoë");
        expect(await store.nameOf("+33612345888")).toBeNull();
        expect(await store.contacts()).toMatchObject([{name: "Zoë", numbers: ["+33 6-1", "888"]}]);
        await store.close();
    });

    it("takes a contact's numbers away with it", async () => {
        const store = await openStore();
        const id = await store.addContact("Ada", ["601"], "test");
        expect(await store.removeContact(id)).toBe(true);
        expect(await store.nameOf("601")).toBeNull();
        expect(await store.removeContact(id)).toBe(false);
        await store.close();
    });
});

describe("a disk on a bad day", () => {
    const mount = (...options: string[]): void => {
        execFileSync("mount", [...options, folder]);
    };
    const canMount = mayMount("the full and the read-only disk");
    const unmount = (): void => {
        execFileSync("umount", [folder]);
    };

    it("is kept aside when damaged, and a new one is begun", async () => {
        const first = await openStore();
        await first.calls.open(call("in-1"), 1_000);
        await first.close();
        const path = join(folder, "offhook.db");
        const bytes = readFileSync(path);
        bytes.fill(0x5a, 0, 4_096);
        writeFileSync(path, bytes);
        const second = await openStore();
        expect(await second.calls.recents(10)).toEqual([]);
        expect(second.fault).toBeNull();
        expect(readdirSync(folder).some((name) => name.includes("damaged"))).toBe(true);
        await second.close();
    });

    it.runIf(canMount)("keeps calls in memory while full, says so, and writes them when there is room", async () => {
        mount("-t", "tmpfs", "-o", "size=256k", "tmpfs");
        try {
            const store = await openStore();
            writeFileSync(join(folder, "ballast"), Buffer.alloc(1));
            fill(join(folder, "ballast"));
            await store.calls.open(call("in-1", {party: {number: "7".repeat(40_000), name: null}}), 1_000);
            await store.calls.close(
                call("in-1", {party: {number: "7".repeat(40_000), name: null}, ...ended("cancelled")}),
                2_000,
                null,
            );
            expect(store.fault).toContain("full");
            expect(faults.at(-1)).toContain("full");
            expect(await store.calls.recents(10)).toMatchObject([{outcome: "missed"}]);
            expect(await store.calls.missedCount()).toBe(1);
            rmSync(join(folder, "ballast"));
            await store.calls.flush();
            expect(store.calls.waiting).toBe(0);
            await store.close();
            const again = await openStore();
            expect(await again.calls.recents(10)).toHaveLength(1);
            await again.close();
        } finally {
            unmount();
        }
    });

    it.runIf(canMount)("still reads its settings from a read-only folder and keeps calls in memory", async () => {
        mount("-t", "tmpfs", "-o", "size=4m", "tmpfs");
        try {
            const first = await openStore();
            await first.changeSettings([{name: "phone.name", value: "desk"}]);
            await first.calls.open(call("in-0"), 500);
            await first.calls.close(call("in-0", ended("cancelled")), 600, null);
            await first.close();
            mount("-o", "remount,ro");
            const second = await openStore();
            expect(second.fault).not.toBeNull();
            expect((await second.settings()).values.get("phone.name")).toBe("desk");
            await second.calls.open(call("in-1"), 1_000);
            await second.calls.close(call("in-1", ended("cancelled")), 2_000, null);
            expect(await second.calls.recents(10)).toHaveLength(2);
            expect(await second.calls.missedCount()).toBe(2);
            await second.calls.markMissedSeen();
            await expect(second.changeSettings([{name: "x", value: "y"}])).rejects.toMatchObject({
                code: "storeUnavailable",
            });
            await second.close();
        } finally {
            unmount();
        }
    });

    it.runIf(canMount)("is read after a power cut though it can no longer be written", async () => {
        mount("-t", "tmpfs", "-o", "size=8m", "tmpfs");
        try {
            const acknowledged = await killedWriter(2);
            mount("-o", "remount,ro");
            const store = await openStore();
            expect(store.fault).not.toBeNull();
            const recents = await store.calls.recents(10_000);
            const known = new Set(recents.map(({party}) => party.number));
            expect(acknowledged.filter((number) => !known.has(number))).toEqual([]);
            expect(new Set(recents.map(({outcome}) => outcome))).toEqual(new Set(["interrupted"]));
            expect([...(await store.settings()).values]).toEqual([]);
            await store.close();
        } finally {
            unmount();
        }
    });

    it("never lets others read the data folder", async () => {
        const inner = join(folder, "data");
        const store = await Store.open({folder: inner, log, onFault: () => undefined});
        expect(statSync(inner).mode & 0o077).toBe(0);
        await store.close();
    });
});

/** Fills the file system that holds `path` to the last block. */
function fill(path: string): void {
    try {
        for (;;) writeFileSync(path, Buffer.alloc(4_096), {flag: "a"});
    } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== "ENOSPC") throw thrown;
    }
}
