/** Whether the offer of an INVITE can become a talk at all; asked before anything rings. */
import type {CodecName} from "../../native/index.ts";
import {messageOf, PhoneError} from "../errors.ts";
import {answerOffer} from "./sdp.ts";
import {parseSdp} from "./sdp-parse.ts";

/** What our side has. */
export interface LocalMeans {
    readonly codecs: readonly CodecName[];
    /** An address of the IP version that media use. */
    readonly address: string;
}

/** A final response instead of ringing. */
export interface OfferRefusal {
    readonly status: 488;
    readonly headers: readonly string[];
    /** For the log. */
    readonly because: string;
}

/** The refusal that an INVITE with that body needs, null where it may ring; without a body the offer is ours to make. */
export function refusalOf(body: string, {codecs, address}: LocalMeans): OfferRefusal | null {
    if (body === "") return null;
    try {
        answerOffer(parseSdp(body), {address, port: 9, codecs, ptime: 20, direction: "sendrecv"});
        return null;
    } catch (error) {
        // 305: incompatible media format; 399: something else (RFC 3261 §20.43).
        const warning = error instanceof PhoneError && error.code === "noCommonCodec" ? 305 : 399;
        const because = messageOf(error);
        const quoted = because.replaceAll(/[^\x20-\x7e]|["\\]/g, "?");
        return {status: 488, headers: [`Warning: ${warning} phone.invalid "${quoted}"`], because};
    }
}
