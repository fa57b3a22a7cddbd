/** What a run inside the board answers, as JSON: the meeting point of the programs here and of bench.ts. */

/** One window of a call. */
export interface AudioWindow {
    readonly scene: Scene;
    /** Between the packets that came, in ms, in order. */
    readonly intervals: readonly number[];
    /** Sequence numbers that never came. */
    readonly lost: number;
    /** Silences in the ear while the far end sends a tone, in ms. */
    readonly gaps: readonly number[];
    /** Xruns that the engine counted. */
    readonly xruns: number;
    /** How long JavaScript answered nobody, in ms; 0 where it was not blocked. */
    readonly blocked: number;
}

export type Scene = "idle" | "blocked" | "beside two busy programs" | "blocked, beside two busy programs";

export interface InsideFigures {
    /** Contact to first sound, in ms, debounce included. */
    readonly dialTone: readonly number[];
    /** Contact to the last octet of the display's update, in ms, debounce included. */
    readonly glass: readonly number[];
    /** The display's own share of the processor in that time, in ms: it runs on the board's one core. */
    readonly module: readonly number[];
    readonly audio: readonly AudioWindow[];
    /** The debounce of the profile, in ms. */
    readonly debounce: {readonly hook: number; readonly key: number};
    readonly realTime: boolean;
}

/** The port of the registrar of the board's root, which is there from power-on (`board.ear=yes`). */
export const registrarPort = 5060;
