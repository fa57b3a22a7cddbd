/**
 * The contacts of the board: keys of the matrix and the cradle's switch, as a finger moves them. Everything goes to the
 * GPIO chip's test side in one write, so that the board's own clock times a bounce.
 */
import type {Key} from "../../hal/board.ts";
import type {BoardProfile, LineWiring} from "../../hal/profile.ts";
import type {SeededRandom} from "../support/random.ts";
import type {Guest} from "./guest.ts";

const chip = "/sys/devices/platform/boardgpio";

/** What can be done to a contact, with pauses in between. */
export type Move =
    | {readonly close: Key}
    | {readonly open: Key}
    | {readonly handset: "up" | "down"}
    | {readonly waitUs: number};

/** How a worn contact closes or opens: this many times to and fro, `us` each, before it stays. */
export interface Bounce {
    readonly times: number;
    readonly us: number;
}

/** The levels of the chip's lines, bit 0 for line 0, and what went wrong on them. */
export interface ChipState {
    readonly level: number;
    /** Times that two outputs were driven against each other. */
    readonly shorts: number;
    /** Times that any line was read. */
    readonly reads: number;
    /** The lines that are outputs. */
    readonly outputs: number;
}

/** How long moves should have taken and how long they took by the board's clock, in ms. */
export interface Pace {
    readonly wanted: number;
    readonly took: number;
}

const longestWaitUs = 5_000_000;

/** Scans after which a phone has seen a steady key: three at the least, see hal/keypad-matrix.ts. */
const seenScans = 6;

export class Contacts {
    readonly #guest: () => Guest;
    readonly #profile: BoardProfile;

    constructor(guest: () => Guest, profile: BoardProfile) {
        this.#guest = guest;
        this.#profile = profile;
    }

    /** Makes the moves, and resolves when the last was made: with the board's monotonic clock then, in microseconds. */
    move(...moves: readonly Move[]): Promise<number> {
        return this.#guest().write(`${chip}/command`, moves.flatMap((move) => this.#words(move)).join("\n"));
    }

