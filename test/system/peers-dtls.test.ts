/** baresip that agrees on its keys by DTLS, called by another one and, with ICE, by Chromium. */
import {mkdtempSync, readFileSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, expect, it} from "vitest";
import {
    type Baresip,
    type BaresipOptions,
    type Kamailio,
    outerAddress,
    startBaresip,
    startKamailio,
    WebPeer,
} from "../support/peers.ts";
import {hears, medianLevel, TONE_LEVEL, toneFile} from "../support/peers-hearing.ts";
import {decodeWav} from "../support/sound-wav.ts";

const frequency = 600;
const COMPLETE = /DTLS-SRTP complete/;

let folder = "";
let kamailio: Kamailio;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-dtls-"));
    kamailio = await startKamailio({folder: join(folder, "kamailio"), auth: "none", users: []});
});
afterAll(async () => {
    await kamailio?.stop();
    rmSync(folder, {recursive: true, force: true});
});

function start(name: string, options: Partial<BaresipOptions> & Pick<BaresipOptions, "mode">): Promise<Baresip> {
    const registrar = {domain: kamailio.domain, port: kamailio.tls, transport: "tls", caPem: kamailio.caPem} as const;
    const account = {name};
    return startBaresip({folder: join(folder, name), account, registrar, mediaEncryption: "dtls_srtp", ...options});
}

it("two of them hear one another in cipher", async () => {
    const echo = await start("600", {mode: "echo"});
    // At the rate of PCMA, so that nothing is resampled.
    const sourceWav = toneFile(folder, frequency, {ms: 2_000, rate: 8_000});
    const caller = await start("700", {mode: "manual", record: true, sourceWav, codecs: ["PCMA"]});
    await caller.control.dial("600");
    // The call ends with the file.
    await caller.control.next("CALL_CLOSED", {after: 0});
    for (const {process} of [echo, caller]) expect(process.log.join("\n")).toMatch(COMPLETE);
    await caller.stop();
    await echo.stop();
    const heard = decodeWav(readFileSync(await caller.heard()));
    expect(medianLevel(heard, frequency)).toBeCloseTo(TONE_LEVEL, 0);
});

// baresip never takes an address of loopback for a candidate.
it.skipIf(outerAddress() === null)(
    "Chromium hears itself from one that found the path by ICE, and its digits arrive",
    async () => {
        const echo = await start("601", {mode: "echo", ice: true});
        const registrar = {
            domain: kamailio.domain,
            port: kamailio.wss,
            transport: "wss",
            caPem: kamailio.caPem,
        } as const;
        const web = await WebPeer.start({
            folder: join(folder, "web"),
            account: {name: "web"},
            registrar,
            sourceWav: toneFile(folder, frequency),
            loopback: false,
        });
        await web.call("601");
        await hears(web, frequency);
        expect(await web.statistics()).toMatchObject({dtlsState: "connected", remote: {address: outerAddress()}});
        await web.sendDigits("5");
        expect((await echo.control.next("CALL_DTMF_END", {after: 0})).type).toBe("CALL_DTMF_END");
        const closed = echo.control.next("CALL_CLOSED");
        await web.hangUp();
        await closed;
        expect(echo.process.log.join("\n")).toContain("received event: '5'");
        await web.stop();
        await echo.stop();
    },
);
