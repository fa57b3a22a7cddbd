/** The phone at a host of its own, behind a cable that can be bad, and a browser at another. */
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import type {BenchPhone} from "../support/bench-phone.ts";
import {listen} from "../support/listening.ts";
import {type ImpairmentRules, type NetworkHost, networkRefusal, type WebPeer} from "../support/peers.ts";
import {medianLevel, TONE_LEVEL} from "../support/peers-hearing.ts";
import {
    comesToRest,
    hangUp,
    hearOneAnother,
    type Pair,
    phoneCalls,
    startWeb,
    tones,
    webCalls,
} from "../support/phone-and-web.ts";
import {type AtDesk, startAtDesk} from "../support/phone-at-desk.ts";

/** How far a tone with losses concealed may be from its level, in dB. */
const CONCEALED = 3;

const refusal = networkRefusal();
if (refusal !== null) console.warn(`skipped: ${refusal}`);

describe.skipIf(refusal !== null)("the phone at a host of its own", () => {
    let at: AtDesk;
    let desk: NetworkHost;
    let bench: BenchPhone;
    let web: WebPeer;
    let pair: Pair;
    beforeAll(async () => {
        at = await startAtDesk("wss", {"account1.media": "webrtc"}, {impaired: true});
        ({desk, bench} = at);
        web = await startWeb(bench, {loopback: false, within: at.elsewhere.within});
        pair = {bench, web};
    });
    afterAll(async () => {
        await web?.stop();
        await at?.stop();
    });
    afterEach(async (context) => {
        await desk.impairment.set({});
        await comesToRest(bench, context);
    });

    /** How far the tone is from its level, in dB, in most of the next four seconds. */
    async function deviation(): Promise<number> {
        return Math.abs(medianLevel(await listen(bench.handset, 4_000), tones.web) - TONE_LEVEL);
    }

    it("is understood although its cable loses, doubles and reorders, and the log says how much was lost", async () => {
        await desk.impairment.set({lose: 0.05, duplicate: 0.05, reorder: 0.05, reorderBy: 30});
        await phoneCalls(pair);
        await hearOneAnother(pair, {within: CONCEALED});
        expect(await deviation()).toBeLessThan(1);
        const {lose, duplicate, reorder} = await desk.impairment.set({});
        expect(Math.min(lose, duplicate, reorder)).toBeGreaterThan(0);
        await hangUp(pair);
        const [, lost] = /placed.* lost (\d+\.\d) %/.exec(await bench.console.type("calls")) ?? [];
        expect(Number(lost)).toBeGreaterThan(1);
        expect(Number(lost)).toBeLessThan(15);
    });

    it("hears nobody but the far end, however much is forged, and counts what was", async () => {
        await webCalls(pair);
        await hearOneAnother(pair);
        const {remote} = await web.statistics();
        const before = bench.process.log.length;
        await desk.impairment.set({flip: 0.3, ahead: 1, replay: 0.3, stranger: 0.3});
        await hearOneAnother(pair);
        expect(await deviation()).toBeLessThan(0.5);
        await hearOneAnother(pair);
        // Nor does it speak to anybody else.
        expect((await web.statistics()).remote).toEqual(remote);
        const forged = await desk.impairment.set({});
        expect(Math.min(forged.flip, forged.replay, forged.stranger)).toBeGreaterThan(50);
        await hangUp(pair);
        const told = (): string => bench.process.log.slice(before).join("\n");
        const counts = /packets (\d+) were not authentic and (\d+) came once more/;
        await expect.poll(told).toMatch(counts);
        const [unauthentic = 0, replayed = 0] = counts.exec(told())?.slice(1).map(Number) ?? [];
        expect(unauthentic).toBeGreaterThan(20);
        expect(replayed).toBeGreaterThan(20);
    });

    describe("behind a cable that loses every fifth datagram", () => {
        const lossy: ImpairmentRules = {lose: 0.2};

        it.each(["active", "passive"] as const)("agrees on keys with a browser that is %s in DTLS", async (setup) => {
            await desk.impairment.set(lossy);
            await phoneCalls(pair, {setup});
            const {lose} = await desk.impairment.set({});
            expect(lose).toBeGreaterThan(0);
            await hearOneAnother(pair);
            expect((await web.statistics()).dtlsRole).toBe(setup === "active" ? "client" : "server");
            await hangUp(pair);
        });
    });
});
