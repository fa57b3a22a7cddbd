import {describe, expect, it} from "vitest";
import {seededRandom} from "../support/random.ts";
import {resample} from "../support/sound-resample.ts";
import {
    amplify,
    concat,
    cut,
    dbm0,
    levelAt,
    levelOf,
    mix,
    peakOf,
    silence,
    sine,
    tone,
} from "../support/sound-signal.ts";
import {speechLike} from "../support/sound-speech.ts";
import {decodeWav, encodeWav} from "../support/sound-wav.ts";

const RATE = 48000;

describe("levels", () => {
    it.for([0, -3, -10, -40, -50])("find a sine of %d dBFS at its level, by power and by peak", (level) => {
        const signal = sine(RATE, 1000, 1000, level);
        expect(levelOf(signal)).toBeCloseTo(level, 1);
        expect(peakOf(signal)).toBeCloseTo(level, 1);
        expect(levelAt(signal, RATE, 1000)).toBeCloseTo(level, 1);
    });

    it("call -3.14 dBFS 0 dBm0 (ITU-T G.711)", () => {
        expect(dbm0(-3.14)).toBeCloseTo(0, 6);
        expect(dbm0(-13.14)).toBeCloseTo(-10, 6);
    });

    it("call silence and no samples -Infinity", () => {
        for (const signal of [silence(RATE, 10), new Int16Array(0)]) {
            expect(levelOf(signal)).toBe(-Infinity);
            expect(peakOf(signal)).toBe(-Infinity);
            expect(levelAt(signal, RATE, 440)).toBe(-Infinity);
        }
    });

    it("are those of each component of a tone of two, whatever the number of cycles", () => {
        const dialTone = tone(8000, 333, [
            {frequency: 350, level: -16},
            {frequency: 440, level: -20},
        ]);
        expect(levelAt(dialTone, 8000, 350)).toBeCloseTo(-16, 1);
        expect(levelAt(dialTone, 8000, 440)).toBeCloseTo(-20, 1);
        expect(levelAt(dialTone, 8000, 620)).toBeLessThan(-60);
    });
});

describe("signals", () => {
    it("clip at full scale and do not wrap", () => {
        const loud = amplify(sine(RATE, 10, 1000, -1), 20);
        expect(Math.max(...loud)).toBe(32767);
        expect(Math.min(...loud)).toBe(-32768);
        expect(Math.max(...mix(loud, loud))).toBe(32767);
    });

    it("are joined, added and cut by ms", () => {
        const whole = concat(silence(8000, 100), sine(8000, 200, 1000, -10), silence(8000, 50));
        expect(whole).toHaveLength(2800);
        expect(peakOf(cut(whole, 8000, 0, 100))).toBe(-Infinity);
        expect(levelOf(cut(whole, 8000, 100, 300))).toBeCloseTo(-10, 1);
        expect(peakOf(cut(whole, 8000, -50))).toBe(-Infinity);
        const apart = mix(sine(8000, 100, 500, -20), sine(8000, 200, 1500, -30));
        expect(levelAt(cut(apart, 8000, 0, 100), 8000, 1500)).toBeCloseTo(-30, 1);
    });
});

describe("speech-like signals", () => {
    it("are equal for equal seeds and differ for others", () => {
        expect(speechLike(8000, 500, 3)).toEqual(speechLike(8000, 500, 3));
        expect(speechLike(8000, 500, 3)).not.toEqual(speechLike(8000, 500, 4));
    });

    it.for([8000, 16000, 48000])("have at %d Hz the level of telephone speech, pauses, and no clipping", (rate) => {
        const speech = speechLike(rate, 5000, 1);
        expect(levelOf(speech)).toBeCloseTo(-26, 1);
        expect(peakOf(speech)).toBeLessThan(0);
        const blocks = Array.from({length: 250}, (_, i) => levelOf(cut(speech, rate, 20 * i, 20 * (i + 1))));
        expect(blocks.filter((level) => level < -50).length).toBeGreaterThan(5);
        expect(blocks.filter((level) => level > -30).length).toBeGreaterThan(50);
    });

    it("hold what tells voice from noise: most of the power below 1 kHz", () => {
        const speech = speechLike(RATE, 5000, 2);
        const low = resample(resample(speech, RATE, 2000), 2000, RATE);
        expect(levelOf(low) - levelOf(speech)).toBeGreaterThan(-6);
    });
});

