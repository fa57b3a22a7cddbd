import {randomBytes} from "node:crypto";
import {createSocket, type Socket} from "node:dgram";
import {once} from "node:events";
import {readFileSync} from "node:fs";
import {setTimeout as pass} from "node:timers/promises";
import {afterEach, beforeEach, describe, expect, test} from "vitest";
import type {MediaSecurity, MediaSession, SrtpSuite} from "../../native/index.ts";
import {buildRtp, decodeALaw, parseRtcp, parseRtp, payloadsOf} from "../support/rtp-peer.ts";
import {cut, levelAt} from "../support/sound-signal.ts";
import {farEndOf, inCall, microphoneTone, RATE, Rig, remoteOf} from "./rig.ts";
import {SrtpByHand, type SuiteByHand} from "./srtp-by-hand.ts";

const KEY_SIZES: readonly {suite: SrtpSuite; octets: number}[] = [
    {suite: "AES_CM_128_HMAC_SHA1_80", octets: 30},
    {suite: "AES_CM_128_HMAC_SHA1_32", octets: 30},
    {suite: "AEAD_AES_128_GCM", octets: 28},
    {suite: "AEAD_AES_256_GCM", octets: 44},
];
const BY_HAND: readonly {suite: SuiteByHand; octets: number}[] = [
    {suite: "AES_CM_128_HMAC_SHA1_80", octets: 30},
    {suite: "AEAD_AES_128_GCM", octets: 28},
];
const FAR_SSRC = 0xcafe_babe;

function securityOf(suite: SrtpSuite, octets: number): Extract<MediaSecurity, {type: "srtp"}> {
    return {type: "srtp", suite, send: randomBytes(octets), receive: randomBytes(octets)};
}

/** Datagrams as they come. */
class RawSocket {
    readonly datagrams: Buffer[] = [];
    readonly #socket: Socket = createSocket("udp4");

    constructor() {
        this.#socket.on("message", (bytes) => this.datagrams.push(bytes));
    }

