import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import type {Key} from "../../../hal/board.ts";
import {Keypad, type KeypadWires} from "../../../hal/keypad.ts";
import {SimulatedMatrix} from "../../../hal/simulated-matrix.ts";

const KEYS: readonly (readonly Key[])[] = [
    ["1", "2", "3"],
    ["4", "5", "6"],
    ["7", "8", "9"],
];

beforeEach(() => {
    vi.useFakeTimers();
});

afterEach(() => {
    vi.useRealTimers();
});

interface Counted {
    readonly events: string[];
    readonly faults: string[];
    readonly reads: () => number;
    readonly keypad: Keypad;
}

function keypadOn(wires: KeypadWires): Counted {
    const events: string[] = [];
    const faults: string[] = [];
    let reads = 0;
    const keypad = new Keypad({
        wires: {
            driveColumn: (column) => wires.driveColumn(column),
            readRows: () => {
                reads += 1;
                return wires.readRows();
            },
            arm: (listener) => wires.arm(listener),
        },
        keys: KEYS,
        pressMs: 8,
        releaseMs: 16,
        pollMs: 4,
        onKey: (key, down) => events.push(`${key}${down ? "+" : "-"}`),
        onFault: (lost, reason) => faults.push(`${lost ? "lost" : "back"}: ${reason}`),
    });
    keypad.start();
    return {events, faults, reads: () => reads, keypad};
}

describe("the keypad", () => {
    it("reads nothing while nothing happens", () => {
        const {reads} = keypadOn(new SimulatedMatrix(3, 3));
        const before = reads();
        vi.advanceTimersByTime(60_000);
        expect(reads()).toBe(before);
    });

    it("wakes at an edge, polls while a key is down, and sleeps again", () => {
        const matrix = new SimulatedMatrix(3, 3);
        const {events, reads} = keypadOn(matrix);
        matrix.set(1, 1, true);
        vi.advanceTimersByTime(12);
        expect(events).toEqual(["5+"]);
        vi.advanceTimersByTime(1_000);
        matrix.set(1, 1, false);
        vi.advanceTimersByTime(30);
        expect(events).toEqual(["5+", "5-"]);
        const before = reads();
        vi.advanceTimersByTime(10_000);
        expect(reads()).toBe(before);
    });

    it("sees a key that comes between the last scan and the arming", () => {
        const matrix = new SimulatedMatrix(3, 3);
        let pressAtArming = false;
        const {events} = keypadOn({
            driveColumn: (column) => matrix.driveColumn(column),
            readRows: () => matrix.readRows(),
            arm: (listener) => {
                if (listener !== null && pressAtArming) {
                    pressAtArming = false;
                    matrix.set(0, 2, true);
                }
                matrix.arm(listener);
            },
        });
        matrix.set(2, 0, true);
        vi.advanceTimersByTime(20);
        pressAtArming = true;
        matrix.set(2, 0, false);
        vi.advanceTimersByTime(60);
        expect(events).toEqual(["3+", "3-", "7+"]);
    });

    it("sees a key that was held before the start", () => {
        const matrix = new SimulatedMatrix(3, 3);
        matrix.set(0, 0, true);
        const {events} = keypadOn(matrix);
        vi.advanceTimersByTime(20);
        expect(events).toEqual(["1+"]);
    });

    it("reports no ghost from a matrix that makes one", () => {
        const matrix = new SimulatedMatrix(3, 3);
        const {events} = keypadOn(matrix);
        matrix.set(0, 0, true);
        matrix.set(1, 0, true);
        vi.advanceTimersByTime(20);
        expect(events).toEqual(["1+", "2+"]);
        matrix.set(0, 1, true);
        vi.advanceTimersByTime(500);
        expect(events).toEqual(["1+", "2+"]);
        matrix.set(1, 0, false);
        vi.advanceTimersByTime(50);
        expect(events).toEqual(["1+", "2+", "4+", "2-"]);
    });

    it("lets its keys go when its lines break, says so once, and comes back", () => {
        const matrix = new SimulatedMatrix(3, 3);
        let broken = false;
        const {events, faults} = keypadOn({
            driveColumn: (column) => matrix.driveColumn(column),
            readRows: () => {
                if (broken) throw new Error("line keypad row 0: EIO");
                return matrix.readRows();
            },
            arm: (listener) => matrix.arm(listener),
        });
        matrix.set(0, 0, true);
        vi.advanceTimersByTime(20);
        broken = true;
        vi.advanceTimersByTime(60_000);
        expect(events).toEqual(["1+", "1-"]);
        expect(faults).toEqual(["lost: line keypad row 0: EIO"]);
        broken = false;
        vi.advanceTimersByTime(20_000);
        expect(faults[1]).toBe("back: its lines can be read");
        expect(events).toEqual(["1+", "1-", "1+"]);
    });

    it("lets its keys go at the end and is silent afterwards", () => {
        const matrix = new SimulatedMatrix(3, 3);
        const {events, keypad, reads} = keypadOn(matrix);
        matrix.set(2, 2, true);
        vi.advanceTimersByTime(20);
        keypad.close();
        keypad.close();
        const before = reads();
        matrix.set(2, 2, false);
        vi.advanceTimersByTime(1_000);
        expect(events).toEqual(["9+", "9-"]);
        expect(reads()).toBe(before);
    });
});
