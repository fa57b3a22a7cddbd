/** All words of the glass. A language is one table; the type holds that none lacks a word. */
import type {CallSecurity, EndReason} from "../../firmware/phone/call.ts";
import type {RecentCall, SelfTestStep, ServiceFault} from "../../firmware/phone/state.ts";
import type {MenuItem} from "../choices.ts";

/** What a key does, at most 8 cells, since two or three share the last row. */
export type HintWord =
    | "answer"
    | "back"
    | "call"
    | "change"
    | "close"
    | "delete"
    | "details"
    | "hangUp"
    | "hold"
    | "menu"
    | "mute"
    | "next"
    | "open"
    | "quit"
    | "recents"
    | "redial"
    | "reject"
    | "resume"
    | "select"
    | "silence"
    | "unmute"
    | "volume";

export interface Text {
    /** The language's own name. */
    readonly name: string;
    /** For dates and the names of countries (BCP 47). */
    readonly locale: string;
    /** Between day and month: `24.11`. */
    readonly dateSeparator: string;
    readonly yesterday: string;
    readonly hint: Readonly<Record<HintWord, string>>;
    readonly idle: {
        readonly ready: string;
        readonly noService: string;
        /** Before a number. */
        readonly missed: string;
        readonly mobileBusy: string;
        readonly noConsent: string;
        readonly setTime: string;
    };
    /** Why there is no service, and what to do. */
    readonly service: Readonly<Record<ServiceFault, {readonly why: string; readonly remedy: string}>>;
    /** Before a running-down clock. */
    readonly nextTry: string;
    readonly dial: {
        readonly title: string;
        readonly enter: string;
        readonly hookHint: string;
    };
    readonly call: {
        readonly anonymous: string;
        readonly emergency: string;
        readonly calling: string;
        readonly alerting: string;
        readonly earlyMedia: string;
        readonly incoming: string;
        readonly answering: string;
        readonly lift: string;
        readonly talking: string;
        readonly heldByUs: string;
        readonly heldByThem: string;
        readonly heldByBoth: string;
        readonly holding: string;
        readonly resuming: string;
        readonly muted: string;
        readonly putDown: string;
        /** Before the name of who calls meanwhile. */
        readonly waiting: string;
        readonly ending: string;
        readonly talked: string;
        readonly microphone: string;
        readonly microphoneOn: string;
        readonly microphoneOff: string;
    };
    readonly reason: Readonly<Record<EndReason["code"], string>>;
    /** `notAcceptable` when the other side said so (SIP 488, 606, 415). */
    readonly noCodec: string;
    /** How the sound is protected, and in how far. */
    readonly security: Readonly<Record<CallSecurity | "title", string>>;
    readonly offHook: {readonly lying: string; readonly putDown: string};
    readonly recents: {
        readonly all: string;
        readonly missed: string;
        readonly received: string;
        readonly placed: string;
        readonly empty: string;
        readonly outcome: Readonly<Record<RecentCall["outcome"], string>>;
    };
    readonly menu: {readonly title: string; readonly items: Readonly<Record<MenuItem, string>>};
    readonly firstStart: {
        readonly language: string;
        readonly country: string;
        /** What to do next, in at most three rows of 20 cells. */
        readonly next: string;
        readonly support: string;
    };
    readonly volume: {readonly call: string; readonly ring: string; readonly silent: string};
    readonly fault: {
        readonly sound: string;
        readonly store: string;
        readonly keypad: string;
        readonly hook: string;
        readonly display: string;
        readonly provisioning: string;
    };
    readonly status: {
        readonly address: string;
        readonly line: string;
        readonly answer: string;
        readonly codec: string;
        readonly lost: string;
        /** Lost on the way to the other side, as it reports. */
        readonly lostThere: string;
        readonly late: string;
        readonly jitter: string;
        readonly delay: string;
        readonly roundTrip: string;
        readonly noCall: string;
        readonly realTime: string;
        readonly yes: string;
        readonly no: string;
        readonly unknown: string;
        readonly version: string;
        readonly serial: string;
        readonly support: string;
        readonly none: string;
    };
    /** One sentence a step, in at most two rows of 20 cells. */
    readonly selfTest: Readonly<Record<SelfTestStep, string>> & {
        readonly title: string;
        readonly level: string;
        readonly waiting: string;
        readonly pressed: string;
        readonly offHook: string;
        readonly onHook: string;
        readonly seen: string;
    };
}
