/** Any state of a phone, also those that its rules would never reach: the screens must bear them all. */
import type {Call, CallPhase, CallQuality, EndReason} from "../../../firmware/phone/call.ts";
import type {
    AccountState,
    Notice,
    PhoneState,
    RecentCall,
    SelfTestStep,
    ServiceFault,
    View,
} from "../../../firmware/phone/state.ts";
import type {Key} from "../../../hal/board.ts";
import type {SrtpSuite} from "../../../native/index.ts";
import {LANGUAGES, RECENTS_FILTERS, SELF_TEST_STEPS} from "../../../ui/choices.ts";
import {en} from "../../../ui/text/en.ts";
import {type SeededRandom, seededRandom} from "../../support/random.ts";
import {MORNING, media, NOW, quiet, recents} from "./states.ts";

const codesOf = <T extends string>(table: Readonly<Record<T, unknown>>): readonly T[] => Object.keys(table) as T[];

export const REASONS: readonly EndReason["code"][] = codesOf(en.reason);
export const SERVICE_FAULTS: readonly ServiceFault[] = codesOf(en.service);
const PHASES: readonly CallPhase[] = ["calling", "alerting", "earlyMedia", "ringing", "answering", "talking", "ending"];
const OUTCOMES: readonly RecentCall["outcome"][] = codesOf(en.recents.outcome);
const SUITES: readonly SrtpSuite[] = [
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
    "AEAD_AES_128_GCM",
    "AEAD_AES_256_GCM",
];
const KEYS: readonly Key[] = ["1", "*", "#", "up", "ok", "back", "hold", "speaker"];

const NAMES: readonly (string | null)[] = [
    null,
    "",
    "  ",
    "Zoë",
    "Bérénice Müller-Lüdenscheidt von und zu Hohenzollern",
    "Łukasz Żółć",
    "Ελένη",
    "山田太郎",
    "🙂 Bob 🙂",
    "a\u0000b\nc\td\u202e",
    "e\u0301\u0301\u0301",
    "\ud800",
];
const NUMBERS: readonly string[] = ["", "112", "601", "+493012345678901234567890", "*21*600#", "sip-user.name_long"];

/** Draws from a seeded row of numbers. */
class Draw {
    readonly #random: SeededRandom;

    constructor(seed: number) {
        this.#random = seededRandom(seed);
    }

    whole(least: number, most: number): number {
        return least + this.#random.below(most - least + 1);
    }

    sometimes(share: number): boolean {
        return this.#random.next() < share;
    }

    of<T>(choices: readonly T[]): T {
        return this.#random.pick(choices);
    }

    maybe<T>(make: () => T, share = 0.5): T | null {
        return this.sometimes(share) ? make() : null;
    }

    some<T>(most: number, make: (index: number) => T): readonly T[] {
        return Array.from({length: this.whole(0, most)}, (_, index) => make(index));
    }

