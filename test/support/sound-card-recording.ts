/** The files of a virtual sound card that hold samples: `virtual-card/recording.h` and `virtual-card/microphone.h`. */
import {closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, renameSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import type {CardRun} from "./sound-card-log.ts";

const MICROPHONE_HEADER = 16;

/** Where playback is kept: the folder, and how many of the last samples there are (0: all). */
export interface Recording {
    readonly folder: string;
    readonly keep: number;
}

/** A stretch of samples read from a recording: `first` frames into the run, moved on if older ones were not kept. */
export interface Stretch {
    readonly first: number;
    readonly frames: Int16Array;
}

/** Duration in ns of one frame by the card's own clock. */
export function frameDuration(run: Pick<CardRun, "rate" | "ppm">): number {
    return 1e9 / (run.rate * (1 + run.ppm / 1e6));
}

/** Number of the next sample that the card will be given. */
export function nextSample({folder}: Recording): number {
    const path = join(folder, "playback.position");
    const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    return bytes.length < 8 ? 0 : Number(bytes.readBigInt64LE(0));
}

/** How many frames of a run have been heard by `now` ns; `following` is the run after it. */
export function framesHeard(run: CardRun, following: CardRun | undefined, next: number, now: number): number {
    if (run.heard !== null) {
        return run.heard;
    }
    const written = Math.max(0, ((following?.firstSample ?? next) - run.firstSample) / run.channels);
    return Math.min(written, Math.floor((now - run.startedAt) / frameDuration(run)));
}

function readSamples(file: number, place: number, into: Int16Array): void {
    // A file that is still shorter holds nothing yet: the rest stays silence.
    readSync(file, new Uint8Array(into.buffer, into.byteOffset, into.byteLength), 0, into.byteLength, 2 * place);
}

function readRing(path: string, keep: number, first: number, count: number): Int16Array {
    const samples = new Int16Array(count);
    const file = openSync(path, "r");
    try {
        for (let done = 0; done < count; ) {
            const place = keep > 0 ? (first + done) % keep : first + done;
            const piece = keep > 0 ? Math.min(count - done, keep - place) : count - done;
            readSamples(file, place, samples.subarray(done, done + piece));
            done += piece;
        }
    } finally {
        closeSync(file);
    }
    return samples;
}

/** Frames `from` to `to` of a run, first channel only, as far as they are kept. */
export function readFrames(recording: Recording, run: CardRun, from: number, to: number): Stretch {
    if (to <= from) {
        return {first: from, frames: new Int16Array(0)};
    }
    const oldest = recording.keep > 0 ? Math.max(0, nextSample(recording) - recording.keep) : 0;
    const first = Math.max(0, from, Math.ceil((oldest - run.firstSample) / run.channels));
    const count = to - first;
    if (count <= 0) {
        return {first, frames: new Int16Array(0)};
    }
    const path = join(recording.folder, "playback.raw");
    const samples = readRing(path, recording.keep, run.firstSample + first * run.channels, count * run.channels);
    return {first, frames: run.channels === 1 ? samples : samples.filter((_, i) => i % run.channels === 0)};
}

function microphonePath(folder: string, rate: number): string {
    return join(folder, `microphone-${rate}`);
}

/** Puts samples at the microphone: the first at the instant `at` ns. The file is replaced whole. */
export function writeMicrophone(folder: string, rate: number, samples: Int16Array, at: number, looped: boolean): void {
    const bytes = Buffer.alloc(MICROPHONE_HEADER + 2 * samples.length);
    bytes.writeBigInt64LE(BigInt(Math.round(at)), 0);
    bytes.writeBigInt64LE(looped ? 1n : 0n, 8);
    Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).copy(bytes, MICROPHONE_HEADER);
    writeFileSync(`${microphonePath(folder, rate)}.new`, bytes);
    renameSync(`${microphonePath(folder, rate)}.new`, microphonePath(folder, rate));
}

/** What is at the microphone from `from` to `to` ns. */
export function readMicrophone(folder: string, rate: number, from: number, to: number): Int16Array {
    const out = new Int16Array(Math.max(0, Math.round(((to - from) * rate) / 1e9)));
    if (!existsSync(microphonePath(folder, rate))) {
        return out;
    }
    const file = openSync(microphonePath(folder, rate), "r");
    try {
        const header = Buffer.alloc(MICROPHONE_HEADER);
        readSync(file, header, 0, MICROPHONE_HEADER, 0);
        const count = Math.floor((fstatSync(file).size - MICROPHONE_HEADER) / 2);
        const looped = header.readBigInt64LE(8) !== 0n;
        const first = Math.floor(((from - Number(header.readBigInt64LE(0))) * rate) / 1e9);
        for (let done = 0; done < out.length && count > 0; ) {
            const index = looped ? (((first + done) % count) + count) % count : first + done;
            const piece = Math.min(out.length - done, index < 0 ? -index : Math.max(1, count - index));
            if (index >= 0 && index < count) {
                readSamples(file, MICROPHONE_HEADER / 2 + index, out.subarray(done, done + piece));
            }
            done += piece;
        }
    } finally {
        closeSync(file);
    }
    return out;
}
