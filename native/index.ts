/**
 * The typed surface of the media engine and its loader. Structured data crosses here, never SDP and never a sample.
 *
 *   JavaScript --commands--> [bounded queue] --> audio thread, network thread, device thread, ice thread
 *   JavaScript <---events--- [bounded ring, one thread-safe function] <-- all but the audio thread
 */
import {createRequire} from "node:module";

/** One step of a tone: up to four frequencies in Hz sounding together (none: silence) for `ms` (0: for ever). */
export interface ToneStep {
    readonly frequencies: readonly number[];
    /** When true and two frequencies are given, the second modulates the amplitude of the first (`f1*f2`). */
    readonly modulated: boolean;
    readonly ms: number;
    /** Gain of this step against the tone's level, in dB. */
    readonly gain: number;
}

/** A tone of ITU-T E.180: steps in order, then again from `repeatFrom` (null: silence after the last step). */
export interface Tone {
    readonly steps: readonly ToneStep[];
    readonly repeatFrom: number | null;
    /** Level of the sum, in dBm0 (0 dBm0 is 3.14 dB below full scale, ITU-T G.711). */
    readonly level: number;
}

/** What the ringer plays: a tone with the national cadence, louder or softer by `volume` dB; null volume is silence. */
export interface Ring {
    readonly tone: Tone;
    readonly volume: number | null;
}

export type Route = "handset" | "speaker" | "headset";
export type MicrophoneGate = "closed" | "muted" | "open";

/** The one switch: the whole of what should sound. The engine moves from what is to what is wanted. */
export interface WantedAudio {
    readonly route: Route;
    /** Ids of the sessions that are heard and hear. */
    readonly mix: readonly number[];
    readonly microphone: MicrophoneGate;
    /** Receive gain in dB against nominal. */
    readonly volume: number;
    readonly earTone: Tone | null;
    readonly ring: Ring | null;
}

export type CodecName = "PCMA" | "PCMU" | "G722" | "opus";

/** A codec as negotiated: `clockRate` is the RTP clock (RFC 3551: 8000 for G.722; RFC 7587: 48000 for Opus). */
export interface Codec {
    readonly name: CodecName;
    readonly payloadType: number;
    readonly clockRate: number;
}

/** Where a session listens. RTCP is on `port + 1` (RFC 3550 §11). */
export interface LocalMedia {
    readonly address: string;
    readonly port: number;
    readonly ssrc: number;
    readonly cname: string;
}

export type MediaDirection = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** Crypto-suites of SRTP, as RFC 4568 §6.2 and RFC 7714 §14.2 name them. */
export type SrtpSuite = "AES_CM_128_HMAC_SHA1_80" | "AES_CM_128_HMAC_SHA1_32" | "AEAD_AES_128_GCM" | "AEAD_AES_256_GCM";

/**
 * How the packets of a session are protected. Keys are master key and master salt in one, as an `inline:` parameter of
 * RFC 4568 §6.1 holds them: 30 octets for AES_CM_128, 28 for AEAD_AES_128_GCM, 44 for AEAD_AES_256_GCM. RTCP is
 * protected with the same keys (RFC 3711 §3.4).
 */
export type MediaSecurity =
    | {readonly type: "none"}
    | {readonly type: "srtp"; readonly suite: SrtpSuite; readonly send: Uint8Array; readonly receive: Uint8Array};

/** What every session negotiates. */
export interface MediaFormats {
    /** The first is sent; any of them is received. */
    readonly codecs: readonly Codec[];
    /** The telephone-event payload type whose clock is that of the first codec (RFC 4733 §2.1), null if not agreed. */
    readonly telephoneEvent: {readonly payloadType: number; readonly clockRate: number} | null;
    /** Packet time in ms that we send: 10, 20, 30, 40 or 60. */
    readonly ptime: number;
    /** Our own direction. */
    readonly direction: MediaDirection;
    /** The far end takes VoIP metrics (RFC 3611 §5.1). */
    readonly voipMetrics: boolean;
}

