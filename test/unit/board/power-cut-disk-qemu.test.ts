/** The disk as QEMU's own NBD client finds it: a QEMU without a machine, whose monitor reads and writes (`qemu-io`). */
import {type ChildProcessByStdio, spawn} from "node:child_process";
import {once} from "node:events";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";
import type {Readable, Writable} from "node:stream";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {PowerCutDisk} from "../../board/power-cut-disk.ts";

class MachinelessQemu {
    readonly #process: ChildProcessByStdio<Writable, Readable, null>;
    readonly #lines: AsyncIterableIterator<string>;

    constructor(socketPath: string) {
        const disk = `driver=nbd,node-name=disk,server.type=unix,server.path=${socketPath}`;
        const bare = ["-M", "none", "-nodefaults", "-display", "none"];
        const options = [...bare, "-blockdev", disk, "-qmp", "stdio"];
        this.#process = spawn("qemu-system-x86_64", options, {stdio: ["pipe", "pipe", "inherit"]});
        this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
    }

    async start(): Promise<void> {
        await this.#execute("qmp_capabilities", {});
    }

    /** What a command of qemu-io prints, without its speeds. */
    async io(command: string): Promise<string> {
        const printed = await this.#execute("human-monitor-command", {"command-line": `qemu-io disk "${command}"`});
        return printed.filter((line) => !line.includes("ops/sec")).join("\n");
    }

    kill(): Promise<unknown> {
        if (this.#process.exitCode !== null) return Promise.resolve();
        this.#process.kill("SIGKILL");
        return once(this.#process, "close");
    }

    /** Lines that came before the command's return, which stand outside of QMP. */
    async #execute(execute: string, given: object): Promise<string[]> {
        this.#process.stdin.write(`${JSON.stringify({execute, arguments: given})}\n`);
        const printed: string[] = [];
        for (;;) {
            const {value, done} = await this.#lines.next();
            if (done) throw new Error(`QEMU ended: ${printed.join("\n")}`);
            if (value.startsWith('{"return"')) return printed;
            if (!value.startsWith("{")) printed.push(value);
        }
    }
}

const FAILED = /^Pattern verification failed/;

let folder = "";
let disk = new PowerCutDisk(Buffer.alloc(512));
const started: MachinelessQemu[] = [];

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "disk-"));
    disk = new PowerCutDisk(Buffer.alloc(2 ** 20));
});

afterEach(async () => {
    await Promise.all(started.splice(0).map((qemu) => qemu.kill()));
    await disk.close();
    rmSync(folder, {recursive: true});
});

async function powerOn(): Promise<MachinelessQemu> {
    const path = join(folder, "socket");
    await disk.listen(path);
    const qemu = new MachinelessQemu(path);
    started.push(qemu);
    await qemu.start();
    return qemu;
}

describe("the disk under QEMU", () => {
    it("holds what was written, and after a power cut what was flushed", async () => {
        const before = await powerOn();
        expect(await before.io("write -P 0xaa 0 64k")).toBe("wrote 65536/65536 bytes at offset 0");
        await before.io("flush");
        await before.io("write -P 0xbb 4k 4k");
        expect(await before.io("read -P 0xbb 4k 4k")).toBe("read 4096/4096 bytes at offset 4096");
        expect(await before.io("read -P 0xaa 4k 4k")).toMatch(FAILED);

        expect(disk.cut()).toEqual({kept: 0, lost: 8});
        expect(await before.io("read 0 512")).toBe("read failed: Input/output error");

        const after = await powerOn();
        expect(await after.io("read -P 0xaa 0 64k")).toBe("read 65536/65536 bytes at offset 0");
        expect(await after.io("read -P 0 64k 960k")).toBe("read 983040/983040 bytes at offset 65536");
    });

    it("makes a write with FUA durable, wherever it begins", async () => {
        const before = await powerOn();
        await before.io("write -f -P 0xcc 1000 700");
        expect(disk.stats).toMatchObject({writes: 1, flushes: 0});
        disk.cut();
        const after = await powerOn();
        expect(await after.io("read -P 0xcc 1000 700")).toBe("read 700/700 bytes at offset 1000");
    });

    it("takes the whole of the disk in one write, and no octet behind it", async () => {
        const qemu = await powerOn();
        expect(await qemu.io("write -P 1 0 1M")).toBe("wrote 1048576/1048576 bytes at offset 0");
        expect(await qemu.io("read -P 1 0 1M")).toBe("read 1048576/1048576 bytes at offset 0");
        expect(await qemu.io("write 1M 512")).toBe("write failed: Input/output error");
    });

    it("is full, fails and recovers by the error's name", async () => {
        const qemu = await powerOn();
        disk.fault = "full";
        expect(await qemu.io("write 0 512")).toBe("write failed: No space left on device");
        disk.fault = "failing";
        expect(await qemu.io("write 0 512")).toBe("write failed: Input/output error");
        disk.fault = "none";
        expect(await qemu.io("write 0 512")).toBe("wrote 512/512 bytes at offset 0");
    });
});
