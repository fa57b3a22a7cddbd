/** At most ten frames a second, and of those that came in between only the newest. */
import type {Frame} from "./board.ts";

/** A display that is told more often can hang or lose packets (seen with XES635BK), and nobody reads faster. */
export const FRAME_MS = 100;

export class FrameGate {
    #newest: Frame | null = null;
    #fresh = false;
    #passedAt = Number.NEGATIVE_INFINITY;

    /** Takes a frame in place of any that still waits. */
    put(frame: Frame): void {
        this.#newest = frame;
        this.#fresh = true;
    }

    /** Ms until the waiting frame may pass; null when none waits. */
    waitMs(now: number): number | null {
        return this.#fresh ? Math.max(0, this.#passedAt + FRAME_MS - now) : null;
    }

    /** The waiting frame if its time has come. */
    pass(now: number): Frame | null {
        if (this.#newest === null || this.waitMs(now) !== 0) return null;
        this.#fresh = false;
        this.#passedAt = now;
        return this.#newest;
    }
}

/** Throws RangeError for a frame that is not exactly `rows` x `columns`: a fault of the caller. */
export function checkFrame(frame: Frame, columns: number, rows: number): void {
    if (frame.lines.length !== rows || frame.lines.some((line) => line.length !== columns)) {
        const sizes = frame.lines.map((line) => line.length).join(",");
        throw new RangeError(`a frame of ${rows} rows of ${columns} is wanted, not rows of ${sizes}`);
    }
}
