import {writeFileSync} from "node:fs";
import {join} from "node:path";
import {setTimeout as sleep} from "node:timers/promises";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {type BadDay, startBadDay, talkToEcho, VOICE} from "../support/bad-day.ts";
import {InspectorClient} from "../support/inspector-client.ts";
import {listen, steadinessOf, undisturbed} from "../support/listening.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {levelOf} from "../support/sound-signal.ts";

const MILLI = 1e6;
/** What the engine may take to close capture by itself, in ms. */
const HANG_UP_MS = 500;

let day: BadDay;
let inspector: InspectorClient;
const options = process.env["NODE_OPTIONS"];

beforeAll(async () => {
    // Any free port: another program's inspector may have the usual one.
    process.env["NODE_OPTIONS"] = "--inspect-port=0";
    day = await startBadDay();
    inspector = await InspectorClient.connect(day.bench.process);
});
afterEach(({task}) => {
    if (task.result?.state === "fail") console.log(day?.bench.process.log.slice(-40).join("\n"));
});
afterAll(async () => {
    if (options === undefined) delete process.env["NODE_OPTIONS"];
    else process.env["NODE_OPTIONS"] = options;
    inspector?.close();
    await day?.close();
});

describe("JavaScript that is blocked in a call", () => {
    it("for two seconds costs not one sample: out, round the echo and back", async () => {
        await talkToEcho(day.bench);
        await undisturbed(
            [day.bench.handset],
            async () => {
                const from = monotonicNow() + 300 * MILLI;
                const blocked = inspector.block(2_600);
                const ear = await listen(day.bench.handset, 2_000, from);
                const before = performance.now();
                await blocked;
                return {ear, wasBlocked: performance.now() - before > 50};
            },
            ({ear, wasBlocked}) => {
                expect(wasBlocked).toBe(true);
                const {level, gaps, phaseJumps} = steadinessOf(ear, VOICE.frequency);
                expect(level).toBeCloseTo(VOICE.level, 0);
                expect(gaps).toEqual([]);
                expect(phaseJumps).toEqual([]);
            },
        );
    });

    it("at the hang-up closes the microphone within half a second, and the ear is silent", async () => {
        const {bench} = day;
        const blocked = inspector.block(3_000);
        await sleep(500);
        const at = monotonicNow();
        writeFileSync(join(bench.options.folder, "board/hook"), "0");
        await bench.handset.until(() => !bench.handset.isOpen("capture"), 2_000);
        const closedAt = bench.handset.captureLog().at(-1)?.closedAt ?? Number.POSITIVE_INFINITY;
        expect((closedAt - at) / MILLI).toBeLessThan(HANG_UP_MS);
        // JavaScript has not run: the phone still believes in its call.
        expect(bench.said.calls?.[0]?.phase).toBe("talking");
        await blocked;
        await bench.phase("none");
        // What was handed to the card before is played out.
        const from = monotonicNow() + 200 * MILLI;
        expect(levelOf((await listen(bench.handset, 300, from)).samples)).toBe(-Infinity);
    });

    it("leaves a phone that calls", () => day.harmless());

    it("at a lifting is only late", async () => {
        const {bench} = day;
        const blocked = inspector.block(1_500);
        writeFileSync(join(bench.options.folder, "board/hook"), "1");
        await blocked;
        await bench.says(({outputs}) => outputs?.earTone !== null);
        await bench.board.putDown();
        await day.harmless();
    });
});
