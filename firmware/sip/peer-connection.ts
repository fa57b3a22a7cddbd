/**
 * The `RTCPeerConnection` that JsSIP sees, on a session of the media engine: exactly the members that JsSIP touches.
 *
 *   createOffer/createAnswer: pure text     setLocalDescription/setRemoteDescription: state, and engine.start()
 *
 *   stable --setLocal(offer)--> have-local-offer --setRemote(answer)--> stable     (rollback leads back)
 *   stable --setRemote(offer)-> have-remote-offer --setLocal(answer)--> stable
 */
import type {
    BasicSession,
    CodecName,
    IceCredentials,
    MediaDirection,
    RemoteIceMedia,
    RemoteMedia,
    SessionStats,
    SrtpSuite,
} from "../../native/index.ts";
import {messageOf, PhoneError} from "../errors.ts";
import type {Log} from "../log.ts";
import type {CallSecurity} from "../phone/call.ts";
import {type AudioTrack, DtmfSender, type Sender} from "./audio-track.ts";
import type {IcePathListener, PathFault} from "./ice-path.ts";
import type {MediaPath} from "./media-path.ts";
import {levelOf} from "./media-security.ts";
import {type Agreement, acceptAnswer, answerOffer, isUnspecified, type LocalAudio, offerLines} from "./sdp.ts";
import {noPayloads} from "./sdp-codecs.ts";
import {defaultDestination, type IceFragment} from "./sdp-ice.ts";
import {parseSdp, type Sdp} from "./sdp-parse.ts";
import type {LocalSecurity} from "./sdp-security.ts";
import {type Description, nextDescription, type SdpLine} from "./sdp-write.ts";
import {LocalSessionDescription, SessionDescription} from "./session-description.ts";

/** What JsSIP hands through from the agent as its `pcConfig`. */
export interface PeerConnectionOptions {
    /** Opens the path of the media, which is the connection's from then on. Throws PhoneError `noMedia`. */
    readonly open: () => MediaPath;
    /** In the order of preference. */
    readonly codecs: readonly CodecName[];
    /** Packet time in ms. */
    readonly ptime: number;
    readonly security: LocalSecurity;
    /** Whether nobody on the way to the server can change a fingerprint. */
    readonly secureSignalling: boolean;
    /** The session id of `o=`: a positive safe integer, unique a call. */
    readonly sessionId: number;
    readonly log: Log;
    /** Called in the constructor, before JsSIP knows the object. */
    readonly onOpen: (connection: PeerConnection) => void;
    /** The far end holds, or no longer does. */
    readonly onHeld: (held: boolean) => void;
    /** What was agreed is protected in another way than before, or by a suite that is known only now. */
    readonly onSecurity: (security: CallSecurity) => void;
    /** Consent to send was lost: a new offer restarts ICE. */
    readonly onDisconnected: () => void;
}

/** Why a call has no media, once it has been agreed how they go. */
export type MediaFault = PathFault | "mediaLost";

/** Fragments of candidates that are kept for a description that may still come. */
const MAX_FRAGMENTS = 64;

type SignalingState = "stable" | "have-local-offer" | "have-remote-offer" | "closed";

/** See the head of the file. Owns one engine session; `close()` gives it back and may be called again. */
export class PeerConnection extends EventTarget {
    readonly session: BasicSession;
    readonly #path: MediaPath;
    readonly #options: PeerConnectionOptions;
    readonly #senders: Sender[] = [];
    signalingState: SignalingState = "stable";
    iceGatheringState: "new" | "complete" = "new";
    iceConnectionState: "new" | "connected" | "failed" | "closed" = "new";
    localDescription: SessionDescription | null = null;
    remoteDescription: SessionDescription | null = null;
    statsAtClose: SessionStats | null = null;
    #direction: MediaDirection = "sendrecv";
    /** The newest description that went out: the next one counts from it, also after a rollback. */
    #sent: Description | null = null;
    /** Our offer that the far end may (still) answer. */
    #offered: readonly SdpLine[] | null = null;
    #remoteOffer: Sdp | null = null;
    #agreed: Pick<Agreement, "lines" | "payloads"> = {lines: [], payloads: noPayloads};
    #remote: RemoteMedia | RemoteIceMedia | null = null;
    /** Candidates that came by themselves, for whichever generation. */
    #trickled: readonly IceFragment[] = [];
    #suiteOfDtls: SrtpSuite | null = null;
    #restartWanted = false;
    #held = false;
    #fault: MediaFault | null = null;
    #insecure = false;

    /** Throws PhoneError `noMedia` where the engine has no session for us. */
    constructor(options: PeerConnectionOptions) {
        super();
        this.#options = options;
        this.#path = options.open();
        this.session = this.#path.type === "ice" ? this.#path.path.session : this.#path.session;
        options.onOpen(this);
        if (this.#path.type === "ice") this.#path.path.listen(this.#listener());
    }

    #listener(): IcePathListener {
        return {
            onFault: (fault) => this.#fail(fault),
            onDisconnected: () => {
                this.#options.log.warning(`session ${this.session.id} has lost its way to the far end`);
                this.#options.onDisconnected();
            },
            onKeys: (suite) => {
                this.#suiteOfDtls = suite;
                this.#logSuite(suite);
                if (this.security !== null) this.#options.onSecurity(this.security);
            },
        };
    }

    /** Whether a digit can go as a telephone-event; where not, it goes by INFO. */
    get sendsEvents(): boolean {
        return this.#remote?.telephoneEvent != null;
    }

    /** What was agreed could not be started, or did not come about. */
    get fault(): MediaFault | null {
        return this.#fault;
    }