/** What was negotiated, as plain data. `start` may be called again for a re-negotiation; SSRC and port stay. */
export interface RemoteMedia extends MediaFormats {
    readonly security: MediaSecurity;
    readonly address: string;
    readonly port: number;
    readonly rtcpPort: number;
}

/** Username fragment and password of one generation of ICE (RFC 8445 §5.3). */
export interface IceCredentials {
    readonly ufrag: string;
    readonly pwd: string;
}

/** A candidate over UDP of component 1, which RTP and RTCP share (RFC 8839 §5.1, RFC 5761). */
export interface IceCandidate {
    readonly foundation: string;
    readonly priority: number;
    /** Numeric: names of mDNS are for the caller to leave out. */
    readonly address: string;
    readonly port: number;
    readonly type: "host" | "srflx" | "prflx" | "relay";
    /** The base (raddr and rport); null for a host candidate. */
    readonly related: {readonly address: string; readonly port: number} | null;
}

/** A server by its numeric address; names are resolved by the caller. */
export interface StunServer {
    readonly address: string;
    readonly port: number;
}

/** A TURN server with long-term credentials (RFC 8656 §5). TURN over TLS is not there. */
export interface TurnServer extends StunServer {
    readonly transport: "udp" | "tcp";
    readonly username: string;
    readonly password: string;
}

/** How a session gathers candidates (RFC 8445 §5.1). */
export interface IceOptions {
    /**
     * Controlling: the one that offers, and in any case who faces a lite agent, which an offer tells (RFC 8445 §6.1.1).
     * A conflict between full agents is settled by ICE.
     */
    readonly role: "controlling" | "controlled";
    /** Local addresses, at most 16; none: those of all interfaces but the loopback. */
    readonly addresses: readonly string[];
    readonly stun: StunServer | null;
    /** At most 4. */
    readonly turn: readonly TurnServer[];
    /** Relayed candidates alone, so that the far end does not learn our addresses. */
    readonly relayOnly: boolean;
    readonly onEvent: (event: IceEvent) => void;
}

/** Digest of a certificate (RFC 8122 §5); `hash` as its registry writes it: sha-256, sha-384 or sha-512. */
export interface Fingerprint {
    readonly hash: string;
    readonly value: Uint8Array;
}

/** Keys agreed by DTLS on the path that ICE finds (RFC 5763, RFC 5764). No media flows before they are there. */
export interface DtlsSecurity {
    readonly type: "dtls";
    /** Our own role (RFC 4145 §4): active sends the ClientHello. */
    readonly role: "active" | "passive";
    /** Of the far end's certificate, 1 to 8. One of the strongest hash among them has to match. */
    readonly fingerprints: readonly Fingerprint[];
}

/** The far end's side of ICE. */
export interface RemoteIce extends IceCredentials {
    /** At most 50; more may be added as they trickle in. */
    readonly candidates: readonly IceCandidate[];
    /** No more will come (RFC 8838 §8.2): only then ICE can fail before its checks have run out of time. */
    readonly complete: boolean;
}

/**
 * What was negotiated of a session with ICE. With the same `ice` credentials it is a re-negotiation. DTLS begins anew
 * only where `security` is another one than before (RFC 8842 §5.5).
 */
export interface RemoteIceMedia extends MediaFormats {
    readonly security: MediaSecurity | DtlsSecurity;
    readonly ice: RemoteIce;
}

/** What a session with ICE tells its own listener. */
export type IceEvent =
    /** Gathered; at most 50. Those of a generation that a restart replaced are not told any more. */
    | {readonly type: "candidate"; readonly candidate: IceCandidate}
    /** Gathering has ended (RFC 8838 §8.2). */
    | {readonly type: "gathered"}
    /**
     * Connected: a pair works. Disconnected: consent was lost (RFC 7675), and nothing is sent until a restart.
     * Failed: no pair works, or nothing could be gathered; after a restart, the media stays on the path it has.
     */
    | {readonly type: "ice"; readonly state: "connected" | "disconnected" | "failed"}
    /** DTLS is done: media flows, protected by this suite. */
    | {readonly type: "keys"; readonly suite: SrtpSuite}
    /** DTLS failed: no media flows. `fingerprint`: the far end's certificate is not the one that signalling named. */
    | {readonly type: "dtlsFailed"; readonly reason: "fingerprint" | "handshake"};

