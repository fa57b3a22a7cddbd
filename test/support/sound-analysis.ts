/**
 * What is in a signal: where a tone is, where it has gaps and jumps, and how much later one signal is than another.
 * Pure; signals are mono 16-bit samples, times are ms from sample 0, levels as in `sound-signal.ts`.
 */
import {levelOf} from "./sound-signal.ts";

/** A stretch of time, in ms. */
export interface Segment {
    readonly from: number;
    readonly to: number;
}

/** The component at one frequency, sample by sample: amplitude and phase of a window of `length` samples around each. */
interface Envelope {
    readonly amplitude: Float64Array;
    readonly phase: Float64Array;
}

/** A sliding one-bin Fourier transform: the sums run along, so that the cost does not grow with the window. */
function envelopeOf(samples: Int16Array, rate: number, frequency: number, length: number): Envelope {
    const step = (2 * Math.PI * frequency) / rate;
    const real = new Float64Array(samples.length + 1);
    const imaginary = new Float64Array(samples.length + 1);
    for (const [i, sample] of samples.entries()) {
        real[i + 1] = (real[i] ?? 0) + sample * Math.cos(step * i);
        imaginary[i + 1] = (imaginary[i] ?? 0) - sample * Math.sin(step * i);
    }
    const amplitude = new Float64Array(samples.length);
    const phase = new Float64Array(samples.length);
    for (let i = 0; i < samples.length; i++) {
        const first = Math.max(0, i - (length >> 1));
        const end = Math.min(samples.length, first + length);
        const x = (real[end] ?? 0) - (real[first] ?? 0);
        const y = (imaginary[end] ?? 0) - (imaginary[first] ?? 0);
        amplitude[i] = (2 * Math.hypot(x, y)) / length;
        phase[i] = Math.atan2(y, x);
    }
    return {amplitude, phase};
}

/** The stretches in which `holds` is true of each sample's number, in ms. */
function segmentsWhere(count: number, rate: number, holds: (index: number) => boolean): readonly Segment[] {
    const found: Segment[] = [];
    let from = -1;
    for (let i = 0; i <= count; i++) {
        const inside = i < count && holds(i);
        if (inside && from < 0) {
            from = i;
        } else if (!inside && from >= 0) {
            found.push({from: (from * 1000) / rate, to: (i * 1000) / rate});
            from = -1;
        }
    }
    return found;
}

export interface ToneOptions {
    /** Window in ms. It tells frequencies apart that differ by 1000 / window Hz or more. Default 20. */
    readonly window?: number;
    /** What is weaker than this is no tone, in dBFS. Default -60. */
    readonly floor?: number;
    /** Shorter pieces are dropped, in ms. Default half a window. */
    readonly shortest?: number;
}

/**
 * Where a tone of `frequency` Hz sounds: from half to half of its greatest amplitude, which for a keyed tone is where it
 * was switched, to about 1 ms.
 */
export function findTone(
    samples: Int16Array,
    rate: number,
    frequency: number,
    options: ToneOptions = {},
): readonly Segment[] {
    const window = options.window ?? 20;
    const {amplitude} = envelopeOf(samples, rate, frequency, Math.round((window * rate) / 1000));
    const greatest = amplitude.reduce((most, value) => Math.max(most, value), 0);
    const threshold = Math.max(greatest / 2, 32768 * 10 ** ((options.floor ?? -60) / 20));
    const segments = segmentsWhere(samples.length, rate, (i) => (amplitude[i] ?? 0) > threshold);
    return segments.filter(({from, to}) => to - from >= (options.shortest ?? window / 2));
}

/** The value in the middle of the sorted ones. */
function medianOf(values: Float64Array): number {
    return values.toSorted()[values.length >> 1] ?? 0;
}

/**
 * Drop-outs of at least `shortest` ms (2 or more cycles) within a tone that should be steady: where it is weaker than
 * half its usual amplitude. The signal MUST begin and end in the tone.
 */
export function findGaps(samples: Int16Array, rate: number, frequency: number, shortest: number): readonly Segment[] {
    const cycle = rate / frequency;
    const {amplitude} = envelopeOf(samples, rate, frequency, Math.round(Math.ceil(rate / 1000 / cycle) * cycle));
    const usual = medianOf(amplitude);
    const edge = Math.ceil(2 * cycle);
    const isWeak = (i: number): boolean => i > edge && i < samples.length - edge && (amplitude[i] ?? 0) < usual / 2;
    return segmentsWhere(samples.length, rate, isWeak).filter(({from, to}) => to - from >= shortest);
}

/** An angle brought to -180 to 180 degrees. */
function wrapped(degrees: number): number {
    return degrees - 360 * Math.round(degrees / 360);
}

