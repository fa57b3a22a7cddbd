/** Why a call ended, from what SIP and JsSIP say about it. */
import type {EndReason} from "../phone/call.ts";
import {parameterOf, splitOutside} from "./sip-message.ts";

type Code = EndReason["code"];

/** All that is known of an end. */
export interface Ending {
    readonly direction: "outgoing" | "incoming";
    /** Who ended it, as JsSIP has it. */
    readonly originator: "local" | "remote" | "system";
    /** JsSIP's cause, for instance `Busy`. */
    readonly cause: string;
    /** It had been answered. */
    readonly answered: boolean;
    /** Status of the response that ended it, received or sent by us, null where there is none. */
    readonly status: number | null;
    /** The `Reason` header values of the request that ended it (RFC 3326). */
    readonly reasons: readonly string[];
    /** What the phone itself asked for. */
    readonly own: "hangUp" | "reject" | null;
}

/** The reason in the phone's words. */
export function endReasonOf(ending: Ending): EndReason {
    const {own, status, answered} = ending;
    if (own === "reject") return {code: "declined", sip: status};
    if (own === "hangUp") {
        // Our CANCEL is answered with 487 (RFC 3261 §9.1); the caller of a call that we hang up sees a refusal.
        return answered ? {code: "localHangUp", sip: null} : {code: "cancelled", sip: 487};
    }
    if (ending.originator === "remote" && status === null) return {code: remoteCode(ending), sip: null};
    if (ending.originator === "remote" && status !== null && status >= 300) {
        return {code: codeOfStatus(status), sip: status};
    }
    return {code: ownCode(ending), sip: status};
}

/** A BYE or a CANCEL came. */
function remoteCode({answered, cause, reasons}: Ending): Code {
    if (cause === "No ACK") return "connectionLost";
    if (answered) return "remoteHangUp";
    const causes = reasons.flatMap(reasonCauses);
    if (causes.some(({protocol, cause}) => (protocol === "sip" && cause === 200) || isElsewhere(protocol, cause))) {
        return "answeredElsewhere";
    }
    if (causes.some(({protocol, cause}) => protocol === "sip" && (cause === 600 || cause === 603 || cause === 607))) {
        return "declinedElsewhere";
    }
    return "cancelled";
}

/** Q.850 cause 26: non-selected user clearing. */
const isElsewhere = (protocol: string, cause: number): boolean => protocol === "q.850" && cause === 26;

/** Neither the phone's user nor the other side asked for it: JsSIP's cause says what gave way. */
function ownCode({cause}: Ending): Code {
    switch (cause) {
        case "RTP Timeout":
        case "User Denied Media Access": {
            return "mediaLost";
        }
        case "WebRTC Error":
        case "Bad Media Description":
        case "Missing SDP":
        case "Incompatible SDP": {
            return "notAcceptable";
        }
        case "No Answer":
        case "Expires": {
            return "noAnswer";
        }
        // JsSIP says `Canceled` where an INVITE was not answered at all (timer B) or its connection broke.
        case "Canceled":
        case "Request Timeout":
        case "Connection Error":
        case "Dialog Error": {
            return "connectionLost";
        }
        default: {
            return "failed";
        }
    }
}

const codes: Readonly<Record<number, Code>> = {
    401: "forbidden",
    403: "forbidden",
    404: "notFound",
    406: "notAcceptable",
    407: "forbidden",
    408: "noAnswer",
    410: "notFound",
    415: "notAcceptable",
    416: "notFound",
    430: "unavailable",
    433: "forbidden",
    480: "noAnswer",
    484: "incomplete",
    485: "incomplete",
    486: "busy",
    487: "cancelled",
    488: "notAcceptable",
    600: "busy",
    603: "declined",
    604: "notFound",
    606: "notAcceptable",
    607: "declined",
    608: "forbidden",
};

/** The word for a final response to our INVITE: 5xx is congestion (RFC 3398 §8.2.6.1), the rest is in the table. */
export function codeOfStatus(status: number): Code {
    const code = codes[status];
    if (code !== undefined) return code;
    if (status >= 500 && status < 600) return "congestion";
    return status >= 600 ? "declined" : "failed";
}

/** `SIP;cause=200;text="…"` and the like; several may stand in one header value (RFC 3326 §2). */
export function reasonCauses(value: string): readonly {readonly protocol: string; readonly cause: number}[] {
    return splitOutside(value, ",").flatMap((reason) => {
        const cause = parameterOf(reason, "cause") ?? "";
        const protocol = (reason.split(";")[0] ?? "").trim().toLowerCase();
        return /^\d{1,3}$/.test(cause) ? [{protocol, cause: Number(cause)}] : [];
    });
}
