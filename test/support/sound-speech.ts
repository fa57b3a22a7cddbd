/** A signal like speech, the same at each run: for what treats tones otherwise than voices (codecs, voice detection). */
import {seededRandom} from "./random.ts";
import {amplify, levelOf} from "./sound-signal.ts";

/** Active level of speech in telephony tests, dBFS (ITU-T P.56, P.800: -26 dBov). */
const SPEECH_LEVEL = -26;

/** Formants in Hz of five vowels (Peterson and Barney, 1952, men). */
const VOWELS: readonly (readonly [number, number, number])[] = [
    [730, 1090, 2440],
    [270, 2290, 3010],
    [530, 1840, 2480],
    [570, 840, 2410],
    [300, 870, 2240],
];

/** A resonance at `frequency` Hz, `bandwidth` Hz wide: one formant. */
function resonator(rate: number, frequency: number, bandwidth: number): (input: number) => number {
    const radius = Math.exp((-Math.PI * bandwidth) / rate);
    const a = 2 * radius * Math.cos((2 * Math.PI * frequency) / rate);
    const b = -radius * radius;
    let [y1, y2] = [0, 0];
    return (input) => {
        const y = (1 - radius) * input + a * y1 + b * y2;
        [y1, y2] = [y, y1];
        return y;
    };
}

/** One syllable: a hiss, then a vowel whose pitch falls, both swelling and fading. */
function syllable(rate: number, random: () => number): Float64Array {
    const samples = new Float64Array(Math.round(rate * (0.15 + 0.15 * random())));
    const formants = (VOWELS[Math.floor(random() * VOWELS.length)] ?? [500, 1500, 2500]).map((frequency) =>
        resonator(rate, frequency, 60 + frequency / 20),
    );
    const hissLength = Math.round(samples.length * 0.25);
    const pitch = 100 + 50 * random();
    let phase = 0;
    for (let i = 0; i < samples.length; i++) {
        phase += (pitch * (1.1 - (0.2 * i) / samples.length)) / rate;
        const pulse = phase >= 1 ? 1 : 0;
        phase -= pulse;
        const source = i < hissLength ? 0.3 * (random() - 0.5) : pulse + 0.02 * (random() - 0.5);
        const voiced = formants.reduce((sum, formant) => sum + formant(source), 0);
        samples[i] = Math.sin((Math.PI * i) / samples.length) * (i < hissLength ? source * 0.2 + voiced : voiced);
    }
    return samples;
}

/** `ms` of syllables with pauses at -26 dBFS over all; equal seeds give equal signals. */
export function speechLike(rate: number, ms: number, seed = 1): Int16Array {
    const random = seededRandom(seed).next;
    const raw = new Float64Array(Math.round((rate * ms) / 1000));
    for (let at = 0; at < raw.length; ) {
        const one = syllable(rate, random);
        raw.set(one.subarray(0, raw.length - at), at);
        const pause = random() < 0.2 ? 0.25 : 0.03;
        at += one.length + Math.round(rate * pause * random());
    }
    const peak = raw.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    const loud = Int16Array.from(raw, (value) => Math.round((value / peak) * 32000));
    return amplify(loud, SPEECH_LEVEL - levelOf(loud));
}
