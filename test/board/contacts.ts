/**
 * The contacts of the board: keys of the matrix and the cradle's switch, as a finger moves them. Everything goes to the
 * GPIO chip's test side in one write, so that the board's own clock times a bounce.
 */
import type {Key} from "../../hal/board.ts";
import type {BoardProfile, LineWiring} from "../../hal/profile.ts";
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
    readonly scans: number;
}

const longestWaitUs = 5_000_000;

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

    press(key: Key): Promise<number> {
        return this.move({close: key});
    }

    release(key: Key): Promise<number> {
        return this.move({open: key});
    }

    /** Presses and releases, as a quick finger does: 60 ms down, 60 ms up. */
    tap(key: Key): Promise<number> {
        return this.move({close: key}, {waitUs: 60_000}, {open: key}, {waitUs: 60_000});
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
            scans: Number(value("writes")),
        };
    }

    /** Whether a lamp that is a GPIO line is lit. */
    async isLit(lamp: "microphone"): Promise<boolean> {
        const wiring = this.#profile.gpioLamps[lamp];
        if (wiring === undefined) throw new RangeError(`the lamp ${lamp} is no GPIO line`);
        const high = (((await this.state()).level >>> wiring.offset) & 1) === 1;
        return high === (wiring.active === "high");
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

function waitWords(us: number): readonly string[] {
    const whole = Math.floor(us / longestWaitUs);
    const rest = us - whole * longestWaitUs;
    return [...Array<string>(whole).fill(`sleep ${longestWaitUs}`), ...(rest > 0 ? [`sleep ${rest}`] : [])];
}
