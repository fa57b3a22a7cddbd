/**
 * The door to JsSIP: what the rest of this folder needs of it, with types that need no DOM library.
 * Underscored members are JsSIP's own names (version 3.13.8); only the guards use them.
 */
import type {EventEmitter} from "node:events";
import jssip from "jssip";
import DialogRequestSender from "jssip/lib/Dialog/RequestSender.js";
import Dialog from "jssip/lib/Dialog.js";
import DigestAuthentication from "jssip/lib/DigestAuthentication.js";
import RequestSender from "jssip/lib/RequestSender.js";
import RtcSession from "jssip/lib/RTCSession.js";
import {OutgoingRequest} from "jssip/lib/SIPMessage.js";
import Utils from "jssip/lib/Utils.js";

/** The socket that JsSIP asks of us. `connect` MUST NOT be async: JsSIP refuses an AsyncFunction. */
export interface JsSipSocket {
    readonly url: string;
    readonly via_transport: string;
    readonly sip_uri: string;
    connect(): void;
    disconnect(): void;
    isConnected(): boolean;
    isConnecting(): boolean;
    /** Whether the message was handed to the connection. */
    send(message: string): boolean;
    onconnect: () => void;
    ondisconnect: (error: boolean, code?: string, reason?: string) => void;
    ondata: (message: string) => void;
}

/** A parsed response or request as JsSIP hands it about. */
export interface JsSipMessage {
    readonly method: string;
    readonly call_id: string;
    readonly from_tag: string;
    readonly to_tag: string;
    readonly cseq: number;
    readonly body: string;
    readonly status_code: number;
    hasHeader(name: string): boolean;
    getHeader(name: string): string | undefined;
    parseHeader(name: string): unknown;
}

export interface JsSipRequest extends JsSipMessage {
    reply(status: number, reason?: string | null): void;
}

export interface OutgoingJsSipRequest {
    readonly method: string;
    readonly ruri: {toString(): string};
    cseq: number;
    body: string | null;
    getHeader(name: string): string | undefined;
    setHeader(name: string, value: string): void;
}

export interface JsSipDialog {
    _owner: {readonly _direction?: string | null};
    _ua: unknown;
    /** 1 early, 2 confirmed, 3 terminated. */
    _state: number;
    _uac_pending_reply: boolean;
    _outgoing_ack_seqnum: number | null;
    /** Set where the constructor refused the message. */
    readonly error?: string;
    readonly id: {readonly call_id: string; readonly local_tag: string; readonly remote_tag: string};
    get local_seqnum(): number;
    set local_seqnum(value: number);
    _checkInDialogRequest(request: JsSipRequest): boolean;
    sendRequest(method: string, options?: object): OutgoingJsSipRequest;
    terminate(): void;
}

export interface ReofferOptions {
    readonly useUpdate?: boolean;
    readonly extraHeaders?: string[];
    readonly rtcOfferConstraints?: object | null;
}

/** What a re-INVITE of ours is answered with. */
export interface ReofferHandlers {
    succeeded(): void;
    failed(response?: JsSipMessage): void;
}

export interface JsSipSession extends EventEmitter {
    _status: number;
    _ua: JsSipUa;
    _dialog: JsSipDialog | null | undefined;
    _connection: {setLocalDescription(description: {type: string}): Promise<void>} | null;
    _localHold: boolean;
    readonly _sessionTimers: {
        readonly refresher: boolean;
        readonly refreshMethod: string;
        /** Seconds. */
        readonly currentExpires: number | null;
        timer: NodeJS.Timeout | null;
    };
    _runSessionTimer(): void;
    _onhold(originator: string): void;
    _onunhold(originator: string): void;
    _setLocalMediaStatus(): void;
    _receiveInviteResponse(response: JsSipMessage): void;
    _acceptAndTerminate(response: JsSipMessage, status?: number, reason?: string): void;
    _failed(originator: string, message: unknown, cause: string): void;
    _sendReinvite(options: object): void;
    _sendUpdate(options: object): void;
    isEnded(): boolean;
    isReadyToReOffer(): boolean;
    hold(options?: ReofferOptions, done?: () => void): boolean;
    unhold(options?: ReofferOptions, done?: () => void): boolean;
    renegotiate(options?: ReofferOptions, done?: () => void): boolean;
    refer(target: unknown, options?: {replaces?: JsSipSession | undefined}): unknown;
}

export interface JsSipUa extends EventEmitter {
    normalizeTarget(target: unknown): JsSipUri | undefined;
    readonly configuration: {readonly via_host: string};
}

export interface JsSipUri {
    clone(): JsSipUri;
    setHeader(name: string, value: string): void;
    toString(): string;
}

export interface JsSipDialogRequestSender {
    _dialog: JsSipDialog;
    _request: OutgoingJsSipRequest;
    _reattempt: boolean;
    _reattemptTimer: NodeJS.Timeout | null;
    _receiveResponse(response: JsSipMessage): void;
    send(): void;
}

