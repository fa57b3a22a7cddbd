import {execFileSync} from "node:child_process";
import {existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {setImmediate} from "node:timers/promises";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {PowerCutDisk} from "../../board/power-cut-disk.ts";
import {seededRandom} from "../../support/random.ts";
import {COMMAND, FUA, NbdClient, reply, request} from "./nbd-client.ts";

const SECTOR = 512;
const SECTORS = 64;
const BYTES = SECTORS * SECTOR;
const MEBIBYTE = 2 ** 20;

let folder = "";
let path = "";
let disk = new PowerCutDisk(Buffer.alloc(BYTES));

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "disk-"));
    path = join(folder, "socket");
    disk = new PowerCutDisk(Buffer.alloc(BYTES));
});

afterEach(async () => {
    await disk.close();
    rmSync(folder, {recursive: true});
});

async function powerOn(): Promise<NbdClient> {
    await disk.listen(path);
    return NbdClient.attach(path);
}

/** What is on the disk at the next power-on. */
async function contents(): Promise<Buffer> {
    const client = await powerOn();
    return client.read(0, BYTES);
}

const filled = (length: number, octet: number): Buffer => Buffer.alloc(length, octet);

describe("a disk with power", () => {
    it("reads at once what was written, on every connection", async () => {
        const client = await powerOn();
        const other = await NbdClient.attach(path);
        await client.write(700, Buffer.from("octets"));
        expect(await other.read(699, 8)).toEqual(Buffer.from("\0octets\0"));
    });

    it("starts with its image, of which it has a copy", async () => {
        const image = filled(BYTES, 3);
        disk = new PowerCutDisk(image);
        image.fill(4);
        expect(await contents()).toEqual(filled(BYTES, 3));
    });

    it("counts reads, writes and flushes, those that failed too, and no request out of range", async () => {
        const client = await powerOn();
        await client.write(0, filled(8, 1));
        await client.read(0, 8);
        await client.read(0, 8);
        await client.flush();
        expect(await client.error({type: COMMAND.read, offset: BYTES, length: 1})).toBe(22);
        disk.fault = "full";
        expect(await client.error({type: COMMAND.write, data: filled(8, 2)})).toBe(28);
        expect(disk.stats).toEqual({reads: 2, writes: 2, flushes: 1});
    });

    it.each([
        ["full", 28],
        ["failing", 5],
    ] as const)("%s, answers writes %d and writes nothing, reads and flushes, and recovers", async (fault, error) => {
        const client = await powerOn();
        await client.write(0, filled(SECTOR, 1));
        disk.fault = fault;
        expect(await client.error({type: COMMAND.write, data: filled(SECTOR, 2)})).toBe(error);
        expect(await client.error({type: COMMAND.write, flags: FUA, data: filled(SECTOR, 2)})).toBe(error);
        expect(await client.read(0, SECTOR)).toEqual(filled(SECTOR, 1));
        await client.flush();
        disk.fault = "none";
        await client.write(SECTOR, filled(SECTOR, 3));
        expect(disk.cut()).toEqual({kept: 0, lost: 1});
        expect((await contents()).subarray(0, 2 * SECTOR)).toEqual(
            Buffer.concat([filled(SECTOR, 1), filled(SECTOR, 0)]),
        );
    });

    it("answers in order a client that asks for much and listens late", async () => {
        disk = new PowerCutDisk(filled(MEBIBYTE, 5));
        const client = await powerOn();
        client.pause();
        const cookies = Array.from({length: 64}, (_, index) => index + 1);
        const reads = cookies.map((cookie) => request({type: COMMAND.read, cookie, length: MEBIBYTE}));
        client.send(Buffer.concat([...reads, request({type: COMMAND.flush, cookie: 65})]));
        while (disk.stats.reads === 0) await setImmediate();
        // What no client takes is not read from the disk, let alone kept for it.
        expect(disk.stats.reads).toBeLessThan(64);
        client.resume();
        for (const cookie of cookies) {
            const answer = await client.octets(16 + MEBIBYTE);
            expect(answer.equals(reply(cookie, 0, filled(MEBIBYTE, 5)))).toBe(true);
        }
        expect(await client.octets(16)).toEqual(reply(65));
        expect(disk.stats).toEqual({reads: 64, writes: 0, flushes: 1});
    });
});

