/** The far ends that a bench phone has fit what its account wants: they are called, and call back, as it demands. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, describe, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {outerAddress} from "../support/peers.ts";

/** The mark beside the codec: in clear, secret to the server, secret to the other end. */
const mark = (sign: string): RegExp => new RegExp(`\\d:\\d\\d +\\S+ ${sign}`);

describe.each([
    ["plain", "tcp", "○"],
    ["sdes", "tls", "◐"],
    ["best", "tls", "◐"],
    ["webrtc", "wss", "◉"],
] as const)("with %s over %s", (media, transport, sign) => {
    // baresip never takes an address of loopback for a candidate.
    describe.skipIf(media === "webrtc" && outerAddress() === null)("the far ends", () => {
        let folder = "";
        let bench: BenchPhone;
        beforeAll(async () => {
            folder = mkdtempSync(join(tmpdir(), "offhook-far-ends-"));
            const sound = {display: "cfa635", sound: "virtual", callbackMs: 1_000} as const;
            bench = await BenchPhone.start({folder, media, transport, ...sound});
        });
        afterAll(async () => {
            await bench?.stop();
            rmSync(folder, {recursive: true, force: true});
        });

        it(`are called and call back, and the mark is ${sign}`, async () => {
            await bench.board.lift();
            await bench.board.dial("600#");
            await bench.glass.shows(mark(sign));
            await bench.board.putDown();
            await bench.phase("none");
            await bench.board.lift();
            await bench.board.dial("601#");
            await bench.glass.shows(/Busy/);
            await bench.board.putDown();
            await bench.phase("ringing");
            await bench.board.lift();
            await bench.glass.shows(mark(sign));
            await bench.board.putDown();
            await bench.phase("none");
        });
    });
});