/** What a session with ICE says of itself in the offer or answer. */
export interface LocalIce extends IceCredentials {
    readonly ssrc: number;
    readonly cname: string;
}

/**
 * How a stream of voice arrives: the VoIP metrics of RFC 3611 §4.7 since its beginning, the E-model of ITU-T G.107 for
 * R and MOS.
 */
export interface VoiceQuality {
    /** Of the packets expected, those that did not come and those that the jitter buffer threw away; 0 to 1. */
    readonly lossRate: number;
    readonly discardRate: number;
    /** Lost and discarded within bursts and within the gaps between them (Gmin 16); 0 to 1. */
    readonly burstDensity: number;
    readonly gapDensity: number;
    /** Mean durations in ms. */
    readonly burstDuration: number;
    readonly gapDuration: number;
    /** In ms, null until known. */
    readonly roundTrip: number | null;
    /** Delay within the end system, receiving and sending, in ms. */
    readonly endSystemDelay: number;
    /** On the narrowband scale of G.107, 0 to 100, whichever the codec. */
    readonly rFactor: number;
    /** MOS-LQ, without delay, and MOS-CQ, with it; 1 to 5. */
    readonly mosListening: number;
    readonly mosConversational: number;
}

/** The same as the far end reports it of what we send; what it does not know is null. */
export type RemoteVoiceQuality = {readonly [Field in keyof VoiceQuality]: VoiceQuality[Field] | null};

export interface SessionStats {
    readonly codec: CodecName | null;
    readonly packetsSent: number;
    readonly octetsSent: number;
    readonly packetsReceived: number;
    readonly octetsReceived: number;
    readonly packetsLost: number;
    readonly packetsLate: number;
    readonly packetsMalformed: number;
    /** RTP and RTCP whose authentication tag is wrong (RFC 3711 §3.3). */
    readonly packetsUnauthentic: number;
    /** RTP and RTCP that came before, or are older than the replay window (RFC 3711 §3.3.2). */
    readonly packetsReplayed: number;
    /** Interarrival jitter in ms (RFC 3550 §6.4.1). */
    readonly jitter: number;
    /** Playout delay of the jitter buffer in ms. */
    readonly bufferDelay: number;
    /** Round-trip time in ms from RTCP, null until known. */
    readonly roundTrip: number | null;
    /** Fraction lost that the far end reported last, 0 to 1, null until known. */
    readonly remoteLoss: number | null;
    /** Of the source that was received last, null before the first packet. */
    readonly remoteSsrc: number | null;
    /** Of what we receive; null until packets were received. */
    readonly quality: VoiceQuality | null;
    /** Of what we send; null until the far end reported it (RFC 3611 §4.7). */
    readonly remoteQuality: RemoteVoiceQuality | null;
}

export interface EngineStats {
    readonly captureOpen: boolean;
    readonly playbackOpen: boolean;
    readonly ringerOpen: boolean;
    readonly xruns: number;
    /** Whether the audio thread got its real-time class. */
    readonly realTime: boolean;
    /** Peak of the last 100 ms in dBFS, for level meters; -Infinity when closed. */
    readonly captureLevel: number;
    readonly playbackLevel: number;
    /** Frames of capture read and of playback written since the engine was made. */
    readonly framesCaptured: number;
    readonly framesPlayed: number;
}

export type PcmName = "playback" | "capture" | "ringer";

/** What the engine tells. `device` failures come after a bounded number of retries; the engine goes on trying slowly. */
export type MediaEvent =
    | {readonly type: "capture"; readonly open: boolean}
    | {readonly type: "firstPacket"; readonly session: number}
    | {readonly type: "digit"; readonly session: number; readonly digit: string; readonly ms: number}
    | {readonly type: "bye"; readonly session: number}
    | {readonly type: "silent"; readonly session: number; readonly ms: number}
    | {readonly type: "device"; readonly pcm: PcmName; readonly ok: boolean; readonly reason: string};

