/** States of a phone for the screens, from a quiet one with everything in order. */
import type {Call, CallQuality} from "../../../firmware/phone/call.ts";
import type {PhoneState, RecentCall} from "../../../firmware/phone/state.ts";
import type {SessionStats} from "../../../native/index.ts";
import type {Size} from "../../../ui/page.ts";
import {screenOf} from "../../../ui/screen.ts";

/** Tuesday 24 November 2026, 09:41:00 in Berlin, in UTC ms. */
export const MORNING = Date.UTC(2026, 10, 24, 8, 41, 0);
/** The same instant as monotonic ms. */
export const NOW = 1_000_000;

export const SMALL: Size = {columns: 20, rows: 4};
export const LARGE: Size = {columns: 40, rows: 12};

export const quiet: PhoneState = {
    now: NOW,
    wallOffset: MORNING - NOW,
    hook: "on",
    handsFree: false,
    speaker: false,
    muted: false,
    silenced: null,
    calls: [],
    nextCall: 1,
    offHook: null,
    dialling: null,
    notice: null,
    view: {type: "idle"},
    details: null,
    feedback: null,
    volumeShownUntil: null,
    volumeShown: "volume",
    accounts: [{id: 0, label: "Anna 201", registered: true, fault: null, detail: "200 OK", retryAt: null}],
    recents: [],
    missed: 0,
    settings: {
        language: "en",
        country: "de",
        timeZone: "Europe/Berlin",
        digitMap: "",
        interDigit: 4_000,
        emergencyNumbers: ["112", "110"],
        defaultAccount: 0,
        volume: 0,
        ringVolume: -6,
        supportContact: "help@example.org",
        leastSecurity: "none",
    },
    countries: ["at", "ch", "de", "fr", "gb", "us"],
    cellularBusy: false,
    consent: true,
    captureOpen: false,
    testCaptureOpen: false,
    soundFault: null,
    storeFault: null,
    faults: [],
    keysDown: [],
    longPress: null,
    selfTest: {level: null, keysSeen: [], hookSeen: false},
    status: {
        version: "0.1.0",
        serial: "OH-0042",
        addresses: ["192.0.2.17"],
        servers: ["sip.example.org tls"],
        realTime: true,
        media: null,
    },
};

export const outgoing: Call = {
    id: "out-1",
    direction: "outgoing",
    phase: "calling",
    account: 0,
    party: {number: "0301234567", name: null},
    emergency: false,
    appearedAt: NOW - 3_000,
    talkingSince: null,
    deadline: null,
    security: "none",
    suite: null,
    quality: null,
    notedAt: null,
    hold: {local: false, remote: false},
    pending: null,
    hearing: false,
    session: null,
    reason: null,
};

export const incoming: Call = {
    ...outgoing,
    id: "in-1",
    direction: "incoming",
    phase: "ringing",
    party: {number: "+49301234567", name: "Bérénice Müller"},
};

export const talking: Call = {...incoming, phase: "talking", talkingSince: NOW - 125_000, session: 1};

export const media: SessionStats = {
    codec: "opus",
    packetsSent: 1_000,
    octetsSent: 60_000,
    packetsReceived: 990,
    octetsReceived: 59_400,
    packetsLost: 10,
    packetsLate: 3,
    packetsMalformed: 0,
    packetsUnauthentic: 0,
    packetsReplayed: 0,
    jitter: 3.2,
    bufferDelay: 61.4,
    roundTrip: 24,
    remoteLoss: 0.02,
    remoteSsrc: 0xf00,
    quality: null,
    remoteQuality: null,
};

/** The figures that count of it, as a call and its row of the log have them. */
export const quality: CallQuality = {
    codec: "opus",
    lossRate: 0.013,
    jitter: 3.2,
    roundTrip: 24,
    mosListening: 4.21,
    mosConversational: 4.14,
};

const HOUR = 3_600_000;

export const recents: readonly RecentCall[] = [
    {
        row: 5,
        direction: "incoming",
        party: {number: "0301234567", name: "Bérénice Müller-Lüdenscheidt"},
        startedAt: MORNING - HOUR,
        talkSeconds: null,
        outcome: "missed",
        reason: "cancelled",
        security: null,
        quality: null,
    },
    {
        row: 4,
        direction: "outgoing",
        party: {number: "600", name: null},
        startedAt: MORNING - 2 * HOUR,
        talkSeconds: 75,
        outcome: "placed",
        reason: "localHangUp",
        security: "hop",
        quality,
    },
    {
        row: 3,
        direction: "incoming",
        party: {number: "601", name: "Zoë"},
        startedAt: MORNING - 30 * HOUR,
        talkSeconds: 3_725,
        outcome: "received",
        reason: "remoteHangUp",
        security: "none",
        quality: null,
    },
    {
        row: 2,
        direction: "incoming",
        party: {number: "", name: null},
        startedAt: MORNING - 24 * 40 * HOUR,
        talkSeconds: null,
        outcome: "elsewhere",
        reason: "answeredElsewhere",
        security: null,
        quality: null,
    },
];

/** The glass as a picture: a line of text for each row, with a frame around it so that blanks are seen. */
export function picture(state: PhoneState, size: Size = SMALL): string {
    return screenOf(state, size)
        .lines.map((line) => `|${line}|`)
        .join("\n");
}
