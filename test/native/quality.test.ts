/**
 * Voice quality, counted by the engine and checked by arithmetic of the test's own: a far end that leaves packets out
 * on purpose, and blocks of RFC 3611 §4.7 read and written by the layout in the RFC.
 */
import {randomBytes} from "node:crypto";
import {setTimeout as pass} from "node:timers/promises";
import {afterEach, beforeEach, describe, expect, test} from "vitest";
import type {MediaSecurity, MediaSession, RemoteMedia, VoiceQuality} from "../../native/index.ts";
import {buildRtp, encodeALaw, parseRtcp, RtpPeer} from "../support/rtp-peer.ts";
import {sine} from "../support/sound-signal.ts";
import {inCall, Rig, remoteOf} from "./rig.ts";
import {SrtpByHand} from "./srtp-by-hand.ts";

const FAR_SSRC = 77;
const PACKETS = 200;
/** A burst of six, five of which are lost, and two alone. */
const LOST: readonly number[] = [60, 61, 62, 64, 65, 110, 150];
const EXTENDED_REPORT = 207;

/** The fields of a VoIP metrics block in their order: octets and a name (RFC 3611 §4.7). */
const LAYOUT = [
    [1, "blockType"],
    [1, "reserved"],
    [2, "blockLength"],
    [4, "ssrc"],
    [1, "lossRate"],
    [1, "discardRate"],
    [1, "burstDensity"],
    [1, "gapDensity"],
    [2, "burstDuration"],
    [2, "gapDuration"],
    [2, "roundTrip"],
    [2, "endSystemDelay"],
    [1, "signalLevel"],
    [1, "noiseLevel"],
    [1, "rerl"],
    [1, "gmin"],
    [1, "rFactor"],
    [1, "externalRFactor"],
    [1, "mosListening"],
    [1, "mosConversational"],
    [1, "receiverConfiguration"],
    [1, "reserved2"],
    [2, "nominalDelay"],
    [2, "maximumDelay"],
    [2, "absoluteMaximumDelay"],
] as const;
type Field = (typeof LAYOUT)[number][1];
type Block = Record<Field, number>;

/** What happens to packets on their way. */
interface Song {
    readonly lost?: readonly number[];
    readonly late?: readonly number[];
    readonly protect?: (bytes: Buffer) => Buffer;
}

/** The block of the extended report in a compound, null when there is none. */
function blockIn(compound: Buffer): Block | null {
    const report = parseRtcp(compound).find(({type}) => type === EXTENDED_REPORT);
    if (report === undefined) {
        return null;
    }
    expect(report.bytes.length).toBe(44);
    let at = 8;
    const fields = LAYOUT.map(([size, name]) => {
        const value = report.bytes.readUIntBE(at, size);
        at += size;
        return [name, value] as const;
    });
    return Object.fromEntries(fields) as Block;
}

/** A receiver report without blocks, and an extended report with this block. */
function reportOf(fields: Partial<Block>): Buffer {
    const bytes = Buffer.alloc(8 + 44);
    bytes.writeUInt32BE(0x80c90001, 0);
    bytes.writeUInt32BE(FAR_SSRC, 4);
    bytes.writeUInt32BE(0x80cf000a, 8);
    bytes.writeUInt32BE(FAR_SSRC, 12);
    let at = 16;
    for (const [size, name] of LAYOUT) {
        bytes.writeUIntBE({blockType: 7, blockLength: 8, ...fields}[name] ?? 0, at, size);
        at += size;
    }
    return bytes;
}

/** MOS of ITU-T G.107 Annex B for G.711 without delay, with `loss` in percent whose bursts are `ratio` long. */
function listeningMos(loss: number, ratio: number): number {
    const rating = 93.2062 - (95 * loss) / (loss / ratio + 25.1);
    return 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6;
}

