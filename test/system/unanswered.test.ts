import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {listen, undisturbed} from "../support/listening.ts";
import type {Baresip} from "../support/peers.ts";
import {findTone} from "../support/sound-analysis.ts";
import {levelOf} from "../support/sound-signal.ts";

const rate = 48_000;

let folder = "";
let bench: BenchPhone;
let farEnd: Baresip;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-unanswered-"));
    bench = await BenchPhone.start({
        folder,
        transport: "tcp",
        display: "cfa635",
        sound: "virtual",
        farEnds: ["echo"],
        settings: {"audio.codecs": "PCMA"},
    });
    farEnd = await bench.startFarEnd({mode: "manual"});
});
afterEach(async () => {
    await bench.board.putDown();
    await bench.phase("none");
});
afterAll(async () => {
    await farEnd?.stop();
    await bench?.stop();
    rmSync(folder, {recursive: true, force: true});
});

describe("a call that the other side lets ring", () => {
    it("sounds the national ringback in the ear, with the microphone closed, until it is given up", async () => {
        const incoming = farEnd.control.next("CALL_INCOMING");
        await bench.board.lift();
        await bench.board.dial("602#");
        await incoming;
        await bench.phase("alerting");
        await bench.glass.shows("Ringing");
        await undisturbed(
            [bench.handset],
            () => listen(bench.handset, 10_500),
            ({samples}) => {
                const beats = findTone(samples, rate, 425, {floor: -30});
                const whole = beats.find(({from, to}) => from > 100 && to < 10_400);
                expect((whole?.to ?? 0) - (whole?.from ?? 0)).toBeCloseTo(1_000, -1);
                const [first, second] = beats.slice(-2);
                expect((second?.from ?? 0) - (first?.from ?? 0)).toBeCloseTo(5_000, -1);
            },
        );
        expect(bench.handset.captureLog()).toEqual([]);
        const closed = farEnd.control.next("CALL_CLOSED");
        await bench.board.putDown();
        await closed;
        await bench.phase("none");
        expect(await bench.console.type("calls")).toMatch(/placed +602 *\r/);
    });
});

describe("a caller who gives up", () => {
    it("is counted as missed, lights the message's lamp, and is called back from the list with OK", async () => {
        await farEnd.control.dial("phone");
        await bench.phase("ringing");
        await farEnd.control.hangUp();
        await bench.phase("none");
        await bench.glass.shows(/Missed calls: *1/);
        await bench.says(({lamps}) => lamps?.message === "on" && lamps.ringing === "off");
        const ended = (): number => bench.ringer.runs("playback").at(-1)?.endedAt ?? 0;
        // The bell's device closes a moment after the state no longer rings.
        await expect.poll(ended, {timeout: 5_000}).toBeGreaterThan(0);
        await bench.board.tap("up");
        await bench.glass.shows("►!Far end");
        await bench.says(({lamps}) => lamps?.message === "off");
        const incoming = farEnd.control.next("CALL_INCOMING");
        await bench.board.tap("ok");
        await incoming;
        await bench.phase("alerting");
        await bench.board.tap("back");
    });
});

describe("a second caller", () => {
    it("is told that the phone is busy, and the talk goes on", async () => {
        await bench.board.lift();
        await bench.board.dial("600#");
        await bench.phase("talking");
        const closed = farEnd.control.next("CALL_CLOSED");
        await farEnd.control.dial("phone");
        expect((await closed).param).toContain("486");
        await bench.says(({calls}) => calls?.length === 1);
        expect(bench.said.calls).toMatchObject([{phase: "talking", number: "600"}]);
        const {samples} = await listen(bench.ringer, 300);
        expect(levelOf(samples)).toBe(-Infinity);
    });
});

describe("a caller whom the owner refuses", () => {
    it("is told so, and the bell stops", async () => {
        await farEnd.control.dial("phone");
        await bench.phase("ringing");
        const closed = farEnd.control.next("CALL_CLOSED");
        await bench.board.tap("back");
        expect((await closed).param).toContain("486");
        await bench.phase("none");
        await bench.says(({outputs}) => outputs?.ring === false);
    });
});
