import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {SerialLine} from "../../../hal/serial.ts";
import {type BytePort, createDisplay, type SerialDisplay} from "../../../hal/serial-display.ts";
import {openPty, type Pty} from "../../support/pty.ts";
import {Vt100Glass} from "../../support/vt100-glass.ts";

const COLUMNS = 40;
const ROWS = 12;

let folder = "";
let cleanUp: (() => unknown)[] = [];

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "offhook-vt100-"));
    cleanUp = [];
});

afterEach(async () => {
    for (const step of cleanUp.reverse()) await step();
    rmSync(folder, {recursive: true});
});

interface Terminal {
    readonly pty: Pty;
    readonly glass: Vt100Glass;
    readonly bytes: () => number;
}

function terminal(): Terminal {
    const pty = openPty(join(folder, "display"));
    cleanUp.push(() => pty.close());
    const glass = new Vt100Glass(COLUMNS, ROWS);
    let bytes = 0;
    pty.onData((chunk) => {
        bytes += chunk.length;
        glass.write(chunk);
    });
    return {pty, glass, bytes: () => bytes};
}

function driver(port?: BytePort): {display: SerialDisplay; events: string[]; keys: string[]} {
    const events: string[] = [];
    const keys: string[] = [];
    const display = createDisplay("vt100", {
        port: port ?? new SerialLine({path: join(folder, "display"), baud: 115_200, log: () => undefined}),
        columns: COLUMNS,
        rows: ROWS,
        bright: 100,
        dim: 10,
        contrast: null,
        onKey: (key) => keys.push(key),
        onFault: (lost, reason) => events.push(`${lost ? "lost" : "back"}: ${reason}`),
        log: () => undefined,
    });
    cleanUp.push(() => display.close());
    display.start();
    return {display, events, keys};
}

function page(title: string): string[] {
    return Array.from({length: ROWS}, (_, row) => (row === 0 ? title : `row ${row}`).padEnd(COLUMNS));
}

function show(display: SerialDisplay, lines: readonly string[]): void {
    display.show({lines, cursor: null, backlight: true});
}

describe("a VT100 display", () => {
    it("is painted whole, then by differences only", async () => {
        const {glass, bytes} = terminal();
        const {display} = driver();
        show(display, page("first"));
        await expect.poll(() => glass.lines).toEqual(page("first"));
        const before = bytes();
        show(display, page("fired"));
        await expect.poll(() => glass.lines).toEqual(page("fired"));
        expect(bytes() - before).toBeLessThan(12);
    });

    it("keeps no old frames for a terminal that does not read", async () => {
        const {pty, glass, bytes} = terminal();
        const {display} = driver();
        show(display, page("begin"));
        await expect.poll(() => glass.lines).toEqual(page("begin"));
        pty.pause();
        const before = bytes();
        for (let count = 0; count < 5_000; count += 1) {
            show(display, page(`${count}`.repeat(9).slice(0, COLUMNS)));
            if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        show(display, page("the newest"));
        pty.resume();
        await expect.poll(() => glass.lines).toEqual(page("the newest"));
        expect(bytes() - before).toBeLessThan(2_000);
    });

    it("holds back while older bytes still wait, for a minute, and then sends the newest frame alone", async () => {
        vi.useFakeTimers();
        cleanUp.push(() => vi.useRealTimers());
        const port = {
            isOpen: true,
            pending: 500,
            written: [] as Uint8Array[],
            open: (): void => undefined,
            onData: (): void => undefined,
            onOpen: (): void => undefined,
            write: (bytes: Uint8Array): void => {
                port.written.push(bytes);
            },
            reopen: (): void => undefined,
            close: async (): Promise<void> => undefined,
        };
        const {display} = driver(port);
        for (let count = 0; count < 600; count += 1) {
            show(display, page(`frame ${count}`));
            vi.advanceTimersByTime(100);
        }
        expect(port.written).toHaveLength(0);
        port.pending = 0;
        vi.advanceTimersByTime(200);
        expect(port.written).toHaveLength(1);
        const glass = new Vt100Glass(COLUMNS, ROWS);
        glass.write(port.written[0] ?? new Uint8Array());
        expect(glass.lines).toEqual(page("frame 599"));
    });

    it("is painted whole after a replug, and tells the loss and the return", async () => {
        const first = terminal();
        const {display, events} = driver();
        show(display, page("before"));
        await expect.poll(() => first.glass.lines).toEqual(page("before"));
        first.pty.close();
        await expect.poll(() => events).toEqual(["lost: its port was lost"]);
        show(display, page("after"));
        const second = terminal();
        await expect.poll(() => second.glass.lines, {timeout: 3_000}).toEqual(page("after"));
        expect(events.at(-1)).toBe("back: its port is open");
    });

    it("is a fault when its port is not there", async () => {
        const {events} = driver();
        await expect.poll(() => events, {timeout: 3_000}).toEqual(["lost: its port is not there"]);
    });

    it("takes no keys from what the terminal sends", async () => {
        const {pty, glass} = terminal();
        const {display, keys} = driver();
        show(display, page("quiet"));
        await expect.poll(() => glass.lines).toEqual(page("quiet"));
        pty.write("\x1b[A\x1b[B\r123#");
        show(display, page("still quiet"));
        await expect.poll(() => glass.lines).toEqual(page("still quiet"));
        expect(keys).toEqual([]);
    });
});
