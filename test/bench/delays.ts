/**
 * Delays out of sound, by cross-correlation. Pure; instants are ns, delays ms.
 *
 *   send delay     arrival of a packet  -  instant at the microphone of the first sample of its frame
 *   receive delay  instant at the speaker of a sample  -  nominal instant at which its packet was sent
 *
 * A window of 0.6 s of active speech is looked for in the other signal. Where the two are less alike than 0.5 the
 * window says nothing and is counted as unheard.
 */
import {lagOf} from "../support/sound-analysis.ts";
import {resample} from "../support/sound-resample.ts";
import {levelOf} from "../support/sound-signal.ts";
import {type BenchCodec, decode, frameSize, wireFormats} from "./codecs.ts";
import type {WirePacket} from "./far-end-messages.ts";

const MILLI = 1e6;
const WINDOW_MS = 600;
const ACTIVE_LEVEL = -40;
const LEAST_LIKENESS = 0.5;

/** A signal on the time axis: `at` is the instant of sample 0. */
export interface TimedSound {
    readonly at: number;
    readonly rate: number;
    readonly samples: Int16Array;
}

/** Rate at which a codec's sound is compared: what it carries of speech, and no more. */
const comparedRates: Readonly<Record<BenchCodec, number>> = {PCMA: 8_000, opus: 16_000};

function atRate({at, rate, samples}: TimedSound, wanted: number): TimedSound {
    return {at, rate: wanted, samples: resample(samples, rate, wanted)};
}

/** How alike two signals of one length are, 0 to 1. */
function likenessOf(a: Int16Array, b: Int16Array): number {
    let [product, ofA, ofB] = [0, 0, 0];
    for (const [i, x] of a.entries()) {
        const y = b[i] ?? 0;
        product += x * y;
        ofA += x * x;
        ofB += y * y;
    }
    return product / Math.sqrt(ofA * ofB) || 0;
}

/** Where a window of the reference stands in the other signal. */
export interface Found {
    /** Instants of the window's begin and end in the reference. */
    readonly from: number;
    readonly to: number;
    /** How much later it is in the other signal, in ms; null: it is not there. */
    readonly lag: number | null;
}

/** Looks for each active window of `reference` from `least` to `most` ms later in `searched`, of the same rate. */
export function findWindows(
    reference: TimedSound,
    searched: TimedSound,
    reach: {readonly least: number; readonly most: number},
): readonly Found[] {
    const {rate, samples} = reference;
    const perMs = rate / 1_000;
    const length = Math.round(WINDOW_MS * perMs);
    const found: Found[] = [];
    for (let start = 0; start + length <= samples.length; start += length) {
        const window = samples.subarray(start, start + length);
        if (levelOf(window) < ACTIVE_LEVEL) continue;
        const from = reference.at + (start / perMs) * MILLI;
        const begin = Math.round((from / MILLI + reach.least - searched.at / MILLI) * perMs);
        const end = begin + length + Math.round((reach.most - reach.least) * perMs);
        if (begin < 0 || end > searched.samples.length) continue;
        const place = lagOf(window, searched.samples.subarray(begin, end)).samples;
        const first = begin + Math.round(place);
        const alike = likenessOf(window, searched.samples.subarray(first, first + length));
        const lag = (begin + place) / perMs + (searched.at - from) / MILLI;
        found.push({from, to: from + WINDOW_MS * MILLI, lag: alike < LEAST_LIKENESS ? null : lag});
    }
    return found;
}

/** Delays of one way in one call. */
export interface Delays {
    readonly delays: readonly number[];
    /** Windows of speech that were not found again. */
    readonly unheard: number;
}

/** `sent`: what the far end sent, as a clean decoder gives it; `heard`: what was in the ear from before its begin. */
export function receiveDelays(codec: BenchCodec, sent: TimedSound, heard: TimedSound): Delays {
    const rate = comparedRates[codec];
    const found = findWindows(atRate(sent, rate), atRate(heard, rate), {least: -20, most: 900});
    const delays = found.map(({lag}) => lag).filter((lag) => lag !== null);
    return {delays, unheard: found.length - delays.length};
}

/** A loop as it was at the microphone from `from` to `to`; `loop.at` is the instant of its first sample. */
function unrolled(loop: TimedSound, from: number, to: number): TimedSound {
    const {at, rate, samples} = loop;
    const first = Math.floor(((from - at) * rate) / 1e9);
    const whole = Int16Array.from({length: Math.ceil(((to - from) * rate) / 1e9)}, (_, i) => {
        const index = (first + i) % samples.length;
        return samples[index < 0 ? index + samples.length : index] ?? 0;
    });
    return {at: at + (first * 1e9) / rate, rate, samples: whole};
}

/** Packets by their RTP time from the first one's on, null where none came. A packet that came twice counts once. */
function inOrder(codec: BenchCodec, packets: readonly WirePacket[]): readonly (WirePacket | null)[] {
    const [first] = packets;
    if (first === undefined) return [];
    const slots: (WirePacket | null)[] = [];
    for (const packet of packets) {
        const slot = ((packet.timestamp - first.timestamp) | 0) / frameSize(codec);
        if (!Number.isInteger(slot) || slot < 0) continue;
        while (slots.length <= slot) slots.push(null);
        slots[slot] ??= packet;
    }
    return slots;
}

/** `microphone` is looped, with its first sample at `at`. */
export function sendDelays(codec: BenchCodec, packets: readonly WirePacket[], microphone: TimedSound): Delays {
    const slots = inOrder(codec, packets);
    const begin = slots[0]?.at;
    if (begin === undefined) return {delays: [], unheard: 0};
    const rate = comparedRates[codec];
    const samples = decode(
        codec,
        slots.map((packet) => packet?.payload ?? null),
    );
    const stream = {at: begin, rate: wireFormats[codec].rate, samples};
    const end = begin + (samples.length / stream.rate) * 1e9;
    const spoken = unrolled(atRate(microphone, rate), begin - 1_000 * MILLI, end + 200 * MILLI);
    const found = findWindows(atRate(stream, rate), spoken, {least: -800, most: 50});
    const perPacket = frameSize(codec) / (stream.rate / 1_000);
    const delays = slots.flatMap((packet, n) => {
        const nominal = begin + n * perPacket * MILLI;
        const lag = found.find(({from, to}) => nominal >= from && nominal < to)?.lag ?? null;
        return packet === null || lag === null ? [] : [(packet.at - nominal) / MILLI - lag];
    });
    return {delays, unheard: found.filter(({lag}) => lag === null).length};
}

/** ms from `from` until the first sample that is louder than `threshold` dBFS; null: none is. */
export function firstSoundAfter(from: number, heard: TimedSound, threshold = -50): number | null {
    const least = 32_768 * 10 ** (threshold / 20);
    const start = Math.max(0, Math.ceil(((from - heard.at) * heard.rate) / 1e9));
    const index = heard.samples.findIndex((sample, i) => i >= start && Math.abs(sample) > least);
    return index < 0 ? null : (heard.at + (index * 1e9) / heard.rate - from) / MILLI;
}
