/**
 * One call between the phone and JsSIP: a JsSIP session with its peer connection, and the events that come of it.
 * However it ends, `ended` is told exactly once and the engine's session is given back.
 */
import {randomInt} from "node:crypto";
import type {CodecName, SrtpSuite} from "../../native/index.ts";
import {messageOf, PhoneError} from "../errors.ts";
import type {Log} from "../log.ts";
import type {CallId, CallSecurity, EndReason} from "../phone/call.ts";
import type {SignalEvent} from "../phone/state.ts";
import {AudioStream} from "./audio-track.ts";
import {TalkReport} from "./call-report.ts";
import {type CallSession, correctSession, type EndEvent} from "./call-session.ts";
import {endReasonOf} from "./end-reason.ts";
import {notAcceptable} from "./incoming-offer.ts";
import {type InfoEvent, LegMedia, refusesMedia} from "./leg-media.ts";
import type {MediaSource} from "./media-path.ts";
import type {Protections} from "./media-security.ts";
import type {PeerConnection, PeerConnectionOptions} from "./peer-connection.ts";
import type {CallReport} from "./quality-report.ts";
import type {Prospect} from "./sdp.ts";

/** RFC 4028 §4; JsSIP's own 90 s would re-invite every 45 s. In s. */
const SESSION_EXPIRES = 1800;

type WithoutTime<Event> = Event extends {readonly at: number} ? Omit<Event, "at" | "call"> : never;
/** An event of this call; the agent adds whose and when. */
export type LegEvent = WithoutTime<Extract<SignalEvent, {readonly call: CallId}>>;

/** What JsSIP asks of a user agent to call. */
export interface Caller {
    call(target: string, options: object): unknown;
    isConnected(): boolean;
    readonly contact: {toString(options: {readonly outbound: boolean}): string};
}

export interface CallLegOptions {
    readonly direction: "outgoing" | "incoming";
    readonly ua: Caller;
    readonly media: MediaSource;
    readonly secureSignalling: boolean;
    readonly codecs: readonly CodecName[];
    /** Packet time in ms. */
    readonly ptime: number;
    readonly protections: Protections;
    readonly log: Log;
    readonly emit: (event: LegEvent) => void;
    /** Told of a talk that is over; null: nobody wants to know. */
    readonly report: ((report: CallReport) => void) | null;
    /** Runs `task` once there is a connection again. */
    readonly whenConnected: (task: () => void) => void;
}

interface Originated {
    readonly originator: string;
}

/** See the head of the file. */
export class CallLeg {
    readonly #options: CallLegOptions;
    readonly #media: LegMedia;
    readonly #talk: TalkReport;
    readonly #sessionId = randomInt(1, 2 ** 47);
    #session: CallSession | null = null;
    #connection: PeerConnection | null = null;
    #own: {readonly type: "hangUp" | "reject"; readonly status: number | null} | null = null;
    #answered = false;
    #held = false;
    #ended = false;
    #retriedInterval = false;
    #holdPending = false;
    #told: {readonly security: CallSecurity; readonly suite: SrtpSuite | null} | null = null;

    constructor(options: CallLegOptions) {
        this.#options = options;
        this.#media = new LegMedia(options.protections, options.media, options.log);
        this.#talk = new TalkReport(options);
    }

