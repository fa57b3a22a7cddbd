import {type ChildProcess, spawn} from "node:child_process";
import {mkdtempSync, rmSync, statSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, describe, expect, it} from "vitest";
import {findGaps, findPhaseJumps, lagOf} from "../support/sound-analysis.ts";
import {
    CARD_LOOP,
    type CardOptions,
    createCard,
    environmentOf,
    monotonicNow,
    type VirtualCard,
} from "../support/sound-card.ts";
import {levelAt, levelOf, peakOf, sine} from "../support/sound-signal.ts";
import {speechLike} from "../support/sound-speech.ts";

const RATE = 48000;
const ENODEV = 19;
const EBUSY = 16;

interface LoopReport {
    readonly xruns: number;
    readonly blocks: number;
    readonly early: number;
    readonly delay: number;
    readonly delayP5: number;
    readonly delayP95: number;
    readonly error: number;
    readonly in: string;
}

let folder = "";
let cards = 0;

beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "offhook-card-"));
});

afterAll(() => rmSync(folder, {recursive: true}));

function card(options: Partial<CardOptions> = {}): VirtualCard {
    return createCard(join(folder, `${cards++}`), {name: "handset", ...options});
}

/** Starts the loop from one card's microphone to another's loudspeaker; `how` is its period and what may follow that. */
function startLoop(
    playback: VirtualCard,
    capture: VirtualCard,
    seconds: number,
    how: readonly (number | string)[] = [],
): ChildProcess {
    return spawn(CARD_LOOP, [playback.pcm, capture.pcm, `${seconds}`, ...how.map(String)], {
        env: environmentOf(playback, capture),
        // Configuration errors are ALSA's own words on stderr; an ended loop is told by its report.
        stdio: ["ignore", "pipe", "ignore"],
    });
}

async function reportOf(child: ChildProcess): Promise<LoopReport> {
    let text = "";
    child.stdout?.on("data", (chunk) => {
        text += chunk;
    });
    await new Promise((done) => child.on("close", done));
    return JSON.parse(text);
}

async function runLoop(on: VirtualCard, seconds: number, period = 480): Promise<LoopReport> {
    return reportOf(startLoop(on, on, seconds, [period]));
}

/** A second of speech that begins half a second after now, alone in the silence, for exact times. */
function speakOnce(on: VirtualCard): {readonly speech: Int16Array; readonly at: number} {
    const speech = speechLike(RATE, 1000, 7);
    return {speech, at: on.setMicrophone({rate: RATE, samples: speech}, {at: monotonicNow() + 0.5e9, looped: false})};
}

/** How many ms after the microphone the ear had the speech: from the card's own files, not from the program. */
function delayOf(on: VirtualCard, speech: Int16Array, at: number): number {
    const {samples} = on.heard(at, at + 1.2e9);
    const lag = lagOf(speech, samples);
    expect(lag.likeness).toBeGreaterThan(0.99);
    return (lag.samples * 1000) / RATE;
}

// An xrun in a loop means that the machine stopped it for 20 ms, not that the card was wrong: then try again.
const PATIENT = {retry: 5};

