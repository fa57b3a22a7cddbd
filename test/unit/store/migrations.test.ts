import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import {openDatabase} from "../../../firmware/store/database.ts";
import {newestVersion} from "../../../firmware/store/migrations.ts";
import {Store} from "../../../firmware/store/store.ts";

/** A database of version 1 as that firmware left it: a call that was talked in, one that a power cut left open. */
const version1: readonly string[] = [
    `CREATE TABLE calls (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL UNIQUE,
        direction TEXT NOT NULL CHECK (direction IN ('outgoing', 'incoming')),
        account INTEGER NOT NULL,
        number TEXT NOT NULL,
        name TEXT,
        emergency INTEGER NOT NULL,
        started_at INTEGER NOT NULL,
        clock_known INTEGER NOT NULL,
        answered_at INTEGER,
        ended_at INTEGER,
        talk_seconds INTEGER,
        outcome TEXT NOT NULL CHECK (outcome IN ('open', 'placed', 'received', 'missed', 'elsewhere', 'interrupted')),
        reason TEXT,
        sip INTEGER,
        seen INTEGER NOT NULL DEFAULT 0
    ) STRICT`,
    "CREATE INDEX calls_by_start ON calls (started_at DESC)",
    "CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL) STRICT",
    `CREATE TABLE contact_numbers (
        contact INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
        number TEXT NOT NULL,
        comparable TEXT NOT NULL
    ) STRICT`,
    "CREATE INDEX contact_numbers_by_comparable ON contact_numbers (comparable)",
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "CREATE TABLE secrets (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT",
    `INSERT INTO calls VALUES
        (1, 'a', 'outgoing', 0, '600', NULL, 0, 1000, 1, 2000, 9000, 7, 'placed', 'localHangUp', NULL, 0),
        (2, 'b', 'incoming', 1, '601', 'Ada', 0, 20000, 1, 21000, NULL, NULL, 'open', NULL, NULL, 0)`,
    "INSERT INTO contacts VALUES (1, 'Ada', 'console')",
    "INSERT INTO contact_numbers VALUES (1, '601', '601')",
    "INSERT INTO settings VALUES ('phone.name', 'desk')",
    "PRAGMA user_version = 1",
];

const log = createLog(() => undefined, "error");
let folder = "";

async function writeVersion1(): Promise<void> {
    const database = await openDatabase(join(folder, "offhook.db"));
    for (const statement of version1) await database.run(statement);
    await database.close();
}

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "offhook-migrations-"));
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

describe("a database of version 1", () => {
    it("keeps its calls, whose sound nobody measured, its contacts and its settings", async () => {
        await writeVersion1();
        const store = await Store.open({folder, log, onFault: () => undefined});
        expect(store.fault).toBeNull();
        const unknown = {security: null, quality: null};
        expect(await store.calls.recents(10)).toEqual([
            {
                row: 2,
                direction: "incoming",
                party: {number: "601", name: "Ada"},
                startedAt: 20_000,
                talkSeconds: null,
                outcome: "interrupted",
                reason: null,
                ...unknown,
            },
            {
                row: 1,
                direction: "outgoing",
                party: {number: "600", name: null},
                startedAt: 1_000,
                talkSeconds: 7,
                outcome: "placed",
                reason: "localHangUp",
                ...unknown,
            },
        ]);
        expect(await store.nameOf("601")).toBe("Ada");
        expect([...(await store.settings()).values]).toEqual([["phone.name", "desk"]]);
        await store.close();
        const database = await openDatabase(join(folder, "offhook.db"));
        expect(await database.all("PRAGMA user_version")).toEqual([{user_version: newestVersion}]);
        await database.close();
    });

    it("has, migrated, the same tables as a new one", async () => {
        await writeVersion1();
        await (await Store.open({folder, log, onFault: () => undefined})).close();
        await (await Store.open({folder: join(folder, "new"), log, onFault: () => undefined})).close();
        const tables = [join(folder, "offhook.db"), join(folder, "new", "offhook.db")].map(async (path) => {
            const database = await openDatabase(path);
            const columns = await database.all(
                'SELECT m.name AS tbl, c.name, c.type, c."notnull" FROM sqlite_master m, pragma_table_info(m.name) c',
            );
            await database.close();
            return columns;
        });
        const [migrated, made] = await Promise.all(tables);
        expect(migrated?.length).toBeGreaterThan(30);
        expect(migrated).toEqual(made);
    });
});
