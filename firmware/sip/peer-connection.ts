/**
 * The `RTCPeerConnection` that JsSIP sees, on a session of the media engine: exactly the members that JsSIP touches.
 *
 *   createOffer/createAnswer: pure text     setLocalDescription/setRemoteDescription: state, and engine.start()
 *
 *   stable --setLocal(offer)--> have-local-offer --setRemote(answer)--> stable     (rollback leads back)
 *   stable --setRemote(offer)-> have-remote-offer --setLocal(answer)--> stable
 */
import type {CodecName, MediaDirection, MediaEngine, MediaSession, RemoteMedia, SrtpSuite} from "../../native/index.ts";
import {messageOf, PhoneError} from "../errors.ts";
import type {Log} from "../log.ts";
import type {CallSecurity} from "../phone/call.ts";
import {type Agreement, acceptAnswer, answerOffer, isUnspecified, type LocalAudio, offerLines} from "./sdp.ts";
import {noPayloads} from "./sdp-codecs.ts";
import {parseSdp, type Sdp} from "./sdp-parse.ts";
import type {LocalSecurity} from "./sdp-security.ts";
import {type Description, nextDescription, type SdpLine, sdpText} from "./sdp-write.ts";

/** What JsSIP hands through from the agent as its `pcConfig`. */
export interface PeerConnectionOptions {
    readonly engine: Pick<MediaEngine, "openSession">;
    /** In the order of preference. */
    readonly codecs: readonly CodecName[];
    /** Packet time in ms. */
    readonly ptime: number;
    readonly security: LocalSecurity;
    /** The session id of `o=`: a positive safe integer, unique a call. */
    readonly sessionId: number;
    readonly log: Log;
    /** Called in the constructor, before JsSIP knows the object. */
    readonly onOpen: (connection: PeerConnection) => void;
    /** The far end holds, or no longer does. */
    readonly onHeld: (held: boolean) => void;
    /** What was agreed is protected in another way than before; told before the first media flow. */
    readonly onSecurity: (security: CallSecurity) => void;
}

/** The audio track that stands for the microphone. JsSIP clears `enabled` on hold; the engine decides by direction. */
export class AudioTrack {
    readonly kind = "audio";
    readonly id = "microphone";
    enabled = true;
    stop(): void {}
}

/** A stream of one track, always given to JsSIP so that it never asks for a microphone by itself. */
export class AudioStream {
    readonly #tracks: readonly AudioTrack[] = [new AudioTrack()];

    getTracks(): readonly AudioTrack[] {
        return this.#tracks;
    }
    getAudioTracks(): readonly AudioTrack[] {
        return this.#tracks;
    }
    getVideoTracks(): readonly AudioTrack[] {
        return [];
    }
}

/** A description as JsSIP makes it from what came. */
export class SessionDescription {
    readonly type: string;
    readonly sdp: string;

    constructor(init: {readonly type: string; readonly sdp: string}) {
        this.type = init.type;
        this.sdp = init.sdp;
    }
}

/** A description of ours, on its way from `create…` to `setLocalDescription`. */
class LocalSessionDescription extends SessionDescription {
    readonly description: Description;
    /** What an answer settles; null for an offer. */
    readonly agreement: Agreement | null;

    constructor(type: "offer" | "answer", description: Description, agreement: Agreement | null) {
        super({type, sdp: sdpText(description)});
        this.description = description;
        this.agreement = agreement;
    }
}

/** Sends digits as telephone-events; the engine queues them, so that nothing ever waits here. */
class DtmfSender {
    readonly toneBuffer = "";
    readonly #session: MediaSession;

    constructor(session: MediaSession) {
        this.#session = session;
    }

    /** `duration` in ms for each tone; the gap is the engine's. */
    insertDTMF(tones: string, duration = 100): void {
        for (const tone of tones) {
            this.#session.sendDigit(tone, duration);
        }
    }
}

/** A sender: the track and its digits. */
interface Sender {
    readonly track: AudioTrack;
    readonly dtmf: DtmfSender;
}

type SignalingState = "stable" | "have-local-offer" | "have-remote-offer" | "closed";

