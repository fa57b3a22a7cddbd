/**
 * The vocabulary of a board: what a phone's hardware can say and be told. Types only; anyone may import them.
 * Times are monotonic milliseconds (`performance.now()` of the process).
 */

/** Every phone has the 12 keys of ITU-T E.161, four cursor keys, OK and back; the rest only where a profile has them. */
export type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "*" | "#";
export type CursorKey = "up" | "down" | "left" | "right" | "ok" | "back";
export type FeatureKey = "hold" | "mute" | "louder" | "softer" | "speaker" | "line1" | "line2" | "line3" | "line4";
export type Key = Digit | CursorKey | FeatureKey;

/** What the board tells. `fault` says that a part was lost (`lost: true`) or came back. */
export type BoardEvent =
    | {readonly type: "key"; readonly key: Key; readonly down: boolean; readonly at: number}
    | {readonly type: "hook"; readonly hook: "on" | "off"; readonly at: number}
    | {readonly type: "cellular"; readonly busy: boolean; readonly at: number}
    | {
          readonly type: "fault";
          readonly part: "keypad" | "hook" | "display" | "provisioning";
          readonly lost: boolean;
          readonly reason: string;
          readonly at: number;
      };

export type LampName = "microphone" | "ringing" | "call" | "mute" | "message" | "service";
export type LampState = "off" | "on" | "blinking";
export type Lamps = Readonly<Record<LampName, LampState>>;

/**
 * What the glass shows: exactly `rows` strings of exactly `columns` UTF-16 units from the Basic Multilingual Plane.
 * The driver transliterates what its character ROM lacks.
 */
export interface Frame {
    readonly lines: readonly string[];
    readonly cursor: {readonly column: number; readonly row: number} | null;
    readonly backlight: boolean;
}

/** The newest frame wins; a driver MUST NOT queue frames. */
export interface Display {
    readonly columns: number;
    readonly rows: number;
    show(frame: Frame): void;
}

/** A byte stream to the installer's cable. It survives unplugging: `open` is told again after a replug. */
export interface SerialLink {
    /** Called with each chunk that arrives. */
    onData(listener: (chunk: Uint8Array) => void): void;
    /** Called at each plug (`true`) and unplug (`false`), and soon with `true` when it is open already. */
    onOpen(listener: (open: boolean) => void): void;
    /** Queues bytes; a reader that never reads MUST NOT block the phone: what exceeds the bound is dropped whole. */
    write(bytes: Uint8Array): void;
}

/** Where the engine may read the hook switch by itself, for when JavaScript is blocked: a file with one character. */
export interface HookSensor {
    readonly path: string;
    readonly onHook: "0" | "1";
}

/** Names of the PCMs and mixer controls of a board, as ALSA spells them. */
export interface SoundDevices {
    readonly handsetPlayback: string;
    readonly handsetCapture: string;
    readonly ringer: string;
}

export interface Board {
    readonly display: Display;
    /** The installer's cables, in the order of the profile, each with a console of its own; empty where there is none. */
    readonly provisioning: readonly SerialLink[];
    readonly sound: SoundDevices;
    readonly hookSensor: HookSensor | null;
    /** Tells the present hook position first, then changes. */
    start(listener: (event: BoardEvent) => void): Promise<void>;
    setLamps(lamps: Lamps): void;
    close(): Promise<void>;
}
