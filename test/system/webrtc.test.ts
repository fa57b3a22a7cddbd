/** DTLS-SRTP on a path of ICE, with Chromium over WSS and kamailio: as a browser at a WebRTC gateway meets the phone. */
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it, vi} from "vitest";
import {BenchPhone, benchPassword} from "../support/bench-phone.ts";
import {listen} from "../support/listening.ts";
import {type WebCallOptions, WebPeer} from "../support/peers.ts";
import {levelAt, sine} from "../support/sound-signal.ts";
import {encodeWav} from "../support/sound-wav.ts";

const rate = 48_000;
/** What the phone sends, and what the browser does; in Hz and dBFS. */
const voice = {frequency: 1_000, level: -20};
const farTone = {frequency: 600, level: -20};
/** On the glass: the padlock that is closed to the other end. */
const END_TO_END = /\d:\d\d +\S+ ◉/;
const HELD = /On hold/;

let folder = "";
let bench: BenchPhone;
let web: WebPeer;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-webrtc-"));
    bench = await BenchPhone.start({
        folder,
        transport: "wss",
        display: "cfa635",
        sound: "virtual",
        farEnds: [],
        microphone: {rate, samples: sine(rate, 1_000, voice.frequency, voice.level)},
    });
    web = await startWeb();
});
afterAll(async () => {
    await web?.stop();
    await bench?.stop();
    rmSync(folder, {recursive: true, force: true});
});

afterEach(async () => {
    if (bench.said.hook === "off") await bench.board.putDown();
    await bench.phase("none");
});

function startWeb(): Promise<WebPeer> {
    const sourceWav = join(folder, "far.wav");
    writeFileSync(sourceWav, encodeWav({rate, samples: sine(rate, 1_000, farTone.frequency, farTone.level)}));
    const {kamailio} = bench;
    return WebPeer.start({
        folder: join(folder, "web"),
        account: {name: "602", password: benchPassword, displayName: "Web"},
        registrar: {domain: kamailio.domain, port: kamailio.wss, transport: "wss", caPem: kamailio.caPem},
        sourceWav,
    });
}

async function provision(settings: Readonly<Record<string, string>>, transport: "tcp" | "wss" = "wss"): Promise<void> {
    const before = bench.kamailio.process.log.length;
    await bench.console.provision(settings);
    const said = (): string => bench.kamailio.process.log.slice(before).join("\n");
    await vi.waitFor(() => expect(said()).toContain(`registered phone over ${transport}`), {timeout: 15_000});
    await bench.registered();
}

/** The phone calls the browser; resolves once both have their keys. */
async function phoneCalls(options: WebCallOptions = {}): Promise<void> {
    await web.configure(options);
    const incoming = web.next("incoming");
    await bench.board.lift();
    await bench.board.dial("602#");
    await incoming;
    const connected = web.next("connectionState", {param: "connected"});
    await web.answer();
    await connected;
    await bench.phase("talking");
}

async function webCalls(options: WebCallOptions = {}): Promise<void> {
    await web.configure(options);
    const connected = web.next("connectionState", {param: "connected"});
    await web.call("phone");
    await bench.phase("ringing");
    await bench.board.lift();
    await connected;
    await bench.phase("talking");
}

/** Both hear the other's tone at its level, once the jitter buffers are filled. */
async function isHeardBothWays(): Promise<void> {
    const here = async (): Promise<number> => {
        const {samples} = await listen(bench.handset, 300);
        return levelAt(samples, rate, farTone.frequency);
    };
    const there = async (): Promise<number> => {
        const wav = await web.listen(300);
        return levelAt(wav.samples, wav.rate, voice.frequency);
    };
    await expect.poll(here, {interval: 0, timeout: 10_000}).toBeCloseTo(farTone.level, 0);
    await expect.poll(there, {interval: 0, timeout: 10_000}).toBeCloseTo(voice.level, 0);
}

async function hangUp(): Promise<void> {
    const ended = web.next("ended");
    await bench.board.putDown();
    await ended;
    await bench.phase("none");
}

describe.each(["webrtc", "best"] as const)("an account with %s", (media) => {
    beforeAll(() => provision({"account1.media": media}));

    it.each(["active", "passive"] as const)("calls a browser that is %s in DTLS", async (setup) => {
        await phoneCalls({setup});
        await bench.glass.shows(END_TO_END);
        await isHeardBothWays();
        expect(await web.statistics()).toMatchObject({
            dtlsState: "connected",
            dtlsRole: setup === "active" ? "client" : "server",
            codec: "audio/opus",
        });
        // Who is passive chooses the suite (RFC 5764 §4.1.1): we the strongest, Chromium by its own mind.
        if (setup === "active") expect((await web.statistics()).srtpCipher).toBe("SRTP_AEAD_AES_128_GCM");
        await hangUp();
    });

    it("is called by a browser, and active in DTLS", async () => {
        await webCalls();
        await bench.glass.shows(END_TO_END);
        await isHeardBothWays();
        expect(await web.statistics()).toMatchObject({dtlsState: "connected", dtlsRole: "server"});
        await hangUp();
    });
});

describe("a call with a browser", () => {
    it.each(["PCMA", "G722"] as const)("is talked in %s as well", async (codec) => {
        await webCalls({codecs: [codec]});
        await isHeardBothWays();
        expect(await web.statistics()).toMatchObject({codec: `audio/${codec}`});
        await hangUp();
    });

    it.each(["browser", "phone"] as const)("that the %s holds and resumes keeps its keys and its path", async (who) => {
        await phoneCalls();
        // The browser may have its keys a moment before the phone.
        await isHeardBothWays();
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
        await isHeardBothWays();
        expect(bench.process.log.slice(before).join("\n")).not.toContain("is protected by");
        await hangUp();
    });

    it("takes the candidates that the browser sends by INFO afterwards", async () => {
        await webCalls({trickle: true});
        await isHeardBothWays();
        await hangUp();
    });

    it("goes on over an ICE restart of the browser's", async () => {
        await phoneCalls();
        const first = (await web.statistics()).remote?.port;
        const described = web.next("remoteDescription");
        await web.restartIce();
        await described;
        await expect.poll(async () => (await web.statistics()).remote?.port, {timeout: 10_000}).not.toBe(first);
        await isHeardBothWays();
        await hangUp();
    });

    it("is not disturbed by digits, ours or theirs", async () => {
        await phoneCalls();
        await bench.board.dial("5");
        await web.sendDigits("7");
        await isHeardBothWays();
        await hangUp();
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
    await provision({...way, "account1.media": "best"}, "tcp");
    const after = web.events.length;
    await phoneCalls();
    await bench.glass.shows(TO_SERVER);
    await isHeardBothWays();
    expect(web.events.slice(after).filter(({type}) => type === "incoming")).toHaveLength(1);
    await hangUp();
});
