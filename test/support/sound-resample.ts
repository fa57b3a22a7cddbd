/** Change of sampling rate without loss in the band that both rates have. Pure, for preparing signals, not for streams. */
import {toSample} from "./sound-signal.ts";

/** Zero crossings of the windowed sinc on either side: flat to 0.1 dB up to 90 % of the lower Nyquist frequency. */
const CROSSINGS = 24;

/** A windowed sinc at `x` zero crossings from its middle. */
function kernel(x: number): number {
    if (Math.abs(x) >= CROSSINGS) {
        return 0;
    }
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    const angle = (Math.PI * x) / CROSSINGS;
    // Blackman: side lobes below -58 dB, which is under the noise of G.711.
    return sinc * (0.42 + 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle));
}

function greatestCommonDivisor(a: number, b: number): number {
    return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** One row of weights for each fraction of an input sample at which an output sample can stand. */
function weightsOf(phases: number, step: number, reach: number, cutoff: number): readonly Float64Array[] {
    return Array.from({length: phases}, (_, phase) => {
        const fraction = ((phase * step) % phases) / phases;
        return Float64Array.from(
            {length: 2 * reach},
            (_, tap) => cutoff * kernel((tap - reach + 1 - fraction) * cutoff),
        );
    });
}

/** `samples` at `from` Hz given again at `to` Hz. Sample 0 stays at its instant; beyond the ends there is silence. */
export function resample(samples: Int16Array, from: number, to: number): Int16Array {
    if (from === to) {
        return samples.slice();
    }
    const divisor = greatestCommonDivisor(from, to);
    const phases = to / divisor;
    const step = from / divisor;
    const cutoff = Math.min(1, to / from);
    const reach = Math.ceil(CROSSINGS / cutoff);
    const weights = weightsOf(phases, step, reach, cutoff);
    const out = new Int16Array(Math.floor((samples.length * to) / from));
    for (let i = 0; i < out.length; i++) {
        const first = Math.floor((i * step) / phases) - reach + 1;
        let sum = 0;
        for (const [tap, weight] of (weights[i % phases] ?? []).entries()) {
            sum += weight * (samples[first + tap] ?? 0);
        }
        out[i] = toSample(sum);
    }
    return out;
}
