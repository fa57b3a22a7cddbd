import {setTimeout as pass} from "node:timers/promises";
import {afterEach, beforeEach, describe, expect, test} from "vitest";
import type {MediaSession, RemoteMedia} from "../../native/index.ts";
import {seededRandom} from "../support/random.ts";
import {
    buildRtp,
    decodeALaw,
    encodeALaw,
    inOrder,
    type OutgoingPacket,
    parseEvent,
    parseRtcp,
    payloadsOf,
    RtpPeer,
} from "../support/rtp-peer.ts";
import {findGaps} from "../support/sound-analysis.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {cut, levelAt, levelOf, sine} from "../support/sound-signal.ts";
import {block, G722, inCall, microphoneTone, OPUS, PCMA, QUIET, RATE, Rig, remoteOf} from "./rig.ts";

// A virtual machine may stand still for longer than any buffer of a phone: what was lost then says nothing of us.
describe("a session on the wire", {retry: 2}, () => {
    let rig: Rig;
    let peer: RtpPeer;
    let session: MediaSession;
    beforeEach(async () => {
        rig = new Rig({hears: microphoneTone(1000, -20)});
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

    /** Sends `count` packets of a tone, one each 20 ms. */
    async function sing(count: number, frequency: number, level: number, change: Partial<OutgoingPacket> = {}) {
        const codes = encodeALaw(sine(8000, 1000, frequency, level));
        const start = performance.now();
        for (let i = 0; i < count; i++) {
            const payload = codes.subarray((i % 50) * 160, ((i % 50) + 1) * 160);
            peer.send(
                {marker: i === 0, payloadType: 8, sequence: i, timestamp: i * 160, ssrc: 77, payload, ...change},
                session.local.port,
            );
            await pass(Math.max(0, start + 20 * (i + 1) - performance.now()));
        }
    }

    test("RTP is on an even port of the range, RTCP on the next, and no two sessions share one", () => {
        const sessions = [session, ...Array.from({length: 7}, () => rig.engine.openSession())];
        const ports = sessions.map(({local}) => local.port);
        for (const port of ports) {
            expect(port % 2).toBe(0);
            expect(port).toBeGreaterThanOrEqual(20000);
            expect(port).toBeLessThan(20998);
        }
        expect(new Set(ports).size).toBe(8);
        expect(new Set(sessions.map(({local}) => local.ssrc)).size).toBe(8);
        expect(new Set(sessions.map(({local}) => local.cname)).size).toBe(1);
    });

    test("the tone at the microphone is on the wire at its level, numbered and stamped without a break", async () => {
        talk();
        await peer.until(() => peer.packets.length >= 100, 5000);
        const packets = inOrder(peer.packets.slice(0, 100));
        for (const [i, packet] of packets.entries()) {
            expect(packet.ssrc).toBe(session.local.ssrc);
            expect(packet.payloadType).toBe(8);
            expect(packet.marker).toBe(i === 0);
            expect(packet.payload.length).toBe(160);
            expect(packet.sequence).toBe(((packets[0]?.sequence ?? 0) + i) & 0xffff);
            expect(packet.timestamp).toBe(((packets[0]?.timestamp ?? 0) + 160 * i) >>> 0);
        }
        const heard = cut(decodeALaw(payloadsOf(packets)), 8000, 200);
        expect(Math.abs(levelAt(heard, 8000, 1000) - -20)).toBeLessThan(0.1);
        expect(findGaps(heard, 8000, 1000, 4)).toEqual([]);
    });

    test("while JavaScript is blocked for 2 s, packets go out without a gap", async () => {
        talk();
        await peer.until(() => peer.packets.length >= 20, 5000);
        block(2000);
        await peer.until(() => peer.packets.length >= 120, 5000);
        const packets = inOrder(peer.packets.slice(0, 120));
        const stamps = packets.map(({timestamp}) => (timestamp - (packets[0]?.timestamp ?? 0)) >>> 0);
        expect(stamps).toEqual(packets.map((_, i) => 160 * i));
        expect(findGaps(cut(decodeALaw(payloadsOf(packets)), 8000, 200), 8000, 1000, 4)).toEqual([]);
    });

    test("muted is exact silence, with capture still open", async () => {
        talk();
        await peer.until(() => peer.packets.length >= 10, 5000);
        rig.engine.setAudio(inCall(session, {microphone: "muted"}));
        await pass(60);
        const from = peer.packets.length;
        await peer.until(() => peer.packets.length >= from + 25, 5000);
        // The filter between 48 and 8 kHz needs a packet to empty.
        const silence = payloadsOf(peer.packets.slice(from + 2));
        expect(new Set(silence)).toEqual(new Set([0xd5]));
        expect(rig.engine.stats().captureOpen).toBe(true);
        expect(rig.handset.isOpen("capture")).toBe(true);
    });

    test("what the far end sends is in the ear at its level, louder and softer by the volume", async () => {
        talk();
        const singing = sing(180, 700, -20);
        await rig.event({type: "firstPacket"});
        await pass(500);
        const nominal = await rig.listen(600);
        rig.engine.setAudio(inCall(session, {volume: 6}));
        await pass(200);
        const louder = await rig.listen(400);
        rig.engine.setAudio(inCall(session, {volume: -12}));
        await pass(200);
        const softer = await rig.listen(400);
        await singing;
        expect(Math.abs(levelAt(nominal, RATE, 700) - -20)).toBeLessThan(0.5);
        expect(Math.abs(levelAt(louder, RATE, 700) - -14)).toBeLessThan(0.5);
        expect(Math.abs(levelAt(softer, RATE, 700) - -32)).toBeLessThan(0.5);
    });

    test("nothing above the limiter's ceiling reaches the ear", async () => {
        talk();
        rig.engine.setAudio(inCall(session, {volume: 18}));
        const singing = sing(60, 700, -3);
        await rig.event({type: "firstPacket"});
        await pass(300);
        const loud = await rig.listen(500);
        await singing;
        const peak = loud.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        expect(peak).toBeGreaterThan(28000);
        expect(peak).toBeLessThanOrEqual(29205);
    });

    test.each([
        {direction: "sendonly", sends: true, plays: false},
        {direction: "recvonly", sends: false, plays: true},
        {direction: "inactive", sends: false, plays: false},
    ] as const)("$direction sends: $sends, plays: $plays", async ({direction, sends, plays}) => {
        talk({direction});
        const singing = sing(50, 700, -20);
        await pass(400);
        const heard = await rig.listen(300);
        await singing;
        expect(peer.packets.length > 0).toBe(sends);
        expect(levelOf(heard) > -40).toBe(plays);
    });

    test("a session out of the mix sends nothing; back in it, RTP time has gone on", async () => {
        talk();
        await peer.until(() => peer.packets.length >= 20, 5000);
        rig.engine.setAudio({...QUIET, microphone: "open"});
        await pass(100);
        const before = peer.packets.at(-1);
        const count = peer.packets.length;
        await pass(500);
        expect(peer.packets.length).toBe(count);
        rig.engine.setAudio(inCall(session));
        await peer.until(() => peer.packets.length > count, 5000);
        const after = peer.packets[count];
        expect(after?.marker).toBe(true);
        expect(after?.sequence).toBe(((before?.sequence ?? 0) + 1) & 0xffff);
        const elapsed = ((after?.at ?? 0) - (before?.at ?? 0)) / 1e6;
        expect(Math.abs((((after?.timestamp ?? 0) - (before?.timestamp ?? 0)) >>> 0) / 8 - elapsed)).toBeLessThan(30);
    });

    test.each([
        {codec: PCMA, units: 160},
        {codec: G722, units: 160},
        {codec: OPUS, units: 960},
    ])(
        "a digit with $codec.name is an event in line with the audio, and no audio goes meanwhile",
        async ({codec, units}) => {
            talk({codecs: [codec]});
            await peer.until(() => peer.packets.length >= 20, 5000);
            session.sendDigit("5", 100);
            const isEvent = ({payloadType}: {payloadType: number}): boolean => payloadType === 101;
            await peer.until(() => peer.packets.filter(isEvent).length >= 7, 5000);
            const count = peer.packets.length;
            await peer.until(() => peer.packets.length >= count + 20, 5000);
            const packets = inOrder(peer.packets);
            const at = packets.findIndex(isEvent);
            const [before, first, afterwards] = [packets[at - 1], packets[at], packets[at + 7]];
            const events = packets.slice(at, at + 7).map((packet) => ({...packet, ...parseEvent(packet.payload)}));
            expect(events.every(isEvent)).toBe(true);
            expect(packets.filter(isEvent).length).toBe(7);
            expect(first?.timestamp).toBe(((before?.timestamp ?? 0) + units) >>> 0);
            expect(events.map(({timestamp}) => timestamp)).toEqual(Array(7).fill(first?.timestamp));
            expect(events.map(({marker}) => marker)).toEqual([true, ...Array(6).fill(false)]);
            expect(events.map(({duration}) => duration / units)).toEqual([1, 2, 3, 4, 5, 5, 5]);
            expect(events.map(({end}) => end)).toEqual([false, false, false, false, true, true, true]);
            expect(events.map(({event}) => event)).toEqual(Array(7).fill(5));
            expect(afterwards?.timestamp).toBe(((first?.timestamp ?? 0) + 7 * units) >>> 0);
            const spacing = events.slice(1).map(({at: instant}, i) => (instant - (events[i]?.at ?? 0)) / 1e6);
            expect(Math.abs(spacing.reduce((sum, ms) => sum + ms, 0) / spacing.length - 20)).toBeLessThan(5);
        },
    );

    test("a digit without an agreed telephone-event is refused", () => {
        talk({telephoneEvent: null});
        expect(() => session.sendDigit("5", 100)).toThrow(expect.objectContaining({code: "noTelephoneEvent"}));
    });

    test("digits of the far end are told once each, with repeated and reordered packets", async () => {
        talk();
        const random = seededRandom(4733);
        for (const [i, event] of [1, 1, 11, 0].entries()) {
            const durations = [160, 320, 480, 640, 800, 800, 800];
            for (const [k, duration] of durations.entries()) {
                const payload = Uint8Array.of(event, k >= 4 ? 0x8a : 0x0a, duration >> 8, duration & 0xff);
                const packet = {
                    marker: k === 0,
                    payloadType: 101,
                    sequence: i * 7 + k,
                    timestamp: 1600 * (i + 1),
                    ssrc: 9,
                    payload,
                };
                for (let copies = 1 + random.below(2); copies > 0; copies--) {
                    peer.send(packet, session.local.port);
                }
            }
            await pass(10);
        }
        await rig.event({type: "digit", digit: "0"});
        const digits = rig.events.flatMap((event) => (event.type === "digit" ? [event] : []));
        expect(digits.map(({digit}) => digit)).toEqual(["1", "1", "#", "0"]);
        expect(digits.map(({ms}) => ms)).toEqual([100, 100, 100, 100]);
    });

    test("garbage, strangers and unknown payload types harm nothing", async () => {
        talk();
        const stranger = await RtpPeer.open();
        const random = seededRandom(1);
        const singing = sing(150, 700, -20);
        await rig.event({type: "firstPacket"});
        for (let round = 0; round < 400; round++) {
            const bytes = Uint8Array.from({length: random.below(300)}, () => random.below(256));
            peer.sendBytes(bytes, session.local.port);
            peer.sendReport(bytes, session.local.port + 1);
            stranger.send(
                {marker: false, payloadType: 8, sequence: round, timestamp: 0, ssrc: 5, payload: new Uint8Array(160)},
                session.local.port,
            );
            if (round % 100 === 0) {
                await pass(10);
            }
        }
        peer.sendBytes(new Uint8Array(9000).fill(0x80), session.local.port);
        await pass(300);
        const heard = await rig.listen(400);
        await singing;
        stranger.close();
        const {packetsMalformed, packetsLost} = session.stats();
        expect(packetsMalformed).toBeGreaterThan(200);
        expect(packetsLost).toBe(0);
        expect(Math.abs(levelAt(heard, RATE, 700) - -20)).toBeLessThan(1);
    });

    test("a far end behind a NAT is heard after a few packets from another port", async () => {
        const elsewhere = await RtpPeer.open();
        session.start(remoteOf(elsewhere));
        rig.engine.setAudio(inCall(session));
        const singing = sing(60, 700, -20);
        await rig.event({type: "firstPacket"});
        await pass(300);
        const heard = await rig.listen(300);
        await singing;
        elsewhere.close();
        expect(Math.abs(levelAt(heard, RATE, 700) - -20)).toBeLessThan(1);
        expect(session.stats().packetsReceived).toBeLessThan(60);
    });

    test("a new SSRC is played on from its first packets", async () => {
        talk();
        await sing(30, 700, -20);
        const singing = sing(60, 900, -20, {ssrc: 4242});
        await pass(300);
        const heard = await rig.listen(400);
        await singing;
        expect(Math.abs(levelAt(heard, RATE, 900) - -20)).toBeLessThan(1);
    });

    test("a re-negotiation changes the codec and keeps port, SSRC and numbering", async () => {
        talk();
        await peer.until(() => peer.packets.length >= 20, 5000);
        session.start(remoteOf(peer, {codecs: [OPUS, PCMA]}));
        await peer.until(() => peer.packets.some(({payloadType}) => payloadType === 111), 5000);
        const count = peer.packets.length;
        await peer.until(() => peer.packets.length >= count + 10, 5000);
        const packets = inOrder(peer.packets);
        expect(new Set(packets.map(({ssrc}) => ssrc))).toEqual(new Set([session.local.ssrc]));
        const first = packets[0]?.sequence ?? 0;
        expect(packets.map(({sequence}) => (sequence - first) & 0xffff)).toEqual(packets.map((_, i) => i));
        // The second codec is received.
        const singing = sing(50, 700, -20);
        await rig.event({type: "firstPacket"});
        await pass(300);
        const heard = await rig.listen(300);
        await singing;
        expect(Math.abs(levelAt(heard, RATE, 700) - -20)).toBeLessThan(1);
    });

    test("reports come within RTCP's interval and BYE at the end; a report of the far end gives loss and round trip", async () => {
        talk();
        await sing(20, 700, -20);
        await peer.until(() => peer.reports.length >= 1, 8000);
        const [report, description] = parseRtcp(peer.reports[0] ?? Buffer.alloc(0));
        expect(report?.type).toBe(200);
        expect(report?.bytes.readUInt32BE(4)).toBe(session.local.ssrc);
        expect(report?.bytes.readUInt32BE(28)).toBe(77);
        expect(description?.type).toBe(202);
        expect(description?.bytes.toString("latin1")).toContain(session.local.cname);
        const sent = report?.bytes.readUInt32BE(20) ?? 0;
        expect(sent).toBeGreaterThan(20);
        const [seconds = 0, fraction = 0] = [report?.bytes.readUInt32BE(8), report?.bytes.readUInt32BE(12)];
        const answer = Buffer.alloc(32);
        answer.writeUInt32BE(0x81c90007, 0);
        answer.writeUInt32BE(77, 4);
        answer.writeUInt32BE(session.local.ssrc, 8);
        answer.writeUInt8(64, 12);
        answer.writeUInt32BE((((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0, 24);
        peer.sendReport(answer, session.local.port + 1);
        await pass(100);
        const {roundTrip, remoteLoss, remoteSsrc} = session.stats();
        expect(remoteSsrc).toBe(77);
        expect(remoteLoss).toBe(0.25);
        expect(roundTrip).toBeGreaterThanOrEqual(0);
        expect(roundTrip).toBeLessThan(1000);
        const count = peer.reports.length;
        session.close();
        await peer.until(() => peer.reports.length > count, 1000);
        const goodbye = parseRtcp(peer.reports.at(-1) ?? Buffer.alloc(0)).at(-1);
        expect(goodbye?.type).toBe(203);
        expect(goodbye?.bytes.readUInt32BE(4)).toBe(session.local.ssrc);
    });

    test("ten seconds without a packet are told", async () => {
        talk();
        await sing(5, 700, -20);
        const from = monotonicNow();
        const silent = await rig.event({type: "silent"}, 12_000);
        const ms = (monotonicNow() - from) / 1e6;
        expect(silent).toMatchObject({session: session.id});
        expect(Math.abs(ms - 10_000)).toBeLessThan(500);
    });

    test("a packet longer than a decoder takes is cut, not crashed upon", async () => {
        talk();
        const packet = {marker: false, payloadType: 8, timestamp: 0, ssrc: 3, payload: new Uint8Array(1460).fill(0xd5)};
        for (let sequence = 0; sequence < 10; sequence++) {
            peer.sendBytes(buildRtp({...packet, sequence}), session.local.port);
        }
        await rig.event({type: "firstPacket"});
        await pass(200);
        expect(session.stats().packetsReceived).toBe(10);
    });
});
