/**
 * The registry of settings: one table from which the type, the defaults, the validation, the secrecy, the scope of a
 * restart and the help follow.
 */
import {countries} from "../phone/tone-plan.ts";
import {
    certificatesKind,
    choiceKind,
    digitMapKind,
    type Kind,
    listKind,
    numberKind,
    optionalKind,
    patternKind,
    portsKind,
    switchKind,
    textKind,
    timeZoneKind,
} from "./kinds.ts";
import {serverKind, turnServersKind} from "./server-kinds.ts";

/** When a change takes effect: at once, by a new registration after the last call, or at the next start. */
export type Scope = "now" | "register" | "restart";

export interface Setting<T> {
    readonly kind: Kind<T>;
    readonly initial: T;
    readonly scope: Scope;
    /** Never shown, only replaced; stored sealed. */
    readonly secret: boolean;
    readonly help: string;
}

type Options = {readonly scope?: Scope; readonly secret?: boolean};

function setting<T>(kind: Kind<T>, initial: NoInfer<T>, help: string, options: Options = {}): Setting<T> {
    return {kind, initial, help, scope: options.scope ?? "now", secret: options.secret ?? false};
}

const host = patternKind(/^[A-Za-z0-9._:[\]-]{0,253}$/, "a host name or an address");
const sipUser = patternKind(/^[A-Za-z0-9\-_.!~*'()&=+$,;?/%#]{0,64}$/, "the user part of a SIP address");
const collector = patternKind(
    /^(?:sip:(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/%]{1,64}@)?(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?)?$/,
    "a SIP URI such as sip:quality@example.org, or nothing,",
);
const languages = choiceKind(["en", "de", "fr", "es", "it", "nl", "pt", "pl"]);
const codecs = choiceKind(["opus", "G722", "PCMA", "PCMU"]);
const emergencyNumber = patternKind(/^[0-9*#]{2,8}$/, "a number of 2 to 8 keys");

const general = {
    "phone.name": setting(
        textKind(24),
        "Offhook",
        "What the phone calls itself at the console, to tell it from others.",
    ),
    "phone.language": setting(optionalKind(languages), null, "Language of the display; empty asks at the next start."),
    "phone.country": setting(choiceKind(countries), "de", "Country whose tones are heard (ISO 3166-1)."),
    "phone.time-zone": setting(timeZoneKind, "UTC", "Zone of the clock on the display and in the list of calls."),
    "phone.support-contact": setting(textKind(60), "", "Who helps: an address or a telephone number."),
    "dial.map": setting(
        digitMapKind,
        "",
        "Digit map (RFC 3435; + is a symbol), alternatives separated by |; empty: # or the timer sends.",
    ),
    "dial.interdigit": setting(numberKind(1, 30, " s"), 4, "Seconds after the last digit until a number is dialled."),
    "dial.emergency": setting(
        listKind(emergencyNumber, 0),
        ["112", "911"],
        "Emergency numbers; they dial in every state.",
    ),
    "dial.account": setting(numberKind(1, 4, ""), 1, "The account that dials."),
    "audio.codecs": setting(
        listKind(codecs, 1),
        ["opus", "G722", "PCMA", "PCMU"],
        "Codecs in the order of preference.",
        {scope: "register"},
    ),
    "audio.ptime": setting(numberKind(10, 60, " ms"), 20, "Packet time: 10, 20, 30, 40 or 60.", {scope: "register"}),
    "audio.volume": setting(numberKind(-24, 12, " dB"), 0, "Loudness of the handset against nominal."),
    "audio.ring-volume": setting(
        optionalKind(numberKind(-30, 0, " dB")),
        -10,
        "Loudness of the bell; empty is silent.",
    ),
    "rtp.ports": setting(portsKind, [16384, 16484], "UDP ports for RTP and RTCP, from the next call on."),
    "rtp.dscp": setting(numberKind(0, 63, ""), 46, "DSCP of RTP from the next call on (RFC 4594: EF is 46)."),
    "rtp.address": setting(host, "", "Local address for RTP; empty: the one that reaches the server.", {
        scope: "register",
    }),
    "sip.ca": setting(certificatesKind, "", "Authorities that may vouch for the server; empty: the public ones.", {
        scope: "register",
    }),
    "sip.keep-alive": setting(numberKind(5, 600, " s"), 90, "Seconds between our keep-alives (RFC 5626).", {
        scope: "register",
    }),
    "sip.dscp": setting(numberKind(0, 63, ""), 24, "DSCP of SIP (RFC 4594: CS3 is 24, CS5 is 40).", {
        scope: "register",
    }),
    "rtp.keys-over-clear": setting(
        switchKind,
        false,
        "Whether the keys of SRTP may go over tcp or ws, where others can read them.",
        {scope: "register"},
    ),
    "ice.stun": setting(
        optionalKind(serverKind(3478)),
        null,
        "STUN server (RFC 8489) that tells our address behind a NAT; host or host:port.",
        {scope: "register"},
    ),
    "ice.turn": setting(
        turnServersKind,
        [],
        "TURN servers (RFC 8656) that relay where nothing else works: turn:host:port?transport=udp|tcp.",
        {scope: "register"},
    ),
    "ice.turn-user": setting(textKind(128), "", "User name at the TURN servers.", {scope: "register"}),
    "ice.turn-password": setting(textKind(128), "", "Password at the TURN servers.", {scope: "register", secret: true}),
    "ice.relay-only": setting(
        switchKind,
        false,
        "Whether sound with ICE goes by the TURN servers alone, which hides our addresses from the far end.",
        {scope: "register"},
    ),
    "call.least-security": setting(
        choiceKind(["none", "hop", "end"]),
        "none",
        "Least protection of sound: none, hop (SRTP to the server), end (to the other phone). Emergencies need none.",
    ),
    "quality.collector": setting(
        collector,
        "",
        "Who is sent a report of each call (RFC 6035): both parties' addresses, times, codec, quality; empty: nobody.",
        {scope: "register"},
    ),
    "log.level": setting(
        choiceKind(["debug", "info", "warning", "error"]),
        "info",
        "The least that is logged; debug shows numbers.",
        {scope: "restart"},
    ),
} as const;

const account = {
    enabled: setting(switchKind, false, "Whether the account registers.", {scope: "register"}),
    label: setting(textKind(16), "", "What the display calls the account; empty: its user.", {scope: "register"}),
    user: setting(sipUser, "", "User part of the address-of-record.", {scope: "register"}),
    domain: setting(host, "", "Domain of the address-of-record.", {scope: "register"}),
    "auth-user": setting(textKind(64), "", "User name for authentication; empty: the user.", {scope: "register"}),
    password: setting(textKind(128), "", "Password for authentication.", {scope: "register", secret: true}),
    "display-name": setting(textKind(40), "", "Name that those who are called see.", {scope: "register"}),
    transport: setting(
        choiceKind(["tls", "wss", "tcp", "ws"]),
        "tls",
        "How SIP is carried; tcp and ws are not encrypted.",
        {scope: "register"},
    ),
    server: setting(host, "", "Host of the server; empty: the domain.", {scope: "register"}),
    port: setting(numberKind(0, 65535, ""), 0, "Port of the server; 0: the usual one of the transport.", {
        scope: "register",
    }),
    path: setting(patternKind(/^\/[\x21-\x7e]{0,127}$/, "a path that begins with /"), "/", "Path of the WebSocket.", {
        scope: "register",
    }),
    expires: setting(numberKind(60, 86400, " s"), 600, "How long a registration is asked for.", {scope: "register"}),
    media: setting(
        choiceKind(["plain", "sdes", "webrtc", "best"]),
        "best",
        "Sound: plain (RTP), sdes (SRTP by RFC 4568 or no call), webrtc (DTLS-SRTP and ICE or no call), best (what both can).",
        {scope: "register"},
    ),
} as const;

export const accountNumbers = [1, 2, 3, 4] as const;
export type AccountNumber = (typeof accountNumbers)[number];
type AccountTable = {[N in AccountNumber as `account${N}.${keyof typeof account}`]: never};
type AccountSchema = {
    [Name in keyof AccountTable]: Name extends `account${AccountNumber}.${infer Field extends keyof typeof account}`
        ? (typeof account)[Field]
        : never;
};

function accountSchema(): AccountSchema {
    const entries = accountNumbers.flatMap((number) =>
        Object.entries(account).map(([field, value]) => [`account${number}.${field}`, value]),
    );
    return Object.fromEntries(entries) as AccountSchema;
}

/** Every setting of the phone by its name. */
export const schema: typeof general & AccountSchema = {...general, ...accountSchema()};

export type SettingName = keyof typeof schema;

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** All settings with their values. A secret stands here as the word `set` or as empty text, never as itself. */
export type Settings = {readonly [Name in SettingName]: ValueOf<(typeof schema)[Name]>};

export const settingNames = Object.keys(schema) as readonly SettingName[];

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(schema, name);

/** The setting seen without its own type, for code that treats all alike. */
export function settingOf(name: SettingName): Setting<unknown> {
    return schema[name] as Setting<unknown>;
}

export const initialSettings = Object.fromEntries(
    settingNames.map((name) => [name, settingOf(name).initial]),
) as unknown as Settings;