describe.concurrent("the virtual card as an instrument", () => {
    it.for([
        {period: 480, delay: 20},
        {period: 960, delay: 40},
        {period: 240, delay: 10},
    ])("has in the ear after $delay ms what a loop of two periods of $period heard", PATIENT, async (row) => {
        const on = card();
        const {speech, at} = speakOnce(on);
        const report = await runLoop(on, 2, row.period);
        expect(report).toMatchObject({xruns: 0});
        expect(Math.abs(report.delay - row.delay)).toBeLessThan(0.1);
        expect(Math.abs(report.delayP95 - report.delayP5)).toBeLessThan(0.1);
        // Capture starts a moment after playback, and that moment is not delay of the card.
        const apart = (on.runs("capture")[0]?.startedAt ?? 0) - (on.runs("playback")[0]?.startedAt ?? 0);
        expect(Math.abs(delayOf(on, speech, at) - (row.delay - apart / 1e6))).toBeLessThan(0.1);
    });

    it("loses and adds no sample of a tone and keeps its level", PATIENT, async () => {
        const on = card({microphone: {rate: RATE, samples: sine(RATE, 1000, 1000, -10)}});
        expect(await runLoop(on, 2)).toMatchObject({xruns: 0});
        const run = on.played().runs[0];
        const steady = run?.frames.subarray(RATE / 10, RATE * 1.9) ?? new Int16Array(0);
        expect(steady).toHaveLength(RATE * 1.8);
        expect(levelAt(steady, RATE, 1000)).toBeCloseTo(-10, 2);
        expect(findGaps(steady, RATE, 1000, 2)).toEqual([]);
        expect(findPhaseJumps(steady, RATE, 1000, 2)).toEqual([]);
    });

    it.for([1000, -1000])("runs %d ppm off when told to, without a click", PATIENT, async (ppm) => {
        const on = card({ppm, microphone: {rate: RATE, samples: sine(RATE, 1000, 1000, -10)}});
        expect(await runLoop(on, 2)).toMatchObject({xruns: 0});
        const [capture] = on.runs("capture");
        const seconds = ((capture?.endedAt ?? 0) - (capture?.startedAt ?? 0)) / 1e9;
        expect((capture?.heard ?? 0) / (seconds * RATE)).toBeCloseTo(1 + ppm / 1e6, 4);
        // Seen by a converter that is quicker, the tone is slower.
        const steady = on.played().runs[0]?.frames.subarray(RATE / 10, RATE * 1.9) ?? new Int16Array(0);
        expect(levelAt(steady, RATE, 1000 / (1 + ppm / 1e6))).toBeCloseTo(-10, 1);
        expect(findPhaseJumps(steady, RATE, 1000 / (1 + ppm / 1e6), 2)).toEqual([]);
    });

    it("resamples the microphone for the rates that it can do", PATIENT, async () => {
        const samples = sine(16000, 1000, 1000, -10);
        const on = card({rates: [48000, 8000], microphone: {rate: 16000, samples}});
        expect(await runLoop(on, 1)).toMatchObject({xruns: 0});
        const heard = on.played().runs[0]?.frames.subarray(RATE / 10, (RATE * 8) / 10) ?? new Int16Array(0);
        expect(levelAt(heard, RATE, 1000)).toBeCloseTo(-10, 1);
    });
});

