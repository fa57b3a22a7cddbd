/** What the test's process and the page in Chromium say to one another. Types only: the two share no memory. */

/** How a browser reaches its registrar. */
export interface PageOptions {
    /** Of the WebSocket, `wss://127.0.0.1:443`. */
    readonly server: string;
    /** The address of record, `sip:alice@example.org`. */
    readonly uri: string;
    readonly password: string | null;
    readonly displayName: string | null;
}

/** How its calls are made and taken. */
export interface CallOptions {
    /** RFC 7064 and 7065: STUN and TURN servers. */
    readonly iceServers: readonly IceServer[];
    /** `relay`: no candidate but those of TURN servers. */
    readonly iceTransportPolicy: "all" | "relay";
    /** The role in DTLS that answers take (RFC 8842 §5.3); null leaves it to the browser, which is active. */
    readonly setup: "active" | "passive" | null;
    /** Offers and answers go out with the first candidate, the others follow by INFO (RFC 8840). */
    readonly trickle: boolean;
    /** What offers and answers hold, by the names of SDP, in this order; null for all that the browser has. */
    readonly codecs: readonly string[] | null;
    /** Descriptions name another certificate than the one that is shown, as who stands between would have it. */
    readonly forgedFingerprint: boolean;
}

export interface IceServer {
    readonly urls: string | readonly string[];
    readonly username?: string;
    readonly credential?: string;
}

/**
 * What a page tells of its registration and its call; the meaning of `param` depends on `type`.
 *
 * - `registered`, `unregistered`, `registrationFailed` (cause)
 * - `incoming` (URI of who calls), `progress` (status), `accepted`, `confirmed`, `ended` and `failed` (cause)
 * - `iceConnectionState`, `iceGatheringState`, `connectionState` (the state)
 * - `localDescription`, `remoteDescription` (SDP), `trickled` (a fragment of SDP that came by INFO)
 * - `digit` (a digit that came by INFO), `held` and `resumed` (who), `iceCandidateError` (what)
 */
export interface WebEvent {
    readonly type: string;
    readonly param: string;
}

/** One end of a pair of candidates. */
export interface WebCandidate {
    readonly type: string;
    readonly address: string;
    readonly port: number;
    readonly protocol: string;
    /** How this side reaches its TURN server: udp, tcp or tls; null where it uses none. */
    readonly relayProtocol: string | null;
}

/** What `getStats` tells of the call's audio and its path; null for what is not known yet. */
export interface WebStatistics {
    /** Of what is received, `audio/opus`. */
    readonly codec: string | null;
    readonly dtlsState: string | null;
    /** `client` is active, `server` passive. */
    readonly dtlsRole: string | null;
    readonly dtlsCipher: string | null;
    readonly tlsVersion: string | null;
    /** As IANA names it, `AES_CM_128_HMAC_SHA1_80`. */
    readonly srtpCipher: string | null;
    readonly local: WebCandidate | null;
    readonly remote: WebCandidate | null;
    readonly packetsSent: number;
    readonly packetsReceived: number;
    readonly packetsLost: number;
    /** At the rate of the RTP clock. */
    readonly concealedSamples: number;
    readonly totalSamplesReceived: number;
    /** RTCP's, in s. */
    readonly jitter: number | null;
    readonly roundTripTime: number | null;
}

/** The functions of the page, as the test's process calls them. */
export interface PageApi {
    /** Resolves when the registrar has accepted it, rejects where it refuses. */
    start(options: PageOptions): Promise<void>;
    stop(): Promise<void>;
    /** For the calls from now on. MUST be called before the first. */
    configure(options: CallOptions): void;
    call(target: string): void;
    answer(): void;
    hangUp(): void;
    sendDigits(digits: string): void;
    hold(): void;
    resume(): void;
    restartIce(): void;
    statistics(): Promise<WebStatistics>;
    /** The next `ms` of what is heard: signed 16-bit samples, little endian, in Base64. */
    listen(ms: number): Promise<{readonly rate: number; readonly samples: string}>;
}
