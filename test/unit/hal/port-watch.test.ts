import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {PortsWatch} from "../../../hal/port-watch.ts";
import {seededRandom} from "../../support/random.ts";

/** A port that is open when the test says so. */
class FakePort {
    readonly path: string;
    isOpen = false;
    #listener: (open: boolean) => void = () => undefined;

    constructor(path: string) {
        this.path = path;
    }

    onOpen(listener: (open: boolean) => void): void {
        this.#listener = listener;
    }

    plug(open: boolean): void {
        this.isOpen = open;
        this.#listener(open);
    }
}

let first: FakePort;
let second: FakePort;
let faults: string[];
let watch: PortsWatch;

beforeEach(() => {
    vi.useFakeTimers();
    first = new FakePort("/dev/ttyGS0");
    second = new FakePort("/dev/ttyGS1");
    faults = [];
    watch = new PortsWatch([first, second], (lost, reason) => faults.push(`${lost ? "lost" : "back"}: ${reason}`));
    watch.start();
});
afterEach(() => {
    watch.close();
    vi.useRealTimers();
});

describe("a part of several ports", () => {
    it("is well while all of them are open", () => {
        first.plug(true);
        second.plug(true);
        vi.advanceTimersByTime(10_000);
        expect(faults).toEqual([]);
    });

    it("names the one that is not there", () => {
        first.plug(true);
        vi.advanceTimersByTime(10_000);
        expect(faults).toEqual(["lost: /dev/ttyGS1: its port is not there"]);
        second.plug(true);
        expect(faults.slice(1)).toEqual(["back: /dev/ttyGS1: its port is open"]);
    });

    it("is one fault when both go, and is back with the last of them", () => {
        first.plug(true);
        second.plug(true);
        second.plug(false);
        first.plug(false);
        second.plug(true);
        expect(faults).toEqual(["lost: /dev/ttyGS1: its port was lost"]);
        first.plug(true);
        expect(faults.slice(1)).toEqual(["back: /dev/ttyGS0: its port is open"]);
    });

    it("is not lost again by the second while the first comes and goes", () => {
        second.plug(true);
        vi.advanceTimersByTime(10_000);
        for (let count = 0; count < 5; count += 1) {
            second.plug(false);
            second.plug(true);
        }
        expect(faults).toEqual(["lost: /dev/ttyGS0: its port is not there"]);
    });

    it("says nothing more of ports that were not there once it is closed", () => {
        watch.close();
        vi.advanceTimersByTime(10_000);
        expect(faults).toEqual([]);
    });

    it("has none to lose when it has no ports", () => {
        const none: string[] = [];
        const empty = new PortsWatch([], (_, reason) => none.push(reason));
        empty.start();
        vi.advanceTimersByTime(10_000);
        empty.close();
        expect(none).toEqual([]);
    });

    it("is lost exactly while a port is closed, told by turns, whatever comes and goes", () => {
        const seed = 20_261_124;
        const random = seededRandom(seed);
        first.plug(true);
        second.plug(true);
        vi.advanceTimersByTime(2_000);
        for (let step = 0; step < 1_000; step += 1) {
            const port = random.below(2) === 0 ? first : second;
            port.plug(!port.isOpen);
            const isLost = faults.at(-1)?.startsWith("lost") ?? false;
            expect(isLost, `step ${step} of seed ${seed}`).toBe(!(first.isOpen && second.isOpen));
        }
        expect(faults.length).toBeGreaterThan(100);
        for (const [index, fault] of faults.entries())
            expect(fault.slice(0, 4)).toBe(index % 2 === 0 ? "lost" : "back");
    });
});
