/** Whether what an ear heard is what a voice said, in spite of a codec and of a gap here and there. */
import {lagOf} from "../support/sound-analysis.ts";
import {concat, levelOf} from "../support/sound-signal.ts";
import type {Wav} from "../support/sound-wav.ts";

const pieceMs = 500;
/** Sound is compared at 8 kHz: quickly, since the display's far end runs on the same thread. */
const compared = 8_000;
/** What is quieter is a pause between words, in dBFS: it is like nothing and like everything. */
const pause = -40;

export interface Echo {
    /** 0 to 1. */
    readonly likeness: number;
    /** dB. */
    readonly gain: number;
}

/** How a voice that is spoken over and over comes back: the middle of the pieces that are heard, so that a gap spoils one. */
export function echoOf(voice: Wav, ear: Wav): Echo {
    const length = (pieceMs * compared) / 1_000;
    const [once, heard] = [thinned(voice), thinned(ear)];
    const said = concat(once, once.subarray(0, length));
    const pieces = Array.from({length: Math.floor(heard.length / length)}, (_, index) =>
        heard.subarray(index * length, (index + 1) * length),
    );
    const found = pieces.filter((piece) => levelOf(piece) > pause).map((piece) => pieceOf(said, piece));
    const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
    return {likeness: middle(found.map(({likeness}) => likeness)), gain: middle(found.map(({gain}) => gain))};
}

/** Each sample the mean of those that it stands for. */
function thinned({rate, samples}: Wav): Int16Array {
    const step = rate / compared;
    return Int16Array.from({length: Math.floor(samples.length / step)}, (_, index) => {
        const part = samples.subarray(index * step, (index + 1) * step);
        return part.reduce((sum, value) => sum + value, 0) / step;
    });
}

/** Where it was said, how like that it is, and how much louder: the part of it that is the voice, by the voice. */
function pieceOf(said: Int16Array, heard: Int16Array): Echo {
    const at = Math.max(0, Math.min(said.length - heard.length, Math.round(lagOf(heard, said).samples)));
    const original = said.subarray(at, at + heard.length);
    const product = (a: Int16Array, b: Int16Array): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
    const [both, energy] = [product(original, heard), product(original, original)];
    return {
        likeness: both / Math.sqrt(energy * product(heard, heard)) || 0,
        gain: 20 * Math.log10(both / energy) || -Infinity,
    };
}
