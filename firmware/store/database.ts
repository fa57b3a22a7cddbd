/**
 * SQLite behind one serial queue. A transaction owns the queue from BEGIN to COMMIT: with one connection, a row
 * acknowledged between another flow's BEGIN and ROLLBACK would be lost with that flow's work.
 */
import {copyFileSync, mkdtempSync, rmSync, statSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import sqlite3 from "sqlite3";
import {PhoneError} from "../errors.ts";

export type Value = string | number | null | Buffer;
export type Row = Readonly<Record<string, Value>>;

/** Statements, either on their own or inside a transaction. */
export interface Statements {
    /** Runs one statement; answers the rowid of the last insert and how many rows changed. */
    run(sql: string, values?: readonly Value[]): Promise<{readonly lastRow: number; readonly changes: number}>;
    all(sql: string, values?: readonly Value[]): Promise<readonly Row[]>;
}

export interface Database extends Statements {
    /** Runs `work` between BEGIN IMMEDIATE and COMMIT; a throw rolls all of it back and is thrown on. */
    transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T>;
    /** Waits for what is queued, then closes. */
    close(): Promise<void>;
}

const codes: Readonly<Record<string, readonly [code: string, words: string]>> = {
    SQLITE_FULL: ["storeFull", "the disk is full"],
    SQLITE_READONLY: ["storeReadOnly", "the data folder is read-only"],
    SQLITE_CORRUPT: ["storeDamaged", "the database is damaged"],
    SQLITE_NOTADB: ["storeDamaged", "the file is not a database"],
    SQLITE_IOERR: ["storeIo", "the disk fails"],
    SQLITE_CANTOPEN: ["storeUnavailable", "the database cannot be opened"],
    SQLITE_BUSY: ["storeBusy", "another process holds the database"],
};

/** Turns SQLite's error into ours; the statement's text names the place, its values are never shown. */
function failure(error: Error & {code?: string}, place: string): PhoneError {
    const [code, words] = codes[error.code ?? ""] ?? ["storeFailed", error.message];
    return new PhoneError(code, `store: ${words} (${place})`, {cause: error});
}

/** Where a statement stands in words: its verb and table, without values. */
const placeOf = (sql: string): string => sql.trim().split(/\s+/).slice(0, 4).join(" ");

class Connection implements Statements {
    readonly #handle: sqlite3.Database;

    private constructor(handle: sqlite3.Database) {
        this.#handle = handle;
    }

    static open(path: string, mode: number): Promise<Connection> {
        return new Promise((resolve, reject) => {
            const handle = new sqlite3.Database(path, mode, (error) =>
                error === null ? resolve(new Connection(handle)) : reject(failure(error, `open ${path}`)),
            );
        });
    }

    run(sql: string, values: readonly Value[] = []): Promise<{lastRow: number; changes: number}> {
        return new Promise((resolve, reject) => {
            this.#handle.run(sql, [...values], function (this: sqlite3.RunResult, error: Error | null): void {
                if (error === null) resolve({lastRow: this.lastID, changes: this.changes});
                else reject(failure(error, placeOf(sql)));
            });
        });
    }

    all(sql: string, values: readonly Value[] = []): Promise<readonly Row[]> {
        return new Promise((resolve, reject) => {
            this.#handle.all(sql, [...values], (error: Error | null, rows: Row[]) =>
                error === null ? resolve(rows) : reject(failure(error, placeOf(sql))),
            );
        });
    }

    close(): Promise<void> {
        return new Promise((resolve, reject) =>
            this.#handle.close((error) => (error === null ? resolve() : reject(failure(error, "close")))),
        );
    }
}

class QueuedDatabase implements Database {
    readonly #connection: Connection;
    readonly #afterClose: () => void;
    #tail: Promise<unknown> = Promise.resolve();

    constructor(connection: Connection, afterClose: () => void = () => undefined) {
        this.#connection = connection;
        this.#afterClose = afterClose;
    }

    /** Runs `work` when all that was asked for before it is done, whatever became of that. */
    #queued<T>(work: () => Promise<T>): Promise<T> {
        const turn = this.#tail.then(work, work);
        // The queue goes on after a failure; the caller who asked is told of it through `turn`.
        this.#tail = turn.catch(() => undefined);
        return turn;
    }

    run(sql: string, values: readonly Value[] = []): Promise<{lastRow: number; changes: number}> {
        return this.#queued(() => this.#connection.run(sql, values));
    }

    all(sql: string, values: readonly Value[] = []): Promise<readonly Row[]> {
        return this.#queued(() => this.#connection.all(sql, values));
    }

    transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
        return this.#queued(async () => {
            await this.#connection.run("BEGIN IMMEDIATE");
            try {
                const result = await work(this.#connection);
                await this.#connection.run("COMMIT");
                return result;
            } catch (thrown) {
                // A full disk may have rolled back by itself; then there is nothing left to undo.
                await this.#connection.run("ROLLBACK").catch(() => undefined);
                throw thrown;
            }
        });
    }

    close(): Promise<void> {
        return this.#queued(() => this.#connection.close()).finally(this.#afterClose);
    }
}

/**
 * Opens (and makes) the database at `path`: WAL, synchronous FULL so that what was acknowledged survives a power cut,
 * secure_delete so that what was erased is gone. Throws `storeDamaged`, `storeReadOnly`, `storeUnavailable` …
 */
export async function openDatabase(path: string): Promise<Database> {
    const connection = await Connection.open(path, sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE);
    try {
        await connection.run("PRAGMA busy_timeout = 5000");
        await connection.run("PRAGMA secure_delete = ON");
        await connection.run("PRAGMA foreign_keys = ON");
        await connection.all("PRAGMA journal_mode = WAL");
        await connection.run("PRAGMA synchronous = FULL");
        const check = await connection.all("PRAGMA quick_check(1)");
        if (check[0]?.["quick_check"] !== "ok") {
            throw new PhoneError("storeDamaged", `store: the database is damaged (${path})`);
        }
        return new QueuedDatabase(connection);
    } catch (thrown) {
        await connection.close();
        throw thrown;
    }
}

/**
 * Opens what stands in a folder that cannot be written, so that a phone on a dying disk still knows its settings. After
 * a power cut part of it is in the WAL, which needs a folder that can be written: then a copy is read.
 */
export async function openReadOnlyDatabase(path: string): Promise<Database> {
    const wal = statSync(`${path}-wal`, {throwIfNoEntry: false});
    if (wal !== undefined && wal.size > 0) return openCopy(path);
    const uri = `file:${encodeURI(path).replaceAll("?", "%3f").replaceAll("#", "%23")}?immutable=1`;
    return new QueuedDatabase(await Connection.open(uri, sqlite3.OPEN_READONLY | sqlite3.OPEN_URI));
}

/** A private copy in the system's temporary folder, which goes when the database is closed. */
async function openCopy(path: string): Promise<Database> {
    const folder = mkdtempSync(join(tmpdir(), "offhook-copy-"));
    const copy = join(folder, "copy.db");
    copyFileSync(path, copy);
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    const connection = await Connection.open(copy, sqlite3.OPEN_READWRITE);
    return new QueuedDatabase(connection, () => rmSync(folder, {recursive: true, force: true}));
}
