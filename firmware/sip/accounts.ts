/** All accounts of the phone: one agent each, started anew when their settings change, but never under a call. */
import type {Digit} from "../../hal/board.ts";
import type {MediaEngine} from "../../native/index.ts";
import {messageOf} from "../errors.ts";
import type {Log} from "../log.ts";
import type {AccountId, CallId, EndReason} from "../phone/call.ts";
import type {AccountState, SignalEvent} from "../phone/state.ts";
import type {AccountSettings, SipSettings} from "./account.ts";
import {type Agent, createAgent} from "./agent.ts";

export interface AccountsOptions {
    readonly engine: MediaEngine;
    readonly log: Log;
    readonly onEvent: (event: SignalEvent) => void;
    /** All addresses of the machine that others could reach. */
    readonly ownAddresses: () => readonly string[];
    /** Told when the set of accounts changes. */
    readonly onAccounts: (accounts: readonly AccountState[]) => void;
}

export interface AccountsWanted {
    readonly accounts: readonly AccountSettings[];
    readonly sip: SipSettings;
}

export class Accounts {
    readonly #options: AccountsOptions;
    readonly #agents = new Map<AccountId, Agent>();
    /** Which account carries each call that is not over. */
    readonly #calls = new Map<CallId, AccountId>();
    /** Calls that wait for the accounts to have started anew. */
    readonly #dialling = new Set<CallId>();
    #states: readonly AccountState[] = [];
    #wanted: AccountsWanted | null = null;
    #incoming = 0;
    #restarting: Promise<void> = Promise.resolve();
    #closed = false;

    constructor(options: AccountsOptions) {
        this.#options = options;
    }

    /** Puts new settings into force: at once while no call exists, after the last call otherwise. */
    apply(wanted: AccountsWanted): void {
        this.#wanted = wanted;
        this.#restartWhenIdle();
    }

    #restartWhenIdle(): void {
        if (this.#calls.size > 0 || this.#wanted === null) return;
        const wanted = this.#wanted;
        this.#wanted = null;
        this.#restarting = this.#restarting.then(() => this.#restart(wanted));
    }

    async #restart({accounts, sip}: AccountsWanted): Promise<void> {
        const old = [...this.#agents.values()];
        this.#agents.clear();
        await Promise.all(old.map((agent) => agent.close()));
        if (this.#closed) return;
        this.#states = accounts.map(({id, label}) => connecting(id, label));
        this.#options.onAccounts(this.#states);
        for (const account of accounts) this.#start(account, sip);
    }

    #start(account: AccountSettings, sip: SipSettings): void {
        const {engine, log, ownAddresses} = this.#options;
        try {
            const agent = createAgent({
                account,
                sip,
                engine,
                log,
                ownAddresses,
                nextIncomingId: () => `in-${++this.#incoming}`,
                onEvent: (event) => this.#take(account.id, event),
            });
            this.#agents.set(account.id, agent);
        } catch (thrown) {
            log.error(messageOf(thrown));
            const state = {...connecting(account.id, account.label), fault: "notConfigured", detail: messageOf(thrown)};
            this.#options.onEvent({type: "registration", account: state as AccountState, at: performance.now()});
        }
    }

    #take(account: AccountId, event: SignalEvent): void {
        if (event.type === "incoming") this.#calls.set(event.call, account);
        this.#options.onEvent(event);
        if (event.type !== "ended") return;
        this.#calls.delete(event.call);
        this.#restartWhenIdle();
    }

    /**
     * Dials from the account; an emergency call takes any account there is when that one has none. A call that is made
     * while the accounts start anew goes out as soon as they have.
     */
    async dial(call: CallId, account: AccountId, number: string, emergency: boolean): Promise<void> {
        this.#dialling.add(call);
        await this.#restarting;
        if (!this.#dialling.delete(call)) return;
        const agent = this.#agents.get(account) ?? (emergency ? [...this.#agents.values()][0] : undefined);
        if (agent === undefined) {
            this.#end(call, {code: "noService", sip: null});
            return;
        }
        const carrying = [...this.#agents].find(([, candidate]) => candidate === agent)?.[0] ?? account;
        this.#calls.set(call, carrying);
        agent.dial(call, number, emergency);
    }

    #end(call: CallId, reason: EndReason): void {
        this.#options.onEvent({type: "ended", call, reason, at: performance.now()});
    }

    #agentOf(call: CallId): Agent | undefined {
        const account = this.#calls.get(call);
        return account === undefined ? undefined : this.#agents.get(account);
    }

    answer(call: CallId): void {
        this.#agentOf(call)?.answer(call);
    }

    reject(call: CallId, status: number): void {
        this.#agentOf(call)?.reject(call, status);
    }

    hangUp(call: CallId): void {
        if (this.#dialling.delete(call)) this.#end(call, {code: "cancelled", sip: null});
        this.#agentOf(call)?.hangUp(call);
    }

    setHold(call: CallId, held: boolean): void {
        this.#agentOf(call)?.setHold(call, held);
    }

    sendDigit(call: CallId, digit: Digit, ms: number): void {
        this.#agentOf(call)?.sendDigit(call, digit, ms);
    }

    /** Hangs up, unregisters and disconnects all; bounded by the agents. */
    async close(): Promise<void> {
        this.#closed = true;
        await this.#restarting;
        await Promise.all([...this.#agents.values()].map((agent) => agent.close()));
        this.#agents.clear();
    }
}

const connecting = (id: AccountId, label: string): AccountState => ({
    id,
    label,
    registered: false,
    fault: "connecting",
    detail: "",
    retryAt: null,
});
