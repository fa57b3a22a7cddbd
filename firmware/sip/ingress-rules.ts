/**
 * What JsSIP throws at, drops in silence or mistakes, one rule a function. A rule returns the message that JsSIP is to
 * see, or a refusal. All of them are linear in the length of the message.
 */
import {type DigestAlgorithm, digestAlgorithmOf, digestAlgorithms} from "./digest.ts";
import {isReadable} from "./jssip.ts";
import {sdpOfMultipart} from "./multipart.ts";
import {
    decoded,
    escapeUser,
    formatAddress,
    formatSipUri,
    parseAddress,
    parseSipUri,
    quoteDisplay,
    sipOfTel,
} from "./name-addr.ts";
import {
    headerOf,
    headersOf,
    isRequest,
    isToken,
    mapHeaders,
    methodOf,
    parameterOf,
    type SipMessage,
    splitOutside,
    statusOf,
} from "./sip-message.ts";

/** Why JsSIP does not get a message. A request with a status is answered with it; the rest is dropped. */
export interface Refusal {
    readonly status: number | null;
    readonly reason: string;
    /** Header fields of the answer besides the usual ones. */
    readonly headers?: readonly string[];
}

export interface IngressContext {
    /** The user part that JsSIP takes for its own. */
    readonly user: string;
}

export type IngressRule = (message: SipMessage, context: IngressContext) => SipMessage | Refusal;

const badRequest = (reason: string): Refusal => ({status: 400, reason});

/** Whether a rule's answer is a refusal. */
export function isRefusal(outcome: SipMessage | Refusal): outcome is Refusal {
    return "status" in outcome;
}

const MANDATORY = ["via", "from", "to", "call-id", "cseq"];
const SINGLE = ["from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type"];

/** RFC 3261 §8.1.1 and §7.3.1: what must be there is there, what must be alone is alone, and lines are header fields. */
export const requiredHeaders: IngressRule = (message) => {
    const missing = MANDATORY.find((key) => headerOf(message, key) === undefined);
    if (missing !== undefined) return badRequest(`Missing ${missing}`);
    const repeated = SINGLE.find((key) => headersOf(message, key).length > 1);
    if (repeated !== undefined) return badRequest(`Repeated ${repeated}`);
    return message.headers.some(({key}) => key === "") ? badRequest("Bad Header Line") : message;
};

/** RFC 3261 §8.1.1.5: a number below 2^31 and the method. JsSIP throws at a response without either. */
export const cseqCheck: IngressRule = (message) => {
    const value = headerOf(message, "cseq") ?? "";
    const [number = "", method = ""] = value.split(/[ \t]+/);
    const isSound = /^\d{1,10}$/.test(number) && Number(number) < 2 ** 31;
    if (!isSound || !isReadable(value, "CSeq")) return badRequest("Bad CSeq");
    return isRequest(message) && method !== methodOf(message) ? badRequest("CSeq Method Mismatch") : message;
};

/** `Contact: *` is for a REGISTER only (RFC 3261 §10.2.2); JsSIP's grammar throws at it. */
export const starContact: IngressRule = (message) => {
    const isStar = headersOf(message, "contact").some((value) => value.startsWith("*"));
    if (!isStar) return message;
    return isRequest(message) ? badRequest("Bad Contact") : mapHeaders(message, ["contact"], () => null);
};

/**
 * The longest time in seconds that JsSIP can wait for: setTimeout fires at once above 2^31-1 ms, and a session timer
 * runs for 1.1 times its interval.
 */
const MAX_SECONDS = 1_952_257;

function clamped(digits: string): string {
    return String(Math.min(Number(digits), MAX_SECONDS));
}

/** The value with its leading number clamped; null if it does not begin with one. */
function clampedValue(value: string): string | null {
    const digits = /^\d{1,20}(?=\D|$)/.exec(value)?.[0];
    return digits === undefined ? null : clamped(digits) + value.slice(digits.length);
}

function clampedContact(value: string): string {
    const [address = "", ...parameters] = splitOutside(value, ";");
    const kept = parameters.flatMap((parameter) => {
        const [name = "", ...rest] = parameter.split("=");
        if (name.trim().toLowerCase() !== "expires") return [parameter];
        const seconds = clampedValue(rest.join("=").trim().replace(/^"|"$/g, ""));
        return seconds === null ? [] : [`expires=${seconds}`];
    });
    return [address, ...kept].join(";");
}

/**
 * Times above 2^31 ms made JsSIP register 485 times in one second; one that is no number (NaN ms) does the same.
 * What is too long is shortened, what is no number is left out (RFC 3261 §20.19: the server's default then).
 */
export const expiresClamp: IngressRule = (message) => {
    const headers = mapHeaders(message, ["expires", "session-expires", "min-expires", "min-se"], clampedValue);
    return mapContacts(headers, (contact) => (/expires/i.test(contact) ? clampedContact(contact) : contact));
};

