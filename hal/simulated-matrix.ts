/**
 * A keypad matrix in memory, with the electrics of a real one without diodes: current takes every path that closed
 * switches give it, so that ghosts appear by themselves.
 */
import type {KeypadWires} from "./keypad.ts";

export class SimulatedMatrix implements KeypadWires {
    readonly #columns: number;
    readonly #rows: number;
    /** Closed switches as column * rows + row. */
    readonly #closed = new Set<number>();
    #driven: number | "all" | "none" = "none";
    #listener: (() => void) | null = null;
    #seen = 0;

    constructor(columns: number, rows: number) {
        this.#columns = columns;
        this.#rows = rows;
    }

    /** Closes or opens a switch. An edge on a row calls the armed listener, after the caller has returned. */
    set(column: number, row: number, closed: boolean): void {
        const at = column * this.#rows + row;
        if (closed) this.#closed.add(at);
        else this.#closed.delete(at);
        this.#edge();
    }

    driveColumn(column: number | "all" | "none"): void {
        this.#driven = column;
        this.#edge();
    }

    readRows(): number {
        return this.#reached();
    }

    arm(listener: (() => void) | null): void {
        this.#listener = listener;
        this.#seen = this.#reached();
    }

    /** An interrupt tells that a row has changed, not what it was: like the kernel's, it comes a little later. */
    #edge(): void {
        if (this.#listener === null) return;
        const rows = this.#reached();
        if (rows === this.#seen) return;
        this.#seen = rows;
        setImmediate(() => this.#listener?.());
    }

    /** Rows that the driven column reaches through closed switches, bit 0 for row 0. */
    #reached(): number {
        if (this.#driven === "none") return 0;
        let columns = this.#driven === "all" ? (1 << this.#columns) - 1 : 1 << this.#driven;
        let rows = 0;
        for (;;) {
            let [nextColumns, nextRows] = [columns, rows];
            for (const at of this.#closed) {
                const column = 1 << Math.floor(at / this.#rows);
                const row = 1 << (at % this.#rows);
                if (nextColumns & column) nextRows |= row;
                if (nextRows & row) nextColumns |= column;
            }
            if (nextColumns === columns && nextRows === rows) return rows;
            [columns, rows] = [nextColumns, nextRows];
        }
    }
}
