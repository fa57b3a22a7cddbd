import {describe, expect, it} from "vitest";
import {type CallReport, reportBody} from "../../../firmware/sip/quality-report.ts";
import type {CodecName, RemoteVoiceQuality, SessionStats, VoiceQuality} from "../../../native/index.ts";
import {seededRandom} from "../../support/random.ts";
import {readVqReport} from "../../support/vq-report.ts";

const quality: VoiceQuality = {
    lossRate: 0.0125,
    discardRate: 0.002,
    burstDensity: 0.31,
    gapDensity: 0.004,
    burstDuration: 480,
    gapDuration: 12_345.6,
    roundTrip: 42.4,
    endSystemDelay: 71.5,
    rFactor: 87.6,
    mosListening: 4.21,
    mosConversational: 4.04,
};

const stats: SessionStats = {
    codec: "opus",
    packetsSent: 900,
    octetsSent: 54_000,
    packetsReceived: 890,
    octetsReceived: 53_400,
    packetsLost: 10,
    packetsLate: 2,
    packetsMalformed: 0,
    packetsUnauthentic: 0,
    packetsReplayed: 0,
    jitter: 3.4,
    bufferDelay: 41,
    roundTrip: 42.4,
    remoteLoss: 0,
    remoteSsrc: 0xf00,
    quality,
    remoteQuality: null,
};

const report: CallReport = {
    callId: "abc123@192.0.2.1",
    direction: "outgoing",
    local: {uri: "sip:alice@example.org", address: "192.0.2.17", port: 16_384, ssrc: 0x2468abcd},
    remote: {uri: "sip:600@example.net", address: "2001:db8::7", port: 5_002, ssrc: 0xf1},
    startedAt: Date.UTC(2026, 10, 24, 8, 41, 0, 900),
    endedAt: Date.UTC(2026, 10, 24, 8, 41, 18, 100),
    payloadType: 111,
    codec: "opus",
    ptime: 20,
    stats,
};

describe("the report of a call", () => {
    it("is what RFC 6035 calls a session report that ends a call", () => {
        expect(reportBody(report).split("\r\n")).toEqual([
            "VQSessionReport: CallTerm",
            "CallID: abc123@192.0.2.1",
            "LocalID: <sip:alice@example.org>",
            "RemoteID: <sip:600@example.net>",
            "OrigID: <sip:alice@example.org>",
            "LocalGroup: example.org",
            "RemoteGroup: example.net",
            "LocalAddr: IP=192.0.2.17 PORT=16384 SSRC=0x2468abcd",
            "RemoteAddr: IP=2001:db8::7 PORT=5002 SSRC=0x000000f1",
            "LocalMetrics:",
            "Timestamps: START=2026-11-24T08:41:00Z STOP=2026-11-24T08:41:18Z",
            "SessionDesc: PT=111 PD=opus SR=48000 FD=20 FPP=1 PPS=50 PLC=2 SSUP=off",
            "JitterBuffer: JBA=3 JBN=41",
            "PacketLoss: NLR=1.25 JDR=0.20",
            "BurstGapLoss: BLD=31.00 BD=480 GLD=0.40 GD=12346 GMIN=16",
            "Delay: RTD=42 ESD=72 IAJ=3",
            "QualityEst: RCQ=88 MOSLQ=4.2 MOSCQ=4.0 QoEEstAlg=G.107",
            "",
        ]);
    });

    it("has the far end's figures where it reported them, and of those only what it knew", () => {
        const {local, remote} = readVqReport(
            reportBody({...report, stats: {...stats, remoteQuality: {...nobody, lossRate: 0.5, rFactor: 60}}}),
        );
        expect(local).toMatchObject({NLR: "1.25", MOSLQ: "4.2"});
        expect(remote).toEqual({
            START: "2026-11-24T08:41:00Z",
            STOP: "2026-11-24T08:41:18Z",
            NLR: "50.00",
            RCQ: "60",
            QoEEstAlg: "G.107",
        });
    });

    it("tells no figure that nobody measured", () => {
        const body = reportBody({...report, stats: {...stats, packetsReceived: 0, quality: null, roundTrip: null}});
        const {local, remote} = readVqReport(body);
        expect(Object.keys(local)).not.toContain("NLR");
        expect(body).not.toMatch(/PacketLoss|BurstGapLoss|Delay|QualityEst/);
        expect(remote).toBeNull();
    });

    it("names who called: the originator of an incoming call is the other side", () => {
        const {session} = readVqReport(reportBody({...report, direction: "incoming"}));
        expect(session["OrigID"]).toBe("<sip:600@example.net>");
    });

    it.each([
        ["sip:anonymous@anonymous.invalid", "anonymous.invalid"],
        ["sip:a;b=c@[2001:db8::1]:5060", "[2001:db8::1]:5060"],
        ["sip:host.only", "host.only"],
        ["sip:600@example.net;user=phone", "example.net"],
        ["tel:+4930123", "tel"],
    ])("adds %s to the group %s", (uri, group) => {
        const {session} = readVqReport(reportBody({...report, remote: {...report.remote, uri}}));
        expect(session["RemoteGroup"]).toBe(group);
    });

    it("keeps the grammar whatever the figures are", () => {
        for (let seed = 1; seed <= 2_000; seed += 1) {
            const any = anyReport(seed);
            expect(() => readVqReport(reportBody(any)), `seed ${seed}: ${JSON.stringify(any)}`).not.toThrow();
        }
    });
});