    /** As `move`, with what the board's clock says of it: a machine that is kept waiting stretches a bounce. */
    async timed(...moves: readonly Move[]): Promise<Pace> {
        // Both are under way before the first is answered, so that nothing comes between them.
        const [from, to] = await Promise.all([this.#guest().write(`${chip}/command`, "\n"), this.move(...moves)]);
        const wanted = moves.reduce((sum, move) => sum + ("waitUs" in move ? move.waitUs : 0), 0);
        return {wanted: wanted / 1_000, took: (to - from) / 1_000};
    }

    press(key: Key): Promise<number> {
        return this.move({close: key});
    }

    release(key: Key): Promise<number> {
        return this.move({open: key});
    }

    /** Presses and releases, as a finger of a person does who sees that a phone on a busy machine is slow. */
    async tap(key: Key): Promise<void> {
        await this.press(key);
        await this.scanned(seenScans);
        await this.release(key);
        await this.allUp();
    }

    async dial(digits: string): Promise<void> {
        for (const digit of digits) await this.tap(digit as Key);
    }

    lift(): Promise<number> {
        return this.move({handset: "up"});
    }

    putDown(): Promise<number> {
        return this.move({handset: "down"});
    }

    async state(): Promise<ChipState> {
        const {text} = await this.#guest().read(`${chip}/state`);
        const value = (name: string): string => new RegExp(`^${name} (\\w+)$`, "m").exec(text)?.[1] ?? "";
        return {
            level: Number.parseInt(value("level"), 16),
            shorts: Number(value("shorts")),
            reads: Number(value("reads")),
            outputs: Number.parseInt(value("out"), 16),
        };
    }

    /**
     * Whether the keypad sleeps: all its columns are driven, so that any key makes an edge. It scans with one at a time
     * and has none between two scans.
     */
    async keypadSleeps(): Promise<boolean> {
        const {outputs} = await this.state();
        return this.#profile.keypad?.columns.every(({offset}) => ((outputs >>> offset) & 1) === 1) ?? true;
    }

    /** Resolves when the phone has seen that no key is down any more; rejects when it scans still after `ms`. */
    async allUp(ms = 20_000): Promise<void> {
        const until = performance.now() + ms;
        while (!(await this.keypadSleeps())) {
            if (performance.now() > until) throw new Error(`the phone still scans its keys after ${ms} ms`);
        }
    }

    /** Resolves when the phone has scanned its keys so many times more; one MUST be down. */
    scanned(times: number): Promise<void> {
        return this.#scanned(times, async () => false);
    }

    /** As `scanned`, or when the phone has seen before that all keys are up. */
    scannedOrAsleep(times: number): Promise<void> {
        return this.#scanned(times, () => this.keypadSleeps());
    }

    /** Whether a lamp that is a GPIO line is lit. */
    async isLit(lamp: "microphone"): Promise<boolean> {
        const wiring = this.#profile.gpioLamps[lamp];
        if (wiring === undefined) throw new RangeError(`the lamp ${lamp} is no GPIO line`);
        const high = (((await this.state()).level >>> wiring.offset) & 1) === 1;
        return high === (wiring.active === "high");
    }

    async #scanned(times: number, isDone: () => Promise<boolean>): Promise<void> {
        const {columns = [], rows = []} = this.#profile.keypad ?? {};
        const until = (await this.state()).reads + times * columns.length * rows.length;
        while ((await this.state()).reads < until && !(await isDone()));
    }

    #words(move: Move): readonly string[] {
        if ("waitUs" in move) return waitWords(move.waitUs);
        if ("handset" in move) return [this.#cradle(move.handset)];
        const key = "close" in move ? move.close : move.open;
        const {column, row} = this.#place(key);
        return [`${"close" in move ? "on" : "off"} ${column.offset} ${row.offset}`];
    }

    /** A contact to ground. */
    #cradle(handset: "up" | "down"): string {
        const {line, contact} = this.#profile.hook;
        const closed = (handset === "down") === (contact === "NO");
        return `drive ${line.offset} ${closed ? "0" : "z"}`;
    }

    #place(key: Key): {readonly column: LineWiring; readonly row: LineWiring} {
        const {keypad} = this.#profile;
        for (const [r, cells] of (keypad?.keys ?? []).entries()) {
            const column = keypad?.columns[cells.indexOf(key)];
            const row = keypad?.rows[r];
            if (column !== undefined && row !== undefined) return {column, row};
        }
        throw new RangeError(`the keypad has no key ${key}`);
    }
}

/** A key or the handset that moves with bounce: first to and fro, then as wanted. */
export function bouncing(to: Move, back: Move, {times, us}: Bounce): readonly Move[] {
    const once: readonly Move[] = [to, {waitUs: us}, back, {waitUs: us}];
    return [...Array.from({length: times}, () => once).flat(), to];
}

/**
 * A key or the handset whose contact is worn: up to six bounces, none of which stays away from `to` as long as the phone
 * waits before it believes in a release (16 ms), and some so short or so long that no two scans see the same.
 */
export function worn(random: SeededRandom, to: Move, back: Move): readonly Move[] {
    const once = (): readonly Move[] => [
        to,
        {waitUs: random.pick([300, 2_000, 9_000, 20_000])},
        back,
        {waitUs: random.pick([300, 2_000, 13_000])},
    ];
    return [...Array.from({length: 1 + random.below(6)}, once).flat(), to];
}

function waitWords(us: number): readonly string[] {
    const whole = Math.floor(us / longestWaitUs);
    const rest = us - whole * longestWaitUs;
    return [...Array<string>(whole).fill(`sleep ${longestWaitUs}`), ...(rest > 0 ? [`sleep ${rest}`] : [])];
}
