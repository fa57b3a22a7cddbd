/** How the media of one call are protected and where they go: what is tried next, and what was opened beforehand. */
import {messageOf} from "../errors.ts";
import type {Log} from "../log.ts";
import type {MediaPath, MediaSource} from "./media-path.ts";
import {type Protections, withFreshKeys} from "./media-security.ts";
import type {Prospect} from "./sdp.ts";
import {type IceFragment, parseFragment} from "./sdp-ice.ts";
import type {LocalSecurity} from "./sdp-security.ts";

/** Whoever has candidates for us later may send them by INFO (RFC 8840 §4.2, RFC 6086 §3). */
const trickleHeaders: readonly string[] = ["Recv-Info: trickle-ice", "Supported: trickle-ice"];
/** Fragments of candidates that are kept for an answer that is still to come. */
const MAX_FRAGMENTS = 64;

/** An INFO as JsSIP tells it. */
export interface InfoEvent {
    readonly originator: string;
    readonly info: {readonly contentType?: string; readonly body?: string};
}

/** See the head of the file. What it opened beforehand is its own until `open` hands it out. */
export class LegMedia {
    readonly #protections: Protections;
    readonly #source: MediaSource;
    readonly #log: Log;
    #tried = 0;
    #prepared: MediaPath | null = null;
    #fragments: readonly IceFragment[] = [];

    constructor(protections: Protections, source: MediaSource, log: Log) {
        this.#protections = protections;
        this.#source = source;
        this.#log = log;
    }

    get #protection(): Protections[0] {
        return this.#protections[this.#tried] ?? this.#protections[0];
    }

    /** The protection of the session that is opened next, with keys of its own. */
    freshSecurity(): LocalSecurity {
        return withFreshKeys(this.#protection);
    }

    /** Whether a refusal of media may have been one of the protection that the account demands. */
    get isDemanding(): boolean {
        const [only, ...others] = this.#protections;
        return others.length === 0 && (only.type === "dtls" || (only.type === "sdes" && only.required));
    }

    /**
     * A call came, with what its offer comes to; null where the offer is ours. Candidates are gathered while the phone
     * rings, so that lifting is answered at once.
     */
    prepare(prospect: Prospect | null): void {
        const ice = prospect === null ? this.#protection.type === "dtls" : prospect.ice !== null;
        if (!ice) return;
        // Who offers controls, and in any case who faces one that only answers checks (RFC 8445 §6.1.1).
        const role = prospect === null || prospect.ice?.lite ? "controlling" : "controlled";
        try {
            this.#prepared = this.#source.ice(role);
        } catch (error) {
            this.#log.error(`no path for a call that came: ${messageOf(error)}`);
        }
    }

    /** Headers of the message that holds our description. */
    get headers(): readonly string[] {
        return this.#prepared?.type === "ice" || this.#protection.type === "dtls" ? trickleHeaders : [];
    }

    /** What was prepared, or what our own offer wants. Throws PhoneError `noMedia`. */
    open(): MediaPath {
        const prepared = this.#prepared;
        this.#prepared = null;
        if (prepared !== null) return prepared;
        return this.#protection.type === "dtls" ? this.#source.ice("controlling") : this.#source.direct();
    }

    /** The far end refused: whether there is another protection to be tried. */
    next(status: number): boolean {
        if (!refusesMedia(status) || this.#tried + 1 >= this.#protections.length) return false;
        this.#tried += 1;
        return true;
    }

    /** Candidates in an INFO; null where it is about something else. */
    trickled({originator, info}: InfoEvent): IceFragment | null {
        if (originator !== "remote" || !/^application\/trickle-ice-sdpfrag\b/i.test(info.contentType ?? ""))
            return null;
        const fragment = parseFragment(info.body ?? "");
        if (fragment !== null) this.#fragments = [...this.#fragments, fragment].slice(-MAX_FRAGMENTS);
        return fragment;
    }

    /** All that trickled in so far. */
    get fragments(): readonly IceFragment[] {
        return this.#fragments;
    }

    /** Gives back what nobody took. */
    close(): void {
        if (this.#prepared?.type === "ice") this.#prepared.path.session.close();
        this.#prepared = null;
    }
}

/** Not acceptable here or anywhere, or a media type that is not known (RFC 3261 §21.4.13, §21.4.26, §21.6.4). */
export const refusesMedia = (status: number): boolean => [415, 488, 606].includes(status);
