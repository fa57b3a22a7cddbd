/**
 * Stands between a connection and JsSIP.
 *
 *   wire --text--> [rate] -> [ingress rules] -> [early NOTIFY] -> [423 loop] --deliver--> JsSIP
 *                     |            |
 *   wire <--answer----+------------+
 *   wire <--text-- [egress rules] <------------------------------------------ send ------ JsSIP
 */
import type {Log} from "../log.ts";
import {EarlyNotifies} from "./early-notifies.ts";
import {egressRules, ownContactOf} from "./egress-rules.ts";
import {randomToken} from "./guard-random.ts";
import {applyRules, isRefusal, type Refusal} from "./ingress-rules.ts";
import {type Bucket, type Rate, takeToken} from "./rate.ts";
import {
    formatMessage,
    headerOf,
    headersOf,
    isRequest,
    mapHeaders,
    methodOf,
    parameterOf,
    parseMessage,
    type SipMessage,
    statusOf,
} from "./sip-message.ts";

export interface FilterOptions {
    /** The user part that JsSIP takes for its own. */
    readonly user: string;
    /** Our end of the connection as `host:port`, null while there is none. */
    readonly sentBy: () => string | null;
    /** Hands a message to JsSIP. */
    readonly deliver: (text: string) => void;
    /** Puts an answer of the filter's own on the wire. */
    readonly answer: (text: string) => void;
    readonly log: Log;
}

/**
 * Parsing an INVITE costs 0.2 ms on a desktop and ten times that on a small ARM: more than this would take the phone's
 * one thread. The burst leaves room for the NOTIFYs of a hundred watched lines at start.
 */
const REQUEST_RATE: Rate = {capacity: 200, perSecond: 50};
const RESPONSE_RATE: Rate = {capacity: 400, perSecond: 200};

const OVERLOAD: Refusal = {status: 503, reason: "Overload", headers: ["Retry-After: 5"]};

/** So many 423 in a row are believed (RFC 3261 §10.2.8); JsSIP repeats the REGISTER at once, for ever. */
const MAX_TOO_BRIEF = 3;

/** The answer to a request with the header fields of RFC 3261 §8.2.6.2; null where the request lacks them. */
export function answerTo(message: SipMessage, {status, reason, headers = []}: Refusal): string | null {
    const via = headersOf(message, "via");
    const [from, to, callId, cseq] = ["from", "to", "call-id", "cseq"].map((key) => headerOf(message, key));
    const isWhole = via.length > 0 && from !== undefined && to !== undefined;
    if (!isWhole || callId === undefined || cseq === undefined) return null;
    const tagged = parameterOf(to, "tag") === undefined ? `${to};tag=${randomToken(10)}` : to;
    return [
        `SIP/2.0 ${status} ${reason}`,
        ...via.map((value) => `Via: ${value}`),
        `From: ${from}`,
        `To: ${tagged}`,
        `Call-ID: ${callId}`,
        `CSeq: ${cseq}`,
        ...headers,
        "Content-Length: 0\r\n\r\n",
    ].join("\r\n");
}

/** One connection's filter: it remembers our Contact, the SUBSCRIBEs under way and how much came in. */
export class MessageFilter {
    readonly #options: FilterOptions;
    readonly #early: EarlyNotifies;
    #contact: string | null = null;
    #tooBrief = 0;
    #requests: Bucket = {tokens: REQUEST_RATE.capacity, at: 0};
    #responses: Bucket = {tokens: RESPONSE_RATE.capacity, at: 0};

    constructor(options: FilterOptions) {
        this.#options = options;
        this.#early = new EarlyNotifies(options.deliver);
    }

    /** Takes a message from the wire; JsSIP gets it now, later, changed or not at all. */
    ingress(text: string): void {
        const message = parseMessage(text);
        if (message === null) {
            this.#options.log.warning("a message without an end of its header was dropped");
            return;
        }
        const outcome = this.#admit(message) ? applyRules(message, this.#options) : OVERLOAD;
        if (isRefusal(outcome)) this.#refuse(message, outcome);
        else this.#pass(this.#boundTooBrief(outcome));
    }

    #pass(message: SipMessage): void {
        if (!this.#early.holdsBack(message)) this.#options.deliver(formatMessage(message));
        this.#early.settle(message);
    }

    /** The text that goes on the wire for one that JsSIP wrote. */
    egress(text: string): string {
        const message = parseMessage(text);
        // JsSIP answers a double CRLF with one CRLF.
        if (message === null) return text;
        const context = {sentBy: this.#options.sentBy(), contact: this.#contact};
        const changed = egressRules.reduce((current, rule) => rule(current, context), message);
        this.#contact = ownContactOf(changed) ?? this.#contact;
        this.#early.expect(changed);
        return formatMessage(changed);
    }

    /** Ends the waiting for SUBSCRIBEs that can no longer be answered. */
    close(): void {
        this.#early.close();
    }

    /** An ACK is never refused: it costs one answer, and without it a call does not stand. */
    #admit(message: SipMessage): boolean {
        const now = performance.now();
        if (!isRequest(message)) {
            const {bucket, granted} = takeToken(this.#responses, RESPONSE_RATE, now);
            this.#responses = bucket;
            return granted;
        }
        const {bucket, granted} = takeToken(this.#requests, REQUEST_RATE, now);
        this.#requests = bucket;
        return granted || methodOf(message) === "ACK";
    }

    #refuse(message: SipMessage, refusal: Refusal): void {
        const method = methodOf(message);
        this.#options.log.info(`${isRequest(message) ? method : "response"} refused: ${refusal.reason}`);
        if (!isRequest(message) || method === "ACK" || refusal.status === null) return;
        const answer = answerTo(message, refusal);
        if (answer !== null) this.#options.answer(answer);
    }

    /** Without its Min-Expires JsSIP takes a 423 as a failure, which the agent retries with back-off. */
    #boundTooBrief(message: SipMessage): SipMessage {
        if (isRequest(message) || methodOf(message) !== "REGISTER") return message;
        if (statusOf(message) !== 423) {
            if (statusOf(message) < 300) this.#tooBrief = 0;
            return message;
        }
        this.#tooBrief += 1;
        return this.#tooBrief <= MAX_TOO_BRIEF ? message : mapHeaders(message, ["min-expires"], () => null);
    }
}