    /** Monotonic ms around now, with fractions as `performance.now()` has them. */
    moment(): number {
        return NOW + (this.#random.next() - 0.5) * 200_000;
    }
}

function nameOf(draw: Draw): string | null {
    const index = draw.whole(0, NAMES.length - 1);
    return NAMES[index] ?? null;
}

function partyOf(draw: Draw): Call["party"] {
    return {number: draw.of(NUMBERS), name: nameOf(draw)};
}

function reasonOf(draw: Draw): EndReason {
    return {code: draw.of(REASONS), sip: draw.maybe(() => draw.whole(300, 699))};
}

function qualityOf(draw: Draw): CallQuality | null {
    return draw.maybe(() => ({
        codec: draw.of(["PCMA", "PCMU", "G722", "opus"]),
        lossRate: draw.maybe(() => draw.whole(0, 1_000) / 1_000),
        jitter: draw.maybe(() => draw.whole(0, 99_999)),
        roundTrip: draw.maybe(() => draw.whole(0, 99_999)),
        mosListening: draw.maybe(() => draw.whole(100, 500) / 100),
        mosConversational: draw.maybe(() => draw.whole(100, 500) / 100),
    }));
}

function callOf(draw: Draw, index: number): Call {
    const phase = draw.of(PHASES);
    return {
        id: `in-${index}`,
        direction: draw.of(["outgoing", "incoming"]),
        phase,
        account: draw.whole(0, 4),
        party: partyOf(draw),
        emergency: draw.sometimes(0.2),
        appearedAt: draw.moment(),
        talkingSince: draw.maybe(() => draw.moment()),
        deadline: draw.maybe(() => draw.moment()),
        security: draw.of(["none", "hop", "end"]),
        suite: draw.maybe(() => draw.of(SUITES)),
        quality: qualityOf(draw),
        notedAt: null,
        hold: {local: draw.sometimes(0.3), remote: draw.sometimes(0.3)},
        pending: draw.maybe(() => draw.of(["hold", "resume"]), 0.2),
        hearing: draw.sometimes(0.5),
        session: draw.maybe(() => draw.whole(1, 9)),
        reason: phase === "ending" ? reasonOf(draw) : null,
    };
}

function accountOf(draw: Draw, id: number): AccountState {
    return {
        id,
        label: nameOf(draw) ?? "",
        registered: draw.sometimes(0.5),
        fault: draw.maybe(() => draw.of(SERVICE_FAULTS)),
        detail: draw.of(["", "200 OK", "403 Forbidden by a very long reason phrase"]),
        retryAt: draw.maybe(() => draw.moment()),
    };
}

function recentOf(draw: Draw, row: number): RecentCall {
    return {
        row,
        direction: draw.of(["outgoing", "incoming"]),
        party: partyOf(draw),
        startedAt: MORNING - draw.whole(-2, 1_000) * 3_600_000 * 7,
        talkSeconds: draw.maybe(() => draw.whole(0, 400_000)),
        outcome: draw.of(OUTCOMES),
        reason: draw.maybe(() => draw.of(REASONS)),
        security: draw.maybe(() => draw.of(["none", "hop", "end"])),
        quality: qualityOf(draw),
    };
}

function viewOf(draw: Draw): View {
    const selected = draw.whole(-1, 60);
    const step: SelfTestStep = draw.of(SELF_TEST_STEPS);
    return draw.of<View>([
        {type: "idle"},
        {type: "firstStart", step: draw.of(["language", "country", "next"]), selected},
        {type: "menu", selected},
        {
            type: "recents",
            filter: draw.of(RECENTS_FILTERS),
            selected,
            since: NOW - draw.whole(0, 20_000),
            page: draw.maybe(() => selected),
        },
        {type: "status", page: selected},
        {type: "language", selected},
        {type: "ringVolume"},
        {type: "selfTest", step, since: draw.moment()},
    ]);
}

function noticeOf(draw: Draw): Notice {
    return {
        reason: reasonOf(draw),
        party: partyOf(draw),
        talkSeconds: draw.maybe(() => draw.whole(0, 400_000)),
        since: draw.moment(),
        until: draw.moment(),
    };
}

function settingsOf(draw: Draw): PhoneState["settings"] {
    return {
        ...quiet.settings,
        language: draw.maybe(() => draw.of(LANGUAGES), 0.9),
        timeZone: draw.of(["Europe/Berlin", "UTC", "America/St_Johns", "Asia/Kathmandu", "Nowhere/Atlantis", ""]),
        defaultAccount: draw.whole(0, 4),
        volume: draw.whole(-30, 20),
        ringVolume: draw.maybe(() => draw.whole(-40, 5)),
        supportContact: draw.of(["", "help@example.org", "+49 30 123456, Example Telephone Company, 9 to 17"]),
    };
}

function statusOf(draw: Draw): PhoneState["status"] {
    return {
        version: "0.1.0",
        serial: draw.of(["", "OH-0042-0000-0000-0000-0001"]),
        addresses: draw.some(3, () => draw.of(["192.0.2.17", "2001:db8:85a3:8d3:1319:8a2e:370:7348"])),
        servers: draw.some(4, () => "sip.a-very-long-name.example.org tls"),
        realTime: draw.maybe(() => draw.sometimes(0.5)),
        media: draw.maybe(() => ({
            ...media,
            codec: draw.maybe(() => draw.of(["PCMA", "PCMU", "G722", "opus"])),
            packetsReceived: draw.whole(0, 3) * 1_000_000,
            packetsLost: draw.whole(0, 2) * 1_000_000,
            packetsLate: draw.whole(0, 9) * 1_000_000,
            roundTrip: draw.maybe(() => draw.whole(0, 99_999)),
            remoteLoss: draw.maybe(() => draw.whole(0, 100) / 100),
        })),
    };
}

/** A state with most things quiet and a few at their most awkward. */
export function randomState(seed: number): PhoneState {
    const draw = new Draw(seed);
    const now = draw.sometimes(0.5) ? NOW : draw.moment();
    return {
        ...quiet,
        now,
        wallOffset: draw.maybe(() => MORNING - NOW + draw.whole(-90_000, 90_000) * 1_000, 0.9),
        hook: draw.of(["on", "off"]),
        handsFree: draw.sometimes(0.3),
        speaker: draw.sometimes(0.2),
        muted: draw.sometimes(0.3),
        silenced: draw.maybe(() => "in-0", 0.2),
        calls: draw.sometimes(0.4) ? draw.some(4, (index) => callOf(draw, index)) : [],
        offHook: draw.maybe(() => ({stage: draw.of(["dialTone", "warning", "silent"]), until: draw.moment()}), 0.2),
        dialling: draw.maybe(() => ({digits: draw.of(NUMBERS), dialAt: draw.maybe(() => draw.moment())}), 0.2),
        notice: draw.maybe(() => noticeOf(draw), 0.2),
        view: viewOf(draw),
        details: draw.maybe(() => draw.whole(-9, 9), 0.3),
        volumeShownUntil: draw.maybe(() => draw.moment(), 0.3),
        volumeShown: draw.of(["volume", "ringVolume"]),
        accounts: draw.some(4, (id) => accountOf(draw, id)),
        recents: draw.sometimes(0.3) ? recents : draw.some(30, (row) => recentOf(draw, row)),
        missed: draw.of([0, 1, 99_999]),
        settings: settingsOf(draw),
        countries: draw.of([[], quiet.countries, ["xx", "zz1", "", "ae"]]),
        cellularBusy: draw.sometimes(0.2),
        consent: draw.sometimes(0.8),
        soundFault: draw.maybe(() => draw.of(["", "no such device", "a very long reason of the sound card"]), 0.2),
        storeFault: draw.maybe(() => "disk is full", 0.2),
        faults: draw.some(4, () => draw.of(["keypad", "hook", "display", "provisioning"])),
        selfTest: {
            level: draw.maybe(() => draw.of([Number.NEGATIVE_INFINITY, -90, -20.5, 0, 3, Number.NaN])),
            keysSeen: draw.some(8, () => draw.of(KEYS)),
            hookSeen: draw.sometimes(0.5),
        },
        status: statusOf(draw),
    };
}
