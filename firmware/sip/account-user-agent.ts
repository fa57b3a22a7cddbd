/** JsSIP's user agent set up for one account, with a Contact that is always the address of the connection. */
import {once} from "node:events";
import type {AccountSettings, SipSettings} from "./account.ts";
import {escapeUser} from "./dial-target.ts";
import {bracketed} from "./host.ts";
import type {SipSocket} from "./sip-socket.ts";
import {SipUserAgent} from "./user-agent.ts";

/** What JsSIP's own reconnection waits, in seconds: registration.ts comes first. */
const NEVER = 86_400;
/** An INVITE rings as long as the core lets it, in seconds. */
const RING_LIMIT = 600;

/** JsSIP's state of a client transaction that got a 2xx; those below still wait. */
const ACCEPTED = 4;

interface ContactUri {
    host: string;
    port: number;
    toString(): string;
}

/** JsSIP's own members that its types leave out. */
interface Internals {
    readonly transport: {recovery_timer: NodeJS.Timeout | null; connect(): void; disconnect(): void};
    readonly contact: {readonly uri: ContactUri};
    _closeTimer: NodeJS.Timeout | null;
    readonly _transactions: {readonly nict: object; readonly ict: Readonly<Record<string, {readonly state: number}>>};
    registrator(): {_contact: string; register(): void};
}

/** One account's user agent. It connects and registers only when told to: registration.ts owns the plan. */
export class AccountUserAgent extends SipUserAgent {
    readonly #socket: SipSocket;
    readonly #instanceId: string;

    /** Throws where the account's user, domain or instance id is none. */
    constructor(account: AccountSettings, sip: SipSettings, socket: SipSocket) {
        const user = escapeUser(account.user);
        const transport = account.transport.startsWith("ws") ? "ws" : account.transport;
        super({
            sockets: [socket] as never,
            uri: `sip:${user}@${bracketed(account.domain)}`,
            // The host is set when the connection stands.
            contact_uri: `sip:${user}@phone.invalid;transport=${transport}`,
            authorization_user: account.authUser === "" ? account.user : account.authUser,
            password: account.password.reveal(),
            display_name: account.displayName,
            instance_id: sip.instanceId,
            user_agent: sip.userAgent,
            register: false,
            register_expires: account.expires,
            no_answer_timeout: RING_LIMIT,
            session_timers: true,
            session_timers_refresh_method: "INVITE",
            connection_recovery_min_interval: NEVER,
            connection_recovery_max_interval: NEVER,
        });
        this.#socket = socket;
        this.#instanceId = sip.instanceId;
        // First of all listeners: nothing is sent with the old address.
        this.on("connected", () => this.#moveContact());
    }

    /** Connects now unless connected or about to be. */
    reconnect(): void {
        const {transport} = this.#internals;
        // JsSIP's timer would only be one more, in a day.
        clearTimeout(transport.recovery_timer ?? undefined);
        transport.recovery_timer = null;
        transport.connect();
    }

    /** Ends the connection whatever is under way; JsSIP alone would wait two more seconds. */
    override stop(): void {
        super.stop();
        const {_closeTimer, transport} = this.#internals;
        if (_closeTimer === null) return;
        clearTimeout(_closeTimer);
        this.#internals._closeTimer = null;
        transport.disconnect();
    }

    /** Sends one REGISTER; JsSIP refreshes it by itself once it was accepted. */
    sendRegister(): void {
        this.#internals.registrator().register();
    }

    /**
     * Resolves when no request of ours waits for its answer, or after `patience` ms. An answered INVITE
     * does not count although it lives for 32 s more (timer M of RFC 6026 §8.4).
     */
    async settled(patience: number): Promise<void> {
        const giveUp = new AbortController();
        const timer = setTimeout(() => giveUp.abort(), patience);
        while (this.#isWaiting() && !giveUp.signal.aborted) {
            await once(this, "transactionDestroyed", {signal: giveUp.signal}).catch(() => {
                // The patience is over.
            });
        }
        clearTimeout(timer);
    }

    #isWaiting(): boolean {
        const {nict, ict} = this.#internals._transactions;
        return Object.keys(nict).length > 0 || Object.values(ict).some(({state}) => state < ACCEPTED);
    }

    get #internals(): Internals {
        return this as unknown as Internals;
    }

    /** JsSIP fixes the Contact for ever; a new connection has a new port, and after a move a new address. */
    #moveContact(): void {
        const {local} = this.#socket;
        if (local === null) return;
        const {contact} = this.#internals;
        contact.uri.host = bracketed(local.address);
        contact.uri.port = local.port;
        const instance = `"<urn:uuid:${this.#instanceId}>"`;
        this.#internals.registrator()._contact = `<${contact.uri}>;reg-id=1;+sip.instance=${instance}`;
    }
}
