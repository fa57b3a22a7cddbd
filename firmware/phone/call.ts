/**
 * One call as the phone sees it, and its chart.
 *
 *  out:  calling ----> alerting <----> earlyMedia ----> talking
 *           |              |               |               |
 *           +--------------+-------+-------+---------------+----> ending ----> (gone, exactly one log row)
 *           |                      |
 *  in:   ringing --lift--> answering --ACK--> talking          (held by us, by them, by both: fields of a talking call)
 */

import type {CodecName, SessionStats, SrtpSuite} from "../../native/index.ts";

/** Ours: `out-1`, `out-2` … are given by the state, `in-1` … by the SIP agent; never used twice in a process. */
export type CallId = string;
/** Index of the account in the settings: 0 to 3. */
export type AccountId = number;

export type CallPhase = "calling" | "alerting" | "earlyMedia" | "ringing" | "answering" | "talking" | "ending";

/**
 * How the sound is protected. `none`: anybody on the way hears it. `hop`: each server that carries the call could, since
 * it was given the keys (SDES). `end`: only the phone at the other end.
 */
export type CallSecurity = "none" | "hop" | "end";

/** How a call sounded: the figures of what we received of it. Null: not known. */
export interface CallQuality {
    readonly codec: CodecName;
    /** Packets that did not come, 0 to 1. */
    readonly lossRate: number | null;
    /** Interarrival jitter in ms (RFC 3550 §6.4.1). */
    readonly jitter: number | null;
    /** In ms. */
    readonly roundTrip: number | null;
    /** MOS-LQ and MOS-CQ, 1 to 5 (RFC 3611 §4.7.5). */
    readonly mosListening: number | null;
    readonly mosConversational: number | null;
}

/** The other end: what was dialled or what the network said, and the name to show (contact over PAI over From). */
export interface Party {
    /** User part as dialled or received, for dialling back; empty when anonymous. */
    readonly number: string;
    readonly name: string | null;
}

/**
 * Why a call ended, in the phone's own words; `sip` is the status code behind it, if one was received or sent.
 * Tones and words follow from `code` (features: 486/600 busy; 404/484/604 special information; 5xx congestion).
 */
export interface EndReason {
    readonly code:
        | "localHangUp"
        | "remoteHangUp"
        | "cancelled"
        | "busy"
        | "declined"
        | "noAnswer"
        | "notFound"
        | "incomplete"
        | "unavailable"
        | "congestion"
        | "forbidden"
        | "notAcceptable"
        | "notSecure"
        | "openSignalling"
        | "notAuthentic"
        | "noPath"
        | "answeredElsewhere"
        | "declinedElsewhere"
        | "noService"
        | "connectionLost"
        | "mediaLost"
        | "failed";
    readonly sip: number | null;
}

export interface Call {
    readonly id: CallId;
    readonly direction: "outgoing" | "incoming";
    readonly phase: CallPhase;
    readonly account: AccountId;
    readonly party: Party;
    readonly emergency: boolean;
    /** Monotonic ms when the call appeared. */
    readonly appearedAt: number;
    /** Monotonic ms when talking began, null before. */
    readonly talkingSince: number | null;
    /** Monotonic ms at which the phase has lasted too long, null where it may last for ever. */
    readonly deadline: number | null;
    /** Of the sound as agreed; `none` until something is. Of a call that rings: what its offer promises. */
    readonly security: CallSecurity;
    /** What protects it, null where nothing does or it is not told. */
    readonly suite: SrtpSuite | null;
    /** As the newest facts have it, null before any came. */
    readonly quality: CallQuality | null;
    /** Monotonic ms when the log was given `quality`, null before. */
    readonly notedAt: number | null;
    readonly hold: {readonly local: boolean; readonly remote: boolean};
    /** The re-INVITE that is under way. */
    readonly pending: "hold" | "resume" | null;
    /** A packet of the far end's sound has arrived (RFC 3960 §3.2: local ringback ends then, not with the SDP). */
    readonly hearing: boolean;
    /** The engine's session, known once the agent has opened it. */
    readonly session: number | null;
    /** Set with the phase `ending`. */
    readonly reason: EndReason | null;
}

/** Where each phase may lead. Our own illegal move throws; the network's is dropped and logged. */
export const nextPhases: Readonly<Record<CallPhase, readonly CallPhase[]>> = {
    calling: ["alerting", "earlyMedia", "talking", "ending"],
    alerting: ["earlyMedia", "talking", "ending"],
    earlyMedia: ["alerting", "talking", "ending"],
    ringing: ["answering", "ending"],
    answering: ["talking", "ending"],
    talking: ["ending"],
    ending: [],
};

/** How long each phase may last, in ms; null: for ever. A call past its patience is ended by the clock. */
export const patience: Readonly<Record<CallPhase, number | null>> = {
    calling: 40_000,
    alerting: 180_000,
    earlyMedia: 180_000,
    ringing: 180_000,
    answering: 32_000,
    talking: null,
    ending: 5_000,
};

/** The chart lacks the move that a rule of ours asked for: a bug of ours, never the network's. */
export class IllegalMoveError extends Error {
    constructor(from: CallPhase, to: CallPhase) {
        super(`a call cannot go from ${from} to ${to}`);
        this.name = "IllegalMoveError";
    }
}

/** Whether the chart has this move; what the network asks for beside the chart is dropped. */
export function mayMove(call: Call, to: CallPhase): boolean {
    return nextPhases[call.phase].includes(to);
}

/** The call in its next phase with that phase's patience. Throws `IllegalMoveError` for a move that the chart lacks. */
export function movePhase(call: Call, to: CallPhase, now: number): Call {
    if (!mayMove(call, to)) throw new IllegalMoveError(call.phase, to);
    const longest = patience[to];
    const talkingSince = to === "talking" ? now : call.talkingSince;
    return {...call, phase: to, deadline: longest === null ? null : now + longest, talkingSince, pending: null};
}

/** Whole seconds of talk until `now`, or until the call began to end; null when it was never answered. */
export function talkSecondsOf(call: Call, now: number): number | null {
    if (call.talkingSince === null) return null;
    const patient = patience[call.phase] ?? 0;
    const until = call.phase === "ending" && call.deadline !== null ? Math.min(now, call.deadline - patient) : now;
    return Math.max(0, Math.floor((until - call.talkingSince) / 1000));
}

/** The figures of a session that count for its call; null while it has no codec. */
export function qualityOf({codec, packetsReceived, jitter, roundTrip, quality}: SessionStats): CallQuality | null {
    if (codec === null) return null;
    return {
        codec,
        lossRate: quality?.lossRate ?? null,
        jitter: packetsReceived > 0 ? jitter : null,
        roundTrip,
        mosListening: quality?.mosListening ?? null,
        mosConversational: quality?.mosConversational ?? null,
    };
}