describe("resampling", () => {
    it.for([
        {from: 8000, to: 48000, frequency: 3400},
        {from: 16000, to: 48000, frequency: 7000},
        {from: 48000, to: 8000, frequency: 3400},
        {from: 44100, to: 48000, frequency: 10000},
        {from: 48000, to: 16000, frequency: 440},
    ])("keeps $frequency Hz at its level and phase from $from to $to Hz", ({from, to, frequency}) => {
        const there = resample(sine(from, 500, frequency, -10), from, to);
        expect(there).toHaveLength(to / 2);
        const steady = cut(there, to, 100, 400);
        expect(levelAt(steady, to, frequency)).toBeCloseTo(-10, 1);
        const wrong = mix(
            steady,
            amplify(
                cut(sine(to, 500, frequency, -10), to, 100, 400).map((x) => -x),
                0,
            ),
        );
        expect(levelOf(wrong)).toBeLessThan(-60);
    });

    it("lets nothing above the new band through", () => {
        expect(levelOf(cut(resample(sine(48000, 500, 5000, -10), 48000, 8000), 8000, 100, 400))).toBeLessThan(-65);
    });

    it("leaves a signal of the same rate as it is", () => {
        const signal = sine(8000, 10, 1000, -10);
        expect(resample(signal, 8000, 8000)).toEqual(signal);
        expect(resample(signal, 8000, 8000)).not.toBe(signal);
    });
});

describe("WAV files", () => {
    const signal = {rate: 16000, samples: sine(16000, 20, 1000, -10)};

    it("are read as they were written", () => {
        expect(decodeWav(encodeWav(signal))).toEqual(signal);
    });

    it("have the header of Microsoft's specification", () => {
        const bytes = Buffer.from(encodeWav({rate: 8000, samples: Int16Array.of(1, -2)}));
        expect(bytes.toString("hex")).toBe(
            "524946462800000057415645666d7420100000000100010040" + "1f0000803e00000200100064617461040000000100feff",
        );
    });

    it("are read to their end when the recorder died, past other chunks, and by the first channel", () => {
        const file = Buffer.from(encodeWav(signal));
        const list = Buffer.from("LIST\x03\0\0\0abc\0", "latin1");
        const withList = Buffer.concat([file.subarray(0, 36), list, file.subarray(36)]);
        expect(decodeWav(withList)).toEqual(signal);
        expect(decodeWav(file.subarray(0, 144)).samples).toEqual(signal.samples.slice(0, 50));
        const stereo = Buffer.from(file);
        stereo.writeUInt16LE(2, 22);
        expect(decodeWav(stereo).samples).toEqual(signal.samples.filter((_, i) => i % 2 === 0));
    });

    it("that are none are refused with a code, whatever the bytes", () => {
        const random = seededRandom(5).next;
        const good = Buffer.from(encodeWav(signal));
        for (let i = 0; i < 2000; i++) {
            const bytes = Buffer.from(good.subarray(0, Math.floor(random() * 120)));
            for (let flips = 0; flips < 4 && bytes.length > 0; flips++) {
                bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
            }
            try {
                expect(decodeWav(bytes).samples.length).toBeLessThan(60);
            } catch (error) {
                expect(error).toMatchObject({code: "wavFormat"});
            }
        }
        expect(() => decodeWav(Buffer.from("ID3"))).toThrow("not a WAV file");
    });
});