/** What sessions of both kinds can. */
export interface BasicSession {
    readonly id: number;
    /** The source that we send as. */
    readonly local: {readonly ssrc: number; readonly cname: string};
    /** Sends one telephone-event (RFC 4733); digits are queued with the gap of 70 ms between them. */
    sendDigit(digit: string, ms: number): void;
    stats(): SessionStats;
    close(): void;
}

export interface MediaSession extends BasicSession {
    readonly local: LocalMedia;
    /**
     * The same keys as before go on where they were: rollover counter and replay window are kept. Throws TypeError or
     * RangeError, which never tell a key, or an error with code `address`, `srtp` or `closed`; nothing changes then.
     */
    start(remote: RemoteMedia): void;
}

/** A session whose path ICE finds; RTP and RTCP share it. */
export interface IceSession extends BasicSession {
    /** Of the first generation. */
    readonly local: LocalIce;
    /** After `restartIce` it awaits the far end's new credentials. */
    start(remote: RemoteIceMedia): void;
    /** Candidates that came after `start` (RFC 8838); those of earlier are lost. */
    addCandidates(more: {readonly candidates: readonly IceCandidate[]; readonly complete: boolean}): void;
    /**
     * Begins a new generation (RFC 8445 §2.4, §9), which gathers on `addresses` as `IceOptions` has them: when the far
     * end began one, when an address changed, or when consent was lost. Media stays on the path it has until the new
     * generation is connected. Returns its credentials.
     */
    restartIce(options: {readonly addresses: readonly string[]}): IceCredentials;
}

export interface MediaEngine {
    /**
     * Binds a pair of ports (RTP even, RTCP odd) of a local address, the engine's own where none is given, and picks an
     * SSRC; opens no device. Throws with code `address` or `noPort`.
     */
    openSession(address?: string): MediaSession;
    /**
     * Begins to gather on ports of the transport, and opens no device. Throws with code `busy`; what cannot be bound is
     * told as `failed`.
     */
    openIceSession(options: IceOptions): IceSession;
    /**
     * SHA-256 of the certificate that the engine shows in DTLS. It is made anew with each engine, off this thread, and
     * kept in memory alone; the first call may wait some milliseconds for it. Throws with code `dtls`.
     */
    fingerprint(): Fingerprint;
    setAudio(wanted: WantedAudio): void;
    stats(): EngineStats;
    /** Idempotent; joins the threads. Every method after it throws an error with code `closed`. */
    close(): void;
}

/** How sessions are bound. */
export interface Transport {
    /** First and last UDP port, 1 to 65535, that RTP and RTCP may use: at least an even one and the odd after it. */
    readonly ports: readonly [number, number];
    /** DSCP of RTP and RTCP, 0 to 63 (RFC 4594: EF is 46). */
    readonly dscp: number;
}

/** The engine as its owner has it: who only makes calls does not choose their ports. */
export interface OwnedMediaEngine extends MediaEngine {
    /**
     * For sessions opened from now on; the open ones keep their sockets. Throws TypeError or RangeError as
     * `createEngine` does, and changes nothing then.
     */
    setTransport(transport: Transport): void;
}

/** What the engine is made with; its transport may be set anew later. */
export interface EngineOptions extends Transport {
    readonly playback: string;
    readonly capture: string;
    readonly ringer: string;
    /** Local address for RTP of sessions that name none, for instance 127.0.0.1. */
    readonly address: string;
    /** ALSA period in ms, 5 to 20. */
    readonly periodMs: number;
    /** SCHED_FIFO priority of the audio thread, 0: do not ask. */
    readonly priority: number;
    /** Lets the engine close capture by itself within 500 ms of the handset going down when JavaScript is blocked. */
    readonly hookSensor: {readonly path: string; readonly onHook: "0" | "1"} | null;
    readonly onEvent: (event: MediaEvent) => void;
}

interface Addon {
    createEngine(options: EngineOptions): OwnedMediaEngine;
}

/** Loads the addon and starts its threads. Throws RangeError or TypeError for options that cannot be meant. */
export function createEngine(options: EngineOptions): OwnedMediaEngine {
    const addon = createRequire(import.meta.url)("./build/Release/offhook_media.node") as Addon;
    return addon.createEngine(options);
}
