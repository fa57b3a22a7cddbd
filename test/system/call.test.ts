import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {listen, listenUnbroken, undisturbed} from "../support/listening.ts";
import {findTone} from "../support/sound-analysis.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {cut, levelAt, levelOf, peakOf, sine} from "../support/sound-signal.ts";

const rate = 48_000;
/** -10 dBm0 in the ear, the level of the tones of ITU-T E.180. */
const toneLevel = -13.14;

let folder = "";
let bench: BenchPhone;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-call-"));
    bench = await BenchPhone.start({
        folder,
        transport: "tcp",
        display: "cfa635",
        sound: "virtual",
        callbackMs: 5_000,
        settings: {"audio.codecs": "PCMA"},
        microphone: {rate, samples: sine(rate, 1_000, 1_000, -20)},
    });
});
afterEach(({task}) => {
    if (task.result?.state === "fail") console.log(bench?.process.log.slice(-40).join("\n"));
});
afterAll(async () => {
    await bench?.stop();
    rmSync(folder, {recursive: true, force: true});
});

const lamps = (): BenchPhone["said"]["lamps"] => bench.said.lamps;

async function captureIs(open: boolean): Promise<void> {
    await bench.handset.until(() => bench.handset.isOpen("capture") === open, 5_000);
}

describe("a call to the echo at 600", () => {
    it("begins with the national dial tone in the ear and nothing on the bell", async () => {
        await bench.board.lift();
        await bench.says(({outputs}) => outputs?.earTone !== null);
        const from = monotonicNow() + 100e6;
        const ear = await listenUnbroken(bench.handset, 500, from);
        expect(levelAt(ear.samples, rate, 425)).toBeCloseTo(toneLevel, 0);
        const bell = bench.ringer.heard(from, monotonicNow());
        expect(levelOf(bell.samples)).toBe(-Infinity);
        await bench.glass.shows("Dial a number");
    });

    it("loses the dial tone with the first digit, which sounds in the ear", async () => {
        const from = monotonicNow();
        await bench.board.tap("6");
        const {samples} = await listen(bench.handset, 600, from);
        const digit = findTone(samples, rate, 770).at(-1);
        expect(digit).toBeDefined();
        const after = Math.ceil(((digit?.to ?? 0) + 10) * (rate / 1_000));
        expect(levelOf(samples.subarray(after))).toBe(-Infinity);
        expect(findTone(samples, rate, 425).every(({to}) => to < (digit?.from ?? 0) + 20)).toBe(true);
    });

    it("is talked in with a running clock, the microphone's lamp and no sound from the bell", async () => {
        await bench.board.dial("00#");
        await bench.phase("talking");
        await bench.glass.shows(/^600/);
        await bench.glass.shows("0:01");
        await bench.glass.shows("0:02");
        await captureIs(true);
        await bench.says((said) => said.lamps?.microphone === "on" && said.lamps.call === "on");
        const from = monotonicNow();
        await listen(bench.handset, 500, from);
        expect(levelOf(bench.ringer.heard(from, from + 500e6).samples)).toBe(-Infinity);
    });

    it("gives the microphone's tone back at its level", async () => {
        await undisturbed(
            [bench.handset],
            () => listenUnbroken(bench.handset, 1_000),
            ({samples}) => expect(levelAt(samples, rate, 1_000)).toBeCloseTo(-20, 0),
        );
    });

    it("ends with the microphone closed and dark", async () => {
        await bench.board.putDown();
        await bench.phase("none");
        await captureIs(false);
        await bench.says((said) => said.lamps?.microphone === "off" && said.lamps.call === "off");
        expect(bench.said.outputs?.microphone).toBe("closed");
    });

    it("stands in the recent calls, with its duration in the console's", async () => {
        await bench.board.tap("up");
        await bench.glass.shows(/►→600/);
        await bench.board.tap("back");
        const calls = await bench.console.type("calls");
        expect(calls).toMatch(/placed +600 +[2-9] s/);
    });
});

