/**
 * The call log. A call is kept in memory until its newest form is on disk, so that a full or read-only disk costs the
 * phone nothing but the promise of durability, which it then says on the glass; what waited is written when it can be.
 */
import {randomUUID} from "node:crypto";
import {messageOf} from "../errors.ts";
import type {Log} from "../log.ts";
import type {Call, CallId, CallQuality, CallSecurity, EndReason} from "../phone/call.ts";
import type {RecentCall} from "../phone/state.ts";
import type {Database, Row, Value} from "./database.ts";
import {outcomeOf} from "./outcome.ts";

/** Calls that may wait for a disk; the oldest ended one is given up first, and said. */
const mostWaiting = 500;

interface Entry {
    readonly uid: string;
    readonly call: Call;
    readonly startedAt: number;
    readonly clockKnown: boolean;
    readonly answeredAt: number | null;
    readonly endedAt: number | null;
    readonly talkSeconds: number | null;
    readonly seen: boolean;
}

/** UTC in whole ms; what the machine's clock says where the phone's is not known yet. */
const wholeMs = (wall: number | null): number => Math.round(wall ?? Date.now());

const outcome = (entry: Entry): RecentCall["outcome"] | "open" =>
    entry.endedAt === null ? "open" : outcomeOf(entry.call, entry.talkSeconds);

const columns =
    "uid, direction, account, number, name, emergency, started_at, clock_known, answered_at, ended_at, talk_seconds, outcome, reason, sip, seen, security, codec, loss_rate, jitter, round_trip, mos_lq, mos_cq";

function valuesOf(entry: Entry): Value[] {
    const {call} = entry;
    return [
        entry.uid,
        call.direction,
        call.account,
        call.party.number,
        call.party.name,
        call.emergency ? 1 : 0,
        entry.startedAt,
        entry.clockKnown ? 1 : 0,
        entry.answeredAt,
        entry.endedAt,
        entry.talkSeconds,
        outcome(entry),
        call.reason?.code ?? null,
        call.reason?.sip ?? null,
        entry.seen ? 1 : 0,
        securityOf(call),
        ...qualityValues(call.quality),
    ];
}

/** Of a call in which nothing was said there is nothing to tell. */
const securityOf = (call: Call): CallSecurity | null => (call.talkingSince === null ? null : call.security);

function qualityValues(quality: CallQuality | null): Value[] {
    return [
        quality?.codec ?? null,
        quality?.lossRate ?? null,
        quality?.jitter ?? null,
        quality?.roundTrip ?? null,
        quality?.mosListening ?? null,
        quality?.mosConversational ?? null,
    ];
}

function qualityOfRow(row: Row): CallQuality | null {
    const codec = row["codec"] as CallQuality["codec"] | null;
    if (codec === null) return null;
    const figure = (column: string): number | null => row[column] as number | null;
    return {
        codec,
        lossRate: figure("loss_rate"),
        jitter: figure("jitter"),
        roundTrip: figure("round_trip"),
        mosListening: figure("mos_lq"),
        mosConversational: figure("mos_cq"),
    };
}

function recentOf(row: Row): RecentCall {
    return {
        row: Number(row["row"]),
        direction: row["direction"] as RecentCall["direction"],
        party: {number: String(row["number"]), name: row["name"] as string | null},
        startedAt: Number(row["started_at"]),
        talkSeconds: row["talk_seconds"] as number | null,
        outcome: row["outcome"] === "open" ? "interrupted" : (row["outcome"] as RecentCall["outcome"]),
        reason: row["reason"] as EndReason["code"] | null,
        security: row["security"] as CallSecurity | null,
        quality: qualityOfRow(row),
    };
}

function recentOfEntry(entry: Entry, index: number): RecentCall {
    return {
        row: -1 - index,
        direction: entry.call.direction,
        party: entry.call.party,
        startedAt: entry.startedAt,
        talkSeconds: entry.talkSeconds,
        outcome: outcomeOf(entry.call, entry.talkSeconds),
        reason: entry.call.reason?.code ?? null,
        security: securityOf(entry.call),
        quality: entry.call.quality,
    };
}

/** The database, null while there is none: one that cannot be written may still be read. */
export interface Databases {
    readonly writable: () => Database | null;
    readonly readable: () => Database | null;
}

export class CallLog {
    readonly #databases: Databases;
    readonly #log: Log;
    readonly #onFault: (thrown: unknown) => void;
    readonly #entries = new Map<CallId, Entry>();
    /** Calls whose newest form is not on disk yet, oldest first. */
    readonly #waiting = new Set<CallId>();

    /** `onFault` is told why a write failed. */
    constructor(databases: Databases, log: Log, onFault: (thrown: unknown) => void) {
        this.#databases = databases;
        this.#log = log;
        this.#onFault = onFault;
    }

