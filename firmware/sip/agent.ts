/** One account: its user agent, its registration and its calls, as the phone knows them. */
import type {Digit} from "../../hal/board.ts";
import type {MediaEngine} from "../../native/index.ts";
import {messageOf, PhoneError} from "../errors.ts";
import type {Log} from "../log.ts";
import type {CallId} from "../phone/call.ts";
import type {SignalEvent} from "../phone/state.ts";
import type {AccountSettings, SipSettings} from "./account.ts";
import {AccountUserAgent} from "./account-user-agent.ts";
import {CallLeg, type LegEvent} from "./call-leg.ts";
import type {CallSession} from "./call-session.ts";
import {isSecure} from "./dial.ts";
import {dialTarget} from "./dial-target.ts";
import {IceServers} from "./ice-servers.ts";
import {judgeBody, notAcceptable, type OfferVerdict} from "./incoming-offer.ts";
import type {JsSipUa} from "./jssip.ts";
import {installJsSipGuard} from "./jssip-guard.ts";
import {MediaSource} from "./media-path.ts";
import {type Protections, protectionOf, protectionsOf, withFreshKeys} from "./media-security.ts";
import {partyOf} from "./party.ts";
import {installPeerConnection} from "./peer-connection.ts";
import {sendReport} from "./quality-collector.ts";
import type {CallReport} from "./quality-report.ts";
import {Registration} from "./registration.ts";
import {createSipSocket, type SipSocket} from "./sip-socket.ts";

/** How long a call waits for a connection that is being made, in ms. */
const CONNECT_PATIENCE = 6_000;
/** How long our last requests may wait for their answers, in ms. */
const SETTLE_PATIENCE = 1_000;

export interface AgentOptions {
    readonly account: AccountSettings;
    readonly sip: SipSettings;
    readonly engine: MediaEngine;
    readonly log: Log;
    /** A name for a call that comes in, never used twice in a process. */
    readonly nextIncomingId: () => CallId;
    readonly onEvent: (event: SignalEvent) => void;
    /** All addresses of the machine that others could reach. */
    readonly ownAddresses: () => readonly string[];
    /** Monotonic ms; performance.now unless told. */
    readonly now?: () => number;
}

/** What an INVITE is judged by. */
interface IncomingRequest {
    readonly body: string | null | undefined;
    getHeader(name: string): string | undefined;
    getHeaders(name: string): string[];
}

interface NewSession {
    readonly originator: "local" | "remote";
    readonly session: CallSession;
    readonly request: IncomingRequest;
}

/** Owns a connection to the server; `close()` gives it back. A call that it does not know is passed over. */
export class Agent {
    readonly #options: AgentOptions;
    readonly #log: Log;
    readonly #now: () => number;
    readonly #socket: SipSocket;
    readonly #ua: AccountUserAgent;
    readonly #registration: Registration;
    readonly #iceServers: IceServers;
    readonly #media: MediaSource;
    readonly #legs = new Map<CallId, CallLeg>();
    /** Calls that wait for a connection to be placed. */
    readonly #waiting = new Map<CallId, () => void>();
    /** BYEs and reports that wait for one. */
    #goodbyes: (() => void)[] = [];
    #closing: Promise<void> | null = null;

