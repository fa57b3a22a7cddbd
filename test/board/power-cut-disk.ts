/**
 * A disk with a volatile write cache, which QEMU reaches over NBD on a unix socket. What was written is read back at
 * once, but lasts only from the next flush on: `cut` takes the power away, and with it what was not flushed.
 *
 *   write --> live ----> read
 *        \--> unflushed --flush--> durable
 *                  \------cut----> a share of its sectors
 */
import {execFileSync} from "node:child_process";
import {closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync} from "node:fs";
import {join} from "node:path";
import {seededRandom} from "../support/random.ts";
import {NBD_ERROR, type NbdError} from "./nbd-messages.ts";
import {NbdServer} from "./nbd-server.ts";
import type {BlockAnswer, BlockRequest} from "./nbd-session.ts";

/** Octets that a disk writes wholly or not at all. */
const SECTOR = 512;

/** Requests handled since the disk was made; a write that also asked for a flush (FUA) counts as a write. */
export interface DiskStats {
    readonly reads: number;
    readonly writes: number;
    readonly flushes: number;
}

/** What writes are answered: done, ENOSPC (no space left on device) or EIO (input/output error). */
export type DiskFault = "none" | "full" | "failing";

export interface PowerCut {
    /** The share of the unflushed sectors that reached the disk nevertheless, 0 to 1; 0 if absent. */
    readonly keep?: number;
    /** Which ones: the same seed keeps the same sectors of the same writes; 1 if absent. */
    readonly seed?: number;
}

/** Sectors of unflushed writes, each counted as often as it was written. */
export interface PowerCutToll {
    readonly kept: number;
    readonly lost: number;
}

/** A cut that waits for its moment. */
interface Appointment {
    readonly flushesBefore: number;
    readonly loss: PowerCut;
    readonly done: (toll: PowerCutToll) => void;
}

interface Write {
    /** Octets from the start of the disk. */
    readonly offset: number;
    readonly data: Buffer;
}

export class PowerCutDisk {
    fault: DiskFault = "none";
    readonly #live: Buffer;
    readonly #durable: Buffer;
    /** In the order they came. All versions of a sector, since a disk may have written an older one and not the last. */
    #unflushed: Write[] = [];
    #stats: DiskStats = {reads: 0, writes: 0, flushes: 0};
    #server: NbdServer | null = null;
    #appointment: Appointment | null = null;

    /** A disk that holds a copy of `image`. Throws RangeError if that is not a whole number of sectors. */
    constructor(image: Uint8Array) {
        checkSize(image.length);
        this.#durable = Buffer.from(image);
        this.#live = Buffer.from(image);
    }

    /**
     * A disk of `bytes` with an empty ext4 file system, made by mkfs.ext4 of e2fsprogs on a scratch file in `folder`.
     * Throws RangeError if `bytes` is not a whole number of sectors, and mkfs.ext4's own complaint if it fails.
     */
    static format(bytes: number, folder: string): PowerCutDisk {
        checkSize(bytes);
        const scratch = mkdtempSync(join(folder, "format-"));
        try {
            const file = join(scratch, "disk");
            makeSparse(file, bytes);
            makeExt4(file);
            return new PowerCutDisk(readFileSync(file));
        } finally {
            rmSync(scratch, {recursive: true});
        }
    }

    get stats(): DiskStats {
        return this.#stats;
    }

