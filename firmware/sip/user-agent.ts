import {randomBytes} from "node:crypto";
import {UA} from "./jssip.ts";

/** A client or server transaction of JsSIP as its user agent is told of it. */
interface Transaction {
    readonly type: "ict" | "nict" | "ist" | "nist";
    id: string;
    readonly state: number;
    readonly request: {
        readonly method: string;
        getHeader(name: string): string | undefined;
        setHeader(name: string, value: string): void;
        reply(status: number): void;
    };
    /** Of a client transaction only. */
    readonly eventHandlers: {onRequestTimeout(): void};
    stateChanged(state: number): void;
    /** Of an INVITE of ours only. */
    cancel(reason?: string): void;
}

const TRYING = 1;
const PROCEEDING = 2;
const TERMINATED = 6;

/** How long a cancelled INVITE waits for its final response, in ms (64*T1, RFC 3261 §9.1). */
const CANCELLED_MS = 32_000;
/** How long an INVITE may go without its final response, in ms: longer than any call may ring. */
const INVITE_MS = 660_000;
/** How long another request may wait for our answer, in ms: the peer gives up after 32 s. */
const NON_INVITE_MS = 10_000;

interface UaInternals {
    set(parameter: string, value: unknown): boolean;
    newTransaction(transaction: Transaction): void;
    destroyTransaction(transaction: Transaction): void;
}

// JsSIP's types leave `newTransaction` out.
type UaClass = new (...configuration: ConstructorParameters<typeof UA>) => InstanceType<typeof UA> & UaInternals;

/** JsSIP's branch is one of ten million (RFC 3261 §8.1.1.7 asks for uniqueness across space and time). */
function renameBranch(transaction: Transaction): void {
    const via = transaction.request.getHeader("via") ?? "";
    const branch = `z9hG4bK${randomBytes(12).toString("hex")}`;
    transaction.request.setHeader("via", via.replace(transaction.id, branch));
    transaction.id = branch;
}

/** The timers of one transaction, which go with it: each holds its whole call in memory. */
class Patience {
    #timer: NodeJS.Timeout | undefined;

    /** Does it after `ms`, in place of what was to be done before. */
    after(ms: number, work: () => void): void {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(work, ms);
        this.#timer.unref();
    }

    end(): void {
        clearTimeout(this.#timer);
    }
}

/**
 * An INVITE of ours that got a provisional response stays in JsSIP for ever when no final one comes: after a CANCEL,
 * or after the BYE of a call whose re-INVITE was under way.
 */
function endLate(transaction: Transaction, patience: Patience, destroy: () => void): void {
    const end = (): void => {
        if (transaction.state !== PROCEEDING) return;
        transaction.stateChanged(TERMINATED);
        destroy();
        transaction.eventHandlers.onRequestTimeout();
    };
    patience.after(INVITE_MS, end);
    const cancel = transaction.cancel.bind(transaction);
    transaction.cancel = (reason) => {
        cancel(reason);
        patience.after(CANCELLED_MS, end);
    };
}

/**
 * JsSIP forgets to answer a re-INVITE whose call ends while it is worked on, and a BYE that crosses the end of a call
 * whose ACK is still missing.
 */
function answerLate(transaction: Transaction, patience: Patience): void {
    const {type, request} = transaction;
    const answer = (): void => {
        if (transaction.state > PROCEEDING || transaction.state < TRYING) return;
        request.reply(request.method === "BYE" ? 200 : 500);
    };
    patience.after(type === "ist" ? INVITE_MS : NON_INVITE_MS, answer);
}

/** The subclass of one copy of JsSIP's user agent; the tests have copies of their own. */
export function correctedUserAgent(original: typeof UA): UaClass {
    const Base = original as unknown as UaClass;
    return class extends Base {
        readonly #patience = new WeakMap<Transaction, Patience>();

        /**
         * JsSIP keeps H(A1) of the first realm after its first success and forgets the password, so that a second
         * realm or another algorithm can never be answered again (RFC 3261 §22.3). Here the credentials stay.
         */
        override set(parameter: string, value: unknown): boolean {
            if (parameter === "ha1" || parameter === "realm") return true;
            return super.set(parameter as "password", value as string);
        }

        /** Transactions get a branch that nobody can guess, and an end. */
        override newTransaction(transaction: Transaction): void {
            const {type} = transaction;
            if (type === "ict" || type === "nict") renameBranch(transaction);
            const patience = new Patience();
            this.#patience.set(transaction, patience);
            if (type === "ict") endLate(transaction, patience, () => this.destroyTransaction(transaction));
            if (type === "ist" || type === "nist") answerLate(transaction, patience);
            super.newTransaction(transaction);
        }

        override destroyTransaction(transaction: Transaction): void {
            this.#patience.get(transaction)?.end();
            super.destroyTransaction(transaction);
        }
    };
}

/** JsSIP's user agent with what a subclass can correct; the rest of the corrections is in jssip-guard.ts. */
export class SipUserAgent extends correctedUserAgent(UA) {}
