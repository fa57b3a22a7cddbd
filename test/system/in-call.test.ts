import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {listen, listenUnbroken, undisturbed} from "../support/listening.ts";
import type {Baresip} from "../support/peers.ts";
import {findTone, type Segment} from "../support/sound-analysis.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {cut, levelAt, sine} from "../support/sound-signal.ts";
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

// A call that a failed test left is not the next one's.
afterEach(async () => {
    if (bench.said.hook === "off") await hangUp();
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
    it("keys are sent as digits; their tone is in the own ear alone", async () => {
        const record = async (): Promise<{readonly ear: Wav; readonly told: string; readonly sent: Wav}> => {
            const after = farEnd.control.events.length;
            await call();
            await listen(bench.handset, 500);
            const from = monotonicNow();
            for (const key of "159#") {
                await bench.board.dial(key);
                await listen(bench.handset, 200);
            }
            const ear = bench.handset.heard(from, monotonicNow());
            const sent = await hangUp();
            return {ear, told: digitsSince(after), sent};
        };
        await undisturbed([bench.handset], record, ({ear, told, sent}) => {
            expect(told).toBe("159#");
            // 1 is 697 and 1209 Hz, 5 is 770 and 1336, 9 is 852 and 1477, # is 941 and 1477 (ITU-T Q.23).
            for (const frequency of [1_209, 1_336, 1_477]) {
                const [digit] = findTone(ear.samples, ear.rate, frequency, {shortest: 60, floor: -40});
                expect(lengthOf(digit)).toBeGreaterThan(80);
                expect(findTone(sent.samples, sent.rate, frequency, {shortest: 60, floor: -50})).toEqual([]);
            }
            const [tone] = findTone(sent.samples, sent.rate, nearTone.frequency, {shortest: 500});
            expect(tone).toBeDefined();
        });
    });

    it("digits of the far end do not disturb the call", async () => {
        await call();
        await listen(bench.handset, 700);
        await farEnd.control.sendDigits("42");
        await undisturbed(
            [bench.handset],
            () => listenUnbroken(bench.handset, 800),
            ({samples}) => expect(levelAt(samples, cardRate, farTone.frequency)).toBeCloseTo(farTone.level, 0),
        );
        expect(bench.said.calls?.[0]?.phase).toBe("talking");
        await hangUp();
    });

    it("mute sends digital silence, lights its lamp and keeps the microphone open", async () => {
        const record = async (): Promise<Wav> => {
            await call();
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
            return hangUp();
        };
        await undisturbed([bench.handset], record, ({rate, samples}) => {
            const heard = findTone(samples, rate, nearTone.frequency, {window: 10, shortest: 200});
            expect(heard).toHaveLength(2);
            const [before, after] = heard;
            expect((after?.from ?? 0) - (before?.to ?? 0)).toBeGreaterThan(1_400);
            // A-law has no zero: its quietest code is 8 of 32768.
            const muted = cut(samples, rate, (before?.to ?? 0) + 50, (after?.from ?? 0) - 50);
            expect(new Set(muted.map(Math.abs))).toEqual(new Set([8]));
        });
    });

    it("the volume keys change the ear's level by 3 dB each", async () => {
        const level = async (): Promise<number> => {
            const {samples} = await listenUnbroken(bench.handset, 500, monotonicNow() + 150e6);
            return levelAt(samples, cardRate, farTone.frequency);
        };
        const record = async (): Promise<readonly number[]> => {
            await bench.console.provision({"audio.volume": "0"});
            await call();
            await listen(bench.handset, 700);
            const levels: number[] = [await level()];
            for (const key of ["louder", "louder", "down", "softer", "softer"] as const) {
                await bench.board.tap(key);
                levels.push(await level());
            }
            await bench.glass.shows("Volume");
            await hangUp();
            return levels;
        };
        await undisturbed([bench.handset], record, (levels) => {
            for (const [i, gain] of [0, 3, 6, 3, 0, -3].entries()) {
                expect(Math.abs((levels[i] ?? 0) - farTone.level - gain)).toBeLessThan(0.5);
            }
        });
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

function lengthOf(segment: Segment | undefined): number {
    return segment === undefined ? 0 : segment.to - segment.from;
}

function digitsSince(after: number): string {
    const events = farEnd.control.events.slice(after);
    return events
        .filter(({type}) => type === "CALL_DTMF_START")
        .map(({param}) => param)
        .join("");
}
