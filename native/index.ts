/**
 * The typed surface of the media engine and its loader. Structured data crosses here, never SDP and never a sample.
 *
 *   JavaScript --commands--> [bounded queue] --> audio thread, network thread, device thread
 *   JavaScript <---events--- [bounded ring, one thread-safe function] <-- all three
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

/** What was negotiated, as plain data. `start` may be called again for a re-negotiation; SSRC and port stay. */
export interface RemoteMedia {
    readonly security: MediaSecurity;
    readonly address: string;
    readonly port: number;
    readonly rtcpPort: number;
    /** The first is sent; any of them is received. */
    readonly codecs: readonly Codec[];
    /** The telephone-event payload type whose clock is that of the first codec (RFC 4733 §2.1), null if not agreed. */
    readonly telephoneEvent: {readonly payloadType: number; readonly clockRate: number} | null;
    /** Packet time in ms that we send: 10, 20, 30, 40 or 60. */
    readonly ptime: number;
    /** Our own direction. */
    readonly direction: MediaDirection;
}

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

export interface MediaSession {
    readonly id: number;
    readonly local: LocalMedia;
    /**
     * The same keys as before go on where they were: rollover counter and replay window are kept. Throws TypeError or
     * RangeError, which never tell a key, or an error with code `address`, `srtp` or `closed`; nothing changes then.
     */
    start(remote: RemoteMedia): void;
    /** Sends one telephone-event (RFC 4733); digits are queued with the gap of 70 ms between them. */
    sendDigit(digit: string, ms: number): void;
    stats(): SessionStats;
    close(): void;
}

export interface MediaEngine {
    /**
     * Binds a pair of ports (RTP even, RTCP odd) of a local address, the engine's own where none is given, and picks an
     * SSRC; opens no device. Throws with code `address` or `noPort`.
     */
    openSession(address?: string): MediaSession;
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