    /** Throws where the account cannot be meant. */
    constructor(options: AgentOptions) {
        const {account, sip, log} = options;
        this.#options = options;
        this.#log = log.area("sip");
        this.#now = options.now ?? (() => performance.now());
        installJsSipGuard();
        installPeerConnection();
        this.#socket = createSipSocket({
            transport: account.transport,
            host: account.server === "" ? account.domain : account.server,
            port: account.port,
            path: account.path === "" ? "/" : account.path,
            ca: sip.ca,
            user: account.user,
            dscp: sip.dscp,
            keepAliveSeconds: sip.keepAlive,
            ownAddresses: options.ownAddresses,
            log,
        });
        this.#ua = new AccountUserAgent(account, sip, this.#socket);
        this.#iceServers = new IceServers(sip.ice, this.#log);
        this.#media = new MediaSource({
            engine: options.engine,
            servers: this.#iceServers,
            mediaAddress: sip.mediaAddress,
            ownAddresses: options.ownAddresses,
            signallingAddress: () => this.#socket.local?.address,
        });
        this.#registration = new Registration({
            account,
            ua: this.#ua,
            socket: this.#socket,
            now: this.#now,
            onChange: (state) => options.onEvent({type: "registration", account: state, at: this.#now()}),
        });
        this.#ua.on("newRTCSession", (event: unknown) => this.#invited(event as NewSession));
        this.#ua.on("connected", () => this.#catchUp());
        this.#ua.on("disconnected", () => {
            for (const leg of [...this.#legs.values()]) leg.disconnected();
        });
        this.#ua.on("registered", () => {
            void this.#iceServers.refresh();
            for (const leg of this.#legs.values()) leg.moved();
        });
        this.#registration.start();
    }

    /** Calls a number, a user or a `sip:` URI. Without a connection it waits some seconds for one. */
    dial(call: CallId, number: string, emergency: boolean): void {
        const protections = this.#protectionsOf(call, emergency);
        if (protections === null) return;
        const leg = this.#newLeg(call, "outgoing", protections);
        const target = dialTarget(number, this.#options.account.domain);
        if (target === null) {
            leg.fail({code: "incomplete", sip: null});
            return;
        }
        // RFC 3261 §20.26: proxies and gateways may let it go first.
        const place = (): void => leg.place(target, emergency ? ["Priority: emergency"] : []);
        if (this.#ua.isConnected()) place();
        else this.#waitToPlace(call, place);
    }

    answer(call: CallId): void {
        this.#legs.get(call)?.answer();
    }

    reject(call: CallId, status: number): void {
        this.#legs.get(call)?.reject(status);
    }

    hangUp(call: CallId): void {
        this.#waiting.delete(call);
        this.#legs.get(call)?.hangUp();
    }

    setHold(call: CallId, held: boolean): void {
        this.#legs.get(call)?.setHold(held);
    }

    /** `ms` is how long the digit lasts. */
    sendDigit(call: CallId, digit: Digit, ms: number): void {
        this.#legs.get(call)?.sendDigit(digit, ms);
    }

    /** Hangs up, unregisters and disconnects, in three seconds at most. The second call waits for the first. */
    close(): Promise<void> {
        this.#closing ??= this.#close();
        return this.#closing;
    }

    async #close(): Promise<void> {
        for (const call of [...this.#legs.keys()]) this.hangUp(call);
        await this.#registration.close();
        await this.#ua.settled(SETTLE_PATIENCE);
        this.#ua.stop();
    }

    /** Null, and the call is over, where its keys would have to go in clear. */
    #protectionsOf(call: CallId, emergency: boolean): Protections | null {
        const {account, sip} = this.#options;
        try {
            return protectionsOf(account, sip, emergency);
        } catch (error) {
            if (!(error instanceof PhoneError)) throw error;
            this.#log.warning(`the call was not placed: ${error.message}`);
            this.#tell(call, {type: "ended", reason: {code: "openSignalling", sip: null}});
            return null;
        }
    }

    #newLeg(call: CallId, direction: "outgoing" | "incoming", protections: Protections): CallLeg {
        const {account, sip} = this.#options;
        const leg = new CallLeg({
            direction,
            ua: this.#ua,
            media: this.#media,
            secureSignalling: isSecure(account),
            codecs: sip.codecs,
            ptime: sip.ptime,
            protections,
            log: this.#log,
            emit: (event) => this.#tell(call, event),
            report: sip.collector === "" ? null : (report) => this.#report(report, sip.collector),
            whenConnected: (task) => this.#goodbyes.push(task),
        });
        this.#legs.set(call, leg);
        return leg;
    }

    #tell(call: CallId, event: LegEvent): void {
        if (event.type === "ended") this.#legs.delete(call);
        this.#options.onEvent({...event, call, at: this.#now()} as SignalEvent);
    }

    /** Without a connection it waits for one, as a BYE does. */
    #report(report: CallReport, uri: string): void {
        const send = (): void => sendReport({ua: this.#ua as unknown as JsSipUa, uri, log: this.#log}, report);
        if (this.#ua.isConnected()) send();
        else this.#goodbyes.push(send);
    }

    #waitToPlace(call: CallId, place: () => void): void {
        this.#waiting.set(call, place);
        setTimeout(() => {
            if (!this.#waiting.delete(call)) return;
            this.#legs.get(call)?.fail({code: "noService", sip: null});
        }, CONNECT_PATIENCE);
        this.#registration.connectNow();
    }

    #catchUp(): void {
        const tasks = [...this.#goodbyes, ...this.#waiting.values()];
        this.#goodbyes = [];
        this.#waiting.clear();
        for (const task of tasks) task();
    }

    #invited({originator, session, request}: NewSession): void {
        if (originator !== "remote") return;
        const {nextIncomingId, account, sip} = this.#options;
        if (this.#closing !== null) {
            // Nobody could answer it: the account is being given up.
            session.terminate({status_code: 480});
            return;
        }
        const verdict = this.#judge(request.body ?? "");
        if (verdict.type === "refused") {
            this.#log.warning(`an INVITE was refused with ${verdict.status}: ${verdict.because}`);
            session.terminate({status_code: verdict.status, extraHeaders: [...verdict.headers]});
            return;
        }
        const call = nextIncomingId();
        this.#newLeg(call, "incoming", [protectionOf(account, sip)]).take(session, verdict.prospect);
        const party = partyOf({
            from: request.getHeader("from") ?? "",
            asserted: request.getHeaders("p-asserted-identity"),
        });
        const {security} = verdict;
        this.#options.onEvent({type: "incoming", call, account: account.id, party, security, at: this.#now()});
    }

    #judge(body: string): OfferVerdict {
        const {account, sip} = this.#options;
        try {
            const means = {
                codecs: sip.codecs,
                address: this.#socket.local?.address ?? "0.0.0.0",
                security: withFreshKeys(protectionOf(account, sip)),
            };
            return judgeBody(body, means, isSecure(account));
        } catch (error) {
            return notAcceptable(messageOf(error));
        }
    }
}

/** The user agent of one account; it begins to connect and register at once. Throws where the account is unusable. */
export function createAgent(options: AgentOptions): Agent {
    try {
        return new Agent(options);
    } catch (error) {
        throw new TypeError(`account ${options.account.id}: ${messageOf(error)}`, {cause: error});
    }
}
