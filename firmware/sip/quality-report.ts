/**
 * The report of a call's quality as a collector reads it (RFC 6035 §4.6): a call and its statistics in, text out. Pure.
 *
 *   VQSessionReport: CallTerm
 *   CallID, LocalID, RemoteID, OrigID, LocalGroup, RemoteGroup, LocalAddr, RemoteAddr
 *   LocalMetrics:    what we received: Timestamps, SessionDesc, JitterBuffer, PacketLoss, BurstGapLoss, Delay, QualityEst
 *   RemoteMetrics:   the same of what we sent, as the far end reported it by RTCP XR; left out where it did not
 */
import type {CodecName, RemoteVoiceQuality, SessionStats} from "../../native/index.ts";

/** One end of a call and of its media. */
export interface ReportedEnd {
    /** SIP or tel URI, without parameters. */
    readonly uri: string;
    /** Numeric. */
    readonly address: string;
    readonly port: number;
    /** Null: not known. */
    readonly ssrc: number | null;
}

export interface CallReport {
    readonly callId: string;
    readonly direction: "outgoing" | "incoming";
    readonly local: ReportedEnd;
    readonly remote: ReportedEnd;
    /** UTC ms of the beginning and the end of the talk. */
    readonly startedAt: number;
    readonly endedAt: number;
    readonly payloadType: number;
    readonly codec: CodecName;
    /** Packet time in ms. */
    readonly ptime: number;
    /** The last ones. */
    readonly stats: SessionStats;
}

/** Sampling rate in Hz, and the concealment of losses by its number in RFC 3611 §4.7.6: 3 standard, 2 enhanced. */
const sound: Readonly<Record<CodecName, {readonly rate: number; readonly concealment: 2 | 3}>> = {
    PCMA: {rate: 8_000, concealment: 3},
    PCMU: {rate: 8_000, concealment: 3},
    G722: {rate: 16_000, concealment: 3},
    opus: {rate: 48_000, concealment: 2},
};

/** Losses in a row that RFC 3611 §4.7.2 calls a burst are less than this many packets apart. */
const MINIMUM_GAP = 16;
/** The longest burst and gap that can be told, and the longest delay, in ms. */
const LONGEST_GAP = 3_600_000;
const LONGEST_DELAY = 65_535;

/** The body of the PUBLISH, its lines ended by CRLF. */
export function reportBody(report: CallReport): string {
    const {stats} = report;
    const lines = [
        "VQSessionReport: CallTerm",
        ...sessionLines(report),
        "LocalMetrics:",
        timesLine(report),
        descriptionLine(report),
        metricLine("JitterBuffer", ["JBA=3", figure("JBN", stats.bufferDelay, LONGEST_DELAY)]),
        ...qualityLines(stats.quality, {jitter: stats.packetsReceived > 0 ? stats.jitter : null}),
    ];
    const {remoteQuality} = stats;
    const remote =
        remoteQuality === null
            ? []
            : ["RemoteMetrics:", timesLine(report), ...qualityLines(remoteQuality, {jitter: null})];
    return [...lines, ...remote].map((line) => `${line}\r\n`).join("");
}

function sessionLines({callId, direction, local, remote}: CallReport): readonly string[] {
    return [
        `CallID: ${callId}`,
        `LocalID: <${local.uri}>`,
        `RemoteID: <${remote.uri}>`,
        `OrigID: <${direction === "outgoing" ? local.uri : remote.uri}>`,
        `LocalGroup: ${hostOf(local.uri)}`,
        `RemoteGroup: ${hostOf(remote.uri)}`,
        `LocalAddr: ${addressOf(local)}`,
        `RemoteAddr: ${addressOf(remote)}`,
    ];
}

/** By which a collector adds up: the domain, or `tel` for a number without one. */
function hostOf(uri: string): string {
    const [scheme = "", rest = ""] = uri.split(/:(.*)/s);
    if (scheme !== "sip" && scheme !== "sips") return scheme === "" ? "unknown" : scheme;
    return rest.slice(rest.lastIndexOf("@") + 1).replace(/[;?].*$/s, "") || "unknown";
}

function addressOf({address, port, ssrc}: ReportedEnd): string {
    return `IP=${address} PORT=${port} SSRC=0x${((ssrc ?? 0) >>> 0).toString(16).padStart(8, "0")}`;
}

/** `2026-11-24T09:41:00Z` (RFC 3339). */
function utc(at: number): string {
    return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

function timesLine({startedAt, endedAt}: CallReport): string {
    return `Timestamps: START=${utc(startedAt)} STOP=${utc(endedAt)}`;
}

/** One frame a packet, and no silence suppression: a talk is sent without a pause. */
function descriptionLine({payloadType, codec, ptime}: CallReport): string {
    const {rate, concealment} = sound[codec];
    const frames = `FD=${ptime} FPP=1 PPS=${Math.round(1_000 / ptime)}`;
    return `SessionDesc: PT=${payloadType} PD=${codec} SR=${rate} ${frames} PLC=${concealment} SSUP=off`;
}

/** The lines that have something to tell; what is not known is left out. */
function qualityLines(quality: RemoteVoiceQuality | null, {jitter}: {readonly jitter: number | null}): string[] {
    const q = quality ?? nothing;
    const gaps = [
        share("BLD", q.burstDensity),
        figure("BD", q.burstDuration, LONGEST_GAP),
        share("GLD", q.gapDensity),
        figure("GD", q.gapDuration, LONGEST_GAP),
    ];
    return [
        metricLine("PacketLoss", [share("NLR", q.lossRate), share("JDR", q.discardRate)]),
        metricLine("BurstGapLoss", gaps.every((gap) => gap === "") ? [] : [...gaps, `GMIN=${MINIMUM_GAP}`]),
        metricLine("Delay", [
            figure("RTD", q.roundTrip, LONGEST_DELAY),
            figure("ESD", q.endSystemDelay, LONGEST_DELAY),
            figure("IAJ", jitter, LONGEST_DELAY),
        ]),
        metricLine("QualityEst", [
            figure("RCQ", q.rFactor, 120),
            score("MOSLQ", q.mosListening),
            score("MOSCQ", q.mosConversational),
            q.rFactor === null ? "" : "QoEEstAlg=G.107",
        ]),
    ].filter((line) => line !== "");
}

const nothing: RemoteVoiceQuality = {
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

function metricLine(name: string, parameters: readonly string[]): string {
    const told = parameters.filter((parameter) => parameter !== "");
    return told.length === 0 ? "" : `${name}: ${told.join(" ")}`;
}

function bounded(value: number | null, most: number): number | null {
    return value === null || !Number.isFinite(value) ? null : Math.min(most, Math.max(0, value));
}

/** A whole number, empty text where it is not known. */
function figure(name: string, value: number | null, most: number): string {
    const known = bounded(value, most);
    return known === null ? "" : `${name}=${Math.round(known)}`;
}

/** A share of 0 to 1 as a percentage. */
function share(name: string, value: number | null): string {
    const known = bounded(value, 1);
    return known === null ? "" : `${name}=${(known * 100).toFixed(2)}`;
}

/** A mean opinion score. */
function score(name: string, value: number | null): string {
    const known = bounded(value, 5);
    return known === null ? "" : `${name}=${known.toFixed(1)}`;
}