// A virtual machine may stand still for longer than any buffer of a phone: what was lost then says nothing of us.
describe("the quality of a session", {retry: 2}, () => {
    let rig: Rig;
    let peer: RtpPeer;
    let session: MediaSession;
    beforeEach(async () => {
        rig = new Rig();
        peer = await RtpPeer.open();
        session = rig.engine.openSession();
    });
    afterEach(() => {
        rig.close();
        peer.close();
    });

    function talk(change: Partial<RemoteMedia> = {}): void {
        session.start(remoteOf(peer, change));
        rig.engine.setAudio(inCall(session));
    }

    /** Sends packets of a tone, one each 20 ms, but those that get lost; late ones come 200 ms after their time. */
    async function sing(count: number, {lost = [], late = [], protect = (bytes) => bytes}: Song = {}): Promise<void> {
        const codes = encodeALaw(sine(8000, 1000, 700, -20));
        const send = (i: number): void => {
            const payload = codes.subarray((i % 50) * 160, ((i % 50) + 1) * 160);
            const packet = {marker: i === 0, payloadType: 8, sequence: i, timestamp: i * 160, ssrc: FAR_SSRC, payload};
            peer.sendBytes(protect(buildRtp(packet)), session.local.port);
        };
        const start = performance.now();
        for (let i = 0; i < count; i++) {
            if (!lost.includes(i) && !late.includes(i)) {
                send(i);
            }
            if (late.includes(i - 10)) {
                send(i - 10);
            }
            await pass(Math.max(0, start + 20 * (i + 1) - performance.now()));
        }
    }

    /** What the far end sees of our closing: the last report. */
    async function lastReport(): Promise<Buffer> {
        const count = peer.reports.length;
        session.close();
        await peer.until(() => peer.reports.length > count, 2000);
        return peer.reports.at(-1) ?? Buffer.alloc(0);
    }

    function quality(): VoiceQuality | null {
        return session.stats().quality;
    }

    test("nothing is known before the first packet", async () => {
        talk();
        await peer.until(() => peer.packets.length > 10, 5000);
        expect(quality()).toBeNull();
        expect(session.stats().remoteQuality).toBeNull();
    });

    test("chosen packets that are lost become the metrics of RFC 3611 and a rating of ITU-T G.107", async () => {
        talk({voipMetrics: true});
        await sing(PACKETS, {lost: LOST});
        await expect.poll(() => quality()?.lossRate, {timeout: 2000}).toBe(LOST.length / PACKETS);
        const found = quality();
        expect(found).toMatchObject({
            discardRate: 0,
            burstDensity: 5 / 6,
            burstDuration: 6 * 20,
            gapDensity: 2 / (PACKETS - 6),
            gapDuration: ((PACKETS - 6) / 2) * 20,
            roundTrip: null,
        });
        // Seven lost in four goes, against 1/(1 - p) for each go of random loss.
        const ratio = (LOST.length / 4) * (1 - LOST.length / PACKETS);
        expect(found?.mosListening).toBeCloseTo(listeningMos((100 * LOST.length) / PACKETS, ratio), 3);
        expect(found?.mosConversational).toBeLessThan(found?.mosListening ?? 0);
        // Packets of 20 ms, and two blocks of playback and one of capture of 10 ms each; the buffer is empty by now.
        expect(found?.endSystemDelay).toBeGreaterThanOrEqual(50);
        expect(found?.endSystemDelay).toBeLessThan(110);
        const block = blockIn(await lastReport());
        expect(block).toMatchObject({
            blockType: 7,
            blockLength: 8,
            ssrc: FAR_SSRC,
            lossRate: Math.floor((256 * LOST.length) / PACKETS),
            discardRate: 0,
            burstDensity: Math.floor((256 * 5) / 6),
            gapDensity: Math.floor((256 * 2) / (PACKETS - 6)),
            burstDuration: 120,
            gapDuration: 1940,
            roundTrip: 0,
            rerl: 127,
            gmin: 16,
            externalRFactor: 127,
            mosListening: Math.round((found?.mosListening ?? 0) * 10),
            mosConversational: Math.round((found?.mosConversational ?? 0) * 10),
            // Standard concealment, adaptive buffer.
            receiverConfiguration: 0xf0,
            maximumDelay: 300,
            absoluteMaximumDelay: 1280,
        });
        expect(Math.abs((block?.rFactor ?? 0) - (found?.rFactor ?? 0))).toBeLessThan(1);
        expect(Math.abs((block?.endSystemDelay ?? 0) - (found?.endSystemDelay ?? 0))).toBeLessThan(21);
        // The tone of -20 dBFS is -16.86 dBm0.
        expect((block?.signalLevel ?? 0) - 256).toBe(-17);
    });

    test("packets that come too late are discarded, not lost", async () => {
        talk();
        await sing(100, {late: [30, 31, 70]});
        await expect.poll(() => quality()?.discardRate, {timeout: 2000}).toBe(3 / 100);
        expect(quality()).toMatchObject({
            lossRate: 0,
            burstDensity: 1,
            burstDuration: 2 * 20,
            gapDensity: 1 / 98,
            gapDuration: (98 / 2) * 20,
        });
        expect(quality()?.mosListening).toBeCloseTo(listeningMos(3, (3 / 2) * (97 / 100)), 3);
        expect(session.stats().packetsLate).toBe(3);
    });

    test("a far end that did not ask gets no extended report", async () => {
        talk();
        await sing(10);
        await expect.poll(quality).not.toBeNull();
        expect(blockIn(await lastReport())).toBeNull();
    });

    test("what the far end reports of our voice is told, and what it does not know is null", async () => {
        talk();
        const known = {lossRate: 64, discardRate: 32, burstDensity: 128, gapDensity: 16, burstDuration: 260};
        const more = {gapDuration: 4000, roundTrip: 35, endSystemDelay: 90, rFactor: 82, mosListening: 41};
        const report = {ssrc: session.local.ssrc, ...known, ...more, mosConversational: 38};
        await peer.until(() => peer.packets.length > 0, 5000);
        // Of another source.
        peer.sendReport(reportOf({...report, ssrc: 1, lossRate: 255}), session.local.port + 1);
        peer.sendReport(reportOf(report), session.local.port + 1);
        await expect
            .poll(() => session.stats().remoteQuality)
            .toEqual({
                lossRate: 0.25,
                discardRate: 0.125,
                burstDensity: 0.5,
                gapDensity: 1 / 16,
                burstDuration: 260,
                gapDuration: 4000,
                roundTrip: 35,
                endSystemDelay: 90,
                rFactor: 82,
                mosListening: 4.1,
                mosConversational: 3.8,
            });
        const unknown = {rFactor: 127, mosListening: 127, mosConversational: 127};
        peer.sendReport(reportOf({ssrc: session.local.ssrc, ...unknown}), session.local.port + 1);
        await expect
            .poll(() => session.stats().remoteQuality)
            .toEqual({
                lossRate: 0,
                discardRate: 0,
                burstDensity: 0,
                gapDensity: 0,
                burstDuration: 0,
                gapDuration: 0,
                roundTrip: null,
                endSystemDelay: null,
                rFactor: null,
                mosListening: null,
                mosConversational: null,
            });
    });

    test("under SRTP the block is protected like the report that it comes with", async () => {
        const suite = "AES_CM_128_HMAC_SHA1_80";
        const security: MediaSecurity = {type: "srtp", suite, send: randomBytes(30), receive: randomBytes(30)};
        const writer = new SrtpByHand(suite, security.receive);
        talk({security, voipMetrics: true});
        await sing(30, {lost: [10], protect: (bytes) => writer.protectRtp(bytes)});
        await expect.poll(() => quality()?.lossRate).toBeCloseTo(1 / 30, 9);
        const report = await lastReport();
        expect(blockIn(new SrtpByHand(suite, security.send).unprotectRtcp(report))).toMatchObject({
            ssrc: FAR_SSRC,
            lossRate: Math.floor(256 / 30),
        });
        const inClear = Buffer.alloc(4);
        inClear.writeUInt32BE(FAR_SSRC);
        expect(report.includes(inClear)).toBe(false);
    });
});