/** See the head of the file. Owns one engine session; `close()` gives it back and may be called again. */
export class PeerConnection extends EventTarget {
    readonly session: MediaSession;
    readonly #options: PeerConnectionOptions;
    readonly #senders: Sender[] = [];
    signalingState: SignalingState = "stable";
    iceGatheringState: "new" | "complete" = "new";
    iceConnectionState: "new" | "connected" | "failed" | "closed" = "new";
    localDescription: SessionDescription | null = null;
    remoteDescription: SessionDescription | null = null;
    #direction: MediaDirection = "sendrecv";
    /** The newest description that went out: the next one counts from it, also after a rollback. */
    #sent: Description | null = null;
    /** Our offer that the far end may (still) answer. */
    #offered: readonly SdpLine[] | null = null;
    #remoteOffer: Sdp | null = null;
    #agreed: Pick<Agreement, "lines" | "payloads"> = {lines: [], payloads: noPayloads};
    #remote: RemoteMedia | null = null;
    #held = false;
    #broken = false;
    #insecure = false;

    /** Throws PhoneError `noMedia` where the engine has no session for us. */
    constructor(options: PeerConnectionOptions) {
        super();
        this.#options = options;
        try {
            this.session = options.engine.openSession();
        } catch (error) {
            throw new PhoneError("noMedia", messageOf(error), {cause: error});
        }
        options.onOpen(this);
    }

    /** Whether a digit can go as a telephone-event; where not, it goes by INFO. */
    get sendsEvents(): boolean {
        return this.#remote?.telephoneEvent != null;
    }

    /** The engine could not start what was agreed. */
    get broken(): boolean {
        return this.#broken;
    }

    /** The newest description of the far end was refused for want of protection. */
    get insecure(): boolean {
        return this.#insecure;
    }

