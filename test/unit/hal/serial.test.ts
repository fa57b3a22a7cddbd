import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {SerialLine} from "../../../hal/serial.ts";
import {openPty, type Pty} from "../../support/pty.ts";

let folder = "";
let cleanUp: (() => unknown)[] = [];

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "offhook-serial-"));
    cleanUp = [];
});

afterEach(async () => {
    for (const step of cleanUp.reverse()) await step();
    rmSync(folder, {recursive: true});
});

function cable(): Pty {
    const pty = openPty(join(folder, "tty"));
    cleanUp.push(() => pty.close());
    return pty;
}

function line(log: string[] = [], queueBytes = 65_536): SerialLine {
    const made = new SerialLine({
        path: join(folder, "tty"),
        baud: 115_200,
        queueBytes,
        log: (_level, sentence) => log.push(sentence),
    });
    cleanUp.push(() => made.close());
    return made;
}

function opened(of: SerialLine, wanted: boolean): Promise<void> {
    return new Promise((resolve) => of.onOpen((open) => open === wanted && resolve()));
}

function received(from: {onData(listener: (chunk: Uint8Array) => void): void}, length: number): Promise<string> {
    return new Promise((resolve) => {
        let text = "";
        from.onData((chunk) => {
            text += Buffer.from(chunk).toString("latin1");
            if (text.length >= length) resolve(text);
        });
    });
}

describe("a serial line", () => {
    it("carries every byte value unchanged both ways", async () => {
        const far = cable();
        const near = line();
        const open = opened(near, true);
        near.open();
        await open;
        const all = Uint8Array.from({length: 256}, (_, index) => index);
        const there = received(far, 256);
        const back = received(near, 256);
        near.write(all);
        far.write(all);
        const expected = Buffer.from(all).toString("latin1");
        expect(await there).toBe(expected);
        expect(await back).toBe(expected);
    });

    it("waits for a port that is not there yet and says so once", async () => {
        const log: string[] = [];
        const near = line(log);
        const open = opened(near, true);
        near.open();
        await expect.poll(() => log.length).toBe(1);
        expect(log[0]).toContain("tty");
        cable();
        await open;
        expect(near.isOpen).toBe(true);
        expect(log.filter((sentence) => sentence.includes("trying again"))).toHaveLength(1);
    });

    it("comes back after an unplug and a replug", async () => {
        const first = cable();
        const near = line();
        const open = opened(near, true);
        near.open();
        await open;
        const lost = opened(near, false);
        first.close();
        await lost;
        const again = opened(near, true);
        const second = cable();
        await again;
        const there = received(second, 5);
        near.write(Buffer.from("hello"));
        expect(await there).toBe("hello");
    });

    it("tells an unplug in the middle of data, when every further read gives nothing, and burns no processor", async () => {
        const far = cable();
        const near = line();
        const open = opened(near, true);
        near.open();
        await open;
        const lost = opened(near, false);
        let before = process.cpuUsage();
        near.onData(() => {
            before = process.cpuUsage();
            far.close();
        });
        far.write(Buffer.from("last words"));
        await lost;
        const used = process.cpuUsage(before);
        expect((used.user + used.system) / 1_000).toBeLessThan(200);
    });

    it("drops whole chunks beyond its bound when nobody reads, and goes on when somebody does", async () => {
        const far = cable();
        far.pause();
        const log: string[] = [];
        const near = line(log, 4_000);
        const open = opened(near, true);
        near.open();
        await open;
        const chunk = Buffer.alloc(1_000, "x");
        for (let sent = 0; sent < 200; sent += 1) {
            near.write(chunk);
            await new Promise((resolve) => setImmediate(resolve));
        }
        expect(near.dropped).toBeGreaterThan(0);
        expect(log.filter((sentence) => sentence.includes("dropped"))).toHaveLength(1);
        const arrived = received(far, (200 - near.dropped) * 1_000);
        far.resume();
        expect(await arrived).toHaveLength((200 - near.dropped) * 1_000);
    });

    it("closes while a write is stuck, twice, and is silent afterwards", async () => {
        const far = cable();
        far.pause();
        const near = line();
        const open = opened(near, true);
        near.open();
        await open;
        for (let sent = 0; sent < 60; sent += 1) near.write(Buffer.alloc(1_000));
        await near.close();
        await near.close();
        expect(near.isOpen).toBe(false);
        near.write(Buffer.from("late"));
        near.open();
        expect(near.isOpen).toBe(false);
    });

    it("tells a listener that comes late that it is open", async () => {
        cable();
        const near = line();
        const first = opened(near, true);
        near.open();
        await first;
        await opened(near, true);
        expect(near.isOpen).toBe(true);
    });

    it("reopens on demand", async () => {
        cable();
        const near = line();
        const open = opened(near, true);
        near.open();
        await open;
        const again = opened(near, true);
        near.reopen("no answer");
        expect(near.isOpen).toBe(false);
        await again;
        expect(near.isOpen).toBe(true);
    });
});
