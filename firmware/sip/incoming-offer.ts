/** Whether an INVITE can become a call at all; asked before anything rings. */
import type {CodecName} from "../../native/index.ts";
import {messageOf, PhoneError} from "../errors.ts";
import {answerOffer} from "./sdp.ts";
import {parseSdp} from "./sdp-parse.ts";

/** What of an INVITE decides. */
export interface IncomingInvite {
    /** `Require` header values. */
    readonly require: readonly string[];
    /** Empty: the offer is ours to make (RFC 3261 §13.2.1). */
    readonly body: string;
}

/** What our side has. */
export interface LocalMeans {
    readonly codecs: readonly CodecName[];
    /** An address of the IP version that media use. */
    readonly address: string;
}

/** A final response instead of ringing. */
export interface Refusal {
    readonly status: 420 | 488;
    readonly headers: readonly string[];
    /** For the log. */
    readonly because: string;
}

/** Option tags that we can meet as the called side; 100rel is not among them. */
const supported: readonly string[] = ["timer", "replaces", "outbound", "gruu", "path", "norefersub"];

/** The refusal that an INVITE needs, null where it may ring. */
export function refusalOf(invite: IncomingInvite, {codecs, address}: LocalMeans): Refusal | null {
    const options = invite.require.flatMap((value) => value.split(",")).map((option) => option.trim().toLowerCase());
    const unknown = options.filter((option) => option !== "" && !supported.includes(option));
    if (unknown.length > 0) {
        // RFC 3261 §8.2.2.3.
        const list = unknown.join(", ").replaceAll(/[^\w.,\- ]/g, "");
        return {status: 420, headers: [`Unsupported: ${list}`], because: `it requires ${list}`};
    }
    if (invite.body === "") return null;
    try {
        answerOffer(parseSdp(invite.body), {address, port: 9, codecs, ptime: 20, direction: "sendrecv"});
        return null;
    } catch (error) {
        // 305: incompatible media format; 399: something else (RFC 3261 §20.43).
        const warning = error instanceof PhoneError && error.code === "noCommonCodec" ? 305 : 399;
        const because = messageOf(error);
        const quoted = because.replaceAll(/[^\x20-\x7e]|["\\]/g, "?");
        return {status: 488, headers: [`Warning: ${warning} phone.invalid "${quoted}"`], because};
    }
}
