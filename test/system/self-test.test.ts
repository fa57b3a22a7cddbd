import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {listenUnbroken} from "../support/listening.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {levelAt, sine} from "../support/sound-signal.ts";

const rate = 48_000;

let folder = "";
let bench: BenchPhone;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-self-test-"));
    bench = await BenchPhone.start({
        folder,
        transport: "tcp",
        display: "vt100",
        sound: "virtual",
        farEnds: ["echo"],
        settings: {"audio.codecs": "PCMA"},
        microphone: {rate, samples: sine(rate, 1_000, 1_000, -20)},
    });
});
afterAll(async () => {
    await bench?.stop();
    rmSync(folder, {recursive: true, force: true});
});

/** Opens the self-test by the menu: the last row, whatever the rows above it are. */
async function openSelfTest(): Promise<void> {
    await bench.board.tap("ok");
    for (let row = 0; row < 12 && !bench.glass.lines.join("\n").includes("►Self-test"); row++) {
        await bench.board.tap("down");
        await bench.glass.shows("►");
    }
    await bench.glass.shows("►Self-test");
    await bench.board.tap("ok");
}

/** The self-test's own capture process is ended by a signal, which no log of the card tells. */
async function captureIs(open: boolean): Promise<void> {
    await expect.poll(() => bench.handset.isOpen("capture"), {timeout: 10_000}).toBe(open);
}

describe("the self-test", () => {
    it("shows the microphone's level, with its lamp lit while it is open", async () => {
        await openSelfTest();
        await captureIs(true);
        await bench.says(({lamps}) => lamps?.microphone === "on");
        // -20 dBFS is two thirds of a scale that ends at -60.
        await bench.glass.shows(/Level +.*[█■▮]/);
        expect(bench.said.outputs?.microphone).toBe("closed");
    });

    it("closes the microphone with the step and sounds a tone in the earpiece", async () => {
        await bench.board.tap("ok");
        await bench.glass.shows("Is there a tone in the earpiece?");
        await captureIs(false);
        await bench.says(({lamps}) => lamps?.microphone === "off");
        await bench.board.lift();
        await bench.says(({outputs}) => outputs?.earTone !== null);
        const {samples} = await listenUnbroken(bench.handset, 500, monotonicNow() + 200e6);
        expect(levelAt(samples, rate, 1_020)).toBeCloseTo(-13.14, 0);
        await bench.board.putDown();
    });

    it("names each key that is pressed, and goes on with a second OK", async () => {
        await bench.board.tap("ok");
        await bench.glass.shows("Press every key");
        for (const [key, sign] of [
            ["5", "5"],
            ["*", "\\*"],
            ["up", "↑"],
            ["back", "X"],
            ["ok", "OK"],
        ] as const) {
            await bench.board.tap(key);
            await bench.glass.shows(new RegExp(`Keys \\d+ +${sign}`));
        }
        await bench.glass.shows(/Keys 5/);
        await bench.board.tap("ok");
    });

    it("sees the hook go up and down", async () => {
        await bench.glass.shows("on hook");
        await bench.board.lift();
        await bench.glass.shows("off hook");
        await bench.board.putDown();
        await bench.glass.shows(/on hook +seen/);
        await bench.board.tap("ok");
    });

    it("lights every lamp, fills every cell, and ends", async () => {
        await bench.glass.shows("Are all lamps lit?");
        await bench.says(({lamps}) => lamps?.call === "on" && lamps.mute === "on" && lamps.message === "on");
        await bench.board.tap("ok");
        await bench.glass.shows(/■{40}|█{40}/);
        await bench.board.tap("ok");
        await bench.glass.shows(/desk +ready/);
        await bench.says(({lamps}) => lamps?.call === "off");
    });

    it("gives the microphone up to a call that comes, in which OK does not bring it back", async () => {
        await openSelfTest();
        await captureIs(true);
        const caller = await bench.startFarEnd({mode: "loop"});
        try {
            await caller.control.dial("phone");
            await bench.phase("ringing");
            await captureIs(false);
            await bench.says(({lamps}) => lamps?.microphone === "off");
            await bench.board.lift();
            await bench.phase("talking");
            await captureIs(true);
            const spans = bench.handset.captureLog();
            for (const [i, span] of spans.entries()) {
                expect(span.openedAt).toBeGreaterThanOrEqual(spans[i - 1]?.closedAt ?? 0);
            }
            await bench.board.tap("ok");
            await bench.glass.shows("Muted");
            await bench.board.putDown();
            await bench.phase("none");
            await captureIs(false);
        } finally {
            await caller.stop();
        }
    });
});
