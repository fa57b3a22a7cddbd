/** What a phone must be to be shown and used in the terminal, whatever its board is. */
import type {MediaPolicy} from "../firmware/sip/account.ts";
import type {Key} from "../hal/board.ts";
import type {BenchTransport} from "../test/support/bench-phone.ts";
import type {ConsoleClient} from "../test/support/console-client.ts";
import type {GlassKind} from "../test/support/glass.ts";
import type {Kamailio} from "../test/support/peers.ts";
import type {PhoneView} from "./terminal-picture.ts";

export interface ShowOptions {
    /** A private folder; the log and the earpiece's WAV file stay in it. */
    readonly folder: string;
    readonly transport: BenchTransport;
    readonly display: GlassKind;
    /** As `BenchOptions.media`. */
    readonly media?: MediaPolicy;
    /** Told what is being started. */
    readonly progress: (what: string) => void;
}

/** The registrar that a phone has, for its picture. */
export function registrarFact({transport, media}: ShowOptions, registrar: Kamailio): string {
    return `registrar ${registrar.host}:${registrar[transport]} (${transport}${media === undefined ? "" : `, media ${media}`})`;
}

/** How much of the earpiece is kept for the WAV file, in seconds. */
export const keepSeconds = 600;
/** How long a key is held that is held, in ms: longer than the 700 ms after which it means something else. */
export const holdMs = 1_500;

/** Each move resolves when it was made, and rejects when the phone cannot take it. */
export interface PhoneOnShow {
    readonly consoles: readonly [ConsoleClient, ConsoleClient];
    /** Where others register that want to talk to it. */
    readonly registrar: Kamailio;
    /** Resolves, with why and with what it said last, when the phone ended by itself. */
    readonly ended: Promise<readonly string[]>;
    /** Switches it off and on again; null where it has no mains plug. */
    readonly cyclePower: (() => Promise<void>) | null;
    /** Starts it and provisions it; resolves when it is registered. */
    start(): Promise<void>;
    /** What is seen and heard of it now. */
    view(): PhoneView;
    /** Told when there is something new to see; levels change without. */
    onChange(listener: () => void): void;
    tap(key: Key): Promise<void>;
    hold(key: Key): Promise<void>;
    lift(): Promise<void>;
    putDown(): Promise<void>;
    /** Pulls the USB cable, or plugs it in again. */
    moveCable(): Promise<void>;
    /** Writes what the earpiece played to a WAV file and answers its path; null where it was not kept. */
    keepRecording(): string | null;
    /** Ends everything that it started. */
    stop(): Promise<void>;
}