    /** Sends the INVITE. What is wrong with the target or the engine ends the leg. */
    place(target: string, extraHeaders: readonly string[], expires = SESSION_EXPIRES): void {
        const {ua, log} = this.#options;
        try {
            const headers = [...extraHeaders, ...this.#media.headers];
            const session = ua.call(target, {...this.#mediaOptions(expires), extraHeaders: headers});
            this.#attach(session as CallSession, {target, extraHeaders});
        } catch (error) {
            log.error(`the call cannot be placed: ${messageOf(error)}`);
            this.#end({code: codeOf(error), sip: null});
        }
    }

    /** Takes the session of an INVITE that came, with what its offer comes to: null where the offer is ours. */
    take(session: CallSession, prospect: Prospect | null): void {
        this.#attach(session, null);
        this.#media.prepare(prospect);
    }

    answer(): void {
        const session = this.#session;
        if (session === null || this.#ended || this.#answered) return;
        try {
            const extraHeaders = [...this.#media.headers];
            session.answer({...this.#mediaOptions(SESSION_EXPIRES), extraHeaders});
        } catch (error) {
            this.#options.log.error(`the call cannot be answered: ${messageOf(error)}`);
            this.#end({code: codeOf(error), sip: 500});
            this.#terminate({status_code: 500});
        }
    }

    reject(status: number): void {
        if (this.#ended) return;
        this.#own = {type: "reject", status};
        // The phone itself turns away only what it finds too little protected.
        const extraHeaders =
            status === 488 ? notAcceptable("the media are not protected as demanded", 303).headers : [];
        this.#terminate({status_code: status, extraHeaders: [...extraHeaders]});
    }

    /** Ends the call by what fits: CANCEL, BYE or a final response. A BYE waits for a connection. */
    hangUp(): void {
        if (this.#ended) return;
        this.#own = {type: "hangUp", status: null};
        const session = this.#session;
        if (session?.isEstablished() && !this.#options.ua.isConnected()) {
            this.#options.whenConnected(() => this.#terminate({}));
            this.#end({code: "localHangUp", sip: null});
            return;
        }
        this.#terminate({});
        // Before the INVITE left, JsSIP has nothing to end.
        if (this.#session === null) this.#end({code: "cancelled", sip: null});
    }

    /** Holds or resumes; `hold` or `holdFailed` follows. */
    setHold(held: boolean): void {
        const session = this.#session;
        if (session === null || this.#ended) return;
        // Without a connection the re-INVITE could only fail; the talk goes on as it is.
        const sent = this.#options.ua.isConnected() && !this.#holdPending && this.#reinvite(session, held);
        if (!sent) this.#emit({type: "holdFailed"});
    }

    /** Sends a digit of `ms` as a telephone-event, or by INFO where the far end takes none (RFC 4733 §2.1). */
    sendDigit(digit: string, ms: number): void {
        const session = this.#session;
        if (session === null || this.#connection === null || this.#ended) return;
        const transportType = this.#connection.sendsEvents ? "RFC2833" : "INFO";
        try {
            session.sendDTMF(digit, {transportType, duration: ms});
        } catch (error) {
            // Before any dialog there is nobody to send it to.
            this.#options.log.warning(`a digit was not sent: ${messageOf(error)}`);
        }
    }

    /**
     * The connection is another one: the far end learns our new Contact by a re-INVITE (RFC 3261 §12.2), or its
     * requests would go where nobody is.
     */
    moved(): void {
        const session = this.#session;
        if (session === null || this.#ended || !session.isEstablished()) return;
        const contact = this.#options.ua.contact.toString({outbound: this.#options.direction === "outgoing"});
        if (session._contact === contact) return;
        session._contact = contact;
        this.#connection?.restartIce();
        session.renegotiate();
    }

    /** Ends the leg with a reason of the agent's. */
    fail(reason: EndReason): void {
        this.#end(reason);
        this.#terminate({});
    }

    /** The connection is lost, and with it what JsSIP would have to answer a ringing INVITE on. */
    disconnected(): void {
        const ringing = this.#options.direction === "incoming" && !this.#answered;
        if (ringing) this.fail({code: "connectionLost", sip: null});
    }

    #mediaOptions(sessionTimersExpires: number): object {
        const {codecs, ptime, secureSignalling, log} = this.#options;
        const pcConfig: PeerConnectionOptions = {
            open: () => this.#media.open(),
            secureSignalling,
            codecs,
            ptime,
            log,
            security: this.#media.freshSecurity(),
            sessionId: this.#sessionId,
            onOpen: (connection) => this.#opened(connection),
            onHeld: (held) => this.#heldByRemote(held),
            onSecurity: () => this.#securityChanged(),
            onDisconnected: () => this.#restartIce(),
        };
        return {mediaStream: new AudioStream(), pcConfig, sessionTimersExpires};
    }

    /** A new way is sought by a re-INVITE; where there is no signalling either, the next registration brings it. */
    #restartIce(): void {
        const session = this.#session;
        this.#connection?.restartIce();
        if (session === null || this.#ended || !session.isEstablished() || !this.#options.ua.isConnected()) return;
        session.renegotiate();
    }

    #opened(connection: PeerConnection): void {
        this.#connection?.close();
        this.#connection = connection;
        for (const fragment of this.#media.fragments) connection.addCandidates(fragment);
        this.#emit({type: "session", session: connection.session.id});
    }

    #attach(session: CallSession, placed: {target: string; extraHeaders: readonly string[]} | null): void {
        this.#session = session;
        correctSession(session, () => this.#abandonOffer(session));
        session.on("progress", (event: {originator: string; response: {body?: string} | null}) => {
            if (event.originator === "remote") this.#progress(Boolean(event.response?.body));
        });
        // Early media that is refused is no reason to stay silent about the ringing.
        session.on("peerconnection:setremotedescriptionfailed", (error: unknown) => {
            this.#options.log.warning(`SDP refused: ${messageOf(error)}`);
            if (!this.#answered && session.isInProgress()) this.#progress(false);
        });
        session.on("accepted", () => {
            this.#answered = true;
        });
        session.on("confirmed", () => this.#confirmed());
        session.on("hold", ({originator}: Originated) => originator === "local" && this.#connection?.hold(true));
        session.on("unhold", ({originator}: Originated) => originator === "local" && this.#connection?.hold(false));
        session.on("holdfailed", () => this.#holdFailed());
        session.on("unholdfailed", () => this.#holdFailed());
        // Without a listener JsSIP would leave both unanswered.
        session.on("refer", ({reject}: {reject: () => void}) => reject());
        session.on("replaces", ({reject}: {reject: () => void}) => reject());
        session.on("newInfo", (event: InfoEvent) => this.#informed(event));
        session.on("ended", (event: EndEvent) => this.#over(event));
        session.on("failed", (event: EndEvent) => {
            if (placed === null || !this.#retry(event, placed)) this.#over(event);
        });
        // Whoever heard of the session may have given the call up already.
        if (this.#ended) this.#terminate({});
    }

    #informed(event: InfoEvent): void {
        const fragment = this.#media.trickled(event);
        if (fragment !== null) this.#connection?.addCandidates(fragment);
    }

    #reinvite(session: CallSession, held: boolean): boolean {
        const done = (): void => {
            this.#holdPending = false;
            this.#emit({type: "hold", by: "local", held});
        };
        this.#holdPending = held ? session.hold({}, done) : session.unhold({}, done);
        return this.#holdPending;
    }

    #holdFailed(): void {
        this.#holdPending = false;
        this.#emit({type: "holdFailed"});
    }

    /** A re-INVITE was lost with the connection, or refused: all is as before. */
    #abandonOffer(session: CallSession): void {
        this.#connection?.setLocalDescription({type: "rollback"}).catch(() => {
            // It was another request that was lost: there is nothing to roll back.
        });
        if (!this.#holdPending) return;
        session._localHold = !session._localHold;
        this.#connection?.hold(session._localHold);
        this.#holdFailed();
    }

    #progress(media: boolean): void {
        if (this.#options.direction !== "outgoing") return;
        if (media) this.#tellSecurity();
        this.#emit({type: "progress", media});
    }

    /**
     * Before the answer, `progress` and `confirmed` tell it with themselves. Later it waits until JsSIP is done with
     * the re-INVITE, since whoever hears of it may end the call.
     */
    #securityChanged(): void {
        if (this.#answered) setImmediate(() => this.#tellSecurity());
    }

    #tellSecurity(): void {
        const security = this.#connection?.security ?? null;
        const suite = this.#connection?.suite ?? null;
        if (security === null || (security === this.#told?.security && suite === this.#told.suite)) return;
        this.#told = {security, suite};
        this.#emit({type: "security", security, suite});
    }

    #confirmed(): void {
        this.#answered = true;
        this.#talk.begin();
        this.#tellSecurity();
        this.#emit({type: "confirmed"});
        if (this.#held) this.#emit({type: "hold", by: "remote", held: true});
    }

    /** In early media a one-way stream is usual and no hold. */
    #heldByRemote(held: boolean): void {
        this.#held = held;
        if (this.#answered) this.#emit({type: "hold", by: "remote", held});
    }

    #retry(event: EndEvent, placed: {target: string; extraHeaders: readonly string[]}): boolean {
        return this.#own === null && (this.#retryInterval(event, placed) || this.#retryProtection(event, placed));
    }

    /** A far end that cannot do one protection is called with the next, where there is one. */
    #retryProtection({message}: EndEvent, placed: {target: string; extraHeaders: readonly string[]}): boolean {
        if (!this.#media.next(message?.status_code ?? 0)) return false;
        this.place(placed.target, placed.extraHeaders);
        return true;
    }

    /** RFC 4028 §7.4: a server that wants a longer interval gets it, once. */
    #retryInterval({message}: EndEvent, placed: {target: string; extraHeaders: readonly string[]}): boolean {
        const least = Number(message?.status_code === 422 ? message.getHeader("min-se") : Number.NaN);
        if (!(least > 0) || this.#retriedInterval) return false;
        this.#retriedInterval = true;
        this.place(placed.target, [...placed.extraHeaders, `Min-SE: ${least}`], Math.max(least, SESSION_EXPIRES));
        return true;
    }

    #over({originator, message, cause}: EndEvent): void {
        const fault = this.#connection?.fault ?? null;
        if (fault !== null && this.#own === null) {
            this.#end({code: fault, sip: null});
            return;
        }
        const reason = endReasonOf({
            direction: this.#options.direction,
            originator,
            cause,
            answered: this.#answered,
            status: this.#own?.status ?? message?.status_code ?? null,
            reasons: message?.getHeaders("reason") ?? [],
            own: this.#own?.type ?? null,
        });
        this.#end(this.#lacksSecurity(reason) ? {code: "notSecure", sip: reason.sip} : reason);
    }

    /** A refusal of media that was one of their protection: ours of what they said, or theirs of what we demand. */
    #lacksSecurity({code, sip}: EndReason): boolean {
        if (code !== "notAcceptable") return false;
        const demanded = this.#media.isDemanding && refusesMedia(sip ?? 0);
        return demanded || this.#connection?.insecure === true;
    }

    #terminate(options: object): void {
        const session = this.#session;
        if (session === null || session.isEnded()) return;
        try {
            session.terminate(options);
        } catch (error) {
            this.#options.log.error(`the call cannot be ended in good order: ${messageOf(error)}`);
            this.#end({code: "failed", sip: null});
        }
    }

    /** After the end nothing is told. */
    #emit(event: LegEvent): void {
        if (!this.#ended) this.#options.emit(event);
    }

    #end(reason: EndReason): void {
        if (this.#ended) return;
        this.#ended = true;
        // JsSIP forgets it on some ways out.
        this.#connection?.close();
        this.#media.close();
        this.#options.emit({type: "ended", reason});
        this.#talk.end(this.#session, this.#connection);
    }
}

/** What an exception means for a call that does not come about. */
function codeOf(error: unknown): EndReason["code"] {
    return error instanceof PhoneError && error.code === "noMedia" ? "mediaLost" : "failed";
}
