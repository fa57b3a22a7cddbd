/** DTLS-SRTP on a path of ICE, with Chromium over WSS and kamailio: as a browser at a WebRTC gateway meets the phone. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import type {WebPeer} from "../support/peers.ts";
import {
    comesToRest,
    hangUp,
    hearOneAnother,
    marks,
    type Pair,
    phoneCalls,
    phoneVoice,
    provisionAnew,
    startWeb,
    webCalls,
} from "../support/phone-and-web.ts";

const HELD = /On hold/;

let folder = "";
let bench: BenchPhone;
let web: WebPeer;
let pair: Pair;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-webrtc-"));
    bench = await BenchPhone.start({
        folder,
        transport: "wss",
        display: "cfa635",
        sound: "virtual",
        farEnds: [],
        microphone: phoneVoice,
    });
    web = await startWeb(bench);
    pair = {bench, web};
});
afterAll(async () => {
    await web?.stop();
    await bench?.stop();
    rmSync(folder, {recursive: true, force: true});
});

afterEach((context) => comesToRest(bench, context));

describe.each(["webrtc", "best"] as const)("an account with %s", (media) => {
    beforeAll(() => provisionAnew(bench, {"account1.media": media}));

    it.each(["active", "passive"] as const)("calls a browser that is %s in DTLS", async (setup) => {
        await phoneCalls(pair, {setup});
        await bench.glass.shows(marks.end);
        await hearOneAnother(pair);
        expect(await web.statistics()).toMatchObject({
            dtlsState: "connected",
            dtlsRole: setup === "active" ? "client" : "server",
            codec: "audio/opus",
        });
        // Who is passive chooses the suite (RFC 5764 §4.1.1): we the strongest, Chromium by its own mind.
        if (setup === "active") expect((await web.statistics()).srtpCipher).toBe("SRTP_AEAD_AES_128_GCM");
        await hangUp(pair);
    });

    it("is called by a browser, and active in DTLS", async () => {
        await webCalls(pair);
        await bench.glass.shows(marks.end);
        await hearOneAnother(pair);
        expect(await web.statistics()).toMatchObject({dtlsState: "connected", dtlsRole: "server"});
        await hangUp(pair);
    });
});

describe("a call with a browser", () => {
    it.each(["PCMA", "G722"] as const)("is talked in %s as well", async (codec) => {
        await webCalls(pair, {codecs: [codec]});
        await hearOneAnother(pair);
        expect(await web.statistics()).toMatchObject({codec: `audio/${codec}`});
        await hangUp(pair);
    });

    it.each(["browser", "phone"] as const)("that the %s holds and resumes keeps its keys and its path", async (who) => {
        await phoneCalls(pair);
        // The browser may have its keys a moment before the phone.
        await hearOneAnother(pair);
        const before = bench.process.log.length;
        if (who === "browser") {
            for (const ask of [() => web.hold(), () => web.resume()]) {
                const answered = web.next("remoteDescription");
                await ask();
                await answered;
            }
        } else {
            const held = web.next("held");
            await bench.board.tap("hold");
            await held;
            await bench.glass.shows(HELD);
            const resumed = web.next("resumed");
            await bench.board.tap("hold");
            await resumed;
        }
        await hearOneAnother(pair);
        expect(bench.process.log.slice(before).join("\n")).not.toContain("is protected by");
        await hangUp(pair);
    });

    it("takes the candidates that the browser sends by INFO afterwards", async () => {
        await webCalls(pair, {trickle: true});
        await hearOneAnother(pair);
        await hangUp(pair);
    });

    it("goes on over an ICE restart of the browser's", async () => {
        await phoneCalls(pair);
        const first = (await web.statistics()).remote?.port;
        const described = web.next("remoteDescription");
        await web.restartIce();
        await described;
        await expect.poll(async () => (await web.statistics()).remote?.port, {timeout: 10_000}).not.toBe(first);
        await hearOneAnother(pair);
        await hangUp(pair);
    });

    it("is not disturbed by digits, ours or theirs", async () => {
        await phoneCalls(pair);
        await bench.board.dial("5");
        await web.sendDigits("7");
        await hearOneAnother(pair);
        await hangUp(pair);
    });
});

describe("a browser whose certificate is not the one that signalling named", () => {
    const words = /Identity not proven/;

    it("is hung up on with words when it is called", async () => {
        await web.configure({forgedFingerprint: true});
        const incoming = web.next("incoming");
        await bench.board.lift();
        await bench.board.dial("602#");
        await incoming;
        const ended = web.next("ended");
        await web.answer();
        await bench.glass.shows(words);
        await ended;
    });

    it("is hung up on with words when it calls", async () => {
        await web.configure({forgedFingerprint: true});
        const ended = web.next("ended");
        await web.call("phone");
        await bench.phase("ringing");
        await bench.board.lift();
        await bench.glass.shows(words);
        await ended;
    });
});

/** On the glass: the padlock that is closed as far as the server. */
const TO_SERVER = /\d:\d\d +\S+ ◐/;

it("a phone whose first offer is in clear rings a browser once, by its second", async () => {
    const {tcp} = bench.kamailio;
    const way = {"account1.transport": "tcp", "account1.port": String(tcp)};
    await provisionAnew(bench, {...way, "account1.media": "best"}, "tcp");
    const after = web.events.length;
    await phoneCalls(pair);
    await bench.glass.shows(TO_SERVER);
    await hearOneAnother(pair);
    expect(web.events.slice(after).filter(({type}) => type === "incoming")).toHaveLength(1);
    await hangUp(pair);
});