    /** The newest description of the far end was refused for want of protection. */
    get insecure(): boolean {
        return this.#insecure;
    }

    /** How the media are protected, null while nothing is agreed. */
    get security(): CallSecurity | null {
        const type = this.#remote?.security.type;
        return type === undefined ? null : levelOf(type === "none" ? "plain" : type, this.#options.secureSignalling);
    }

    /** What protects the media, null where nothing does or DTLS is not done. */
    get suite(): SrtpSuite | null {
        const security = this.#remote?.security;
        return security?.type === "srtp" ? security.suite : this.#suiteOfDtls;
    }

    /** From the next offer or answer on: `sendonly` while we hold (RFC 3264 §8.4). */
    hold(held: boolean): void {
        this.#direction = held ? "sendonly" : "sendrecv";
    }

    /** The next offer begins a new generation of ICE, where ICE finds the path. */
    restartIce(): void {
        this.#restartWanted = this.#path.type === "ice";
    }

    /** Candidates that trickle in (RFC 8840 §4.3), at any time. */
    addCandidates(fragment: IceFragment): void {
        this.#trickled = [...this.#trickled, fragment].slice(-MAX_FRAGMENTS);
        if (this.#remote !== null && "ice" in this.#remote) this.#takeTrickled(this.#remote.ice, [fragment]);
    }

    #takeTrickled({ufrag}: IceCredentials, fragments: readonly IceFragment[]): void {
        if (this.#path.type !== "ice") return;
        for (const fragment of fragments) {
            if (fragment.ufrag === ufrag) this.#path.path.session.addCandidates(fragment);
        }
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
        if (this.#path.type === "ice") {
            if (this.#restartWanted) this.#path.path.restart();
            this.#restartWanted = false;
            await this.#path.path.ready();
        }
        const lines = offerLines(this.#local(), this.#agreed.lines, this.#agreed.payloads);
        return new LocalSessionDescription("offer", this.#describe(lines), null);
    }

    /** Rejects with PhoneError `noCommonCodec` or `noSecurity` where the offer has nothing for us. */
    async createAnswer(): Promise<SessionDescription> {
        const offer = this.#remoteOffer;
        if (offer === null) throw invalidState(`createAnswer in ${this.signalingState}`);
        if (this.#path.type === "ice") await this.#path.path.ready();
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
            const {remote} = answerOffer(offer, this.#local(), this.#agreed.payloads);
            if (this.#path.type === "ice" && isRestart(this.#remote, remote)) this.#path.path.restart();
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
        this.statsAtClose = this.session.stats();
        this.session.close();
    }

    #local(): LocalAudio {
        const {codecs, ptime, security} = this.#options;
        const ours = {codecs, ptime, security, direction: this.#direction};
        const path = this.#path;
        if (path.type === "direct") {
            const {address, port} = path.session.local;
            return {...ours, address, port, ice: null};
        }
        const {description, session} = path.path;
        const {ssrc, cname} = session.local;
        const agreed = this.#remote?.security;
        const role = agreed?.type === "dtls" ? agreed.role : null;
        const ice = {description, ssrc, cname, fingerprint: path.fingerprint, role};
        return {...ours, ...defaultDestination(description.candidates), ice};
    }

    #describe(lines: readonly SdpLine[]): Description {
        const {sessionId} = this.#options;
        const address = this.#path.type === "ice" ? this.#path.origin : this.#path.session.local.address;
        return nextDescription(this.#sent, {sessionId, address, lines});
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
            this.#start(remote);
        } catch (error) {
            this.#options.log.error(`media of session ${this.session.id} cannot start: ${messageOf(error)}`);
            this.#fail("mediaLost");
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

    #start(remote: RemoteMedia | RemoteIceMedia): void {
        if ("ice" in remote) {
            if (this.#path.type !== "ice") throw new TypeError("this session has no ICE");
            this.#path.path.session.start(remote);
            this.#takeTrickled(remote.ice, this.#trickled);
        } else if (this.#path.type === "direct" && !isUnspecified(remote.address)) {
            // A far end that never told an address cannot be sent to; it tells one when it resumes.
            this.#path.session.start(remote);
        }
    }

    #tellSecurity(before: CallSecurity | null): void {
        const {security} = this;
        if (security === null || security === before) return;
        const media = this.#remote?.security;
        if (media?.type === "srtp") this.#logSuite(media.suite);
        if (media?.type === "none") this.#options.log.info(`the sound of session ${this.session.id} is in clear`);
        this.#options.onSecurity(security);
    }

    #logSuite(suite: SrtpSuite): void {
        this.#options.log.info(`the sound of session ${this.session.id} is protected by ${suite}`);
    }

    /** JsSIP answers `failed` with BYE; a call that is still being set up is refused by the rejected promise instead. */
    #fail(fault: MediaFault): void {
        if (this.signalingState === "closed") return;
        this.#fault ??= fault;
        this.#options.log.warning(`session ${this.session.id} has no media: ${fault}`);
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

/** The far end began a new generation (RFC 8839 §4.4.1.1.1). */
function isRestart(before: RemoteMedia | RemoteIceMedia | null, now: RemoteMedia | RemoteIceMedia): boolean {
    if (before === null || !("ice" in before) || !("ice" in now)) return false;
    return before.ice.ufrag !== now.ice.ufrag || before.ice.pwd !== now.ice.pwd;
}

/** A hold by `c=0.0.0.0` hides the address; RTCP still goes where it went. */
function reachable(
    remote: RemoteMedia | RemoteIceMedia,
    before: RemoteMedia | RemoteIceMedia | null,
): RemoteMedia | RemoteIceMedia {
    if ("ice" in remote || before === null || "ice" in before || !isUnspecified(remote.address)) return remote;
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
