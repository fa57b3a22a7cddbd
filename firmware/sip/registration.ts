/**
 * Keeps one account connected and registered. JsSIP registers once and gives up, and reconnects by a plan of its own;
 * here both follow registration-rule.ts, for ever.
 *
 *   attempt --(connect)--> connected --REGISTER--> registered --refresh by JsSIP--> registered
 *      ^                        |                      |
 *      +------- wait -----------+------ failure -------+
 */
import type {EventEmitter} from "node:events";
import type {AccountState} from "../phone/state.ts";
import type {AccountSettings} from "./account.ts";
import type {AccountUserAgent} from "./account-user-agent.ts";
import {faultOf, type RegistrationFailure, retryDelay} from "./registration-rule.ts";
import type {SipSocket} from "./sip-socket.ts";

/** Longer than timer F (32 s): only an answer that JsSIP passes over leaves a REGISTER without an end, in ms. */
const ANSWER_PATIENCE = 40_000;
/** How long good-byes may take, in ms. */
const UNREGISTER_PATIENCE = 1_500;

export interface RegistrationOptions {
    readonly account: AccountSettings;
    readonly ua: AccountUserAgent;
    readonly socket: Pick<SipSocket, "fault">;
    /** Monotonic ms. */
    readonly now: () => number;
    readonly onChange: (state: AccountState) => void;
}

interface Failed {
    readonly response?: RegisterResponse | null;
}

interface RegisterResponse {
    readonly status_code: number;
    readonly reason_phrase: string;
    getHeader(name: string): string | undefined;
}

/** Owns the timer of the next attempt. */
export class Registration {
    readonly #options: RegistrationOptions;
    #state: AccountState;
    #failures = 0;
    /** A server that refused the account is not asked before this time, whatever the connection does (monotonic ms). */
    #notBefore = 0;
    #timer: NodeJS.Timeout | undefined;
    #watchdog: NodeJS.Timeout | undefined;
    #challenged = false;
    #closed = false;

    constructor(options: RegistrationOptions) {
        this.#options = options;
        const {id, label} = options.account;
        this.#state = {id, label, registered: false, fault: "connecting", detail: "", retryAt: null};
        const {ua} = options;
        ua.on("connected", () => this.#attemptUnlessBarred());
        ua.on("disconnected", () => this.#disconnected());
        ua.on("registered", (event: {readonly response: RegisterResponse}) => this.#registered(event.response));
        ua.on("registrationFailed", (event: Failed) => this.#refused(event.response ?? null));
        // JsSIP's types leave this event out.
        const emitter: EventEmitter = ua;
        emitter.on("newTransaction", ({transaction}: {transaction: Transaction}) => this.#sent(transaction.request));
    }

    get state(): AccountState {
        return this.#state;
    }

    /** Begins to connect. */
    start(): void {
        this.#tell({});
        this.#options.ua.start();
    }

    /** Connects at once if there is no connection: somebody wants to call. */
    connectNow(): void {
        if (!this.#closed) this.#options.ua.reconnect();
    }

    /** Takes the contact back, within one and a half seconds, and ends the attempts. The connection stays. */
    async close(): Promise<void> {
        this.#closed = true;
        clearTimeout(this.#timer);
        clearTimeout(this.#watchdog);
        const {ua} = this.#options;
        if (!ua.isRegistered() || !ua.isConnected()) return;
        await new Promise<void>((resolve) => {
            const patience = setTimeout(resolve, UNREGISTER_PATIENCE);
            ua.once("unregistered", () => {
                clearTimeout(patience);
                resolve();
            });
            ua.unregister();
        });
    }

    #attemptUnlessBarred(): void {
        if (this.#closed || this.#options.now() < this.#notBefore) return;
        clearTimeout(this.#timer);
        const {ua} = this.#options;
        if (!ua.isConnected()) {
            ua.reconnect();
            return;
        }
        this.#challenged = false;
        clearTimeout(this.#watchdog);
        this.#watchdog = setTimeout(() => this.#failed({type: "unanswered"}), ANSWER_PATIENCE);
        ua.sendRegister();
    }

    #sent(request: OutgoingRequest): void {
        if (request.method !== "REGISTER") return;
        this.#challenged ||= request.hasHeader("authorization") || request.hasHeader("proxy-authorization");
    }

    #registered(response: RegisterResponse): void {
        if (this.#closed) return;
        clearTimeout(this.#watchdog);
        clearTimeout(this.#timer);
        this.#failures = 0;
        this.#notBefore = 0;
        const detail = `${response.status_code} ${response.reason_phrase}`.trim();
        this.#tell({registered: true, fault: null, detail, retryAt: null});
    }

    #refused(response: RegisterResponse | null): void {
        clearTimeout(this.#watchdog);
        // A connection that broke under the REGISTER says so itself, as `disconnected`.
        if (response === null && !this.#options.ua.isConnected()) return;
        this.#failed(response === null ? {type: "unanswered"} : refusal(response, this.#challenged));
    }

    #disconnected(): void {
        clearTimeout(this.#watchdog);
        const fault = this.#options.socket.fault ?? {code: "closed", reason: "the connection was closed"};
        // While a refused account waits for its time, the connection may come and go: the words stay.
        if (this.#options.now() < this.#notBefore && !this.#state.registered) return;
        this.#failed({type: "connection", fault});
    }

    #failed(failure: RegistrationFailure): void {
        if (this.#closed) return;
        this.#failures++;
        const delay = retryDelay(failure, this.#failures, Math.random());
        const retryAt = this.#options.now() + delay;
        this.#notBefore = failure.type === "refused" ? retryAt : 0;
        clearTimeout(this.#timer);
        // A timer may come a millisecond early; the time that was promised is kept.
        this.#timer = setTimeout(() => {
            this.#notBefore = 0;
            this.#attemptUnlessBarred();
        }, delay);
        this.#tell({registered: false, ...faultOf(failure), retryAt});
    }

    #tell(change: Partial<AccountState>): void {
        this.#state = {...this.#state, ...change};
        this.#options.onChange(this.#state);
    }
}

interface Transaction {
    readonly request: OutgoingRequest;
}

interface OutgoingRequest {
    readonly method: string;
    hasHeader(name: string): boolean;
}

function refusal(response: RegisterResponse, challenged: boolean): RegistrationFailure {
    const retryAfter = /^\s*(\d{1,9})/.exec(response.getHeader("retry-after") ?? "");
    return {
        type: "refused",
        status: response.status_code,
        phrase: response.reason_phrase,
        challenged,
        retryAfter: retryAfter === null ? null : Number(retryAfter[1]),
    };
}