    /** Commits the row of a call that appeared; `wall` is UTC ms, null while the clock is unknown. */
    open(call: Call, wall: number | null): Promise<void> {
        return this.#put({
            uid: randomUUID(),
            call,
            startedAt: wholeMs(wall),
            clockKnown: wall !== null,
            answeredAt: null,
            endedAt: null,
            talkSeconds: null,
            seen: false,
        });
    }

    answer(call: Call, wall: number | null): Promise<void> {
        const entry = this.#entries.get(call.id);
        if (entry === undefined) return Promise.resolve();
        return this.#put({...entry, call, answeredAt: wholeMs(wall)});
    }

    /** Keeps how a call sounds so far. */
    note(call: Call): Promise<void> {
        const entry = this.#entries.get(call.id);
        if (entry === undefined || entry.endedAt !== null) return Promise.resolve();
        return this.#put({...entry, call});
    }

    close(call: Call, wall: number | null, talkSeconds: number | null): Promise<void> {
        const entry = this.#entries.get(call.id);
        if (entry === undefined) return Promise.resolve();
        return this.#put({...entry, call, endedAt: wholeMs(wall), talkSeconds});
    }

    /** How many calls wait for a disk that takes them. */
    get waiting(): number {
        return this.#waiting.size;
    }

    #put(entry: Entry): Promise<void> {
        this.#entries.set(entry.call.id, entry);
        this.#waiting.add(entry.call.id);
        this.#bound();
        return this.flush();
    }

    #bound(): void {
        for (const id of this.#waiting) {
            if (this.#waiting.size <= mostWaiting) return;
            if (this.#entries.get(id)?.endedAt === null) continue;
            this.#waiting.delete(id);
            this.#entries.delete(id);
            this.#log.error("a call's row was given up: too many wait for the disk");
        }
    }

    /** Writes all that waits; resolves when it is on disk, or when the failure has been told. */
    async flush(): Promise<void> {
        const database = this.#databases.writable();
        if (database === null) return;
        for (const id of [...this.#waiting]) {
            const entry = this.#entries.get(id);
            if (entry === undefined) continue;
            try {
                await this.#write(database, entry);
            } catch (thrown) {
                this.#log.error(`a call's row waits in memory: ${messageOf(thrown)}`);
                this.#onFault(thrown);
                return;
            }
            // It may have changed while it was being written; then its newer form still waits.
            if (this.#entries.get(id) !== entry) continue;
            this.#waiting.delete(id);
            if (entry.endedAt !== null) this.#entries.delete(id);
        }
    }

    async #write(database: Database, entry: Entry): Promise<void> {
        const places = columns
            .split(", ")
            .map(() => "?")
            .join(", ");
        const updates = columns
            .split(", ")
            .slice(1)
            .map((column) => `${column} = excluded.${column}`)
            .join(", ");
        await database.run(
            `INSERT INTO calls (${columns}) VALUES (${places}) ON CONFLICT (uid) DO UPDATE SET ${updates}`,
            valuesOf(entry),
        );
    }

    /** Ended calls, newest first: those on disk and those that wait for it. */
    async recents(limit: number): Promise<readonly RecentCall[]> {
        const waiting = [...this.#waiting]
            .map((id) => this.#entries.get(id))
            .filter((entry) => entry !== undefined && entry.endedAt !== null) as Entry[];
        const rows = await this.#rows(limit, new Set(waiting.map((entry) => entry.uid)));
        return [...waiting.map(recentOfEntry), ...rows].sort((a, b) => b.startedAt - a.startedAt).slice(0, limit);
    }

    async #rows(limit: number, except: ReadonlySet<string>): Promise<readonly RecentCall[]> {
        const database = this.#databases.readable();
        if (database === null) return [];
        // What stands open in a file that can only be read was open when the phone went down.
        const open = this.#databases.writable() === null ? "" : "WHERE outcome <> 'open'";
        const rows = await database.all(`SELECT * FROM calls ${open} ORDER BY started_at DESC, row DESC LIMIT ?`, [
            limit,
        ]);
        return rows.filter((row) => !except.has(String(row["uid"]))).map(recentOf);
    }

    /** Missed calls that nobody has looked at yet. */
    async missedCount(): Promise<number> {
        const rows = await this.#databases
            .readable()
            ?.all("SELECT count(*) AS missed FROM calls WHERE outcome = 'missed' AND seen = 0");
        const waiting = [...this.#waiting].filter((id) => {
            const entry = this.#entries.get(id);
            return entry !== undefined && outcome(entry) === "missed" && !entry.seen;
        });
        return Number(rows?.[0]?.["missed"] ?? 0) + waiting.length;
    }

    async markMissedSeen(): Promise<void> {
        for (const id of this.#waiting) {
            const entry = this.#entries.get(id);
            if (entry !== undefined && entry.endedAt !== null) this.#entries.set(id, {...entry, seen: true});
        }
        await this.flush();
        try {
            await this.#databases.writable()?.run("UPDATE calls SET seen = 1 WHERE outcome = 'missed' AND seen = 0");
        } catch (thrown) {
            this.#onFault(thrown);
        }
    }
}

/** Marks what a power cut or a crash left open; call once at start, before the first call. */
export async function interruptOpenCalls(database: Database): Promise<number> {
    const {changes} = await database.run("UPDATE calls SET outcome = 'interrupted' WHERE outcome = 'open'");
    return changes;
}
