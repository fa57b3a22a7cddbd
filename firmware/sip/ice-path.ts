/**
 * A path that ICE finds, as offer and answer see it: a session of the engine with what was gathered for it.
 *
 *   opened --gathers--> ready() -> description -> offer or answer ... restart(): the next generation, from the start
 */
import type {IceCandidate, IceCredentials, IceEvent, IceOptions, IceSession, SrtpSuite} from "../../native/index.ts";
import {PhoneError} from "../errors.ts";
import type {EndReason} from "../phone/call.ts";
import type {IceDescription} from "./sdp-ice.ts";

/** How long an offer or an answer waits for candidates that a server has not told yet, in ms. */
const GATHER_PATIENCE = 1_000;

export type PathFault = Extract<EndReason["code"], "noPath" | "notAuthentic" | "notSecure">;

/** What becomes of the path. */
export interface IcePathListener {
    /** Media cannot flow, and never will. */
    onFault(fault: PathFault): void;
    /** Consent was lost (RFC 7675): a restart may find another way. */
    onDisconnected(): void;
    onKeys(suite: SrtpSuite): void;
}

export interface IcePathOptions {
    readonly open: (options: IceOptions) => IceSession;
    readonly role: IceOptions["role"];
    /** The addresses and servers of the moment; at a restart the addresses are asked for again. */
    readonly means: () => Pick<IceOptions, "addresses" | "stun" | "turn" | "relayOnly">;
}

const silent: IcePathListener = {onFault: () => {}, onDisconnected: () => {}, onKeys: () => {}};

/** See the head of the file. Owns the engine's session; it begins to gather at once. */
export class IcePath {
    readonly session: IceSession;
    readonly #means: IcePathOptions["means"];
    #listener: IcePathListener = silent;
    #credentials: IceCredentials;
    #candidates: readonly IceCandidate[] = [];
    #complete = false;
    #connected = false;
    #fault: PathFault | null = null;
    #wake: () => void = () => {};

    /** Throws what the engine throws. */
    constructor({open, role, means}: IcePathOptions) {
        this.#means = means;
        this.session = open({role, ...means(), onEvent: (event) => this.#take(event)});
        this.#credentials = this.session.local;
    }

    /** From now on that one is told; also of a fault that there already was. */
    listen(listener: IcePathListener): void {
        this.#listener = listener;
        if (this.#fault !== null) listener.onFault(this.#fault);
    }

    /** What we have of this generation so far. */
    get description(): IceDescription {
        const {ufrag, pwd} = this.#credentials;
        return {ufrag, pwd, candidates: this.#candidates, complete: this.#complete};
    }

    /**
     * Once all candidates are there, or patience is over and some are. Rejects with PhoneError `noPath` where there
     * are none, which is a fault unless the path that there is goes on.
     */
    async ready(): Promise<void> {
        if (!this.#complete) await this.#gathered();
        if (this.#candidates.length > 0) return;
        if (!this.#connected) this.#fail("noPath");
        throw new PhoneError("noPath", "no candidate for a path was found");
    }

    #gathered(): Promise<void> {
        return new Promise((resolve) => {
            const timer = setTimeout(resolve, GATHER_PATIENCE);
            this.#wake = () => {
                clearTimeout(timer);
                resolve();
            };
        });
    }

    /** Begins a new generation on the addresses of the moment. */
    restart(): void {
        this.#candidates = [];
        this.#complete = false;
        this.#credentials = this.session.restartIce({addresses: this.#means().addresses});
    }

    #take(event: IceEvent): void {
        switch (event.type) {
            case "candidate": {
                this.#candidates = [...this.#candidates, event.candidate];
                break;
            }
            case "gathered": {
                this.#complete = true;
                this.#wake();
                break;
            }
            case "ice": {
                this.#takeState(event.state);
                break;
            }
            case "keys": {
                this.#listener.onKeys(event.suite);
                break;
            }
            case "dtlsFailed": {
                this.#fail(event.reason === "fingerprint" ? "notAuthentic" : "notSecure");
                break;
            }
        }
    }

    #takeState(state: "connected" | "disconnected" | "failed"): void {
        if (state === "failed") {
            this.#wake();
            // A restart that fails leaves the path that there is, where there is one.
            if (!this.#connected) this.#fail("noPath");
            return;
        }
        this.#connected = state === "connected";
        if (state === "disconnected") this.#listener.onDisconnected();
    }

    #fail(fault: PathFault): void {
        this.#fault = fault;
        this.#listener.onFault(fault);
    }
}
