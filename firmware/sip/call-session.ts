/** JsSIP's session as the phone's calls use it, and what of it is corrected for each call by itself. */
import type {JsSipMessage, JsSipRequest, JsSipSession, ReofferHandlers} from "./jssip.ts";

/** From or To of a call as JsSIP has it. */
export interface Identity {
    /** `toAor` is the URI without port and parameters. */
    readonly uri: {toAor(): string};
}

/** What JsSIP's session can do beyond what the guards know of. Underscored members are JsSIP's own names. */
export interface CallSession extends JsSipSession {
    /** The value of `Contact` in requests of this dialog. */
    _contact: string;
    /** The INVITE. */
    readonly _request: {readonly call_id: string};
    readonly local_identity: Identity;
    readonly remote_identity: Identity;
    _mangleOffer(sdp: string): string;
    onTransportError(): void;
    receiveRequest(request: InDialogRequest): void;
    isEstablished(): boolean;
    isInProgress(): boolean;
    answer(options: object): void;
    terminate(options?: object): void;
    sendDTMF(tones: string, options: object): void;
}

interface InDialogRequest extends JsSipRequest {
    reply(status: number, reason?: string | null, extraHeaders?: readonly string[]): void;
}

/** What JsSIP tells when a session is over, by `ended` or `failed`. */
export interface EndEvent {
    readonly originator: "local" | "remote" | "system";
    readonly message: (JsSipMessage & {getHeaders(name: string): string[]}) | null;
    readonly cause: string;
}

/**
 * Corrects one session. `offerLost` is called where an offer of ours came to nothing without anybody who asked for it
 * being told.
 */
export function correctSession(session: CallSession, offerLost: () => void): void {
    // Our descriptions carry the right direction and version already; JsSIP's rewriting would disturb both.
    session._mangleOffer = (sdp) => sdp;
    outliveTransport(session, offerLost);
    noticeRefusedRefresh(session, offerLost);
    answerEarlyUpdate(session);
}

/** A talk goes on without its signalling; JsSIP would end it at the next request that cannot be sent. */
function outliveTransport(session: CallSession, offerLost: () => void): void {
    const end = session.onTransportError.bind(session);
    session.onTransportError = () => {
        if (session.isEstablished()) offerLost();
        else end();
    };
}

/** JsSIP refreshes a session (RFC 4028 §7.2) and hears nothing of a refusal, which leaves its offer open for ever. */
function noticeRefusedRefresh(session: CallSession, offerLost: () => void): void {
    const send = session._sendReinvite.bind(session);
    session._sendReinvite = (options: {readonly eventHandlers?: ReofferHandlers} = {}) => {
        const eventHandlers = options.eventHandlers ?? {succeeded: () => {}, failed: offerLost};
        send({...options, eventHandlers});
    };
}

/**
 * UPDATE before the answer (RFC 3311 §5.2): without an offer it is fine, with one it comes too early, since we never
 * acknowledge early answers reliably. JsSIP says 403, which some servers take for the end of the call.
 */
function answerEarlyUpdate(session: CallSession): void {
    const receive = session.receiveRequest.bind(session);
    session.receiveRequest = (request) => {
        if (request.method !== "UPDATE" || !session.isInProgress()) receive(request);
        else if (request.body) request.reply(500, null, ["Retry-After: 2"]);
        else request.reply(200, null, [`Contact: ${session._contact}`]);
    };
}
