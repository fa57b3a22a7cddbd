import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {listen, listenUnbroken, undisturbed} from "../support/listening.ts";
import {findTone} from "../support/sound-analysis.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {levelAt, levelOf} from "../support/sound-signal.ts";

const rate = 48_000;
/** -10 dBm0 in the ear, the level of the tones of ITU-T E.180. */
const toneLevel = -13.14;

let folder = "";
let bench: BenchPhone;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-dialling-"));
    bench = await BenchPhone.start({
        folder,
        transport: "tcp",
        display: "cfa635",
        sound: "virtual",
        farEnds: ["echo"],
        settings: {"audio.codecs": "PCMA"},
    });
});
afterAll(async () => {
    await bench?.stop();
    rmSync(folder, {recursive: true, force: true});
});
afterEach(async () => {
    await bench.board.putDown();
    await bench.phase("none");
});

/** The number of the call that is there. */
async function called(number: string, ms?: number): Promise<void> {
    await bench.says(({calls}) => calls?.[0]?.number === number, ms);
}

async function set(settings: Readonly<Record<string, string>>): Promise<void> {
    await bench.console.provision(settings);
}

describe("a number", () => {
    it("that was typed on the hook is dialled by lifting", async () => {
        await bench.board.dial("600");
        await bench.glass.shows(/600 [\s\S]*or lift the handset/);
        await bench.board.lift();
        await bench.phase("talking");
        await called("600");
    });

    it("is corrected with back, down to the dial tone", async () => {
        await bench.board.lift();
        await bench.board.dial("69");
        await bench.board.tap("back");
        await bench.board.tap("back");
        await bench.glass.shows("Dial a number");
        await bench.says(({outputs}) => outputs?.earTone !== null);
        const ear = await listenUnbroken(bench.handset, 300, monotonicNow() + 200e6);
        expect(levelAt(ear.samples, rate, 425)).toBeCloseTo(toneLevel, 0);
        await bench.board.dial("601");
        await bench.board.tap("back");
        await bench.board.dial("0");
        await bench.glass.shows(/^600 /m);
        await bench.board.tap("ok");
        await bench.phase("talking");
        await called("600");
    });

    it("is sent by itself when the inter-digit time of the settings has passed", async () => {
        await set({"dial.interdigit": "1"});
        await bench.board.lift();
        await bench.board.dial("600");
        const digitsAt = monotonicNow();
        await bench.phase("talking");
        expect(monotonicNow() - digitsAt).toBeGreaterThan(0.9e9);
        await set({"dial.interdigit": "4"});
    });

    it("is sent at once when it is complete in the digit map of the settings", async () => {
        await set({"dial.map": "6xx|0x.T", "dial.interdigit": "30"});
        await bench.board.lift();
        await bench.board.dial("600");
        // The timer would need 30 s.
        await bench.phase("talking");
        await bench.console.type("unset dial.map");
        await bench.console.type("unset dial.interdigit");
        expect(await bench.console.type("apply")).not.toMatch(/error/);
    });

    it("begins with + when 0 is held, and is cleared when back is held", async () => {
        await bench.board.lift();
        await bench.board.press("0");
        const pressedAt = monotonicNow();
        await bench.glass.shows(/^\+ /m);
        expect(monotonicNow() - pressedAt).toBeGreaterThan(0.6e9);
        await bench.board.release("0");
        await bench.board.dial("600");
        await bench.glass.shows(/^\+600 /m);
        await bench.board.press("back");
        await bench.glass.shows(/^\+60 /m);
        await bench.glass.shows("Dial a number");
        await bench.board.release("back");
        await bench.board.press("0");
        await bench.glass.shows(/^\+ /m);
        await bench.board.release("0");
        await bench.board.dial("600");
        const sent = called("+600");
        await bench.board.tap("ok");
        await sent;
    });

    it("that begins with * is a feature code, in which # is a digit", async () => {
        await bench.board.lift();
        await bench.board.dial("*21*600#");
        await bench.glass.shows("*21*600#");
        expect(bench.said.calls).toEqual([]);
        const sent = called("*21*600#");
        await bench.board.tap("ok");
        await sent;
        // The registrar of the bench knows no feature codes.
        await bench.glass.shows("Number not in use");
    });
});

describe("a handset that is left lying", () => {
    it("has the dial tone for 20 s, the congestion tone for 30 s, then silence", {timeout: 90_000}, async () => {
        await bench.board.lift();
        await bench.says(({outputs}) => outputs?.earTone !== null);
        const dialTone = bench.said.outputs?.earTone;
        const liftedAt = monotonicNow();
        await bench.says(({outputs}) => outputs?.earTone !== null && outputs?.earTone !== dialTone, 30_000);
        const warnedAt = monotonicNow();
        await bench.glass.shows("Handset is off hook");
        await undisturbed(
            [bench.handset],
            () => listen(bench.handset, 2_000),
            ({samples}) => {
                const beats = findTone(samples, rate, 425, {floor: -30});
                const whole = beats.find(({from, to}) => from > 50 && to < 1_950);
                expect((whole?.to ?? 0) - (whole?.from ?? 0)).toBeCloseTo(240, -1);
            },
        );
        await bench.says(({outputs}) => outputs?.earTone === null, 40_000);
        const silentAt = monotonicNow();
        expect((warnedAt - liftedAt) / 1e9).toBeCloseTo(20, 0);
        expect((silentAt - warnedAt) / 1e9).toBeCloseTo(30, 0);
        const ear = await listen(bench.handset, 500, monotonicNow() + 200e6);
        expect(levelOf(ear.samples)).toBe(-Infinity);
    });
});