describe("a power cut", () => {
    it("loses what was not flushed, and nothing that was", async () => {
        const client = await powerOn();
        await client.write(0, filled(2 * SECTOR, 1));
        await client.flush();
        await client.write(SECTOR, filled(2 * SECTOR, 2));
        expect(disk.cut()).toEqual({kept: 0, lost: 2});
        const left = Buffer.concat([filled(2 * SECTOR, 1), filled(BYTES - 2 * SECTOR, 0)]);
        expect(await contents()).toEqual(left);
    });

    it("leaves a write with FUA, and those before it", async () => {
        const client = await powerOn();
        await client.write(0, filled(SECTOR, 1));
        await client.write(SECTOR, filled(SECTOR, 2), FUA);
        await client.write(0, filled(SECTOR, 3));
        expect(disk.cut()).toEqual({kept: 0, lost: 1});
        expect((await contents()).subarray(0, 2 * SECTOR)).toEqual(
            Buffer.concat([filled(SECTOR, 1), filled(SECTOR, 2)]),
        );
    });

    it("knows nothing of a write that had not wholly arrived", async () => {
        const client = await powerOn();
        const write = request({type: COMMAND.write, data: filled(4 * SECTOR, 1)});
        client.send(Buffer.concat([request({type: COMMAND.flush, cookie: 9}), write.subarray(0, -1)]));
        await client.octets(16);
        expect(disk.cut({keep: 1})).toEqual({kept: 0, lost: 0});
        expect(await contents()).toEqual(filled(BYTES, 0));
    });

    it("ends the connections, and lets nobody in before the next power-on", async () => {
        const client = await powerOn();
        const other = await NbdClient.connect(path);
        disk.cut();
        await client.ended;
        await other.ended;
        expect(existsSync(path)).toBe(false);
        await expect(NbdClient.connect(path)).rejects.toThrow("ENOENT");
        expect(await contents()).toEqual(filled(BYTES, 0));
    });

    it("keeps everything with a share of 1", async () => {
        const client = await powerOn();
        await client.write(0, filled(BYTES, 1));
        expect(disk.cut({keep: 1})).toEqual({kept: SECTORS, lost: 0});
        expect(await contents()).toEqual(filled(BYTES, 1));
    });

    it("keeps whole sectors, about as many as its share, the same ones for the same seed", async () => {
        const survivors = async (keep: number, seed: number): Promise<string> => {
            disk = new PowerCutDisk(Buffer.alloc(BYTES));
            const client = await powerOn();
            await client.write(0, filled(BYTES, 1));
            const {kept, lost} = disk.cut({keep, seed});
            const left = await contents();
            await disk.close();
            const sectors = Array.from({length: SECTORS}, (_, index) =>
                left.subarray(index * SECTOR, (index + 1) * SECTOR),
            );
            const whole = sectors.map((sector) => [0, 1].find((octet) => sector.equals(filled(SECTOR, octet))));
            expect(whole.filter((octet) => octet === 1).length).toBe(kept);
            expect(whole.filter((octet) => octet === 0).length).toBe(lost);
            return whole.join("");
        };
        const half = await survivors(0.5, 7);
        expect(half.replaceAll("0", "").length).toBeGreaterThan(SECTORS / 4);
        expect(half.replaceAll("1", "").length).toBeGreaterThan(SECTORS / 4);
        expect(await survivors(0.5, 7)).toBe(half);
        expect(await survivors(0.5, 8)).not.toBe(half);
    });

    it("tears a write at the disk's sectors and not at its own", async () => {
        const torn = new Set<string>();
        for (let seed = 1; seed <= 20; seed += 1) {
            disk = new PowerCutDisk(Buffer.alloc(BYTES));
            const client = await powerOn();
            await client.write(SECTOR - 12, filled(SECTOR, 1));
            const {kept, lost} = disk.cut({keep: 0.5, seed});
            expect(kept + lost).toBe(2);
            const left = await contents();
            await disk.close();
            torn.add(`${left[SECTOR - 12]}${left[SECTOR - 1]} ${left[SECTOR]}${left[2 * SECTOR - 13]}`);
        }
        expect([...torn].sort()).toEqual(["00 00", "00 11", "11 00", "11 11"]);
    });

    it("may keep a sector's older version, and a later write without an earlier one", async () => {
        const seen = new Set<string>();
        for (let seed = 1; seed <= 40; seed += 1) {
            disk = new PowerCutDisk(Buffer.alloc(BYTES));
            const client = await powerOn();
            await client.write(0, filled(SECTOR, 1));
            await client.write(0, filled(SECTOR, 2));
            await client.write(SECTOR, filled(SECTOR, 3));
            disk.cut({keep: 0.5, seed});
            const left = await contents();
            await disk.close();
            seen.add(`${left[0]}${left[SECTOR]}`);
        }
        expect([...seen].sort()).toEqual(["00", "03", "10", "13", "20", "23"]);
    });

    it("is not one: close ends the connections and keeps what is unflushed so", async () => {
        const client = await powerOn();
        await client.write(0, filled(SECTOR, 1));
        await Promise.all([disk.close(), disk.close()]);
        await client.ended;
        expect((await contents()).subarray(0, SECTOR)).toEqual(filled(SECTOR, 1));
        expect(disk.cut()).toEqual({kept: 0, lost: 1});
        expect(disk.cut()).toEqual({kept: 0, lost: 0});
    });

    it("may be appointed for a flush, and loses what that was to flush", async () => {
        const client = await powerOn();
        const cut = disk.cutInFlush(1, {keep: 0.5, seed: 3});
        await client.flush();
        await client.write(0, filled(SECTOR, 1));
        await client.flush();
        await client.flush();
        await client.write(0, filled(BYTES, 2));
        await expect(client.flush()).rejects.toThrow("the connection ended");
        const {kept, lost} = await cut;
        expect(kept + lost).toBe(SECTORS);
        expect(existsSync(path)).toBe(false);
        const left = await contents();
        expect(left.filter((octet) => octet === 2).length).toBe(kept * SECTOR);
        expect(left.filter((octet) => octet === 0).length).toBeGreaterThan(0);
    });

    it("takes nothing more of what had arrived when it came in a flush", async () => {
        const client = await powerOn();
        void disk.cutInFlush(0);
        const write = request({type: COMMAND.write, data: filled(SECTOR, 1)});
        const flush = request({type: COMMAND.flush});
        client.send(Buffer.concat([write, flush, write, flush]));
        await client.ended;
        expect(await contents()).toEqual(filled(BYTES, 0));
    });

    it("that comes before the appointed flush takes its place", async () => {
        const client = await powerOn();
        const appointed = disk.cutInFlush(0);
        await client.write(0, filled(SECTOR, 1));
        expect(disk.cut()).toEqual({kept: 0, lost: 1});
        expect(await appointed).toEqual({kept: 0, lost: 1});
        const later = await powerOn();
        await later.write(0, filled(SECTOR, 2));
        await later.flush();
        expect((await later.read(0, 1))[0]).toBe(2);
    });

    it.each([-1, 0.5, Number.NaN])("refuses to count %d flushes", (flushes) => {
        expect(() => disk.cutInFlush(flushes)).toThrow(RangeError);
    });

    it.each([-0.1, 1.1, Number.NaN])("refuses a share of %d", (keep) => {
        expect(() => disk.cut({keep})).toThrow(RangeError);
    });
});

