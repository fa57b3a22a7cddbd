/** What the bench and its far end tell each other. All instants are ns of CLOCK_MONOTONIC. */
import type {BenchCodec} from "./codecs.ts";

/** A packet that came in: the instant at which the program was told of it, and what RTP says. */
export interface WirePacket {
    readonly at: number;
    readonly sequence: number;
    readonly timestamp: number;
    readonly payload: Uint8Array;
}

export type FarEndCommand =
    /** What is sent in calls of that codec, packet by packet; silence follows where it ends. */
    | {readonly type: "media"; readonly codec: BenchCodec; readonly frames: readonly Uint8Array[]}
    /** Calls the phone that registered last, offering that codec alone. */
    | {readonly type: "call"; readonly codec: BenchCodec}
    | {readonly type: "hangUp"};

export type FarEndReport =
    | {readonly type: "listening"; readonly port: number}
    /** The instant at which the 200 of a REGISTER was written. */
    | {readonly type: "registered"; readonly at: number}
    | {readonly type: "ringing"; readonly invitedAt: number; readonly at: number}
    /** The 200 came at `at`; packet n is due at `mediaAt` + n packet times. */
    | {readonly type: "answered"; readonly at: number; readonly mediaAt: number}
    /** `lateness`: for each packet sent, how long after its time it left, in ms. */
    | {readonly type: "ended"; readonly packets: readonly WirePacket[]; readonly lateness: readonly number[]}
    | {readonly type: "failed"; readonly reason: string};
