/** What a call that is over has to report of itself, gathered from its session and its connection. */
import type {SessionStats} from "../../native/index.ts";
import {messageOf} from "../errors.ts";
import type {Log} from "../log.ts";
import type {CallSession, Identity} from "./call-session.ts";
import {telOfSip} from "./name-addr.ts";
import type {PeerConnection} from "./peer-connection.ts";
import type {CallReport, ReportedEnd} from "./quality-report.ts";
import {parseSdp, type SdpMedia} from "./sdp-parse.ts";

/** A shorter talk says nothing of its quality, in ms: RTCP has hardly begun (RFC 3550 §6.2). */
const SHORTEST_TALK = 3_000;

export interface TalkReportOptions {
    readonly direction: "outgoing" | "incoming";
    readonly log: Log;
    /** Told once, after the end of a talk; null: nobody wants to know. */
    readonly report: ((report: CallReport) => void) | null;
}

/** The report of one call. The call is over for everybody else before: what goes wrong here does it no harm. */
export class TalkReport {
    readonly #options: TalkReportOptions;
    /** Monotonic ms. */
    #since: number | null = null;

    constructor(options: TalkReportOptions) {
        this.#options = options;
    }

    /** The talk begins. */
    begin(): void {
        this.#since ??= performance.now();
    }

    /** The call is over; never throws. */
    end(session: CallSession | null, connection: PeerConnection | null): void {
        const {report, direction, log} = this.#options;
        logForgeries(connection?.statsAtClose ?? null, log);
        const talk = this.#since === null ? 0 : performance.now() - this.#since;
        if (report === null || talk < SHORTEST_TALK || session === null || connection === null) return;
        try {
            const endedAt = Date.now();
            const sides = sidesOf(session, connection);
            if (sides !== null) {
                report({direction, startedAt: endedAt - talk, endedAt, callId: session._request.call_id, ...sides});
            }
        } catch (error) {
            log.warning(`the quality of a call cannot be reported: ${messageOf(error)}`);
        }
    }
}

/** What somebody else sent, or sent again, was no part of the call; who looks for a fault wants to know of it. */
function logForgeries(stats: SessionStats | null, log: Log): void {
    const {packetsUnauthentic = 0, packetsReplayed = 0} = stats ?? {};
    if (packetsUnauthentic + packetsReplayed === 0) return;
    log.info(`of a call's packets ${packetsUnauthentic} were not authentic and ${packetsReplayed} came once more`);
}

type Sides = Pick<CallReport, "local" | "remote" | "payloadType" | "codec" | "ptime" | "stats">;

/** Null where the media never came about. */
function sidesOf(session: CallSession, connection: PeerConnection): Sides | null {
    const {localDescription, remoteDescription, statsAtClose} = connection;
    if (localDescription === null || remoteDescription === null || statsAtClose?.codec == null) return null;
    const ours = audioOf(localDescription.sdp);
    const theirs = audioOf(remoteDescription.sdp);
    const {ssrc} = connection.session.local;
    return {
        local: {...placeOf(ours), uri: uriOf(session.local_identity), ssrc},
        remote: {...placeOf(theirs), uri: uriOf(session.remote_identity), ssrc: statsAtClose.remoteSsrc},
        payloadType: payloadTypeOf(ours, statsAtClose.codec),
        codec: statsAtClose.codec,
        ptime: ours?.ptime ?? 20,
        stats: statsAtClose,
    };
}

/** Without port and parameters: who it was, not by which way. */
function uriOf({uri}: Identity): string {
    return telOfSip(uri.toAor());
}

function audioOf(sdp: string): SdpMedia | undefined {
    return parseSdp(sdp).media.find(({kind}) => kind === "audio");
}

/** With ICE the path may be another one: this is where a far end without it would send. */
function placeOf(audio: SdpMedia | undefined): Pick<ReportedEnd, "address" | "port"> {
    return {address: audio?.address ?? "0.0.0.0", port: audio?.port ?? 0};
}

/** By which we receive the codec; G.711 has its own whether it is told or not (RFC 3551 §6). */
function payloadTypeOf(audio: SdpMedia | undefined, codec: NonNullable<SessionStats["codec"]>): number {
    const mapped = [...(audio?.rtpmaps ?? [])].find(([, {name}]) => name === codec.toLowerCase());
    return mapped?.[0] ?? (codec === "PCMA" ? 8 : 0);
}
