/**
 * Signals for the tests: made, mixed and measured as mono 16-bit samples. Pure.
 *
 * Levels: 0 dBFS is the RMS of a full-scale sine (AES17), so a sine's level is that of its peak. 0 dBm0 is 3.14 dB
 * below it (ITU-T G.711, A-law).
 */

/** What 0 dBm0 is in dBFS. */
export const DBM0_IN_DBFS = -3.14;

const FULL_SCALE = 32768;

/** One component of a tone: `frequency` in Hz at `level` in dBFS. */
export interface Component {
    readonly frequency: number;
    readonly level: number;
}

/** Rounds to 16 bits, clipping what is too loud. */
export function toSample(value: number): number {
    return Math.max(-32768, Math.min(32767, Math.round(value)));
}

/** `ms` of the components sounding together at `rate` Hz, each with phase 0 at sample 0. */
export function tone(rate: number, ms: number, components: readonly Component[]): Int16Array {
    const samples = new Int16Array(Math.round((rate * ms) / 1000));
    const parts = components.map((part) => ({
        step: (2 * Math.PI * part.frequency) / rate,
        amplitude: FULL_SCALE * 10 ** (part.level / 20),
    }));
    for (let i = 0; i < samples.length; i++) {
        let sum = 0;
        for (const part of parts) {
            sum += part.amplitude * Math.sin(part.step * i);
        }
        samples[i] = toSample(sum);
    }
    return samples;
}

/** `ms` of one frequency at `level` dBFS. */
export function sine(rate: number, ms: number, frequency: number, level: number): Int16Array {
    return tone(rate, ms, [{frequency, level}]);
}

export function silence(rate: number, ms: number): Int16Array {
    return new Int16Array(Math.round((rate * ms) / 1000));
}

/** One signal after the other. */
export function concat(...signals: readonly Int16Array[]): Int16Array {
    const whole = new Int16Array(signals.reduce((sum, signal) => sum + signal.length, 0));
    let at = 0;
    for (const signal of signals) {
        whole.set(signal, at);
        at += signal.length;
    }
    return whole;
}

/** The signals at the same time; as long as the longest. */
export function mix(...signals: readonly Int16Array[]): Int16Array {
    const whole = new Int16Array(Math.max(0, ...signals.map((signal) => signal.length)));
    for (let i = 0; i < whole.length; i++) {
        let sum = 0;
        for (const signal of signals) {
            sum += signal[i] ?? 0;
        }
        whole[i] = toSample(sum);
    }
    return whole;
}

/** The signal made louder by `gain` dB. */
export function amplify(signal: Int16Array, gain: number): Int16Array {
    const factor = 10 ** (gain / 20);
    return signal.map((sample) => toSample(sample * factor));
}

function decibels(amplitude: number): number {
    return 20 * Math.log10(amplitude / FULL_SCALE);
}

/** Level of the whole signal in dBFS; -Infinity for silence and for no samples. */
export function levelOf(samples: Int16Array): number {
    let sum = 0;
    for (const sample of samples) {
        sum += sample * sample;
    }
    return samples.length === 0 ? -Infinity : decibels(Math.sqrt((2 * sum) / samples.length));
}

/** Highest sample in dBFS; -Infinity for silence. */
export function peakOf(samples: Int16Array): number {
    let peak = 0;
    for (const sample of samples) {
        peak = Math.max(peak, Math.abs(sample));
    }
    return decibels(peak);
}

/** dBFS said in dBm0. */
export function dbm0(dbfs: number): number {
    return dbfs - DBM0_IN_DBFS;
}

/**
 * Level in dBFS of the component at `frequency` Hz: one bin of a Fourier transform under a Hann window, so that it is
 * right for any number of cycles. Components nearer than 2000 / (length in ms) Hz are not told apart.
 */
export function levelAt(samples: Int16Array, rate: number, frequency: number): number {
    const step = (2 * Math.PI * frequency) / rate;
    let real = 0;
    let imaginary = 0;
    let weight = 0;
    for (const [i, sample] of samples.entries()) {
        const window = 1 - Math.cos((2 * Math.PI * (i + 0.5)) / samples.length);
        real += window * sample * Math.cos(step * i);
        imaginary += window * sample * Math.sin(step * i);
        weight += window;
    }
    return weight === 0 ? -Infinity : decibels((2 * Math.hypot(real, imaginary)) / weight);
}

/** The part from `from` to `to` ms (negative: from the end), as `slice` does. */
export function cut(samples: Int16Array, rate: number, from: number, to?: number): Int16Array {
    const at = (ms: number): number => Math.round((ms * rate) / 1000);
    return samples.slice(at(from), to === undefined ? undefined : at(to));
}
