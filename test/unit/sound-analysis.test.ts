import {describe, expect, it} from "vitest";
import {seededRandom} from "../support/random.ts";
import {findGaps, findPhaseJumps, findTone, lagOf, type Segment} from "../support/sound-analysis.ts";
import {amplify, concat, cut, mix, silence, sine, tone} from "../support/sound-signal.ts";
import {speechLike} from "../support/sound-speech.ts";

const RATES = [8000, 16000, 48000];

/** Noise at about -40 dBFS. */
function noise(length: number, seed: number): Int16Array {
    const random = seededRandom(seed).next;
    return Int16Array.from({length}, () => Math.round((random() - 0.5) * 800));
}

function expectSegments(
    found: readonly Segment[],
    wanted: readonly (readonly [number, number])[],
    within: number,
): void {
    expect(found).toHaveLength(wanted.length);
    for (const [i, [from, to]] of wanted.entries()) {
        expect(Math.abs((found[i]?.from ?? Infinity) - from)).toBeLessThan(within);
        expect(Math.abs((found[i]?.to ?? Infinity) - to)).toBeLessThan(within);
    }
}

describe("finding a tone", () => {
    it.for(RATES)("tells at %d Hz within 2 ms when a keyed tone began and ended, in noise", (rate) => {
        const beep = sine(rate, 200, 425, -20);
        const keyed = concat(silence(rate, 100), beep, silence(rate, 150), beep, silence(rate, 77));
        const found = findTone(mix(keyed, noise(keyed.length, 3)), rate, 425);
        expectSegments(
            found,
            [
                [100, 300],
                [450, 650],
            ],
            2,
        );
    });

    it("tells the two tones of a digit from those of another", () => {
        const five = tone(8000, 100, [
            {frequency: 770, level: -10},
            {frequency: 1336, level: -8},
        ]);
        const one = tone(8000, 100, [
            {frequency: 697, level: -10},
            {frequency: 1209, level: -8},
        ]);
        const dialled = concat(silence(8000, 50), five, silence(8000, 70), one, silence(8000, 50));
        expectSegments(findTone(dialled, 8000, 770), [[50, 150]], 3);
        expectSegments(findTone(dialled, 8000, 1336), [[50, 150]], 3);
        expectSegments(findTone(dialled, 8000, 1209), [[220, 320]], 3);
    });

    it("finds a whole dial tone of two frequencies in one piece", () => {
        const dialTone = tone(8000, 3000, [
            {frequency: 350, level: -13},
            {frequency: 440, level: -13},
        ]);
        expectSegments(findTone(dialTone, 8000, 350), [[0, 3000]], 12);
        expectSegments(findTone(dialTone, 8000, 440), [[0, 3000]], 12);
    });

    it("finds none in silence and in noise below the floor", () => {
        expect(findTone(silence(8000, 500), 8000, 425)).toEqual([]);
        expect(findTone(noise(4000, 9), 8000, 425, {floor: -45})).toEqual([]);
    });
});

describe("finding drop-outs", () => {
    it.for(RATES)("finds none at %d Hz in a steady tone, even in noise", (rate) => {
        const steady = sine(rate, 2000, 1000, -10);
        expect(findGaps(steady, rate, 1000, 2)).toEqual([]);
        expect(findGaps(mix(steady, noise(steady.length, 4)), rate, 1000, 2)).toEqual([]);
        expect(findPhaseJumps(mix(steady, noise(steady.length, 4)), rate, 1000)).toEqual([]);
    });

    it.for([3, 5, 20])("finds one of %d ms where it is", (ms) => {
        const steady = sine(48000, 500, 1000, -10);
        const broken = concat(cut(steady, 48000, 0, 200), silence(48000, ms), cut(steady, 48000, 200 + ms));
        expectSegments(findGaps(broken, 48000, 1000, 2), [[200, 200 + ms]], 1);
    });

    it("passes over those that are shorter than asked for", () => {
        const steady = sine(48000, 500, 1000, -10);
        const broken = concat(cut(steady, 48000, 0, 200), silence(48000, 5), cut(steady, 48000, 205));
        expect(findGaps(broken, 48000, 1000, 10)).toEqual([]);
    });

    it.for([
        {samples: 6, degrees: 45},
        {samples: -6, degrees: -45},
        {samples: 24, degrees: 180},
    ])("sees by the phase that $samples samples were skipped", ({samples, degrees}) => {
        const steady = sine(48000, 1000, 1000, -10);
        const skipped = concat(cut(steady, 48000, 0, 400), steady.slice(19200 + samples));
        const [jump, ...others] = findPhaseJumps(skipped, 48000, 1000);
        expect(others).toEqual([]);
        expect(Math.abs((jump?.at ?? 0) - 400)).toBeLessThan(3);
        expect(Math.abs(Math.abs(jump?.degrees ?? 0) - Math.abs(degrees))).toBeLessThan(5);
    });

    it("takes a clock error of 200 ppm for none", () => {
        expect(findPhaseJumps(sine(48000, 3000, 1000.2, -10), 48000, 1000)).toEqual([]);
    });
});

describe("finding a delay", () => {
    it.for([0, 1, 480, 9600, -480])("tells that a voice comes %d samples later", (lag) => {
        const voice = speechLike(48000, 1000, 11);
        const later = lag >= 0 ? concat(new Int16Array(lag), voice) : voice.slice(-lag);
        const found = lagOf(voice, mix(later, noise(later.length, 8)));
        expect(Math.abs(found.samples - lag)).toBeLessThan(0.2);
        expect(found.likeness).toBeGreaterThan(0.9);
    });

    it("does not mind the level", () => {
        const voice = speechLike(8000, 1000, 12);
        const found = lagOf(voice, concat(silence(8000, 100), amplify(voice, -12), silence(8000, 300)));
        expect(found.samples).toBeCloseTo(800, 1);
        expect(found.likeness).toBeGreaterThan(0.99);
    });

    it("says when the signal is not there at all", () => {
        expect(lagOf(speechLike(8000, 1000, 13), speechLike(8000, 1000, 14)).likeness).toBeLessThan(0.5);
        expect(lagOf(speechLike(8000, 100, 13), silence(8000, 100)).likeness).toBe(0);
    });
});