describe.concurrent("the virtual card as a device", () => {
    it("never ends a poll before a whole period is there", PATIENT, async () => {
        const on = card();
        const report = await reportOf(startLoop(on, on, 0.5, [480, 4, "poll"]));
        expect(report).toMatchObject({xruns: 0, blocks: 50, early: 0});
    });

    it("is two cards at once, each with its own sound", PATIENT, async () => {
        const handset = card({microphone: {rate: RATE, samples: sine(RATE, 1000, 1000, -10)}});
        const ringer = createCard(join(folder, `${cards++}`), {name: "ringer"});
        expect(await reportOf(startLoop(ringer, handset, 0.5))).toMatchObject({xruns: 0});
        expect(handset.events().filter(({direction}) => direction === "playback")).toEqual([]);
        expect(ringer.captureLog()).toEqual([]);
        expect(peakOf(ringer.played().runs[0]?.frames ?? new Int16Array(0))).toBeCloseTo(-10, 1);
    });

    it("tells when the microphone is open, and closed again", PATIENT, async () => {
        const on = card({microphone: {rate: RATE, samples: sine(RATE, 1000, 1000, -10)}});
        expect(on.isOpen("capture")).toBe(false);
        expect(on.levels().capture).toBe(-Infinity);
        const before = monotonicNow();
        const child = startLoop(on, on, 0.5);
        await on.until(() => on.runs("capture").length > 0, 5000);
        expect(on.isOpen("capture")).toBe(true);
        expect(on.levels().capture).toBeCloseTo(-10, 1);
        await reportOf(child);
        const [span, ...others] = on.captureLog();
        expect(others).toEqual([]);
        expect(span?.openedAt).toBeGreaterThan(before);
        expect(span?.closedAt).toBeLessThan(monotonicNow());
        expect(on.isOpen("capture")).toBe(false);
    });

    it("shows on the meter what is being heard, and nothing when nothing is", async () => {
        const on = card({microphone: {rate: RATE, samples: sine(RATE, 1000, 1000, -10)}});
        expect(on.levels().playback).toBe(-Infinity);
        const child = startLoop(on, on, 1);
        await on.until(() => (on.runs("playback")[0]?.startedAt ?? Infinity) < monotonicNow(), 5000);
        await expect.poll(() => on.levels().playback, {interval: 20, timeout: 900}).toBeCloseTo(-10, 0);
        await reportOf(child);
        await expect.poll(() => on.levels().playback, {interval: 20}).toBe(-Infinity);
    });

    it("takes a new microphone signal while it runs", PATIENT, async () => {
        const on = card({microphone: {rate: RATE, samples: sine(RATE, 1000, 1000, -10)}});
        const child = startLoop(on, on, 1);
        await on.until(() => on.runs("capture").length > 0, 5000);
        on.setMicrophone({rate: RATE, samples: sine(RATE, 1000, 440, -20)});
        expect(await reportOf(child)).toMatchObject({xruns: 0});
        const end = on.played().runs[0]?.frames.slice(-RATE / 2) ?? new Int16Array(0);
        expect(levelAt(end, RATE, 440)).toBeCloseTo(-20, 1);
        expect(levelAt(end, RATE, 1000)).toBeLessThan(-60);
    });

    it("is busy while another program has it", async () => {
        const on = card();
        // Read from the start: what a program said that ended before anybody listened is lost.
        const ended = reportOf(startLoop(on, on, 1));
        await on.until(() => on.isOpen("playback"), 5000);
        expect(await runLoop(on, 1)).toMatchObject({error: EBUSY, in: "snd_pcm_open"});
        await ended;
    });

    it("cannot be opened while it is unplugged, and can again afterwards", PATIENT, async () => {
        const on = card();
        on.unplug();
        expect(await runLoop(on, 1)).toMatchObject({error: ENODEV, in: "snd_pcm_open"});
        expect(on.events().at(-1)).toMatchObject({name: "refuse", values: {error: ENODEV}});
        on.replug();
        expect(await runLoop(on, 0.2)).toMatchObject({xruns: 0});
    });

    it("gives a running program ENODEV at its next period when it is unplugged", async () => {
        const on = card();
        const child = startLoop(on, on, 5);
        await on.until(() => on.runs("capture").length > 0, 5000);
        const pulled = monotonicNow();
        on.unplug();
        expect(await reportOf(child)).toMatchObject({error: ENODEV, in: "transfer"});
        const noticed = on.events().find(({name}) => name === "unplug")?.at ?? Infinity;
        expect(noticed - pulled).toBeLessThan(100e6);
        expect(on.runs("capture").at(-1)).toMatchObject({ended: "unplug"});
    });

    it("knows a killed program's run as far as it went", async () => {
        const on = card({microphone: {rate: RATE, samples: sine(RATE, 1000, 1000, -10)}});
        const child = startLoop(on, on, 60);
        await on.until(() => (on.played().runs[0]?.frames.length ?? 0) > 0 && on.runs("capture").length > 0, 5000);
        child.kill("SIGKILL");
        await reportOf(child).catch((error: unknown) => expect(error).toBeInstanceOf(SyntaxError));
        expect(on.isOpen("capture")).toBe(false);
        await runLoop(on, 0.2);
        expect(on.played().runs.map(({ended}) => ended)).toEqual(["lost", "stop"]);
    });

    it("keeps only the last seconds where it is told to, at their right instants", PATIENT, async () => {
        const on = card({keepSeconds: 0.5});
        const {speech, at} = speakOnce(on);
        expect(await runLoop(on, 1.6)).toMatchObject({xruns: 0});
        expect(statSync(join(on.folder, "playback.raw")).size).toBe(RATE);
        const [run] = on.played().runs;
        const from = run?.startedAt ?? 0;
        const part = speech.slice(Math.round(((from - 20e6 - at) * RATE) / 1e9));
        const lag = lagOf(part.subarray(0, RATE / 4), run?.frames.subarray(0, RATE / 2) ?? new Int16Array(0));
        expect(Math.abs(lag.samples)).toBeLessThan(5);
        expect(levelOf(run?.frames ?? new Int16Array(0))).toBeGreaterThan(-40);
    });

    it("refuses names and folders that ALSA could not read", () => {
        expect(() => createCard(folder, {name: "hand set"})).toThrow(RangeError);
        expect(() => createCard(join(folder, "a:b"), {name: "handset"})).toThrow(RangeError);
    });
});
