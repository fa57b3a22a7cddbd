import {describe, expect, it} from "vitest";
import {toneOf} from "../../../firmware/phone/tone-notation.ts";
import {type CountryTones, countries, digitTones, tonesOf} from "../../../firmware/phone/tone-plan.ts";
import type {Tone} from "../../../native/index.ts";

const names = ["dial", "ringback", "busy", "congestion", "information", "waiting", "ring"] as const;
const period = (tone: Tone): number => tone.steps.reduce((sum, {ms}) => sum + ms, 0);
const sounds = (tone: Tone): readonly string[] =>
    tone.steps.map(({frequencies, modulated, ms}) => `${frequencies.join(modulated ? "*" : "+")}/${ms}`);

describe("the tone plan", () => {
    it("has at least forty countries, named as ISO 3166-1 does and known to Unicode", () => {
        expect(countries.length).toBeGreaterThanOrEqual(40);
        const display = new Intl.DisplayNames("en", {type: "region", fallback: "none"});
        expect(countries.filter((country) => !/^[a-z]{2}$/.test(country))).toEqual([]);
        expect(countries.filter((country) => display.of(country.toUpperCase()) === undefined)).toEqual([]);
        expect(new Set(countries).size).toBe(countries.length);
    });

    it.each(countries)("of %s can be played: frequencies, times and repetition are those of tones", (country) => {
        const plan: CountryTones = tonesOf(country);
        for (const name of names) {
            const tone = plan[name];
            expect(tone.steps.length, name).toBeGreaterThan(0);
            for (const {frequencies, modulated, ms, gain} of tone.steps) {
                expect(frequencies.length, name).toBeLessThanOrEqual(2);
                if (modulated) expect(frequencies.length, name).toBe(2);
                const carriers = modulated ? frequencies.slice(0, 1) : frequencies;
                for (const hz of carriers) expect(hz >= 300 && hz <= 2000, `${name} ${hz} Hz`).toBe(true);
                expect(ms === 0 || (ms >= 30 && ms <= 20_000), `${name} ${ms} ms`).toBe(true);
                expect(gain <= 0 && gain >= -20, `${name} ${gain} dB`).toBe(true);
            }
            expect(tone.repeatFrom, name).toBe(tone.steps.at(-1)?.ms === 0 ? null : 0);
        }
    });

    it.each(countries)("of %s sounds as E.180 says: ringing slow, busy even, bell like ringback", (country) => {
        const plan = tonesOf(country);
        // E.180 §5: ringing tone 0.67 to 1.5 s on in one burst, 3 to 5 s off; some nations ring twice, or 2 s and 4 s.
        expect(period(plan.ringback)).toBeGreaterThanOrEqual(3000);
        expect(period(plan.ringback)).toBeLessThanOrEqual(6000);
        expect(period(plan.ring)).toBe(period(plan.ringback));
        // E.180 §6: busy tone with a period of 300 to 1100 ms and an on/off ratio of 0.67 to 1.5; India and Singapore go slower.
        const [on, off] = plan.busy.steps;
        expect(plan.busy.steps).toHaveLength(2);
        expect(period(plan.busy)).toBeGreaterThanOrEqual(300);
        expect(period(plan.busy)).toBeLessThanOrEqual(1500);
        expect((on?.ms ?? 0) / (off?.ms ?? 1)).toBeCloseTo(1, 1);
    });

    it.each(countries)(
        "of %s has the special information tone of E.180: 950, 1400, 1800 Hz, 330 ms each",
        (country) => {
            expect(sounds(tonesOf(country).information)).toEqual(["950/330", "1400/330", "1800/330", "/1000"]);
        },
    );

    it.each(countries)("of %s keeps the waiting tone 20 dB under the others", (country) => {
        const {waiting, dial} = tonesOf(country);
        expect(waiting.level).toBe(dial.level - 20);
    });

    it("gives what E.180 recommends to a country without a plan", () => {
        expect(sounds(tonesOf("xx").dial)).toEqual(["425/0"]);
        expect(sounds(tonesOf("").ringback)).toEqual(["425/1000", "/4000"]);
    });

    it("rings twice in Britain, once in Germany, long in America", () => {
        const bell = (country: string): readonly number[] => tonesOf(country).ring.steps.map(({ms}) => ms);
        expect(bell("gb")).toEqual([400, 200, 400, 2000]);
        expect(bell("de")).toEqual([1000, 4000]);
        expect(bell("us")).toEqual([2000, 4000]);
    });

    it("gives the same tones each time, so that nothing starts anew without a reason", () => {
        expect(tonesOf("de").dial).toBe(tonesOf("de").dial);
    });

    it("pairs each key with its two frequencies (ITU-T Q.23)", () => {
        expect(digitTones["1"].steps[0]?.frequencies).toEqual([697, 1209]);
        expect(digitTones["5"].steps[0]?.frequencies).toEqual([770, 1336]);
        expect(digitTones["0"].steps[0]?.frequencies).toEqual([941, 1336]);
        expect(digitTones["*"].steps[0]?.frequencies).toEqual([941, 1209]);
        expect(digitTones["#"].steps[0]?.frequencies).toEqual([941, 1477]);
        expect(new Set(Object.values(digitTones).map((tone) => JSON.stringify(tone))).size).toBe(12);
    });

    it.each(["", "425/", "abc", "425//5", "425,425/500", "425+440+1", "425/500,"])("refuses %j as a tone", (text) => {
        expect(() => toneOf(text)).toThrow(RangeError);
    });
});