describe("a call to 601, who declines and calls back", () => {
    it("is declined in words and with the busy tone", async () => {
        const told = await bench.console.type('contacts add "Ada Lovelace" 601');
        expect(told).not.toMatch(/error/);
        await bench.board.lift();
        await bench.board.dial("601#");
        await bench.glass.shows(/Busy|Call declined/);
        await undisturbed(
            [bench.handset],
            () => listen(bench.handset, 2_000),
            ({samples}) => {
                const beats = findTone(samples, rate, 425, {floor: -30});
                const whole = beats.find(({from, to}) => from > 50 && to < 1_950);
                expect((whole?.to ?? 0) - (whole?.from ?? 0)).toBeCloseTo(480, -1);
                expect(
                    levelAt(cut(samples, rate, (whole?.from ?? 0) + 50, (whole?.to ?? 0) - 50), rate, 425),
                ).toBeCloseTo(toneLevel, 0);
            },
        );
        await bench.board.putDown();
    });

    it("rings back on the bell alone, in the national cadence", async () => {
        await bench.phase("ringing", 20_000);
        await undisturbed(
            [bench.ringer],
            async () => {
                const from = monotonicNow();
                const bell = await listen(bench.ringer, 10_500, from);
                return {bell, ear: bench.handset.heard(from, from + 10_500e6)};
            },
            ({bell, ear}) => {
                const pulses = findTone(bell.samples, rate, 1_400, {window: 40});
                const whole = pulses.find(({from, to}) => from > 100 && to < 10_400);
                expect((whole?.to ?? 0) - (whole?.from ?? 0)).toBeCloseTo(1_000, -2);
                const [first, second] = pulses.slice(-2);
                expect((second?.from ?? 0) - (first?.from ?? 0)).toBeCloseTo(5_000, -2);
                expect(peakOf(bell.samples)).toBeGreaterThan(-30);
                expect(levelOf(ear.samples)).toBe(-Infinity);
            },
        );
        expect(bench.handset.isOpen("capture")).toBe(false);
        await bench.glass.shows("Ada Lovelace");
        await bench.says((said) => said.lamps?.ringing === "blinking");
    });

    it("is answered by lifting: the bell is silent and the echo is heard", async () => {
        await bench.board.lift();
        await bench.phase("talking");
        await captureIs(true);
        await undisturbed(
            [bench.handset],
            async () => {
                const from = monotonicNow() + 500e6;
                const ear = await listenUnbroken(bench.handset, 1_000, from);
                return {ear, bell: bench.ringer.heard(from, monotonicNow())};
            },
            ({ear, bell}) => {
                expect(levelAt(ear.samples, rate, 1_000)).toBeCloseTo(-20, 0);
                expect(levelOf(bell.samples)).toBe(-Infinity);
            },
        );
        await bench.glass.shows("Ada Lovelace");
        await bench.board.putDown();
        await bench.phase("none");
        await captureIs(false);
        expect(lamps()?.ringing).toBe("off");
    });

    it("leaves both calls on the glass and in the console", async () => {
        await bench.board.tap("up");
        await bench.glass.shows(/►←Ada Lovelace[\s\S]* →Ada Lovelace/);
        await bench.board.tap("back");
        const calls = await bench.console.type("calls");
        expect(calls).toMatch(/received +601 +Ada Lovelace +\d+ s[\s\S]*placed +601/);
    });
});

describe("the list of recent calls", () => {
    it("dials the selected call again with OK", async () => {
        await bench.board.tap("right");
        await bench.glass.shows(/►→/);
        await bench.board.tap("down");
        await bench.glass.shows(/►→600/);
        await bench.board.tap("ok");
        await bench.board.lift();
        await bench.phase("talking");
        await bench.glass.shows(/^600/);
        await bench.board.putDown();
        await bench.phase("none");
    });
});
