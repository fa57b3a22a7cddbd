/** Chromium with Chromium over kamailio: what tests of secure media rely on when one end is the phone. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, expect, it} from "vitest";
import {type Kamailio, startKamailio, type WebCallOptions, WebPeer, type WebPeerOptions} from "../support/peers.ts";
import {hears, toneFile} from "../support/peers-hearing.ts";
import {makePki} from "../support/pki.ts";
import {peakOf} from "../support/sound-signal.ts";

/** What each sends, in Hz. */
const tones = {alice: 600, bob: 1_000} as const;

let folder = "";
let kamailio: Kamailio;
let alice: WebPeer;
let bob: WebPeer;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-web-"));
    const users = Object.keys(tones).map((name) => ({name, password: "secret"}));
    kamailio = await startKamailio({folder: join(folder, "kamailio"), auth: "md5", users});
    [alice, bob] = await Promise.all([start("alice"), start("bob")]);
});
afterAll(async () => {
    await Promise.all([alice?.stop(), bob?.stop()]);
    await kamailio?.stop();
    rmSync(folder, {recursive: true, force: true});
});

afterEach(async () => {
    // A test that failed leaves its call to nobody.
    await Promise.allSettled([alice.hangUp(), bob.hangUp()]);
});

function start(name: keyof typeof tones, options: Partial<WebPeerOptions> = {}): Promise<WebPeer> {
    const sourceWav = toneFile(folder, tones[name]);
    const registrar = {domain: kamailio.domain, port: kamailio.wss, transport: "wss", caPem: kamailio.caPem} as const;
    const account = {name, password: "secret"};
    return WebPeer.start({folder: mkdtempSync(join(folder, name)), account, registrar, sourceWav, ...options});
}

/** Alice calls Bob; resolves once the call has its keys. */
async function call(of: WebCallOptions, other: WebCallOptions): Promise<void> {
    await Promise.all([alice.configure(of), bob.configure(other)]);
    const incoming = bob.next("incoming");
    await alice.call("bob");
    expect((await incoming).param).toBe(`sip:alice@${kamailio.domain}`);
    const connected = [alice, bob].map((peer) => peer.next("connectionState", {param: "connected"}));
    await bob.answer();
    await Promise.all(connected);
}

async function hangUp(): Promise<void> {
    const ended = bob.next("ended");
    await alice.hangUp();
    await ended;
}

async function hearOneAnother(): Promise<void> {
    await Promise.all([hears(alice, tones.bob), hears(bob, tones.alice)]);
}

const lines = (sdp: string | undefined, pattern: RegExp): readonly string[] => sdp?.match(pattern) ?? [];

it.each([
    ["opus", "active"],
    ["PCMA", "passive"],
] as const)("a call in %s whose called side is %s in DTLS is heard at both ends, in cipher", async (codec, setup) => {
    await call({codecs: [codec]}, {setup});
    await hearOneAnother();
    const statistics = await bob.statistics();
    expect(statistics).toMatchObject({
        codec: `audio/${codec}`,
        dtlsState: "connected",
        dtlsRole: setup === "active" ? "client" : "server",
        local: {type: "host"},
        packetsLost: 0,
    });
    expect(statistics.srtpCipher).toMatch(/AES/);
    await hangUp();
    await expect(bob.statistics()).rejects.toThrow("there is no call");
});

it("candidates come after the descriptions where they trickle, and a restart of ICE changes the credentials", async () => {
    const after = alice.events.length;
    await call({trickle: true}, {trickle: true});
    await hearOneAnother();
    const {param: offer} = await alice.next("localDescription", {after});
    expect(lines(offer, /^a=candidate/gm)).toHaveLength(1);
    const trickled = (): string => bob.events.flatMap(({type, param}) => (type === "trickled" ? param : [])).join("");
    await expect.poll(trickled, {timeout: 10_000}).toMatch(/^a=candidate:.*\r\na=end-of-candidates\r\n$/ms);
    const again = bob.next("remoteDescription");
    await alice.restartIce();
    const ufrag = /^a=ice-ufrag:.*$/gm;
    expect(lines((await again).param, ufrag)).not.toEqual(lines(offer, ufrag));
    await hearOneAnother();
    await hangUp();
});

it("who holds is silent to the other, and heard again when it resumes", async () => {
    await call({}, {});
    const held = bob.next("held", {param: "remote"});
    await alice.hold();
    await held;
    await expect.poll(async () => peakOf((await bob.listen(200)).samples), {interval: 0}).toBeLessThan(-60);
    await alice.resume();
    await hearOneAnother();
    await hangUp();
});

it("a call that is not wanted is refused", async () => {
    const [incoming, failed] = [bob.next("incoming"), alice.next("failed")];
    await alice.call("bob");
    await incoming;
    await bob.hangUp();
    expect((await failed).param).toBe("Unavailable");
});

it("a registrar that another authority vouches for is not trusted", async () => {
    const {caPem} = await makePki(join(folder, "others"));
    const registrar = {domain: kamailio.domain, port: kamailio.wss, transport: "wss", caPem} as const;
    await expect(start("alice", {registrar})).rejects.toThrow("not connected with wss:");
});

it("a registrar that knows another password refuses", async () => {
    await expect(start("alice", {account: {name: "alice", password: "wrong"}})).rejects.toThrow("not registered");
});
