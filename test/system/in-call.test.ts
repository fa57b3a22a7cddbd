import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {listen, listenUnbroken, undisturbed} from "../support/listening.ts";
import type {Baresip} from "../support/peers.ts";
import {findTone} from "../support/sound-analysis.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {cut, levelAt, levelOf, silence, sine} from "../support/sound-signal.ts";
import {decodeWav, encodeWav, type Wav} from "../support/sound-wav.ts";

const cardRate = 48_000;
const codecRate = 8_000;
/** What the far end sends, and what is at the microphone. */
const farTone = {frequency: 600, level: -20};
const nearTone = {frequency: 2_500, level: -20};

let folder = "";
let bench: BenchPhone;
let farEnd: Baresip;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-in-call-"));
    bench = await BenchPhone.start({
        folder,
        transport: "tcp",
        display: "cfa635",
        sound: "virtual",
        farEnds: [],
        settings: {"audio.codecs": "PCMA"},
        microphone: {rate: cardRate, samples: sine(cardRate, 1_000, nearTone.frequency, nearTone.level)},
    });
    const sourceWav = join(folder, "far.wav");
    const samples = sine(codecRate, 120_000, farTone.frequency, farTone.level);
    writeFileSync(sourceWav, encodeWav({rate: codecRate, samples}));
    farEnd = await bench.startFarEnd({mode: "manual", codecs: ["PCMA"], sourceWav, record: true});
});
afterAll(async () => {
    await farEnd?.stop();
    await bench?.stop();
    rmSync(folder, {recursive: true, force: true});
});

async function call(): Promise<void> {
    const incoming = farEnd.control.next("CALL_INCOMING");
    await bench.board.lift();
    await bench.board.dial("602#");
    await incoming;
    await farEnd.control.answer();
    await bench.phase("talking");
    await bench.handset.until(() => bench.handset.isOpen("capture"), 5_000);
}

/** Ends the call; answers what the far end heard in it. */
async function hangUp(): Promise<Wav> {
    const closed = farEnd.control.next("CALL_CLOSED");
    await bench.board.putDown();
    await closed;
    await bench.phase("none");
    return decodeWav(readFileSync(await farEnd.heard()));
}

describe("in a call", () => {
    beforeEach(call);
    afterEach(async () => {
        if (bench.said.hook === "off") await hangUp();
    });

    it("keys are sent as digits; their tone is in the own ear alone", async () => {
        const after = farEnd.control.events.length;
        await listen(bench.handset, 500);
        const from = monotonicNow();
        for (const key of "159#") {
            await bench.board.dial(key);
            await listen(bench.handset, 200);
        }
        const heard = bench.handset.heard(from, monotonicNow());
        await expect.poll(() => digitsSince(after), {timeout: 5_000}).toBe("159#");
        // 1 is 697 and 1209 Hz (ITU-T Q.23), 100 ms.
        const [one] = findTone(heard.samples, cardRate, 1_209, {shortest: 60, floor: -40});
        expect((one?.to ?? 0) - (one?.from ?? 0)).toBeGreaterThan(80);
        const recorded = await hangUp();
        expect(levelAt(recorded.samples, recorded.rate, nearTone.frequency)).toBeGreaterThan(-26);
        for (const frequency of [1_209, 770, 852, 941, 1_477]) {
            expect(findTone(recorded.samples, recorded.rate, frequency, {shortest: 60, floor: -50})).toEqual([]);
        }
    });

    it("digits of the far end do not disturb the call", async () => {
        await farEnd.control.sendDigits("42");
        await undisturbed(
            [bench.handset],
            () => listenUnbroken(bench.handset, 800),
            ({samples}) => expect(levelAt(samples, cardRate, farTone.frequency)).toBeCloseTo(farTone.level, 0),
        );
        expect(bench.said.calls?.[0]?.phase).toBe("talking");
    });

    it("mute sends digital silence, lights its lamp and keeps the microphone open", async () => {
        await listen(bench.handset, 1_000);
        await bench.board.tap("mute");
        await bench.says(({lamps, outputs}) => lamps?.mute === "on" && outputs?.microphone === "muted");
        await bench.glass.shows("Muted");
        await listen(bench.handset, 1_500);
        expect(bench.handset.isOpen("capture")).toBe(true);
        expect(bench.said.lamps?.microphone).toBe("on");
        await bench.board.tap("mute");
        await bench.says(({lamps}) => lamps?.mute === "off");
        await listen(bench.handset, 1_000);
        const {rate, samples} = await hangUp();
        const [before, , ...more] = [...findTone(samples, rate, nearTone.frequency, {window: 10, shortest: 200}), null];
        expect(before).not.toBeNull();
        expect(more.length).toBeLessThanOrEqual(1);
        const muted = cut(samples, rate, (before?.to ?? 0) + 50, (before?.to ?? 0) + 1_250);
        // A-law has no zero: its quietest code is 8 of 32768.
        expect(levelOf(muted)).toBeLessThanOrEqual(levelOf(silence(rate, 10).fill(8)) + 0.01);
        expect(bench.handset.captureLog().filter(({closedAt}) => closedAt === null)).toEqual([]);
    });

    it("the volume keys change the ear's level by 3 dB each, and no further than the scale", async () => {
        const level = async (): Promise<number> => {
            const {samples} = await listenUnbroken(bench.handset, 500, monotonicNow() + 150e6);
            return levelAt(samples, cardRate, farTone.frequency);
        };
        await listen(bench.handset, 700);
        const levels: number[] = [await level()];
        for (const key of ["louder", "louder", "down", "softer", "softer"] as const) {
            await bench.board.tap(key);
            levels.push(await level());
        }
        await bench.glass.shows("Volume");
        const expected = [0, 3, 6, 3, 0, -3].map((gain) => farTone.level + gain);
        for (const [i, wanted] of expected.entries()) expect(Math.abs((levels[i] ?? 0) - wanted)).toBeLessThan(0.5);
    });
});

describe("the volume that was set by keys", () => {
    it("is there again after a restart of the phone", async () => {
        await expect
            .poll(() => bench.console.type("show audio.volume"), {timeout: 10_000})
            .toMatch(/audio\.volume +-3/);
        await bench.stopPhone();
        await bench.startPhone();
        await bench.registered();
        await call();
        const {samples} = await listenUnbroken(bench.handset, 500, monotonicNow() + 700e6);
        expect(levelAt(samples, cardRate, farTone.frequency)).toBeCloseTo(farTone.level - 3, 0);
        await hangUp();
    });
});

function digitsSince(after: number): string {
    const events = farEnd.control.events.slice(after);
    return events
        .filter(({type}) => type === "CALL_DTMF_START")
        .map(({param}) => param)
        .join("");
}