    /** Serves the disk on a unix socket: power is on. Throws if it is on already; rejects if the path cannot be had. */
    async listen(socketPath: string): Promise<void> {
        if (this.#server !== null) throw new Error(`${socketPath}: the disk is being served already`);
        const server = new NbdServer({bytes: this.#live.length, answer: (request) => this.#answer(request)});
        this.#server = server;
        try {
            await server.listen(socketPath);
        } catch (error) {
            if (this.#server === server) this.#server = null;
            throw error;
        }
    }

    /**
     * The power is gone: connections end, and unflushed sectors are lost but for a seeded share, so that writes are
     * torn and, one against the other, reordered. The server stops listening; `listen` is the next power-on.
     * Throws RangeError for a share that is none.
     */
    cut({keep = 0, seed = 1}: PowerCut = {}): PowerCutToll {
        if (!(keep >= 0 && keep <= 1)) throw new RangeError(`keep is a share from 0 to 1, not ${keep}`);
        void this.close();
        const chance = seededRandom(seed);
        const sectors = this.#unflushed.flatMap(sectorsOf);
        const kept = sectors.filter(() => chance.next() < keep);
        for (const {offset, data} of kept) data.copy(this.#durable, offset);
        for (const {offset, data} of this.#unflushed)
            this.#durable.copy(this.#live, offset, offset, offset + data.length);
        this.#unflushed = [];
        const toll = {kept: kept.length, lost: sectors.length - kept.length};
        this.#appointment?.done(toll);
        this.#appointment = null;
        return toll;
    }

    /**
     * The power will go in the middle of a flush that has something to flush, when `flushesBefore` such flushes were
     * done: a moment that a cut from outside hardly ever meets. Resolves when it is gone, by this or by another cut.
     * Throws RangeError if that is no whole number from 0 on.
     */
    cutInFlush(flushesBefore: number, loss: PowerCut = {}): Promise<PowerCutToll> {
        if (!Number.isInteger(flushesBefore) || flushesBefore < 0) {
            throw new RangeError(`flushes are counted from 0 on, not ${flushesBefore}`);
        }
        return new Promise((done) => {
            this.#appointment = {flushesBefore, loss, done};
        });
    }

    /** Ends the connections and stops listening. Loses nothing: what was not flushed stays so. May come twice. */
    async close(): Promise<void> {
        const server = this.#server;
        this.#server = null;
        await server?.stop();
    }

    #answer(request: BlockRequest): BlockAnswer {
        // What had arrived before the power went in a flush, and was not looked at yet.
        if (this.#server === null) return answered(NBD_ERROR.eio);
        switch (request.kind) {
            case "read": {
                return this.#read(request.offset, request.length);
            }
            case "write": {
                return this.#write(request, request.forceUnitAccess);
            }
            case "flush": {
                this.#stats = {...this.#stats, flushes: this.#stats.flushes + 1};
                return this.#flush();
            }
        }
    }

    #read(offset: number, length: number): BlockAnswer {
        this.#stats = {...this.#stats, reads: this.#stats.reads + 1};
        return {error: NBD_ERROR.none, data: this.#live.subarray(offset, offset + length)};
    }

    #write({offset, data}: Write, forceUnitAccess: boolean): BlockAnswer {
        this.#stats = {...this.#stats, writes: this.#stats.writes + 1};
        const error = errorOf(this.fault);
        if (error !== NBD_ERROR.none) return answered(error);
        data.copy(this.#live, offset);
        this.#unflushed.push({offset, data});
        // FUA owes this write alone; here the earlier ones go with it, as on a disk for which FUA is a write and a flush.
        return forceUnitAccess ? this.#flush() : answered(NBD_ERROR.none);
    }

    #flush(): BlockAnswer {
        if (this.#appointment !== null && this.#unflushed.length > 0) {
            const {flushesBefore, loss} = this.#appointment;
            if (flushesBefore === 0) {
                this.cut(loss);
                // Nobody hears it: the connections have ended.
                return answered(NBD_ERROR.eio);
            }
            this.#appointment = {...this.#appointment, flushesBefore: flushesBefore - 1};
        }
        for (const {offset, data} of this.#unflushed) data.copy(this.#durable, offset);
        this.#unflushed = [];
        return answered(NBD_ERROR.none);
    }
}

function answered(error: NbdError): BlockAnswer {
    return {error, data: Buffer.alloc(0)};
}

function errorOf(fault: DiskFault): NbdError {
    switch (fault) {
        case "none": {
            return NBD_ERROR.none;
        }
        case "full": {
            return NBD_ERROR.enospc;
        }
        case "failing": {
            return NBD_ERROR.eio;
        }
    }
}

/** A write as the disk does it, sector by sector; its ends may be parts of one. */
function sectorsOf({offset, data}: Write): Write[] {
    const sectors: Write[] = [];
    for (let from = 0; from < data.length; ) {
        const to = Math.min(data.length, from + SECTOR - ((offset + from) % SECTOR));
        sectors.push({offset: offset + from, data: data.subarray(from, to)});
        from = to;
    }
    return sectors;
}

function checkSize(bytes: number): void {
    if (Number.isInteger(bytes) && bytes > 0 && bytes % SECTOR === 0) return;
    throw new RangeError(`a disk has a whole number of sectors of ${SECTOR} bytes, not ${bytes} bytes`);
}

function makeSparse(file: string, bytes: number): void {
    const descriptor = openSync(file, "wx");
    ftruncateSync(descriptor, bytes);
    closeSync(descriptor);
}

/** Not lazy: otherwise the guest's kernel writes the rest of the inode tables while tests count and cut. */
function makeExt4(file: string): void {
    // mkfs.ext4 stands where the path of an ordinary user does not lead.
    const path = `${process.env["PATH"] ?? ""}:/sbin:/usr/sbin`;
    const options = ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"];
    execFileSync("mkfs.ext4", [...options, file], {
        env: {...process.env, PATH: path},
        stdio: ["ignore", "pipe", "pipe"],
    });
}
