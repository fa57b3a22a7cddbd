/**
 * The phone as one immutable value, all that can happen to it, and what follows. Types only.
 * The newest of these that is not null owns the keys and the glass, so that what lies behind is there again later:
 *
 *   a call that is not ending > digits being dialled > notice > self-test > handset lying off hook > view
 *
 * Times named `at`, `since`, `until`, `…At` are monotonic ms; `wallOffset` turns them into UTC ms.
 */
import type {BoardEvent, Digit, Frame, Key, Lamps} from "../../hal/board.ts";
import type {MediaEvent, MicrophoneGate, Ring, Route, SessionStats, SrtpSuite, Tone} from "../../native/index.ts";
import type {AccountId, Call, CallId, CallQuality, CallSecurity, EndReason, Party} from "./call.ts";

export type LanguageCode = "en" | "de" | "fr" | "es" | "it" | "nl" | "pt" | "pl";

/** What the core needs of the settings; a commit that touches them arrives as a `settings` event. */
export interface PhoneSettings {
    /** Null until chosen at the first start. */
    readonly language: LanguageCode | null;
    /** ISO 3166-1 alpha-2 code in lower case of the tone plan. */
    readonly country: string;
    /** IANA name, for instance Europe/Berlin. */
    readonly timeZone: string;
    /** Digit map of RFC 3435 §2.1.5, alternatives separated by `|`; empty: only `#` and the timer send. */
    readonly digitMap: string;
    /** Inter-digit time T in ms. */
    readonly interDigit: number;
    readonly emergencyNumbers: readonly string[];
    /** The account that dials. */
    readonly defaultAccount: AccountId;
    /** Receive volume in dB, -24 to +12. */
    readonly volume: number;
    /** Ringer volume in dB, -30 to 0; null is silent. */
    readonly ringVolume: number | null;
    /** Address, telephone of who helps; shown on the status screen. */
    readonly supportContact: string;
    /** Calls that are less protected end; an emergency call never does. */
    readonly leastSecurity: CallSecurity;
}

/** Why there is no service, in the phone's own words. */
export type ServiceFault =
    | "notConfigured"
    | "connecting"
    | "unreachable"
    | "wrongPassword"
    | "forbidden"
    | "certificate"
    | "timeout"
    | "serverError";

export interface AccountState {
    readonly id: AccountId;
    /** What the display calls it. */
    readonly label: string;
    readonly registered: boolean;
    readonly fault: ServiceFault | null;
    /** SIP status or reason of the last answer, for the status screen; never a secret. */
    readonly detail: string;
    readonly retryAt: number | null;
}

/** One row of the call log as the display shows it. */
export interface RecentCall {
    readonly row: number;
    readonly direction: "outgoing" | "incoming";
    readonly party: Party;
    /** UTC ms. */
    readonly startedAt: number;
    /** Seconds of talk, null when never answered. */
    readonly talkSeconds: number | null;
    readonly outcome: "placed" | "received" | "missed" | "elsewhere" | "interrupted";
    readonly reason: EndReason["code"] | null;
    /** How it was protected and how it sounded; null where nothing was said or it is not known. */
    readonly security: CallSecurity | null;
    readonly quality: CallQuality | null;
}

export type RecentsFilter = "all" | "missed" | "received" | "placed";

export type SelfTestStep = "microphone" | "earpiece" | "keys" | "hook" | "lamps" | "display";

/**
 * Where the owner stands in the menus. Calls, dialling and notices cover it and it is there again behind them.
 * `selected` counts rows: of the menu (recents, status, ring volume, language, self-test), of the filtered recent calls
 * (missed: outcome `missed`; placed: outgoing; received: every other incoming call), of the languages (en de fr es it
 * nl pt pl) and of `countries`.
 */
export type View =
    | {readonly type: "idle"}
    | {readonly type: "firstStart"; readonly step: "language" | "country" | "next"; readonly selected: number}
    | {readonly type: "menu"; readonly selected: number}
    | {
          readonly type: "recents";
          readonly filter: RecentsFilter;
          readonly selected: number;
          readonly since: number;
          /** Of the selected call's details, counted as the status pages; null: the list is shown. */
          readonly page: number | null;
      }
    | {readonly type: "status"; readonly page: number}
    | {readonly type: "language"; readonly selected: number}
    | {readonly type: "ringVolume"}
    | {readonly type: "selfTest"; readonly step: SelfTestStep; readonly since: number};