describe("the reading of a report in the tests", () => {
    const lines = reportBody(report).split("\r\n");
    it.each(lines.slice(0, 11).map((line, at) => [line, at] as const))("misses the line %s", (_, at) => {
        expect(() => readVqReport(lines.toSpliced(at, 1).join("\r\n"))).toThrow(SyntaxError);
    });

    it.each([
        ["NLR=1.25", "NLR=1.255"],
        ["NLR=1.25", "NLR=NaN"],
        ["GMIN=16", "GMIN=-1"],
        ["RTD=42 ESD=72", "ESD=72 RTD=42"],
        ["0x2468abcd", "2468abcd"],
        ["MOSLQ=4.2", "MOSLQ=null"],
        ["SR=48000", "SR=4800000"],
        ["STOP=2026-11-24T08:41:18Z", "STOP=2026-11-24 08:41:18"],
    ])("refuses %s written as %s", (right, wrong) => {
        const body = reportBody(report);
        expect(body).toContain(right);
        expect(() => readVqReport(body.replace(right, wrong))).toThrow(SyntaxError);
    });
});

const nobody: RemoteVoiceQuality = {
    lossRate: null,
    discardRate: null,
    burstDensity: null,
    gapDensity: null,
    burstDuration: null,
    gapDuration: null,
    roundTrip: null,
    endSystemDelay: null,
    rFactor: null,
    mosListening: null,
    mosConversational: null,
};

/** Figures as they are, as they should never be, and none. */
function anyReport(seed: number): CallReport {
    const random = seededRandom(seed);
    const odd = [0, -1, 0.5, 1, 1.000_000_1, 4.96, 99_999_999, 1e21, Number.NaN, Number.POSITIVE_INFINITY];
    const some = (): number => (random.next() < 0.3 ? random.pick(odd) : random.next() * 10 ** random.below(6));
    const anyQuality = (): RemoteVoiceQuality =>
        Object.fromEntries(Object.keys(nobody).map((key) => [key, random.next() < 0.3 ? null : some()])) as never;
    const startedAt = random.below(2 ** 31) * 1_000;
    return {
        ...report,
        direction: random.pick(["outgoing", "incoming"]),
        startedAt,
        endedAt: startedAt + random.below(10_000_000),
        payloadType: random.below(128),
        codec: random.pick<CodecName>(["PCMA", "PCMU", "G722", "opus"]),
        ptime: random.pick([10, 20, 30, 40, 60]),
        stats: {
            ...stats,
            jitter: some(),
            bufferDelay: some(),
            packetsReceived: random.below(2),
            quality: random.next() < 0.2 ? null : (anyQuality() as VoiceQuality),
            remoteQuality: random.next() < 0.5 ? null : anyQuality(),
        },
    };
}
