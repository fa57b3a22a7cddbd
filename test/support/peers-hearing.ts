/** What peers say and hear in tests: each a tone of its own, at one level. */
import {writeFileSync} from "node:fs";
import {join} from "node:path";
import {expect} from "vitest";
import type {WebPeer} from "./peers-chromium.ts";
import {levelAt, sine} from "./sound-signal.ts";
import {encodeWav, type Wav} from "./sound-wav.ts";

/** Of each tone, in dBFS. */
export const TONE_LEVEL = -20;

/** Writes a WAV file of a tone of `frequency` Hz, with `rate` samples a second, into `folder` and returns its path. */
export function toneFile(folder: string, frequency: number, {ms = 1_000, rate = 48_000} = {}): string {
    const path = join(folder, `${frequency}-${ms}-${rate}.wav`);
    writeFileSync(path, encodeWav({rate, samples: sine(rate, ms, frequency, TONE_LEVEL)}));
    return path;
}

/** Resolves once the tone comes whole: the jitter buffer fills first. Rejects when it does not within 10 s. */
export async function hears(peer: WebPeer, frequency: number): Promise<void> {
    const levelNow = async (): Promise<number> => {
        const {samples, rate} = await peer.listen(200);
        return levelAt(samples, rate, frequency);
    };
    await expect.poll(levelNow, {interval: 0, timeout: 10_000}).toBeCloseTo(TONE_LEVEL, 0);
}

/**
 * The median of the levels of a tone in pieces of 20 ms, in dBFS: on a busy machine a soft phone stutters, which is not
 * to speak softly.
 */
export function medianLevel({rate, samples}: Wav, frequency: number): number {
    const length = rate / 50;
    const pieces = Array.from({length: Math.floor(samples.length / length)}, (_, n) => n * length);
    const levels = pieces.map((from) => levelAt(samples.subarray(from, from + length), rate, frequency));
    return levels.toSorted((a, b) => a - b)[levels.length >> 1] ?? Number.NEGATIVE_INFINITY;
}
