import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {cut, levelAt, sine} from "../support/sound-signal.ts";

const rate = 48_000;
const milli = 1e6;

let folder = "";
let bench: BenchPhone;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-call-"));
    bench = await BenchPhone.start({
        folder,
        transport: "tcp",
        display: "cfa635",
        sound: "virtual",
        settings: {"audio.codecs": "PCMA"},
        microphone: {rate, samples: sine(rate, 1_000, 1_000, -20)},
    });
});
afterAll(async () => {
    await bench?.stop();
    console.log(bench?.process.log.join("\n"));
    rmSync(folder, {recursive: true, force: true});
});

describe("a call to the echo", () => {
    it("is dialled by lifting and keys, is heard, and stands in the recent calls", async () => {
        const liftedAt = monotonicNow();
        await bench.board.lift();
        await bench.says(({outputs}) => outputs?.earTone !== null);
        await bench.board.dial("600#");
        await bench.phase("talking");
        await bench.glass.shows("600");
        await bench.handset.until((events) => events.some((event) => event.name === "open" && event.direction === "capture"), 5_000);
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        const now = monotonicNow();
        const heard = bench.handset.heard(now - 1_500 * milli, now - 100 * milli);
        console.log(bench.glass.lines.join("\n"));
        console.log("1000 Hz heard", levelAt(heard.samples, rate, 1_000), "capture", bench.handset.isOpen("capture"));
        expect(levelAt(cut(heard.samples, rate, 0, 1_000), rate, 1_000)).toBeCloseTo(-20, 0);
        await bench.board.putDown();
        await bench.phase("none");
        expect(bench.handset.isOpen("capture")).toBe(false);
        expect(liftedAt).toBeLessThan(now);
        await bench.board.tap("up");
        await bench.glass.shows("600");
        console.log(bench.glass.lines.join("\n"));
    });
});