    /** How the media are protected, null while nothing is agreed. */
    get security(): CallSecurity | null {
        if (this.#remote === null) return null;
        // Whoever carries our signalling has seen the keys: they protect each hop for itself.
        return this.#remote.security.type === "srtp" ? "hop" : "none";
    }

    /** What protects the media, null where nothing does. */
    get suite(): SrtpSuite | null {
        return this.#remote?.security.type === "srtp" ? this.#remote.security.suite : null;
    }

    /** From the next offer or answer on: `sendonly` while we hold (RFC 3264 §8.4). */
    hold(held: boolean): void {
        this.#direction = held ? "sendonly" : "sendrecv";
    }

    addTrack(track: AudioTrack): Sender {
        const sender: Sender = {track, dtmf: new DtmfSender(this.session)};
        this.#senders.push(sender);
        return sender;
    }

    getSenders(): readonly Sender[] {
        return this.#senders;
    }

    /** Changes nothing: JsSIP asks again whenever it likes. */
    async createOffer(): Promise<SessionDescription> {
        this.#demand(this.signalingState === "stable" || this.signalingState === "have-local-offer", "createOffer");
        const lines = offerLines(this.#local(), this.#agreed.lines, this.#agreed.payloads);
        return new LocalSessionDescription("offer", this.#describe(lines), null);
    }

    /** Rejects with PhoneError `noCommonCodec` or `noSecurity` where the offer has nothing for us. */
    async createAnswer(): Promise<SessionDescription> {
        const offer = this.#remoteOffer;
        if (offer === null) throw invalidState(`createAnswer in ${this.signalingState}`);
        const agreement = answerOffer(offer, this.#local(), this.#agreed.payloads);
        return new LocalSessionDescription("answer", this.#describe(agreement.lines), agreement);
    }

    async setLocalDescription(description: {readonly type: string}): Promise<void> {
        if (description.type === "rollback") {
            this.#rollback();
            return;
        }
        if (!(description instanceof LocalSessionDescription)) {
            throw new DOMException("only what createOffer or createAnswer made", "InvalidModificationError");
        }
        if (description.agreement === null) {
            this.#demand(this.signalingState !== "have-remote-offer", "a local offer");
            this.#offered = description.description.lines;
            this.signalingState = "have-local-offer";
        } else {
            this.#demand(this.signalingState === "have-remote-offer", "a local answer");
            this.#settle(description.agreement);
            this.#offered = null;
            this.#remoteOffer = null;
            this.signalingState = "stable";
        }
        this.#sent = description.description;
        this.localDescription = description;
        this.iceGatheringState = "complete";
    }

    async setRemoteDescription(description: SessionDescription): Promise<void> {
        this.#insecure = false;
        try {
            this.#takeRemote(description);
        } catch (error) {
            this.#insecure = error instanceof PhoneError && error.code === "noSecurity";
            throw error;
        }
    }

    #takeRemote(description: SessionDescription): void {
        if (description.type === "offer") {
            this.#demand(this.signalingState === "stable", "a remote offer");
            const offer = parseSdp(description.sdp);
            // What cannot be answered is refused here, where JsSIP says 488.
            answerOffer(offer, this.#local(), this.#agreed.payloads);
            this.#remoteOffer = offer;
            this.signalingState = "have-remote-offer";
        } else {
            const offered = this.#offered;
            // An answer in `stable` is the one of another early dialog, or the 200's after a 183's.
            this.#demand(offered !== null && this.signalingState !== "have-remote-offer", "a remote answer");
            this.#settle(acceptAnswer(parseSdp(description.sdp), offered ?? [], this.#local()));
            this.signalingState = "stable";
        }
        this.remoteDescription = description;
    }

    /** Gives the engine's session back. */
    close(): void {
        if (this.signalingState === "closed") return;
        this.signalingState = "closed";
        this.iceConnectionState = "closed";
        this.session.close();
    }

    #local(): LocalAudio {
        const {address, port} = this.session.local;
        const {codecs, ptime, security} = this.#options;
        return {address, port, codecs, ptime, security, direction: this.#direction};
    }

    #describe(lines: readonly SdpLine[]): Description {
        const {sessionId} = this.#options;
        return nextDescription(this.#sent, {sessionId, address: this.session.local.address, lines});
    }

    #rollback(): void {
        this.#demand(this.signalingState !== "stable", "a rollback");
        this.signalingState = "stable";
        this.#offered = null;
        this.#remoteOffer = null;
    }

    /** Starts the media as agreed. Throws what the engine throws; a talk that loses its media so is ended. */
    #settle(agreement: Agreement): void {
        const remote = reachable(agreement.remote, this.#remote);
        try {
            // A far end that never told an address cannot be sent to; it tells one when it resumes.
            if (!isUnspecified(remote.address)) this.session.start(remote);
        } catch (error) {
            this.#options.log.error(`media of session ${this.session.id} cannot start: ${messageOf(error)}`);
            this.#broken = true;
            this.#fail();
            throw error;
        }
        const before = this.security;
        this.#agreed = agreement;
        this.#remote = remote;
        this.iceConnectionState = "connected";
        this.#tellSecurity(before);
        if (agreement.held === this.#held) return;
        this.#held = agreement.held;
        this.#options.onHeld(agreement.held);
    }

    #tellSecurity(before: CallSecurity | null): void {
        const {security, session} = this;
        if (security === null || security === before) return;
        const media = this.#remote?.security;
        const how = media?.type === "srtp" ? `protected by ${media.suite}` : "in clear";
        this.#options.log.info(`the sound of session ${session.id} is ${how}`);
        this.#options.onSecurity(security);
    }

    /** JsSIP answers `failed` with BYE; a call that is still being set up is refused by the rejected promise instead. */
    #fail(): void {
        if (this.iceConnectionState !== "connected") return;
        this.iceConnectionState = "failed";
        this.dispatchEvent(new Event("iceconnectionstatechange"));
    }

    #demand(condition: boolean, what: string): void {
        if (!condition || this.signalingState === "closed") throw invalidState(`${what} in ${this.signalingState}`);
    }
}

function invalidState(message: string): DOMException {
    return new DOMException(message, "InvalidStateError");
}

/** A hold by `c=0.0.0.0` hides the address; RTCP still goes where it went. */
function reachable(remote: RemoteMedia, before: RemoteMedia | null): RemoteMedia {
    if (!isUnspecified(remote.address) || before === null) return remote;
    return {...remote, address: before.address, port: before.port, rtcpPort: before.rtcpPort};
}

/** Puts what JsSIP looks for by bare names into the global scope. The second call does nothing new. */
export function installPeerConnection(): void {
    Object.assign(globalThis, {
        window: {RTCPeerConnection: PeerConnection},
        RTCPeerConnection: PeerConnection,
        RTCSessionDescription: SessionDescription,
    });
}