    async bind(): Promise<number> {
        this.#socket.bind(0, "127.0.0.1");
        await once(this.#socket, "listening");
        return this.#socket.address().port;
    }

    async until(count: number): Promise<void> {
        const signal = AbortSignal.timeout(8000);
        while (this.datagrams.length < count) {
            await once(this.#socket, "message", {signal});
        }
    }

    send(bytes: Uint8Array, port: number): void {
        this.#socket.send(bytes, port, "127.0.0.1");
    }

    close(): void {
        this.#socket.close();
    }
}

function silence(sequence: number, payload = new Uint8Array(160).fill(0xd5)): Buffer {
    return buildRtp({
        marker: false,
        payloadType: 8,
        sequence,
        timestamp: sequence * 160,
        ssrc: FAR_SSRC,
        payload,
    });
}

/** A receiver report with BYE behind it. */
function goodbyeOf(ssrc: number): Buffer {
    const bytes = Buffer.from("80c900010000000081cb000100000000", "hex");
    bytes.writeUInt32BE(ssrc, 4);
    bytes.writeUInt32BE(ssrc, 12);
    return bytes;
}

// A virtual machine may stand still for longer than any buffer of a phone: what was lost then says nothing of us.
describe("a session under SRTP", {retry: 2}, () => {
    let rig: Rig;
    let session: MediaSession;
    let rtp: RawSocket;
    let rtcp: RawSocket;
    let far: {port: number; rtcpPort: number};
    beforeEach(async () => {
        rig = new Rig({hears: microphoneTone(1000, -20)});
        session = rig.engine.openSession();
        rtp = new RawSocket();
        rtcp = new RawSocket();
        far = {port: await rtp.bind(), rtcpPort: await rtcp.bind()};
    });
    afterEach(() => {
        rig.close();
        rtp.close();
        rtcp.close();
    });

    test.each(BY_HAND)("$suite: what is sent is read by Node's crypto", async ({suite, octets}) => {
        const security = securityOf(suite, octets);
        const reader = new SrtpByHand(suite, security.send);
        session.start(remoteOf(far, {security}));
        rig.engine.setAudio(inCall(session));
        await rtp.until(50);
        const packets = rtp.datagrams.map((bytes) => parseRtp(reader.unprotectRtp(bytes), 0));
        const heard = cut(decodeALaw(payloadsOf(packets)), 8000, 200);
        expect(Math.abs(levelAt(heard, 8000, 1000) - -20)).toBeLessThan(0.1);
        expect(packets[0]?.sequence).toBeLessThan(0x8000);
        const inClear = cut(decodeALaw(payloadsOf(rtp.datagrams.map((bytes) => parseRtp(bytes, 0)))), 8000, 200);
        expect(levelAt(inClear, 8000, 1000)).toBeLessThan(-25);
        const reports = rtcp.datagrams.length;
        session.close();
        await rtcp.until(reports + 1);
        const goodbye = parseRtcp(reader.unprotectRtcp(rtcp.datagrams.at(-1) ?? Buffer.alloc(0))).at(-1);
        expect(goodbye?.type).toBe(203);
        expect(goodbye?.bytes.readUInt32BE(4)).toBe(session.local.ssrc);
    });

    test.each(BY_HAND)("$suite: what Node's crypto protects is received, over a rollover", async ({suite, octets}) => {
        const security = securityOf(suite, octets);
        const writer = new SrtpByHand(suite, security.receive);
        session.start(remoteOf(far, {security}));
        for (const [rollover, sequence] of [
            [0, 0x7000],
            [0, 0xe000],
            [1, 0x5000],
            [1, 0xc000],
            [2, 0x3000],
        ] as const) {
            rtp.send(writer.protectRtp(silence(sequence), rollover), session.local.port);
        }
        await rig.event({type: "firstPacket"});
        rtp.send(writer.protectRtp(silence(0x3001), 1), session.local.port);
        rtp.send(silence(0x3002), session.local.port);
        await expect.poll(() => session.stats().packetsUnauthentic).toBe(2);
        expect(session.stats()).toMatchObject({packetsReceived: 5, packetsReplayed: 0, packetsMalformed: 0});
        const goodbye = writer.protectRtcp(goodbyeOf(FAR_SSRC), 1);
        rtcp.send(goodbyeOf(FAR_SSRC), session.local.port + 1);
        rtcp.send(goodbye, session.local.port + 1);
        rtcp.send(goodbye, session.local.port + 1);
        await expect.poll(() => session.stats().packetsReplayed).toBe(1);
        await rig.event({type: "bye"});
        expect(rig.events.filter(({type}) => type === "bye").length).toBe(1);
    });

    test.each(KEY_SIZES)("$suite wants keys of $octets octets, and says so without them", ({suite, octets}) => {
        const security = securityOf(suite, octets);
        for (const side of ["send", "receive"] as const) {
            for (const length of [0, octets - 1, octets + 1]) {
                const key = new Uint8Array(length).fill(0xa7);
                const start = (): void => session.start(remoteOf(far, {security: {...security, [side]: key}}));
                expect(start).toThrow(RangeError);
                expect(start).toThrow(new RegExp(`^${side} must be of ${octets} octets for this suite$`));
            }
        }
        session.start(remoteOf(far, {security}));
    });

    test.each(KEY_SIZES)("$suite carries a call between two engines", async ({suite, octets}) => {
        const other = new Rig({hears: microphoneTone(704, -15)});
        const theirs = other.engine.openSession();
        const security = securityOf(suite, octets);
        const mirrored = {...security, send: security.receive, receive: security.send};
        session.start(remoteOf(farEndOf(theirs), {security}));
        theirs.start(remoteOf(farEndOf(session), {security: mirrored}));
        rig.engine.setAudio(inCall(session));
        other.engine.setAudio(inCall(theirs));
        await rig.event({type: "firstPacket"});
        await other.event({type: "firstPacket"});
        await pass(300);
        const heard = await rig.listen(500);
        const stats = session.stats();
        other.close();
        expect(Math.abs(levelAt(heard, RATE, 704) - -15)).toBeLessThan(1);
        expect(stats).toMatchObject({packetsUnauthentic: 0, packetsReplayed: 0, packetsMalformed: 0});
    });

    test("no second OpenSSL is in the process beside Node's own", () => {
        session.start(remoteOf(far, {security: securityOf("AEAD_AES_128_GCM", 28)}));
        const maps = readFileSync("/proc/self/maps", "utf8");
        expect(maps).toContain("libsrtp2");
        expect(maps).toContain("offhook_media.node");
        expect(maps).not.toMatch(/lib(ssl|crypto)[.-]/);
    });
});
