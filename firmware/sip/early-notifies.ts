/**
 * A NOTIFY may overtake the 200 to our SUBSCRIBE (RFC 6665 §4.1.2.4); JsSIP knows no dialog yet and answers 481, which
 * ends the subscription. Here it waits for the 200.
 */
import {formatMessage, headerOf, isRequest, methodOf, parameterOf, type SipMessage, statusOf} from "./sip-message.ts";

/** Timer F of the SUBSCRIBE (64*T1) and a second, in ms. */
const WAIT_MS = 33_000;
/** So many NOTIFYs wait for one SUBSCRIBE; more are for JsSIP to refuse. */
const MAX_HELD = 8;

interface Waiting {
    readonly held: string[];
    readonly timeout: NodeJS.Timeout;
}

/** The SUBSCRIBEs under way, by Call-ID, and the NOTIFYs that wait for their answers. */
export class EarlyNotifies {
    readonly #deliver: (text: string) => void;
    readonly #waiting = new Map<string, Waiting>();

    constructor(deliver: (text: string) => void) {
        this.#deliver = deliver;
    }

    /** Looks at a message of ours: an initial SUBSCRIBE is waited for. */
    expect(message: SipMessage): void {
        const callId = headerOf(message, "call-id");
        if (!message.startLine.startsWith("SUBSCRIBE ") || callId === undefined) return;
        if (parameterOf(headerOf(message, "to") ?? "", "tag") !== undefined || this.#waiting.has(callId)) return;
        const timeout = setTimeout(() => this.#release(callId), WAIT_MS);
        timeout.unref();
        this.#waiting.set(callId, {held: [], timeout});
    }

    /** Keeps a NOTIFY that came too early; false: JsSIP is to have it now. */
    holdsBack(message: SipMessage): boolean {
        const waiting = this.#waiting.get(headerOf(message, "call-id") ?? "");
        if (waiting === undefined || !message.startLine.startsWith("NOTIFY ")) return false;
        if (waiting.held.length >= MAX_HELD) return false;
        waiting.held.push(formatMessage(message));
        return true;
    }

    /** Looks at a message that JsSIP has got: the final answer to a SUBSCRIBE releases what waited for it. */
    settle(message: SipMessage): void {
        const status = statusOf(message);
        if (isRequest(message) || methodOf(message) !== "SUBSCRIBE" || status < 200) return;
        // A challenge: the same SUBSCRIBE goes out again with credentials.
        if (status === 401 || status === 407) return;
        const callId = headerOf(message, "call-id") ?? "";
        // JsSIP makes its dialog within this turn.
        setImmediate(() => this.#release(callId));
    }

    close(): void {
        for (const {timeout} of this.#waiting.values()) clearTimeout(timeout);
        this.#waiting.clear();
    }

    #release(callId: string): void {
        const waiting = this.#waiting.get(callId);
        if (waiting === undefined) return;
        clearTimeout(waiting.timeout);
        this.#waiting.delete(callId);
        for (const text of waiting.held) this.#deliver(text);
    }
}
