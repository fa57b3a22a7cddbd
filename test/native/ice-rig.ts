import type {
    Fingerprint,
    IceCandidate,
    IceCredentials,
    IceEvent,
    IceOptions,
    IceSession,
    RemoteIceMedia,
} from "../../native/index.ts";
import {inCall, OPUS, type Rig} from "./rig.ts";

/** One side's session with ICE, and what it told. */
export class IceLeg {
    readonly session: IceSession;
    readonly rig: Rig;
    readonly events: {readonly event: IceEvent; readonly at: number}[] = [];
    readonly #waiting = new Set<() => void>();
    #credentials: IceCredentials;
    /** Where the candidates of the newest generation begin among the events. */
    #since = 0;

    constructor(rig: Rig, options: Partial<IceOptions> = {}) {
        this.rig = rig;
        this.session = rig.engine.openIceSession({
            role: "controlled",
            addresses: ["127.0.0.1"],
            stun: null,
            turn: [],
            relayOnly: false,
            onEvent: (event) => {
                this.events.push({event, at: performance.now()});
                for (const check of [...this.#waiting]) check();
            },
            ...options,
        });
        this.#credentials = this.session.local;
    }

    restart(addresses: readonly string[] = ["127.0.0.1"]): void {
        this.#since = this.events.length;
        this.#credentials = this.session.restartIce({addresses});
    }

    /** What the far end is told once gathering has ended. */
    async description(): Promise<RemoteIceMedia["ice"]> {
        await this.event((event) => event.type === "gathered", this.#since);
        const candidates: IceCandidate[] = [];
        for (const {event} of this.events.slice(this.#since)) {
            if (event.type === "candidate") candidates.push(event.candidate);
        }
        const {ufrag, pwd} = this.#credentials;
        return {ufrag, pwd, candidates, complete: true};
    }

    /** The first such event from the `from`th on; rejects after five seconds, or `ms`. */
    async event(isWanted: (event: IceEvent) => boolean, from = 0, ms = 5000): Promise<{event: IceEvent; at: number}> {
        return await new Promise((done, fail) => {
            const timer = setTimeout(() => {
                this.#waiting.delete(check);
                const told = this.events.map(({event}) => event);
                fail(new Error(`not in ${ms} ms ${isWanted}, but ${JSON.stringify(told)}`));
            }, ms);
            const check = (): void => {
                const found = this.events.slice(from).find(({event}) => isWanted(event));
                if (found === undefined) return;
                clearTimeout(timer);
                this.#waiting.delete(check);
                done(found);
            };
            this.#waiting.add(check);
            check();
        });
    }

    async state(state: "connected" | "disconnected" | "failed", from = 0, ms = 5000): Promise<number> {
        return (await this.event((event) => event.type === "ice" && event.state === state, from, ms)).at;
    }

    /** When the keys were there, and their suite. */
    async keys(): Promise<{at: number; suite: string}> {
        const {event, at} = await this.event(({type}) => type === "keys");
        return {at, suite: event.type === "keys" ? event.suite : ""};
    }
}

export interface IceCallOptions {
    /** DTLS role of the left. */
    readonly role?: "active" | "passive";
    readonly address?: string;
    /** What the right is told of the left's certificate; the truth where it is left out. */
    readonly fingerprint?: Fingerprint;
}

export function mediaFor(
    far: IceLeg,
    ice: RemoteIceMedia["ice"],
    role: "active" | "passive",
    fingerprint = far.rig.engine.fingerprint(),
): RemoteIceMedia {
    return {
        security: {type: "dtls", role, fingerprints: [fingerprint]},
        ice,
        codecs: [OPUS],
        telephoneEvent: {payloadType: 101, clockRate: 48_000},
        ptime: 20,
        direction: "sendrecv",
        voipMetrics: false,
    };
}

/** Gathers on both sides and starts both; the left is the one that offered. */
export async function iceCall(
    left: Rig,
    right: Rig,
    {role = "active", address = "127.0.0.1", fingerprint}: IceCallOptions = {},
): Promise<{left: IceLeg; right: IceLeg}> {
    const a = new IceLeg(left, {role: "controlling", addresses: [address]});
    const b = new IceLeg(right, {addresses: [address]});
    await exchange(a, b, {role, ...(fingerprint && {fingerprint})});
    left.engine.setAudio(inCall(a.session));
    right.engine.setAudio(inCall(b.session));
    return {left: a, right: b};
}

/** Tells each side of the other. */
export async function exchange(a: IceLeg, b: IceLeg, {role = "active", fingerprint}: IceCallOptions): Promise<void> {
    const [ofA, ofB] = await Promise.all([a.description(), b.description()]);
    b.session.start(mediaFor(a, ofA, role === "active" ? "passive" : "active", fingerprint));
    a.session.start(mediaFor(b, ofB, role));
}