/**
 * Digits being collected, with a + where 0 was held. `dialAt` is null with the handset down (predial), unless they are
 * an emergency number, and while a call rings over it.
 */
export interface Dialling {
    readonly digits: string;
    readonly dialAt: number | null;
}

/** A key that is held and will then mean more than its press did (`long-press.ts`); `at`: when. */
export interface LongPress {
    readonly key: "0" | "back";
    readonly at: number;
}

/** What stays on the glass after a call or an attempt, with its tone while the handset is off hook. */
export interface Notice {
    readonly reason: EndReason;
    readonly party: Party;
    /** Whole seconds talked, null when never answered. */
    readonly talkSeconds: number | null;
    readonly since: number;
    readonly until: number;
}

/**
 * The handset lies off hook: dial tone 20 s, congestion tone 30 s, then silence (permanent signal). Keys: digits dial,
 * OK dials the last number again, up and down turn the ear's volume, back brings the dial tone anew.
 */
export interface OffHook {
    readonly stage: "dialTone" | "warning" | "silent";
    readonly until: number | null;
}

export interface PhoneState {
    /** Monotonic ms of the newest event, never going back. */
    readonly now: number;
    /** UTC ms minus monotonic ms, null until a clock event told it. */
    readonly wallOffset: number | null;
    readonly hook: "on" | "off";
    /** The board has a loudspeaker path: answering and dialling work without the handset. */
    readonly handsFree: boolean;
    /** Hands-free is on; never true without `handsFree`. */
    readonly speaker: boolean;
    readonly muted: boolean;
    /** The ringing call whose bell was silenced. */
    readonly silenced: CallId | null;
    readonly calls: readonly Call[];
    readonly nextCall: number;
    /** Not null exactly while an ear listens (off hook or hands-free), with no digits, no self-test and no call but ending ones. */
    readonly offHook: OffHook | null;
    readonly dialling: Dialling | null;
    readonly notice: Notice | null;
    readonly view: View;
    /** Page of the details of the talk, counted without end in both directions; null while they are not shown. */
    readonly details: number | null;
    /** The digit that the ear hears and when it ends. */
    readonly feedback: {readonly digit: Digit; readonly until: number} | null;
    /** The volume bar is shown until then; the change is saved when it goes. */
    readonly volumeShownUntil: number | null;
    /** Which volume the bar shows. */
    readonly volumeShown: "volume" | "ringVolume";
    readonly accounts: readonly AccountState[];
    readonly recents: readonly RecentCall[];
    readonly missed: number;
    readonly settings: PhoneSettings;
    /** Countries that have a tone plan (ISO 3166-1 alpha-2, lower case) in the order in which they are offered. */
    readonly countries: readonly string[];
    readonly cellularBusy: boolean;
    readonly consent: boolean;
    /** What the engine says, not what was wished: the microphone lamp follows it. */
    readonly captureOpen: boolean;
    /** The self-test's own capture is open; the lamp follows either. */
    readonly testCaptureOpen: boolean;
    readonly soundFault: string | null;
    readonly storeFault: string | null;
    readonly faults: readonly ("keypad" | "hook" | "display" | "provisioning")[];
    /** Keys that are down, the newest last. */
    readonly keysDown: readonly Key[];
    /** Not null only while its key is the newest that is down and digits own the keys. */
    readonly longPress: LongPress | null;
    readonly selfTest: {readonly level: number | null; readonly keysSeen: readonly Key[]; readonly hookSeen: boolean};
    /** The newest statistics of the call in the mix and the phone's facts, for the status screen. */
    readonly status: StatusFacts;
}

/** Facts for the status screen, refreshed by the shell while that screen is shown. */
export interface StatusFacts {
    readonly version: string;
    readonly serial: string;
    readonly addresses: readonly string[];
    /** Where each account registers, by its id, for instance `sip.example.org tls`. */
    readonly servers: readonly string[];
    readonly realTime: boolean | null;
    readonly media: SessionStats | null;
}

