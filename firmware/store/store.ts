/**
 * What the phone keeps: the call log, contacts, settings and sealed secrets, in one SQLite file of its data folder.
 * A folder that is full, read-only or damaged never stops the phone: `fault` says in words what is wrong, calls wait in
 * memory, and the store tries again by itself.
 */
import {existsSync, mkdirSync, renameSync} from "node:fs";
import {join} from "node:path";
import {messageOf, PhoneError} from "../errors.ts";
import type {Log} from "../log.ts";
import {CallLog, interruptOpenCalls} from "./call-log.ts";
import {type Database, openDatabase, openReadOnlyDatabase} from "./database.ts";
import {migrate} from "./migrations.ts";
import {comparableNumber} from "./outcome.ts";

const retryMs = 10_000;

export interface StoreOptions {
    /** The data folder; made with mode 0700 where it is not there. */
    readonly folder: string;
    readonly log: Log;
    /** Told when the fault changes: words for the display, or null when all is well again. */
    readonly onFault: (fault: string | null) => void;
}

export interface Contact {
    readonly id: number;
    readonly name: string;
    readonly numbers: readonly string[];
}

export interface StoredSettings {
    readonly values: ReadonlyMap<string, string>;
    readonly secrets: ReadonlyMap<string, Buffer>;
}

/** One setting to write; a null value goes back to the default. A sealed value goes among the secrets. */
export interface SettingChange {
    readonly name: string;
    readonly value: string | Buffer | null;
}

export class Store {
    readonly calls: CallLog;
    readonly #options: StoreOptions;
    readonly #path: string;
    #writable: Database | null = null;
    #readable: Database | null = null;
    #fault: string | null = null;
    #retry: NodeJS.Timeout | null = null;
    #closed = false;

