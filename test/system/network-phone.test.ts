/** The phone at a host of its own, behind a cable that can be bad, and a browser at another. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone, benchPassword} from "../support/bench-phone.ts";
import {listen} from "../support/listening.ts";
import {type NetworkHost, networkRefusal, TestNetwork, WebPeer} from "../support/peers.ts";
import {hears, TONE_LEVEL, toneFile} from "../support/peers-hearing.ts";
import {levelAt, sine} from "../support/sound-signal.ts";

const rate = 48_000;
/** What the phone sends and what the browser does, in Hz. */
const tones = {phone: 1_000, web: 600} as const;

const refusal = networkRefusal();
if (refusal !== null) console.warn(`skipped: ${refusal}`);

describe.skipIf(refusal !== null)("the phone at a host of its own", () => {
    let folder = "";
    let network: TestNetwork;
    let desk: NetworkHost;
    let bench: BenchPhone;
    let web: WebPeer;
    beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), "offhook-network-"));
        network = await TestNetwork.start({folder});
        desk = await network.host({impaired: true});
        const elsewhere = await network.host();
        bench = await BenchPhone.start({
            folder,
            transport: "wss",
            display: "cfa635",
            sound: "virtual",
            farEnds: [],
            microphone: {rate, samples: sine(rate, 1_000, tones.phone, TONE_LEVEL)},
            settings: {"account1.media": "webrtc"},
            network: {phone: desk, others: network.hub},
        });
        const {domain, host, wss: port, caPem} = bench.kamailio;
        web = await WebPeer.start({
            folder: join(folder, "web"),
            account: {name: "602", password: benchPassword},
            registrar: {domain, host, port, transport: "wss", caPem},
            sourceWav: toneFile(folder, tones.web),
            loopback: false,
            within: elsewhere.within,
        });
    });
    afterAll(async () => {
        await web?.stop();
        await bench?.stop();
        await network?.stop();
        rmSync(folder, {recursive: true, force: true});
    });

    it("is understood although its cable loses, doubles, reorders and forges", async () => {
        const ill = {lose: 0.02, duplicate: 0.02, reorder: 0.02, reorderBy: 30, flip: 0.1, replay: 0.1, stranger: 0.1};
        await desk.impairment.set(ill);
        const incoming = web.next("incoming");
        await bench.board.lift();
        await bench.board.dial("602#");
        await incoming;
        await web.answer();
        await bench.phase("talking");
        const level = async (): Promise<number> => levelAt((await listen(bench.handset, 300)).samples, rate, tones.web);
        await expect.poll(level, {interval: 0, timeout: 10_000}).toBeCloseTo(TONE_LEVEL, 0);
        await hears(web, tones.phone);
        const counts = await desk.impairment.set({});
        expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
        const ended = web.next("ended");
        await bench.board.putDown();
        await ended;
        await bench.phase("none");
    });
});