/** JsSIP answers 415 to `application/sdp;charset=UTF-8`. */
export const contentTypeParameters: IngressRule = (message) =>
    mapHeaders(message, ["content-type"], (value) => {
        const type = value.split(";", 1)[0]?.trim() ?? "";
        return type.toLowerCase() === "application/sdp" ? "application/sdp" : value;
    });

/** JsSIP answers 415 to SDP that comes with other parts, and takes an answer so for none at all. */
export const multipartBodies: IngressRule = (message) => {
    const sdp = sdpOfMultipart(headerOf(message, "content-type") ?? "", message.body);
    if (sdp === null) return message;
    const typed = mapHeaders(message, ["content-type"], () => "application/sdp");
    const length = String(Buffer.byteLength(sdp));
    return {...mapHeaders(typed, ["content-length"], () => length), body: sdp};
};

const SINGLE_ADDRESSES = ["from", "to", "refer-to", "referred-by"];

/** So many addresses of thirty characters fill a line of 4 kB. */
const MAX_CONTACTS = 128;

/** Rewrites every address of every Contact; a line of more than can be meant goes. */
function mapContacts(message: SipMessage, change: (text: string) => string): SipMessage {
    return mapHeaders(message, ["contact"], (value) => {
        const contacts = splitOutside(value, ",");
        return contacts.length > MAX_CONTACTS ? null : contacts.map(change).join(",");
    });
}

/** Rewrites every address of From, To, Contact, Refer-To and Referred-By; what is no address stays for JsSIP. */
function mapAddresses(message: SipMessage, change: (text: string) => string): SipMessage {
    return mapContacts(mapHeaders(message, SINGLE_ADDRESSES, change), change);
}

/** JsSIP drops an INVITE with a tel URI (RFC 3966) in From, To or Contact: the phone never rings. */
export const telUris: IngressRule = (message) =>
    mapAddresses(message, (text) => {
        const address = parseAddress(text);
        if (address === null || !/^tel:/i.test(address.uri)) return text;
        return formatAddress({...address, uri: sipOfTel(address.uri)});
    });

/** JsSIP drops an INVITE whose display name holds, unquoted, what no token holds: `From: Zoë Q <sip:…>`. */
export const displayNames: IngressRule = (message) =>
    mapAddresses(message, (text) => {
        const address = parseAddress(text);
        if (address === null) return text;
        const display = quoteDisplay(address.display);
        return display === address.display ? text : formatAddress({...address, display});
    });

/** JsSIP drops an INVITE with a raw `#` or the like in the user part of an address. */
export const userEscapes: IngressRule = (message) =>
    mapAddresses(message, (text) => {
        const address = parseAddress(text);
        const uri = address === null ? null : parseSipUri(address.uri);
        if (address === null || uri === null) return text;
        const user = escapeUser(uri.user);
        return user === uri.user ? text : formatAddress({...address, uri: formatSipUri({...uri, user})});
    });

function strengthOf(challenge: string): number {
    const [scheme = "", ...rest] = challenge.split(/[ \t]+/);
    if (scheme.toLowerCase() !== "digest") return -1;
    const parameters = splitOutside(rest.join(" "), ",").map((part) => `;${part.trim()}`);
    const named = parameters.map((part) => parameterOf(part, "algorithm")).find((value) => value !== undefined);
    const algorithm: DigestAlgorithm | null = digestAlgorithmOf(named?.replace(/^"|"$/g, ""));
    return algorithm === null ? -1 : digestAlgorithms.length - digestAlgorithms.indexOf(algorithm);
}

/**
 * Of several challenges the strongest that we can answer (RFC 8760 §2.4). JsSIP takes the last, and drops the whole
 * 401 when its grammar does not know one of them.
 */
export const strongestChallenge: IngressRule = (message) => {
    if (isRequest(message)) return message;
    return ["www-authenticate", "proxy-authenticate"].reduce((current, key) => {
        const challenges = headersOf(current, key);
        const best = Math.max(...challenges.map(strengthOf));
        let isTaken = false;
        return mapHeaders(current, [key], (value) => {
            if (isTaken || best < 0 || strengthOf(value) !== best) return null;
            isTaken = true;
            return value;
        });
    }, message);
};

/**
 * The request line (RFC 3261 §8.2.2.1): another version, another scheme or another form is answered instead of thrown
 * at or dropped, and a user part that is not JsSIP's (none at all in OPTIONS and NOTIFY to the bare host, a second
 * number of the same line) becomes JsSIP's, which would answer 404.
 */
export const requestUri: IngressRule = (message, {user}) => {
    if (!isRequest(message)) return message;
    const [method = "", target = "", version = "", ...more] = message.startLine.split(" ");
    if (more.length > 0 || !isToken(method)) return badRequest("Bad Request Line");
    if (version.toUpperCase() !== "SIP/2.0") return {status: 505, reason: "Version Not Supported"};
    const uri = parseSipUri(target);
    if (uri === null) {
        const isUri = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(target);
        return isUri ? {status: 416, reason: "Unsupported URI Scheme"} : badRequest("Bad Request-URI");
    }
    const isOurs = decoded(uri.user) === user;
    const ours = isOurs ? target : formatSipUri({...uri, user: escapeUser(user), password: null});
    // What is no SIP URI to JsSIP's grammar is an absolute URI to it, and JsSIP throws.
    if (!isReadable(ours, "SIP_URI")) return badRequest("Bad Request-URI");
    return isOurs ? message : {...message, startLine: `${method} ${ours} SIP/2.0`};
};

