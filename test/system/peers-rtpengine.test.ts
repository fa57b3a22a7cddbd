/** rtpengine between Chromium and baresip: a browser on one side, a phone that knows no WebRTC on the other. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, expect, it} from "vitest";
import {
    type Baresip,
    type BaresipOptions,
    type Kamailio,
    MEDIA_SIDES,
    type RtpEngine,
    startBaresip,
    startKamailio,
    startRtpEngine,
    WebPeer,
} from "../support/peers.ts";
import {hears, toneFile} from "../support/peers-hearing.ts";

const frequency = 600;

let folder = "";
let engine: RtpEngine;
let kamailio: Kamailio;
let web: WebPeer;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-rtpengine-"));
    engine = await startRtpEngine();
    const sides = {web: MEDIA_SIDES.webrtc, "601": MEDIA_SIDES.sdes};
    const rtpengine = {port: engine.port, sides};
    kamailio = await startKamailio({folder: join(folder, "kamailio"), auth: "none", users: [], rtpengine});
    web = await WebPeer.start({
        folder: join(folder, "web"),
        account: {name: "web"},
        registrar: {domain: kamailio.domain, port: kamailio.wss, transport: "wss", caPem: kamailio.caPem},
        sourceWav: toneFile(folder, frequency),
    });
});
afterAll(async () => {
    await web?.stop();
    await kamailio?.stop();
    await engine?.stop();
    rmSync(folder, {recursive: true, force: true});
});

function startPhone(name: string, options: Partial<BaresipOptions> & Pick<BaresipOptions, "mode">): Promise<Baresip> {
    const registrar = {domain: kamailio.domain, port: kamailio.tcp, transport: "tcp"} as const;
    return startBaresip({folder: join(folder, name), account: {name}, registrar, ...options});
}

it.each([
    ["600", "in clear", {}, "none"],
    ["601", "in cipher with keys in SDP", {mediaEncryption: "srtp-mand"}, "AEAD_AES_256_GCM"],
] as const)("a browser that calls %s, which speaks %s, hears itself from there", async (name, _how, options, suite) => {
    const phone = await startPhone(name, {mode: "echo", ...options});
    const connected = web.next("connectionState", {param: "connected"});
    await web.call(name);
    await connected;
    await hears(web, frequency);
    expect(await web.statistics()).toMatchObject({dtlsState: "connected", remote: {address: "127.0.0.1"}});
    expect(/cryptosuite=(\w+)/.exec(phone.process.log.join("\n"))?.[1] ?? "none").toBe(suite);
    const closed = phone.control.next("CALL_CLOSED");
    await web.hangUp();
    await closed;
    await phone.stop();
});

it("a phone that calls a browser is heard there", async () => {
    const phone = await startPhone("602", {
        mode: "manual",
        sourceWav: toneFile(folder, 1_000, {ms: 10_000, rate: 8_000}),
        codecs: ["PCMA"],
    });
    const incoming = web.next("incoming");
    await phone.control.dial("web");
    await incoming;
    await web.answer();
    await hears(web, 1_000);
    expect(await web.statistics()).toMatchObject({dtlsState: "connected", codec: "audio/PCMA"});
    const ended = web.next("ended");
    await phone.control.hangUp();
    await ended;
    await phone.stop();
});
