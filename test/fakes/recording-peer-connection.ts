/**
 * The least that JsSIP asks of an RTCPeerConnection, recording what it was told. For tests of the signalling alone;
 * the product's own is in firmware/sip/peer-connection.ts.
 */
import {sdpBody} from "../support/sip-peer.ts";

interface Description {
    readonly type: string;
    readonly sdp?: string;
}

export class RecordingPeerConnection {
    /** All that were constructed since `installRecordingPeerConnection`. */
    static readonly all: RecordingPeerConnection[] = [];
    /** Set to let `setRemoteDescription` refuse what comes. */
    static refusal: Error | null = null;
    readonly calls: string[] = [];
    signalingState = "stable";
    iceGatheringState = "new";
    iceConnectionState = "new";
    localDescription: Description | null = null;
    remoteDescription: Description | null = null;
    closed = false;

    constructor() {
        RecordingPeerConnection.all.push(this);
    }

    addEventListener(): void {}
    removeEventListener(): void {}

    addTrack(track: unknown): object {
        this.calls.push("addTrack");
        return {track};
    }

    getSenders(): object[] {
        return [];
    }

    async createOffer(): Promise<Description> {
        if (this.closed) throw new Error("closed");
        return {type: "offer", sdp: sdpBody()};
    }

    async createAnswer(): Promise<Description> {
        return {type: "answer", sdp: sdpBody()};
    }

    async setLocalDescription(description: Description): Promise<void> {
        this.calls.push(`local ${description.type}`);
        if (description.type !== "rollback") this.localDescription = description;
        this.signalingState = description.type === "offer" ? "have-local-offer" : "stable";
        this.iceGatheringState = "complete";
    }

    async setRemoteDescription(description: Description): Promise<void> {
        this.calls.push(`remote ${description.type}`);
        if (RecordingPeerConnection.refusal !== null) throw RecordingPeerConnection.refusal;
        if (this.closed) throw new Error("closed");
        this.remoteDescription = description;
        this.signalingState = description.type === "offer" ? "have-remote-offer" : "stable";
    }

    close(): void {
        this.closed = true;
        this.signalingState = "closed";
    }
}

/** A media stream with one audio track: given to JsSIP so that it asks for no microphone. */
export function mediaStream(): {getTracks(): {kind: string; enabled: boolean}[]} {
    const tracks = [{kind: "audio", enabled: true}];
    return {getTracks: () => tracks};
}

/** Puts the recording class where JsSIP looks for the browser's. */
export function installRecordingPeerConnection(): void {
    RecordingPeerConnection.all.length = 0;
    RecordingPeerConnection.refusal = null;
    class RTCSessionDescription {
        readonly type: string;
        readonly sdp: string;
        constructor({type, sdp}: {type: string; sdp: string}) {
            this.type = type;
            this.sdp = sdp;
        }
    }
    Object.assign(globalThis, {
        window: {RTCPeerConnection: RecordingPeerConnection},
        RTCPeerConnection: RecordingPeerConnection,
        RTCSessionDescription,
    });
}
