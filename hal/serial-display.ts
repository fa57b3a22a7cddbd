/**
 * Displays on a serial port: what they have in common, and which driver serves which kind. A display that is unplugged
 * or silent is a `fault`; the phone goes on, and it comes back painted whole.
 */
import type {CursorKey, Display} from "./board.ts";
import {Cfa635Display} from "./cfa635-display.ts";
import type {BoardLog} from "./log.ts";
import {Vt100Display} from "./vt100-display.ts";

/** What a display driver needs of its port; `SerialLine` is one. */
export interface BytePort {
    readonly isOpen: boolean;
    /** Bytes accepted and not yet handed to the kernel. */
    readonly pending: number;
    open(): void;
    onData(listener: (chunk: Uint8Array) => void): void;
    onOpen(listener: (open: boolean) => void): void;
    write(bytes: Uint8Array): void;
    reopen(reason: string): void;
    close(): Promise<void>;
}

export interface DisplayOptions {
    readonly port: BytePort;
    readonly columns: number;
    readonly rows: number;
    /** Backlight in % when a frame wants it on, and when not. */
    readonly bright: number;
    readonly dim: number;
    /** In the module's own units; null leaves what is stored in it. */
    readonly contrast: number | null;
    /** A key of the module itself. */
    readonly onKey: (key: CursorKey, down: boolean) => void;
    /** Lost or back, in words for the log. Told only on a change. */
    readonly onFault: (lost: boolean, reason: string) => void;
    readonly log: BoardLog;
}

export interface SerialDisplay extends Display {
    /** Opens the port. */
    start(): void;
    /** Levels in % of the module's LEDs, by GPIO from 5 on; a display without LEDs ignores them. */
    setLeds(levels: readonly number[]): void;
    close(): Promise<void>;
}

export type DisplayKind = "cfa635" | "vt100";

/** The driver of a kind of display. */
export function createDisplay(kind: DisplayKind, options: DisplayOptions): SerialDisplay {
    switch (kind) {
        case "cfa635": {
            return new Cfa635Display(options);
        }
        case "vt100": {
            return new Vt100Display(options);
        }
    }
}
