/** The keypad's three functions on GPIO lines. */
import type {KeypadWires} from "./keypad.ts";

/** What is needed of a line; GpioLine is one. */
export interface MatrixLine {
    read(): 0 | 1;
    write(level: 0 | 1): void;
    setDirection(direction: "in" | "low" | "high"): void;
    watch(listener: (() => void) | null): void;
}

export interface GpioKeypadOptions {
    readonly columns: readonly MatrixLine[];
    readonly rows: readonly MatrixLine[];
    readonly drive: "hi-z" | "push-pull";
    readonly active: "low" | "high";
    readonly settleUs: number;
}

/** Builds the three functions; columns start idle. */
export function gpioKeypad(options: GpioKeypadOptions): KeypadWires {
    const {columns, rows, drive, active, settleUs} = options;
    const activeLevel = active === "low" ? 0 : 1;
    const idleLevel = active === "low" ? 1 : 0;
    const driven = new Set<number>();
    const setColumn = (index: number, on: boolean): void => {
        const column = columns[index];
        if (column === undefined || driven.has(index) === on) return;
        if (drive === "push-pull") column.write(on ? activeLevel : idleLevel);
        else column.setDirection(on ? active : "in");
        if (on) driven.add(index);
        else driven.delete(index);
    };
    let armed = false;
    return {
        driveColumn: (wanted) => {
            // Idle first: two columns must never be driven against each other through two held keys.
            const isWanted = (index: number): boolean => wanted === "all" || wanted === index;
            for (const index of columns.keys()) if (!isWanted(index)) setColumn(index, false);
            for (const index of columns.keys()) if (isWanted(index)) setColumn(index, true);
            waitUs(settleUs);
        },
        readRows: () => rows.reduce((mask, row, index) => (row.read() === activeLevel ? mask | (1 << index) : mask), 0),
        arm: (listener) => {
            if (listener === null && !armed) return;
            for (const row of rows) row.watch(listener);
            armed = listener !== null;
        },
    };
}

/** Waits without giving the processor away: a timer would take a hundred times as long as the lines need. */
function waitUs(us: number): void {
    if (us === 0) return;
    const end = performance.now() + us / 1_000;
    while (performance.now() < end);
}
