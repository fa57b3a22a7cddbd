/** Whether the offer of an INVITE can become a talk at all, and how protected; asked before anything rings. */
import type {CodecName} from "../../native/index.ts";
import {messageOf, PhoneError} from "../errors.ts";
import type {CallSecurity} from "../phone/call.ts";
import {answerOffer} from "./sdp.ts";
import {parseSdp} from "./sdp-parse.ts";
import type {LocalSecurity} from "./sdp-security.ts";

/** What our side has. */
export interface LocalMeans {
    readonly codecs: readonly CodecName[];
    /** An address of the IP version that media use. */
    readonly address: string;
    readonly security: LocalSecurity;
}

/** A final response instead of ringing. */
export interface OfferRefusal {
    readonly type: "refused";
    readonly status: 488;
    readonly headers: readonly string[];
    /** For the log. */
    readonly because: string;
}

/** What an offer comes to; `security` is null where the offer is ours to make. */
export type OfferVerdict = OfferRefusal | {readonly type: "fits"; readonly security: CallSecurity | null};

/** Judges the body of an INVITE. */
export function judgeOffer(body: string, {codecs, address, security}: LocalMeans): OfferVerdict {
    if (body === "") return {type: "fits", security: null};
    try {
        const local = {address, port: 9, codecs, ptime: 20, direction: "sendrecv", security} as const;
        const {remote} = answerOffer(parseSdp(body), local);
        return {type: "fits", security: remote.security.type === "srtp" ? "hop" : "none"};
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
