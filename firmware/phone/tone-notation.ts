/**
 * The notation of tones in the tables of ITU-T E.180 Supplement 2, made exact:
 *
 *   tone = step *("," step)          again from the first step, for as long as the tone sounds
 *   step = sound ["/" ms] ["@" dB]   without ms: for ever; @ is the step's gain
 *   sound = "0" (silence) | Hz | Hz "+" Hz (both) | Hz "*" Hz (the second modulates the first)
 */
import type {Tone, ToneStep} from "../../native/index.ts";

/** Sum level of the tones of E.180 §4, dBm0. */
export const toneLevel = -10;

function stepOf(text: string): ToneStep {
    const match = /^(\d+)(?:([+*])(\d+))?(?:\/(\d+))?(?:@(-?\d+))?$/.exec(text.trim());
    if (match === null) throw new RangeError(`no tone step: "${text}"`);
    const [, first, join, second, ms = "0", gain = "0"] = match;
    const frequencies = [first, second].map(Number).filter((hz) => hz > 0);
    return {frequencies, modulated: join === "*", ms: Number(ms), gain: Number(gain)};
}

/** The tone written so. Throws RangeError for a text that is none. */
export function toneOf(notation: string, level: number = toneLevel): Tone {
    const steps = notation.split(",").map(stepOf);
    const lasting = steps.findIndex((step) => step.ms === 0);
    if (lasting >= 0 && lasting !== steps.length - 1) throw new RangeError(`steps after an endless one: "${notation}"`);
    return {steps, repeatFrom: lasting >= 0 ? null : 0, level};
}