/** A jump of a tone's phase: `degrees` at `at` ms. Samples that were lost or added show so even when nothing is silent. */
export interface PhaseJump {
    readonly at: number;
    readonly degrees: number;
}

/** Jumps of at least `least` degrees within a steady tone. A slow drift, as from a clock error, is none. */
export function findPhaseJumps(samples: Int16Array, rate: number, frequency: number, least = 20): readonly PhaseJump[] {
    const length = Math.round((5 * rate) / 1000);
    const {phase} = envelopeOf(samples, rate, frequency, length);
    const change = (i: number): number =>
        wrapped((((phase[i + (length >> 1)] ?? 0) - (phase[i - (length >> 1)] ?? 0)) * 180) / Math.PI);
    const jumps: PhaseJump[] = [];
    let worst: PhaseJump | null = null;
    for (let i = length; i < samples.length - length; i++) {
        const degrees = change(i);
        if (Math.abs(degrees) >= least) {
            const at = (i * 1000) / rate;
            worst = worst === null || Math.abs(degrees) > Math.abs(worst.degrees) ? {at, degrees} : worst;
        } else if (worst !== null) {
            jumps.push(worst);
            worst = null;
        }
    }
    return worst === null ? jumps : [...jumps, worst];
}

/** In-place radix-2 Fourier transform; the length MUST be a power of two. `sign` is -1 forth and 1 back (unscaled). */
function transform(real: Float64Array, imaginary: Float64Array, sign: 1 | -1): void {
    const n = real.length;
    for (let i = 1, j = 0; i < n; i++) {
        let bit = n >> 1;
        for (; j & bit; bit >>= 1) {
            j ^= bit;
        }
        j ^= bit;
        if (i < j) {
            [real[i], real[j]] = [real[j] ?? 0, real[i] ?? 0];
            [imaginary[i], imaginary[j]] = [imaginary[j] ?? 0, imaginary[i] ?? 0];
        }
    }
    for (let half = 1; half < n; half *= 2) {
        for (let k = 0; k < half; k++) {
            const cosine = Math.cos((Math.PI * k) / half);
            const sine = sign * Math.sin((Math.PI * k) / half);
            for (let i = k; i < n; i += 2 * half) {
                const x = (real[i + half] ?? 0) * cosine - (imaginary[i + half] ?? 0) * sine;
                const y = (real[i + half] ?? 0) * sine + (imaginary[i + half] ?? 0) * cosine;
                real[i + half] = (real[i] ?? 0) - x;
                imaginary[i + half] = (imaginary[i] ?? 0) - y;
                real[i] = (real[i] ?? 0) + x;
                imaginary[i] = (imaginary[i] ?? 0) + y;
            }
        }
    }
}

/** Correlation of `signal` with `reference` at each shift, circular over a length that holds both. */
function correlationOf(reference: Int16Array, signal: Int16Array): Float64Array {
    const length = 2 ** Math.ceil(Math.log2(reference.length + signal.length));
    const zeros = (): Float64Array => new Float64Array(length);
    const [a, b, c, d] = [zeros(), zeros(), zeros(), zeros()];
    a.set(reference);
    c.set(signal);
    transform(a, b, -1);
    transform(c, d, -1);
    for (let i = 0; i < length; i++) {
        const [ar, ai, cr, ci] = [a[i] ?? 0, b[i] ?? 0, c[i] ?? 0, d[i] ?? 0];
        a[i] = cr * ar + ci * ai;
        b[i] = ci * ar - cr * ai;
    }
    transform(a, b, 1);
    return a.map((value) => value / length);
}

export interface Lag {
    /** Samples by which the signal comes after the reference, to a fraction of a sample; negative: before it. */
    readonly samples: number;
    /** Likeness there, 0 to 1: 1 where the signal holds the whole reference and nothing else. */
    readonly likeness: number;
}

/** How much later `signal` holds `reference`. Mind that a steady tone is like itself at every cycle. */
export function lagOf(reference: Int16Array, signal: Int16Array): Lag {
    const correlation = correlationOf(reference, signal);
    const at = correlation.reduce((best, value, i) => (value > (correlation[best] ?? 0) ? i : best), 0);
    const value = (i: number): number => correlation[(i + correlation.length) % correlation.length] ?? 0;
    const [before, peak, after] = [value(at - 1), value(at), value(at + 1)];
    const curve = before - 2 * peak + after;
    const fraction = curve === 0 ? 0 : (before - after) / (2 * curve);
    const energy = (samples: Int16Array): number => samples.length * 10 ** (levelOf(samples) / 10) * (32768 ** 2 / 2);
    const whole = at < signal.length ? at : at - correlation.length;
    return {samples: whole + fraction, likeness: peak / Math.sqrt(energy(reference) * energy(signal)) || 0};
}