/** What the SIP side tells. A call that it names and we do not know is ignored. */
export type SignalEvent =
    | {readonly type: "registration"; readonly account: AccountState; readonly at: number}
    | {
          readonly type: "incoming";
          readonly call: CallId;
          readonly account: AccountId;
          readonly party: Party;
          /** What its offer comes to, null where the offer will be ours. */
          readonly security: CallSecurity | null;
          readonly at: number;
      }
    /** How the sound is protected from now on; told before what lets it be heard. */
    | {
          readonly type: "security";
          readonly call: CallId;
          readonly security: CallSecurity;
          readonly suite: SrtpSuite | null;
          readonly at: number;
      }
    | {readonly type: "progress"; readonly call: CallId; readonly media: boolean; readonly at: number}
    | {readonly type: "session"; readonly call: CallId; readonly session: number; readonly at: number}
    /** The far end answered (outgoing) or its ACK came (incoming). */
    | {readonly type: "confirmed"; readonly call: CallId; readonly at: number}
    | {
          readonly type: "hold";
          readonly call: CallId;
          readonly by: "local" | "remote";
          readonly held: boolean;
          readonly at: number;
      }
    | {readonly type: "holdFailed"; readonly call: CallId; readonly at: number}
    | {readonly type: "ended"; readonly call: CallId; readonly reason: EndReason; readonly at: number};

/** What the store, the settings and the clock tell. */
export type InsideEvent =
    | {readonly type: "clock"; readonly at: number; readonly wall: number}
    | {readonly type: "settings"; readonly settings: PhoneSettings; readonly at: number}
    | {readonly type: "accounts"; readonly accounts: readonly AccountState[]; readonly at: number}
    | {readonly type: "recents"; readonly recents: readonly RecentCall[]; readonly missed: number; readonly at: number}
    | {readonly type: "named"; readonly call: CallId; readonly name: string; readonly at: number}
    | {readonly type: "storeFault"; readonly fault: string | null; readonly at: number}
    /** The self-test's capture, which is not the engine's: it may close late, after the engine's has opened. */
    | {readonly type: "testCapture"; readonly open: boolean; readonly at: number}
    | {readonly type: "microphoneLevel"; readonly level: number; readonly at: number}
    | {readonly type: "facts"; readonly status: StatusFacts; readonly at: number};

export type TimedMediaEvent = MediaEvent & {readonly at: number};

export type PhoneEvent = BoardEvent | SignalEvent | TimedMediaEvent | InsideEvent;

/** What happens once. The shell carries it out; a failure comes back as an event. */
export type Effect =
    | {
          readonly type: "dial";
          readonly call: CallId;
          readonly account: AccountId;
          readonly number: string;
          readonly emergency: boolean;
      }
    | {readonly type: "answer"; readonly call: CallId}
    | {readonly type: "reject"; readonly call: CallId; readonly status: 480 | 486 | 488 | 603}
    | {readonly type: "hangUp"; readonly call: CallId}
    | {readonly type: "setHold"; readonly call: CallId; readonly held: boolean}
    | {readonly type: "sendDigit"; readonly call: CallId; readonly digit: Digit; readonly ms: number}
    /** Commits the row when the call appears (`talkSeconds` null, `reason` null) … */
    | {readonly type: "openLog"; readonly call: Call; readonly wall: number | null}
    /** … notes that it was answered … */
    | {readonly type: "answerLog"; readonly call: Call; readonly wall: number | null}
    /** … how it sounds, soon and then once a minute, so that a power cut does not take it … */
    | {readonly type: "noteLog"; readonly call: Call}
    /** … and closes it, exactly once a call. */
    | {
          readonly type: "closeLog";
          readonly call: Call;
          readonly wall: number | null;
          readonly talkSeconds: number | null;
      }
    | {readonly type: "lookUpName"; readonly call: CallId; readonly number: string}
    | {readonly type: "markMissedSeen"}
    | {
          readonly type: "saveSetting";
          readonly name: "language" | "country" | "volume" | "ringVolume";
          readonly value: string | number | null;
      }
    /** Refreshes `status` now. */
    | {readonly type: "readFacts"};

export interface Step {
    readonly state: PhoneState;
    readonly effects: readonly Effect[];
}

/** What is continuously true, derived from the state by pure functions and never commanded. */
export interface Outputs {
    /** On the ringer PCM only. */
    readonly ring: Ring | null;
    /** In the ear: dial tone, ringback, busy, a waiting tone over a call, a digit. */
    readonly earTone: Tone | null;
    readonly route: Route;
    /** Calls that are heard and hear: none, one, or a conference. */
    readonly mix: readonly CallId[];
    readonly microphone: MicrophoneGate;
    /** Receive gain in dB. */
    readonly volume: number;
    /** All lamps; `microphone` is lit exactly while capture is open. */
    readonly lamps: Lamps;
    /** The self-test's own capture (never beside the engine's) runs. */
    readonly microphoneTest: boolean;
    /** When time next matters, monotonic ms. */
    readonly wakeAt: number | null;
}

export type {Frame};