export interface DigestChallenge {
    readonly realm?: string | undefined;
    readonly nonce?: string | undefined;
    readonly algorithm?: string | undefined;
    readonly opaque?: string | undefined;
    readonly stale?: boolean | undefined;
    readonly qop?: readonly string[] | undefined;
}

export interface JsSipRequestSender {
    _auth: unknown;
    _challenged: boolean;
    _request: OutgoingJsSipRequest;
    _receiveResponse(response: JsSipMessage): void;
}

export interface DigestCredentials {
    readonly username: string;
    readonly password: string | null;
    readonly realm: string | null;
    readonly ha1: string | null;
}

export interface JsSipDigest {
    _credentials: DigestCredentials;
    _realm: string | null;
    _ha1: string | null;
    _nonce: string | null;
    _nc: number;
    _response: string | null;
    authenticate(request: OutgoingJsSipRequest, challenge: DigestChallenge, cnonce?: string | null): boolean;
    toString(): string;
}

export interface RtcSessionClass {
    readonly prototype: JsSipSession;
    readonly C: Readonly<Record<string, number>>;
}
export interface DialogClass {
    new (owner: object, message: JsSipMessage, type: "UAC" | "UAS"): JsSipDialog;
    readonly prototype: JsSipDialog;
    readonly C: Readonly<Record<string, number>>;
}
export interface DialogRequestSenderClass {
    readonly prototype: JsSipDialogRequestSender;
}
/** What comes of a request of ours; only the final answer is told. */
interface RequestSenderHandlers {
    onRequestTimeout(): void;
    onTransportError(): void;
    onReceiveResponse(response: JsSipMessage): void;
}
export interface RequestSenderClass {
    new (ua: JsSipUa, request: OutgoingJsSipRequest, handlers: RequestSenderHandlers): {send(): void};
    readonly prototype: JsSipRequestSender;
}
export interface DigestAuthenticationClass {
    readonly prototype: JsSipDigest;
}
export interface JsSipUtils {
    createRandomToken: (size: number, base?: number) => string;
    newTag: () => string;
    newUUID: () => string;
    escapeUser: (user: string) => string;
}

/** The parts that the guards correct. The tests hand in a fresh copy of the package. */
export interface JsSipInternals {
    readonly version: string;
    readonly RtcSession: RtcSessionClass;
    readonly Dialog: DialogClass;
    readonly DialogRequestSender: DialogRequestSenderClass;
    readonly RequestSender: RequestSenderClass;
    readonly DigestAuthentication: DigestAuthenticationClass;
    readonly Utils: JsSipUtils;
}

/**
 * Whether JsSIP's grammar can read a header value by that rule (`From`, `Call_ID`, …). It drops a whole message in
 * silence where it cannot, and throws at some values.
 */
export function isReadable(value: string, rule: string): boolean {
    try {
        return jssip.Grammar.parse(value, rule) !== -1;
    } catch {
        // What the grammar throws at, JsSIP could not have read either.
        return false;
    }
}

/** Turns off JsSIP's own log, which prints whole messages, credentials and all, where DEBUG asks for it. */
export function silenceJsSip(): void {
    jssip.debug.disable();
}

/** The package that the product runs on. */
export const internals: JsSipInternals = {
    version: jssip.version,
    RtcSession,
    Dialog,
    DialogRequestSender,
    RequestSender,
    DigestAuthentication,
    Utils,
};

/** JsSIP's user agent; `SipUserAgent` in user-agent.ts is the one to construct. */
export const UA = jssip.UA;

export interface OutOfDialogRequest {
    readonly method: string;
    /** SIP URI. */
    readonly target: string;
    /** Header fields besides the usual ones. */
    readonly headers: readonly string[];
    readonly body: string;
}

type OutgoingRequestClass = new (
    method: string,
    target: JsSipUri,
    ua: JsSipUa,
    parameters: null,
    headers: string[],
    body: string,
) => OutgoingJsSipRequest;

/**
 * Sends a request outside of any dialog by the user agent's connection; a challenge is answered. Throws TypeError for a
 * target that is no SIP URI. `failed` is told in words where no final answer comes.
 */
export function sendRequest(
    ua: JsSipUa,
    {method, target, headers, body}: OutOfDialogRequest,
    on: {readonly answered: (response: JsSipMessage) => void; readonly failed: (why: string) => void},
): void {
    const uri = ua.normalizeTarget(target);
    if (uri === undefined) throw new TypeError("the target is no SIP URI");
    // JsSIP's types leave the constructor out.
    const Request = OutgoingRequest as unknown as OutgoingRequestClass;
    const sender = new RequestSender(ua, new Request(method, uri, ua, null, [...headers], body), {
        onRequestTimeout: () => on.failed("no answer came"),
        onTransportError: () => on.failed("there is no connection"),
        onReceiveResponse: (response) => {
            if (response.status_code >= 200) on.answered(response);
        },
    });
    sender.send();
}