/** RFC 6665 §8.2.1: JsSIP answers 400 to a NOTIFY of a dialog that names no event, and then throws. */
export const eventHeader: IngressRule = (message) => {
    const isOfDialog = parameterOf(headerOf(message, "to") ?? "", "tag") !== undefined;
    const isNotify = isRequest(message) && methodOf(message) === "NOTIFY";
    return isNotify && isOfDialog && headerOf(message, "event") === undefined
        ? {status: 489, reason: "Bad Event"}
        : message;
};

/** Extensions that a request may require of us. */
const KNOWN_EXTENSIONS = ["replaces", "timer", "norefersub", "outbound", "gruu", "path"];

/** RFC 3261 §8.2.2.3: an extension that we lack is refused by name; JsSIP ignores Require. */
export const requiredExtensions: IngressRule = (message) => {
    const method = methodOf(message);
    if (!isRequest(message) || method === "ACK" || method === "CANCEL") return message;
    const required = headersOf(message, "require").flatMap((value) => value.split(","));
    const unknown = required.map((name) => name.trim()).filter((name) => name !== "");
    const lacking = unknown.filter((name) => !KNOWN_EXTENSIONS.includes(name.toLowerCase()));
    if (lacking.length === 0) return message;
    return {status: 420, reason: "Bad Extension", headers: [`Unsupported: ${lacking.join(", ")}`]};
};

/** The rule of JsSIP's grammar for each header field that it reads. */
const GRAMMAR: Readonly<Record<string, string>> = {
    via: "Via",
    from: "From",
    to: "To",
    "call-id": "Call_ID",
    contact: "Contact",
    "record-route": "Record_Route",
    "content-type": "Content_Type",
    "max-forwards": "Max_Forwards",
    "session-expires": "Session_Expires",
    "refer-to": "Refer_To",
    replaces: "Replaces",
    event: "Event",
    "www-authenticate": "WWW_Authenticate",
    "proxy-authenticate": "Proxy_Authenticate",
};
/** What a response can do without; without the others it means something else. */
const DISPENSABLE = [
    "content-type",
    "max-forwards",
    "session-expires",
    "refer-to",
    "replaces",
    "event",
    "www-authenticate",
    "proxy-authenticate",
];

/** Characters of one message that are read by the grammar beforehand: it needs up to 2 µs for each. */
const MAX_CHECKED = 2_048;

/**
 * JsSIP drops a whole message in silence when its grammar cannot read one header field; the caller then waits 32 s.
 * A request is answered with 400 (RFC 3261 §8.2.2), and a response loses the field where it can do without.
 */
export const readableHeaders: IngressRule = (message) => {
    let unchecked = MAX_CHECKED;
    const isBad = (key: string, value: string): boolean => {
        const rule = GRAMMAR[key];
        unchecked -= rule === undefined ? 0 : value.length;
        return rule !== undefined && unchecked >= 0 && !isReadable(value, rule);
    };
    if (!isRequest(message)) {
        return mapHeaders(message, DISPENSABLE, (value, {key}) => (isBad(key, value) ? null : value));
    }
    // JsSIP reads the first Via only.
    const topVia = message.headers.find(({key}) => key === "via");
    const read = message.headers.filter((field) => field.key !== "via" || field === topVia);
    const bad = read.find(({key, value}) => isBad(key, value));
    return bad === undefined ? message : badRequest(`Bad ${bad.name}`);
};

/** RFC 3261 §7.1: JsSIP takes any version in a response and any number as a status. */
export const statusLine: IngressRule = (message) => {
    if (isRequest(message)) return message;
    const status = statusOf(message);
    const isSound = /^SIP\/2\.0 \d{3}( |$)/i.test(message.startLine) && status >= 100 && status <= 699;
    return isSound ? message : {status: null, reason: "bad status line"};
};

/** The order matters: what is answered must have the header fields that an answer repeats. */
export const ingressRules: readonly IngressRule[] = [
    requiredHeaders,
    statusLine,
    cseqCheck,
    requestUri,
    requiredExtensions,
    eventHeader,
    starContact,
    expiresClamp,
    contentTypeParameters,
    multipartBodies,
    telUris,
    displayNames,
    userEscapes,
    strongestChallenge,
    readableHeaders,
];

/** Applies the rules in their order until one refuses. */
export function applyRules(
    message: SipMessage,
    context: IngressContext,
    rules: readonly IngressRule[] = ingressRules,
): SipMessage | Refusal {
    let current = message;
    for (const rule of rules) {
        const outcome = rule(current, context);
        if (isRefusal(outcome)) return outcome;
        current = outcome;
    }
    return current;
}
