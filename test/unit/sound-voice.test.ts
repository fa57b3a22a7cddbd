import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, expect, it} from "vitest";
import {cut, levelAt, levelOf, peakOf, sine} from "../support/sound-signal.ts";
import {recordedVoice} from "../support/sound-voice.ts";
import {encodeWav} from "../support/sound-wav.ts";

let unpacked = "";

beforeAll(() => {
    unpacked = mkdtempSync(join(tmpdir(), "offhook-voice-"));
    const folder = join(unpacked, "usr/share/pocketsphinx/test/data/librivox");
    mkdirSync(folder, {recursive: true});
    writeFileSync(join(folder, "b.wav"), encodeWav({rate: 16000, samples: sine(16000, 1000, 1000, -6)}));
    writeFileSync(join(folder, "a.wav"), encodeWav({rate: 16000, samples: sine(16000, 1000, 500, -6)}));
    writeFileSync(join(folder, "a.txt"), "what is said");
});

afterAll(() => rmSync(unpacked, {recursive: true}));

it("reads the sentences in the order of their names, with pauses, at the level of telephone speech", () => {
    const {rate, samples} = recordedVoice(unpacked);
    expect([rate, samples.length]).toEqual([16000, 16000 * 3.4]);
    expect(levelOf(samples)).toBeCloseTo(-26, 1);
    expect(levelAt(cut(samples, rate, 0, 1000), rate, 500)).toBeGreaterThan(-26);
    expect(peakOf(cut(samples, rate, 1000, 1700))).toBe(-Infinity);
    expect(levelAt(cut(samples, rate, 1700, 2700), rate, 1000)).toBeGreaterThan(-26);
});

it("says ENOENT where the package was not unpacked", () => {
    expect(() => recordedVoice(join(unpacked, "usr"))).toThrow(expect.objectContaining({code: "ENOENT"}));
});
