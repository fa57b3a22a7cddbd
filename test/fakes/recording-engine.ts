/** A media engine that opens no device and no port: it notes what it was told, and can be told to fail. */
import type {
    EngineStats,
    Fingerprint,
    IceCandidate,
    IceCredentials,
    IceOptions,
    IceSession,
    LocalIce,
    LocalMedia,
    MediaSession,
    OwnedMediaEngine,
    RemoteIceMedia,
    RemoteMedia,
    SessionStats,
    Transport,
    WantedAudio,
} from "../../native/index.ts";

const noStats: SessionStats = {
    codec: null,
    packetsSent: 0,
    octetsSent: 0,
    packetsReceived: 0,
    octetsReceived: 0,
    packetsLost: 0,
    packetsLate: 0,
    packetsMalformed: 0,
    packetsUnauthentic: 0,
    packetsReplayed: 0,
    jitter: 0,
    bufferDelay: 0,
    roundTrip: null,
    remoteLoss: null,
    remoteSsrc: null,
    quality: null,
    remoteQuality: null,
};

/** One session with all that was asked of it, in order. */
export class RecordingSession implements MediaSession {
    readonly id: number;
    readonly local: LocalMedia;
    readonly started: RemoteMedia[] = [];
    readonly digits: {readonly digit: string; readonly ms: number}[] = [];
    closed = false;
    /** The next `start` throws it. */
    failure: Error | null = null;

    constructor(id: number, address: string) {
        this.id = id;
        this.local = {address, port: 41_000 + 2 * id, ssrc: id, cname: `session-${id}`};
    }

    /** What is in force. */
    get remote(): RemoteMedia | undefined {
        return this.started.at(-1);
    }

    start(remote: RemoteMedia): void {
        if (this.closed) throw Object.assign(new Error("the session is closed"), {code: "closed"});
        if (this.failure !== null) throw this.failure;
        this.started.push(remote);
    }

    sendDigit(digit: string, ms: number): void {
        this.digits.push({digit, ms});
    }

    stats(): SessionStats {
        return noStats;
    }

    close(): void {
        this.closed = true;
    }
}

/** The same with ICE; what the engine would tell goes through `options.onEvent`. */
export class RecordingIceSession implements IceSession {
    readonly id: number;
    readonly local: LocalIce;
    readonly options: IceOptions;
    readonly started: RemoteIceMedia[] = [];
    readonly added: {readonly candidates: readonly IceCandidate[]; readonly complete: boolean}[] = [];
    readonly restarts: (readonly string[])[] = [];
    readonly digits: {readonly digit: string; readonly ms: number}[] = [];
    closed = false;

    constructor(id: number, options: IceOptions) {
        this.id = id;
        this.options = options;
        this.local = {...credentialsOf(id, 0), ssrc: id, cname: `session-${id}`};
        this.#gather();
    }

    /** One host candidate a generation, soon. */
    #gather(): void {
        const port = 42_000 + 100 * this.id + this.restarts.length;
        const candidate = {foundation: "1", priority: 2_130_706_431, address: "192.0.2.200", port} as const;
        queueMicrotask(() => {
            this.options.onEvent({type: "candidate", candidate: {...candidate, type: "host", related: null}});
            this.options.onEvent({type: "gathered"});
        });
    }

    start(remote: RemoteIceMedia): void {
        if (this.closed) throw Object.assign(new Error("the session is closed"), {code: "closed"});
        this.started.push(remote);
    }

    addCandidates(more: {readonly candidates: readonly IceCandidate[]; readonly complete: boolean}): void {
        this.added.push(more);
    }

    restartIce({addresses}: {readonly addresses: readonly string[]}): IceCredentials {
        this.restarts.push(addresses);
        this.#gather();
        return credentialsOf(this.id, this.restarts.length);
    }

    sendDigit(digit: string, ms: number): void {
        this.digits.push({digit, ms});
    }

    stats(): SessionStats {
        return noStats;
    }

    close(): void {
        this.closed = true;
    }
}

function credentialsOf(session: number, generation: number): IceCredentials {
    return {ufrag: `frag${session}g${generation}`, pwd: `password0of0session${session}g${generation}`};
}

/** See the head of the file. */
export class RecordingEngine implements OwnedMediaEngine {
    readonly sessions: RecordingSession[] = [];
    readonly iceSessions: RecordingIceSession[] = [];
    readonly audio: WantedAudio[] = [];
    readonly transports: Transport[] = [];
    readonly #address: string;
    /** `openSession` throws it. */
    failure: Error | null = null;

    constructor(address = "192.0.2.200") {
        this.#address = address;
    }

    /** Sessions that nobody gave back. */
    get open(): readonly RecordingSession[] {
        return this.sessions.filter((session) => !session.closed);
    }

    openSession(address = this.#address): RecordingSession {
        if (this.failure !== null) throw this.failure;
        const session = new RecordingSession(this.sessions.length + this.iceSessions.length + 1, address);
        this.sessions.push(session);
        return session;
    }

    openIceSession(options: IceOptions): RecordingIceSession {
        if (this.failure !== null) throw this.failure;
        const session = new RecordingIceSession(this.sessions.length + this.iceSessions.length + 1, options);
        this.iceSessions.push(session);
        return session;
    }

    fingerprint(): Fingerprint {
        return {hash: "sha-256", value: Uint8Array.from({length: 32}, (_, at) => at)};
    }

    setTransport(transport: Transport): void {
        this.transports.push(transport);
    }

    setAudio(wanted: WantedAudio): void {
        this.audio.push(wanted);
    }

    stats(): EngineStats {
        return {
            captureOpen: false,
            playbackOpen: false,
            ringerOpen: false,
            xruns: 0,
            realTime: false,
            captureLevel: Number.NEGATIVE_INFINITY,
            playbackLevel: Number.NEGATIVE_INFINITY,
            framesCaptured: 0,
            framesPlayed: 0,
        };
    }

    close(): void {
        for (const session of [...this.sessions, ...this.iceSessions]) session.close();
    }
}
