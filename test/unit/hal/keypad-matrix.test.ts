import {describe, expect, it} from "vitest";
import {
    type MatrixEvent,
    type MatrixShape,
    type MatrixState,
    releaseAll,
    restingMatrix,
    stepMatrix,
} from "../../../hal/keypad-matrix.ts";

const SHAPE: MatrixShape = {columns: 3, rows: 3, wired: [7, 7, 7], pressMs: 8, releaseMs: 16};

/** A matrix that is scanned each ms with what `at` gives. */
class Scanner {
    readonly shape: MatrixShape;
    state: MatrixState;
    now = 0;
    idle = true;

    constructor(shape: MatrixShape = SHAPE) {
        this.shape = shape;
        this.state = restingMatrix(shape);
    }

    scan(rows: readonly number[], ms = 1): MatrixEvent[] {
        const events: MatrixEvent[] = [];
        for (let passed = 0; passed < ms; passed += 1) {
            const step = stepMatrix(this.shape, this.state, rows, this.now);
            this.state = step.state;
            this.idle = step.idle;
            events.push(...step.events);
            this.now += 1;
        }
        return events;
    }
}

const UP: readonly number[] = [0, 0, 0];

describe("the keypad matrix", () => {
    it("reports nothing before a press is as old as its debounce, then once", () => {
        const matrix = new Scanner();
        expect(matrix.scan([1, 0, 0], 8)).toEqual([]);
        expect(matrix.scan([1, 0, 0])).toEqual([{column: 0, row: 0, down: true}]);
        expect(matrix.scan([1, 0, 0], 1_000)).toEqual([]);
    });

    it("has a longer patience with releases", () => {
        const matrix = new Scanner();
        matrix.scan([0, 4, 0], 20);
        expect(matrix.scan(UP, 16)).toEqual([]);
        expect(matrix.idle).toBe(false);
        expect(matrix.scan(UP)).toEqual([{column: 1, row: 2, down: false}]);
        expect(matrix.idle).toBe(true);
    });

    it("reports nothing for a glitch, neither of press nor of release", () => {
        const matrix = new Scanner();
        expect([...matrix.scan([1, 0, 0], 7), ...matrix.scan(UP, 50)]).toEqual([]);
        matrix.scan([1, 0, 0], 20);
        expect([...matrix.scan(UP, 15), ...matrix.scan([1, 0, 0], 50)]).toEqual([]);
    });

    it("reports a long bouncing key once", () => {
        const matrix = new Scanner();
        const events: MatrixEvent[] = [];
        for (let bounce = 0; bounce < 40; bounce += 1) {
            events.push(...matrix.scan([0, 0, 2], 5), ...matrix.scan(UP, 3));
        }
        expect(events).toEqual([]);
        expect(matrix.scan([0, 0, 2], 9)).toEqual([{column: 2, row: 1, down: true}]);
        for (let bounce = 0; bounce < 40; bounce += 1) {
            events.push(...matrix.scan(UP, 12), ...matrix.scan([0, 0, 2], 3));
        }
        expect(events).toEqual([]);
        expect(matrix.scan(UP, 17)).toEqual([{column: 2, row: 1, down: false}]);
    });

    it("does not take two late readings for a steady contact: what was between them nobody saw", () => {
        const matrix = new Scanner();
        const late = (rows: readonly number[], ms: number): MatrixEvent[] => {
            matrix.now += ms;
            return matrix.scan(rows);
        };
        matrix.scan([1, 0, 0], 20);
        // Up for a moment of each bounce, with the program kept waiting from one to the next.
        expect([...late(UP, 1), ...late(UP, 300), ...late([1, 0, 0], 1)]).toEqual([]);
        expect([...late(UP, 1), ...late(UP, 300)]).toEqual([]);
        expect(late(UP, 300)).toEqual([{column: 0, row: 0, down: false}]);
    });

    it("follows two keys that overlap, as fast dialling makes them", () => {
        const matrix = new Scanner();
        const events = [
            ...matrix.scan([1, 0, 0], 15),
            ...matrix.scan([1, 2, 0], 15),
            ...matrix.scan([0, 2, 0], 20),
            ...matrix.scan(UP, 20),
        ];
        expect(events.map(({column, down}) => `${column}${down ? "+" : "-"}`)).toEqual(["0+", "1+", "0-", "1-"]);
    });

    it("debounces each key by itself: a bouncing neighbour delays nobody", () => {
        const matrix = new Scanner();
        const events: MatrixEvent[] = [];
        for (let ms = 0; ms < 9; ms += 1) events.push(...matrix.scan([1, ms % 2, 0]));
        expect(events).toEqual([{column: 0, row: 0, down: true}]);
    });

    it("reports nothing new while three corners of a rectangle are down", () => {
        const matrix = new Scanner();
        matrix.scan([3, 0, 0], 20);
        // The third key closes the path: all four read down.
        expect(matrix.scan([3, 3, 0], 500)).toEqual([]);
        expect(matrix.idle).toBe(false);
    });

    it("is normal again when the ghost is gone, after a full debounce", () => {
        const matrix = new Scanner();
        matrix.scan([3, 0, 0], 20);
        matrix.scan([3, 3, 0], 100);
        expect(matrix.scan([1, 1, 0], 8)).toEqual([]);
        expect(matrix.scan([1, 1, 0], 1)).toEqual([{column: 1, row: 0, down: true}]);
        expect(matrix.scan([1, 1, 0], 20)).toEqual([{column: 0, row: 1, down: false}]);
    });

    it("does not count the time in a ghost as steadiness", () => {
        const matrix = new Scanner();
        matrix.scan([1, 0, 0], 4);
        matrix.scan([3, 3, 0], 100);
        expect(matrix.scan([1, 0, 0], 7)).toEqual([]);
        expect(matrix.scan([1, 0, 0], 3)).toEqual([{column: 0, row: 0, down: true}]);
    });

    it("sees no ghost at a place without a switch", () => {
        const matrix = new Scanner({...SHAPE, wired: [7, 5, 7]});
        const events = matrix.scan([3, 3, 0], 20);
        expect(events.map(({column, row}) => [column, row])).toEqual([
            [0, 0],
            [0, 1],
            [1, 0],
        ]);
    });

    it("lets all keys go at once when it is lost", () => {
        const matrix = new Scanner();
        matrix.scan([1, 2, 0], 20);
        const step = releaseAll(SHAPE, matrix.state);
        expect(step.events).toHaveLength(2);
        expect(step.events.every(({down}) => !down)).toBe(true);
        expect(step.state).toEqual(restingMatrix(SHAPE));
    });

    it("keeps its promises on a random walk", () => {
        let seed = 11;
        const random = (below: number): number => {
            seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
            return (seed >> 16) % below;
        };
        const matrix = new Scanner();
        const down = new Set<number>();
        const steady = new Map<number, number>();
        let rows = [0, 0, 0];
        for (let step = 0; step < 20_000; step += 1) {
            if (random(6) === 0) {
                const column = random(3);
                rows = rows.with(column, (rows[column] ?? 0) ^ (1 << random(3)));
            }
            if (random(200) === 0) rows = [0, 0, 0];
            for (let place = 0; place < 9; place += 1) {
                const raw = ((rows[Math.floor(place / 3)] ?? 0) >> (place % 3)) & 1;
                const was = steady.get(place) ?? 0;
                // Positive: ms steadily down; negative: ms steadily up.
                steady.set(place, raw ? Math.max(was, 0) + 1 : Math.min(was, 0) - 1);
            }
            for (const event of matrix.scan(rows)) {
                const place = event.column * 3 + event.row;
                expect(down.has(place)).toBe(!event.down);
                if (event.down) down.add(place);
                else down.delete(place);
                const lasted = steady.get(place) ?? 0;
                expect(event.down ? lasted : -lasted).toBeGreaterThan(event.down ? SHAPE.pressMs : SHAPE.releaseMs);
            }
        }
        matrix.scan(UP, SHAPE.releaseMs + 1).forEach((event) => {
            down.delete(event.column * 3 + event.row);
        });
        expect(down.size).toBe(0);
        expect(matrix.idle).toBe(true);
    });
});
