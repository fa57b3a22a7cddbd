import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {lastOfTone, listenUnbroken, type Steadiness, steadinessOf, undisturbed} from "../support/listening.ts";
import type {Baresip} from "../support/peers.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {sine} from "../support/sound-signal.ts";
import {decodeWav, encodeWav} from "../support/sound-wav.ts";

/** Different both ways, so that neither can be taken for the other. */
const sent = {frequency: 1_000, level: -20};
const received = {frequency: 700, level: -17};
const cardRate = 48_000;
/** How long a tone is looked at, in ms. */
const stretch = 5_000;

let folder = "";
let bench: BenchPhone;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-codecs-"));
    bench = await BenchPhone.start({
        folder,
        transport: "tcp",
        display: "cfa635",
        sound: "virtual",
        farEnds: [],
        microphone: {rate: cardRate, samples: sine(cardRate, 1_000, sent.frequency, sent.level)},
    });
});
afterAll(async () => {
    await bench?.stop();
    rmSync(folder, {recursive: true, force: true});
});

/** Calls 602, whose sound is a tone, and lets both sides hear each other. */
async function talk(farEnd: Baresip): Promise<{readonly near: Steadiness; readonly far: Steadiness}> {
    const incoming = farEnd.control.next("CALL_INCOMING");
    await bench.board.lift();
    await bench.board.dial("602#");
    await incoming;
    await farEnd.control.answer();
    await bench.phase("talking");
    // The jitter buffer has found its place when sound has come for a while.
    const near = await listenUnbroken(bench.handset, stretch, monotonicNow() + 1_500e6);
    const closed = farEnd.control.next("CALL_CLOSED");
    await bench.board.putDown();
    await closed;
    await bench.phase("none");
    const far = decodeWav(readFileSync(await farEnd.heard()));
    return {
        near: steadinessOf(near, received.frequency),
        far: steadinessOf(lastOfTone(far, sent.frequency, stretch), sent.frequency),
    };
}

describe("a tone in a call", () => {
    it.each([
        ["PCMA", 8_000, "G.711A"],
        ["PCMU", 8_000, "G.711U"],
        ["G722", 16_000, "G.722"],
        ["opus", 48_000, "Opus"],
    ] as const)("is found again at its level and whole, both ways, with %s", async (codec, rate, mark) => {
        const sourceWav = join(folder, `tone-${codec}.wav`);
        writeFileSync(sourceWav, encodeWav({rate, samples: sine(rate, 60_000, received.frequency, received.level)}));
        const farEnd = await bench.startFarEnd({mode: "manual", codecs: [codec], sourceWav, record: true});
        try {
            const marked = bench.glass.shows(mark, 60_000);
            await undisturbed(
                [bench.handset],
                () => talk(farEnd),
                ({near, far}) => {
                    expect(near).toMatchObject({gaps: [], phaseJumps: []});
                    expect(far).toMatchObject({gaps: [], phaseJumps: []});
                    expect(Math.abs(near.level - received.level)).toBeLessThan(1);
                    expect(Math.abs(far.level - sent.level)).toBeLessThan(1);
                },
            );
            await marked;
        } finally {
            await farEnd.stop();
        }
    });
});
