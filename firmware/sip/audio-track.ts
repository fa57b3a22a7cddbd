/** The track, its stream and its sender that JsSIP wants to see; the engine is what sounds. */
import type {BasicSession} from "../../native/index.ts";

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

/** Sends digits as telephone-events; the engine queues them, so that nothing ever waits here. */
export class DtmfSender {
    readonly toneBuffer = "";
    readonly #session: BasicSession;

    constructor(session: BasicSession) {
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
export interface Sender {
    readonly track: AudioTrack;
    readonly dtmf: DtmfSender;
}
