import {describe, expect, it} from "vitest";
import {decode, encode, frameSize} from "../bench/codecs.ts";
import {findWindows, firstSoundAfter, receiveDelays, sendDelays} from "../bench/delays.ts";
import {joined, medianOf, summaryOf} from "../bench/figures.ts";
import {type Run, rowsOf, textOf} from "../bench/report.ts";
import {seededRandom} from "../support/random.ts";
import {concat, levelOf, silence, sine} from "../support/sound-signal.ts";
import {speechLike} from "../support/sound-speech.ts";

const rate = 8_000;
const speech = speechLike(rate, 6_000, 3);
const milli = 1e6;

describe("the far end's A-law", () => {
    it("knows the values of ITU-T G.711: the least, the greatest and silence", () => {
        const [octets = Buffer.alloc(0)] = encode(
            "PCMA",
            Int16Array.from({length: 160}, (_, i) => [0, 8, 32_256, -32_256][i] ?? 0),
        );
        expect([...octets.subarray(0, 4)]).toEqual([0xd5, 0xd5, 0xaa, 0x2a]);
        expect([...decode("PCMA", [Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a)])]).toEqual([8, -8, 32_256, -32_256]);
    });

    it("gives each octet back as itself", () => {
        const all = Uint8Array.from({length: 320}, (_, i) => i & 255);
        const frames = encode("PCMA", decode("PCMA", [all]));
        expect(Buffer.concat(frames)).toEqual(Buffer.from(all));
    });

    it("takes a lost packet for a packet of silence", () => {
        expect(levelOf(decode("PCMA", [null]))).toBeLessThan(-60);
        expect(decode("PCMA", [null])).toHaveLength(frameSize("PCMA"));
    });
});

describe("a delay", () => {
    const heard = {at: 5_000 * milli, rate, samples: concat(silence(rate, 500), speech, silence(rate, 1_000))};

    it("of hearing is found to a tenth of a millisecond", () => {
        // Sent at 5450 ms, heard from 5500 ms on.
        const {delays, unheard} = receiveDelays("PCMA", {at: 5_450 * milli, rate, samples: speech}, heard);
        expect(delays.length).toBeGreaterThan(5);
        for (const delay of delays) expect(delay).toBeCloseTo(50, 1);
        expect(unheard).toBe(0);
    });

    it("is not invented where something else was heard", () => {
        const other = {...heard, samples: speechLike(rate, 7_500, 4)};
        const {delays, unheard} = receiveDelays("PCMA", {at: 5_450 * milli, rate, samples: speech}, other);
        expect(delays).toEqual([]);
        expect(unheard).toBeGreaterThan(5);
    });

    it("is looked for in speech alone, not in pauses", () => {
        const pauses = {at: 5_500 * milli, rate, samples: silence(rate, 3_000)};
        expect(findWindows(pauses, heard, {least: 0, most: 100})).toEqual([]);
    });

    it("of sending follows each packet's own lateness, with packets lost, doubled and out of order", () => {
        const random = seededRandom(1).next;
        const frames = encode("PCMA", speech);
        const micAt = 1_000 * milli;
        const packets = frames.map((payload, n) => {
            const late = n === 0 ? 0 : 10 * random();
            return {
                at: micAt + (n * 20 + 33 + late) * milli,
                sequence: n,
                timestamp: 160 * n + 4_294_967_000,
                payload,
                late,
            };
        });
        const came = packets.filter((_, n) => n % 17 !== 5).toSorted((a, b) => a.at - b.at);
        const wire = [...came, ...came.slice(40, 42)].map((packet) => ({...packet, timestamp: packet.timestamp >>> 0}));
        const {delays} = sendDelays("PCMA", wire, {at: micAt, rate, samples: speech});
        const wanted = came.map(({late}) => 33 + late);
        expect(delays.length).toBeGreaterThan(wanted.length / 2);
        expect(medianOf(delays)).toBeCloseTo(medianOf(wanted), 0);
        expect(Math.max(...delays)).toBeLessThan(43.2);
        expect(Math.min(...delays)).toBeGreaterThan(32.8);
    });

    it("of the first sound is counted from the instant that is asked for", () => {
        const samples = concat(silence(rate, 100), sine(rate, 100, 1_000, -20));
        expect(firstSoundAfter(40 * milli, {at: 0, rate, samples})).toBeCloseTo(60.125, 2);
        expect(firstSoundAfter(0, {at: 0, rate, samples: silence(rate, 100)})).toBeNull();
    });
});

describe("the table of the bench", () => {
    const quiet = {xruns: 0, lateSound: 0, unheard: 0, farEndLate: 0.4, stall: 2};
    const machine = {
        processor: "a processor",
        cores: 2,
        realTime: true,
        load: [0.3, 1.2],
        stall: 2,
        seconds: 9,
        visits: 3,
    } as const;
    const run: Run = {
        values: {offhook: joined([{registered: [400]}, {registered: [600, 500]}]), baresip: {registered: [50]}},
        disturbances: {offhook: [quiet, quiet], baresip: [quiet]},
        failures: [],
        machine,
    };

    it("gives median, least, most and the ratio of the medians, and a dash for what was not measured", () => {
        expect(rowsOf(run).find(({id}) => id === "registered")).toMatchObject({
            offhook: {median: 500, least: 400, most: 600},
            baresip: {median: 50},
            ratio: 10,
        });
        expect(textOf(run)).toMatch(/^start to registered +ms +500 +400\.\.600 +50 +50\.\.50 +10\.00 +\d+$/m);
        expect(textOf(run)).toMatch(/^key to glass +ms +- +- +\d+$/m);
        expect(summaryOf([])).toBeNull();
        expect(medianOf([4, 1, 3, 2])).toBe(2.5);
    });

    it("says so when the machine was busy, and what failed", () => {
        expect(textOf(run)).not.toMatch(/BUSY/);
        const busy = {...run, machine: {...machine, load: [0.3, 7] as const}, failures: ["baresip, opus: no answer"]};
        expect(textOf(busy)).toMatch(/BUSY[\s\S]*failed: baresip, opus: no answer/);
    });
});
