import {PhoneError} from "../errors.ts";
import type {Database} from "./database.ts";

/** Each entry takes the database from its index to the next version; released entries are never edited. */
const migrations: readonly (readonly string[])[] = [
    [
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
            outcome TEXT NOT NULL
                CHECK (outcome IN ('open', 'placed', 'received', 'missed', 'elsewhere', 'interrupted')),
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
    ],
    // Loss as a share of 0 to 1, jitter and round trip in ms; what is not known is NULL.
    [
        "ALTER TABLE calls ADD COLUMN codec TEXT",
        "ALTER TABLE calls ADD COLUMN security TEXT CHECK (security IN ('none', 'hop', 'end'))",
        "ALTER TABLE calls ADD COLUMN loss_rate REAL",
        "ALTER TABLE calls ADD COLUMN jitter REAL",
        "ALTER TABLE calls ADD COLUMN round_trip REAL",
        "ALTER TABLE calls ADD COLUMN mos_lq REAL",
        "ALTER TABLE calls ADD COLUMN mos_cq REAL",
    ],
];

/** The version that this firmware writes. */
export const newestVersion = migrations.length;

/** Brings the database to the newest version, each step in a transaction. Throws `storeTooNew` for a later firmware's. */
export async function migrate(database: Database): Promise<void> {
    const rows = await database.all("PRAGMA user_version");
    const version = Number(rows[0]?.["user_version"] ?? 0);
    if (version > newestVersion) {
        throw new PhoneError(
            "storeTooNew",
            `store: the database has version ${version}, this firmware knows up to ${newestVersion}; it is left as it is`,
        );
    }
    for (const [index, statements] of migrations.entries()) {
        if (index < version) continue;
        await database.transaction(async (transaction) => {
            for (const statement of statements) await transaction.run(statement);
            await transaction.run(`PRAGMA user_version = ${index + 1}`);
        });
    }
}