    private constructor(options: StoreOptions) {
        this.#options = options;
        this.#path = join(options.folder, "offhook.db");
        this.calls = new CallLog(
            {writable: () => this.#writable, readable: () => this.#writable ?? this.#readable},
            options.log,
            (thrown) => this.#failed(thrown),
        );
    }

    /** Opens the store, or as much of it as the disk allows; never throws for what a disk can do. */
    static async open(options: StoreOptions): Promise<Store> {
        const store = new Store(options);
        await store.#attempt();
        return store;
    }

    /** What is wrong, in words for the display; null when nothing is. */
    get fault(): string | null {
        return this.#fault;
    }

    async #attempt(): Promise<void> {
        try {
            if (this.#writable === null) await this.#openWritable();
            await this.calls.flush();
            if (this.calls.waiting === 0) await this.#probe();
        } catch (thrown) {
            this.#failed(thrown);
            await this.#openReadable();
        }
    }

    async #openWritable(): Promise<void> {
        mkdirSync(this.#options.folder, {recursive: true, mode: 0o700});
        const database = await this.#openOrReplace();
        try {
            await migrate(database);
            const interrupted = await interruptOpenCalls(database);
            if (interrupted > 0) this.#options.log.warning(`${interrupted} calls were interrupted`);
        } catch (thrown) {
            await database.close();
            throw thrown;
        }
        this.#writable = database;
        await this.#readable?.close();
        this.#readable = null;
    }

    /** A damaged file is kept aside under a name of its own and a new one is begun. */
    async #openOrReplace(): Promise<Database> {
        try {
            return await openDatabase(this.#path);
        } catch (thrown) {
            if (!(thrown instanceof PhoneError) || thrown.code !== "storeDamaged") throw thrown;
            const aside = `${this.#path}.damaged-${new Date().toISOString().replaceAll(":", "")}`;
            for (const suffix of ["", "-wal", "-shm"]) {
                if (existsSync(this.#path + suffix)) renameSync(this.#path + suffix, aside + suffix);
            }
            this.#options.log.error(`${thrown.message}; it was kept as ${aside} and a new one begun`);
            return openDatabase(this.#path);
        }
    }

    /** A write that changes nothing, so that the fault is only taken back when the disk really takes writes again. */
    async #probe(): Promise<void> {
        if (this.#fault !== null) {
            await this.#writable?.run("INSERT OR REPLACE INTO settings (name, value) VALUES ('store.probe', ?)", [
                new Date().toISOString(),
            ]);
        }
        this.#setFault(null);
    }

    async #openReadable(): Promise<void> {
        if (this.#writable !== null || this.#readable !== null || !existsSync(this.#path)) return;
        try {
            this.#readable = await openReadOnlyDatabase(this.#path);
        } catch (thrown) {
            this.#options.log.error(`the settings cannot even be read: ${messageOf(thrown)}`);
        }
    }

    #failed(thrown: unknown): void {
        this.#setFault(messageOf(thrown).replace(/^store: /, ""));
        if (this.#retry !== null || this.#closed) return;
        this.#retry = setTimeout(() => {
            this.#retry = null;
            // Nobody waits for it; a failure sets the next attempt by itself.
            void this.#attempt();
        }, retryMs);
        this.#retry.unref();
    }

    #setFault(fault: string | null): void {
        if (fault === this.#fault || this.#closed) return;
        this.#fault = fault;
        if (fault === null) this.#options.log.info("the store is well again");
        else this.#options.log.error(fault);
        this.#options.onFault(fault);
    }

    #writer(): Database {
        if (this.#writable === null) throw new PhoneError("storeUnavailable", `store: ${this.#fault ?? "closed"}`);
        return this.#writable;
    }

    /** All settings that are set, as text, and all sealed secrets. */
    async settings(): Promise<StoredSettings> {
        const database = this.#writable ?? this.#readable;
        if (database === null) return {values: new Map(), secrets: new Map()};
        try {
            const values = await database.all("SELECT name, value FROM settings WHERE name <> 'store.probe'");
            const secrets = await database.all("SELECT name, sealed FROM secrets");
            return {
                values: new Map(values.map((row) => [String(row["name"]), String(row["value"])])),
                secrets: new Map(secrets.map((row) => [String(row["name"]), row["sealed"] as Buffer])),
            };
        } catch (thrown) {
            // A phone without its settings is still a phone that can be provisioned.
            this.#failed(thrown);
            return {values: new Map(), secrets: new Map()};
        }
    }

    /** Writes all changes in one transaction or none; throws with a store code where the disk refuses. */
    async changeSettings(changes: readonly SettingChange[]): Promise<void> {
        try {
            await this.#changeSettings(changes);
        } catch (thrown) {
            if (thrown instanceof PhoneError) this.#failed(thrown);
            throw thrown;
        }
    }

    async #changeSettings(changes: readonly SettingChange[]): Promise<void> {
        await this.#writer().transaction(async (transaction) => {
            for (const {name, value} of changes) {
                if (value === null || typeof value !== "string") {
                    await transaction.run("DELETE FROM settings WHERE name = ?", [name]);
                }
                if (value === null) await transaction.run("DELETE FROM secrets WHERE name = ?", [name]);
                else if (typeof value === "string") {
                    await transaction.run("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", [name, value]);
                } else {
                    await transaction.run("INSERT OR REPLACE INTO secrets (name, sealed) VALUES (?, ?)", [name, value]);
                }
            }
        });
    }

    /** Adds a contact with its numbers; `source` says who brought it, so that it can be taken back whole. */
    addContact(name: string, numbers: readonly string[], source: string): Promise<number> {
        return this.#writer().transaction(async (transaction) => {
            const {lastRow} = await transaction.run("INSERT INTO contacts (name, source) VALUES (?, ?)", [
                name,
                source,
            ]);
            for (const number of numbers) {
                await transaction.run("INSERT INTO contact_numbers (contact, number, comparable) VALUES (?, ?, ?)", [
                    lastRow,
                    number,
                    comparableNumber(number),
                ]);
            }
            return lastRow;
        });
    }

    /** Answers whether there was such a contact. */
    async removeContact(id: number): Promise<boolean> {
        const {changes} = await this.#writer().run("DELETE FROM contacts WHERE id = ?", [id]);
        return changes === 1;
    }

    async contacts(): Promise<readonly Contact[]> {
        const rows = await (this.#writable ?? this.#readable)?.all(
            `SELECT id, name, json_group_array(number ORDER BY contact_numbers.rowid) AS numbers FROM contacts
             LEFT JOIN contact_numbers ON contact = id GROUP BY id ORDER BY name COLLATE NOCASE`,
        );
        return (rows ?? []).map((row) => ({
            id: Number(row["id"]),
            name: String(row["name"]),
            numbers: (JSON.parse(String(row["numbers"])) as (string | null)[]).filter((number) => number !== null),
        }));
    }

    /** The name of the contact that has exactly this number, whatever separators either is written with. */
    async nameOf(number: string): Promise<string | null> {
        const rows = await (this.#writable ?? this.#readable)?.all(
            "SELECT name FROM contacts JOIN contact_numbers ON contact = id WHERE comparable = ? LIMIT 1",
            [comparableNumber(number)],
        );
        const name = rows?.[0]?.["name"];
        return name === undefined ? null : String(name);
    }

    /** Writes what waits, as far as the disk allows, and closes; a second call does nothing. */
    async close(): Promise<void> {
        if (this.#closed) return;
        await this.calls.flush();
        this.#closed = true;
        if (this.#retry !== null) clearTimeout(this.#retry);
        const open = [this.#writable, this.#readable];
        this.#writable = null;
        this.#readable = null;
        for (const database of open) await database?.close();
    }
}
