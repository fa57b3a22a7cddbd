/** Whether the offer of an INVITE can become a talk at all, and how protected; asked before anything rings. */
import {messageOf, PhoneError} from "../errors.ts";
import type {CallSecurity} from "../phone/call.ts";
import {levelOf} from "./media-security.ts";
import {judgeOffer, type LocalMeans, type Prospect} from "./sdp.ts";
import {parseSdp} from "./sdp-parse.ts";

/** A final response instead of ringing. */
export interface OfferRefusal {
    readonly type: "refused";
    readonly status: 488;
    readonly headers: readonly string[];
    /** For the log. */
    readonly because: string;
}

/** What an offer comes to. Both are null where the offer is ours to make. */
export type OfferVerdict =
    | OfferRefusal
    | {readonly type: "fits"; readonly security: CallSecurity | null; readonly prospect: Prospect | null};

/** Judges the body of an INVITE that came over signalling that is encrypted or not. */
export function judgeBody(body: string, means: LocalMeans, secureSignalling: boolean): OfferVerdict {
    if (body === "") return {type: "fits", security: null, prospect: null};
    try {
        const prospect = judgeOffer(parseSdp(body), means);
        return {type: "fits", security: levelOf(prospect.secured, secureSignalling), prospect};
    } catch (error) {
        return notAcceptable(messageOf(error), warningOf(error));
    }
}

/** 488 with its reason: 399 means something else than the other codes of RFC 3261 §20.43. */
export function notAcceptable(because: string, warning = 399): OfferRefusal {
    const quoted = because.replaceAll(/[^\x20-\x7e]|["\\]/g, "?");
    return {type: "refused", status: 488, headers: [`Warning: ${warning} phone.invalid "${quoted}"`], because};
}

/** 303: incompatible transport protocol, as RTP and SRTP are in SDP; 305: incompatible media format. */
function warningOf(error: unknown): number {
    const codes: Readonly<Record<string, number>> = {noSecurity: 303, noCommonCodec: 305};
    return (error instanceof PhoneError ? codes[error.code] : undefined) ?? 399;
}