describe("a disk's socket", () => {
    it("ends connections that say nonsense, and only those", async () => {
        const steady = await powerOn();
        await steady.write(0, filled(BYTES, 1));
        for (let seed = 1; seed <= 100; seed += 1) {
            const random = seededRandom(seed);
            const client = await (seed % 2 === 0 ? NbdClient.connect(path) : NbdClient.attach(path));
            client.send(Buffer.from(Array.from({length: 28 + random.below(2000)}, () => random.below(256))));
            await client.ended;
        }
        expect(await steady.read(0, BYTES)).toEqual(filled(BYTES, 1));
    });

    it("does not mind a client that leaves in the middle of its answer", async () => {
        disk = new PowerCutDisk(Buffer.alloc(8 * MEBIBYTE));
        const steady = await powerOn();
        const client = await NbdClient.attach(path);
        client.send(request({type: COMMAND.read, length: 8 * MEBIBYTE}));
        await client.octets(1000);
        client.close();
        await client.ended;
        expect(await steady.read(0, 4)).toEqual(Buffer.alloc(4));
    });

    it("throws when it is served already", async () => {
        await disk.listen(path);
        await expect(disk.listen(join(folder, "second"))).rejects.toThrow("served already");
    });

    it("says why it cannot be served, and can be elsewhere", async () => {
        writeFileSync(path, "");
        await expect(disk.listen(path)).rejects.toThrow("EADDRINUSE");
        path = join(folder, "second");
        expect(await contents()).toEqual(Buffer.alloc(BYTES));
    });

    it("gives up listening when the power goes before it is there", async () => {
        const listening = disk.listen(path);
        disk.cut();
        await expect(listening).rejects.toThrow("stopped before it listened");
        expect(await contents()).toEqual(Buffer.alloc(BYTES));
    });
});

describe("a new disk", () => {
    it.each([0, 511, -512, 512.5, Number.NaN])("refuses %d bytes", (bytes) => {
        expect(() => PowerCutDisk.format(bytes, folder)).toThrow(RangeError);
    });

    it("refuses an image with part of a sector", () => {
        expect(() => new PowerCutDisk(Buffer.alloc(700))).toThrow("not 700 bytes");
    });

    it("has an ext4 file system without a fault, on stable storage, and leaves nothing behind", async () => {
        disk = PowerCutDisk.format(4 * MEBIBYTE, folder);
        expect(readdirSync(folder)).toEqual([]);
        disk.cut();
        const client = await powerOn();
        const image = join(folder, "image");
        writeFileSync(image, await client.read(0, 4 * MEBIBYTE));
        // -f checks although it is marked clean, -n changes nothing; any fault is an exit code.
        const env = {...process.env, PATH: `${process.env["PATH"]}:/sbin:/usr/sbin`};
        expect(execFileSync("e2fsck", ["-f", "-n", image], {env, encoding: "utf8", stdio: "pipe"})).toContain("11/");
        expect(execFileSync("dumpe2fs", ["-h", image], {env, encoding: "utf8", stdio: "pipe"})).toContain("extent");
    });

    it("says what mkfs.ext4 says when that fails, and leaves nothing behind", () => {
        expect(() => PowerCutDisk.format(SECTOR, folder)).toThrow("mkfs.ext4: Device size reported to be zero");
        expect(readdirSync(folder)).toEqual([]);
    });

    it("is made with a path that leads to no system folders", () => {
        const path = process.env["PATH"];
        process.env["PATH"] = folder;
        try {
            expect(PowerCutDisk.format(MEBIBYTE, folder)).toBeInstanceOf(PowerCutDisk);
        } finally {
            process.env["PATH"] = path;
        }
    });
});
