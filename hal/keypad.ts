/**
 * The keypad: sleeps until a row's edge, then scans until all keys are up. All its hardware is three functions.
 *
 *   asleep --edge--> scanning each `pollMs` --all up--> arm, read once more --still up--> asleep
 *                        ^                                   | a key came in the gap
 *                        +-----------------------------------+
 *
 * It does not scan on edges: scanning with a key down makes edges on that key's own row, for ever (seen on sysfs).
 */
import type {Key} from "./board.ts";
import {
    type MatrixShape,
    type MatrixState,
    type MatrixStep,
    releaseAll,
    restingMatrix,
    stepMatrix,
} from "./keypad-matrix.ts";

/** What the keypad needs of its wires. Any of them may throw when the hardware is gone. */
export interface KeypadWires {
    /** Drives one column active and no other; "all" and "none" likewise. Returns when the rows have settled. */
    driveColumn(column: number | "all" | "none"): void;
    /** The rows that read active, bit 0 for row 0. */
    readRows(): number;
    /** Calls the listener at each edge of a row; null stops that. */
    arm(listener: (() => void) | null): void;
}

export interface KeypadOptions {
    readonly wires: KeypadWires;
    /** Key by row and column; null where the matrix has none. */
    readonly keys: readonly (readonly (Key | null)[])[];
    readonly pressMs: number;
    readonly releaseMs: number;
    readonly pollMs: number;
    /** `at` is monotonic ms. */
    readonly onKey: (key: Key, down: boolean, at: number) => void;
    readonly onFault: (lost: boolean, reason: string) => void;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

export class Keypad {
    readonly #options: KeypadOptions;
    readonly #shape: MatrixShape;
    #state: MatrixState;
    #timer: NodeJS.Timeout | null = null;
    #retryMs = FIRST_RETRY_MS;
    #lost = false;
    #closed = false;

    constructor(options: KeypadOptions) {
        this.#options = options;
        const columns = options.keys[0]?.length ?? 0;
        this.#shape = {
            columns,
            rows: options.keys.length,
            wired: Array.from({length: columns}, (_, column) =>
                options.keys.reduce((mask, row, index) => (row[column] ? mask | (1 << index) : mask), 0),
            ),
            pressMs: options.pressMs,
            releaseMs: options.releaseMs,
        };
        this.#state = restingMatrix(this.#shape);
    }

    /** Begins with a scan, so that a key held since before the start is seen. */
    start(): void {
        this.#scan();
    }

    /** Lets all keys go and touches the wires no more. */
    close(): void {
        if (this.#closed) return;
        this.#closed = true;
        if (this.#timer !== null) clearTimeout(this.#timer);
        try {
            this.#options.wires.arm(null);
        } catch {
            // Wires that are gone need no disarming.
        }
        this.#apply(releaseAll(this.#shape, this.#state));
    }

    #onEdge(): void {
        if (this.#closed || this.#timer !== null) return;
        this.#scan();
    }

    #scan(): void {
        this.#timer = null;
        if (this.#closed) return;
        try {
            this.#options.wires.arm(null);
            const step = stepMatrix(this.#shape, this.#state, this.#readColumns(), performance.now());
            this.#apply(step);
            if (!step.idle || !this.#fellAsleep()) this.#again(this.#options.pollMs);
            this.#tell(false, "its lines can be read");
            this.#retryMs = FIRST_RETRY_MS;
        } catch (error) {
            this.#onBroken(error);
        }
    }

    #readColumns(): readonly number[] {
        const {wires} = this.#options;
        const scan: number[] = [];
        for (let column = 0; column < this.#shape.columns; column += 1) {
            wires.driveColumn(column);
            scan.push(wires.readRows());
        }
        wires.driveColumn("none");
        return scan;
    }

    /** Arms the interrupt and reads once more: a key that came between scan and arming makes no edge any more. */
    #fellAsleep(): boolean {
        const {wires} = this.#options;
        wires.driveColumn("all");
        wires.arm(() => this.#onEdge());
        return wires.readRows() === 0;
    }

    #again(ms: number): void {
        if (!this.#closed) this.#timer = setTimeout(() => this.#scan(), ms);
    }

    #apply(step: MatrixStep): void {
        this.#state = step.state;
        const now = performance.now();
        for (const {column, row, down} of step.events) {
            const key = this.#options.keys[row]?.[column];
            if (key) this.#options.onKey(key, down, now);
        }
    }

    #onBroken(error: unknown): void {
        this.#apply(releaseAll(this.#shape, this.#state));
        this.#tell(true, error instanceof Error ? error.message : String(error));
        this.#again(this.#retryMs);
        this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    }

    #tell(lost: boolean, reason: string): void {
        if (lost === this.#lost) return;
        this.#lost = lost;
        this.#options.onFault(lost, reason);
    }
}
