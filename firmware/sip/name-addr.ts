/** Addresses in header fields (RFC 3261 §20.10 name-addr and addr-spec), taken apart in one pass and put together. */

export interface Address {
    /** As written: a quoted string with its quotes, or bare words; empty if there is none. */
    readonly display: string;
    readonly uri: string;
    /** Header parameters with their semicolons. */
    readonly parameters: string;
}

/** Where the quoted string that begins at `start` ends: the index after its closing quote, -1 if it never closes. */
function quotedEnd(text: string, start: number): number {
    for (let at = start + 1; at < text.length; at += 1) {
        if (text[at] === "\\") at += 1;
        else if (text[at] === '"') return at + 1;
    }
    return -1;
}

/** Takes an address apart; null when a quote or bracket never closes. */
export function parseAddress(text: string): Address | null {
    const value = text.trim();
    const displayEnd = value.startsWith('"') ? quotedEnd(value, 0) : 0;
    if (displayEnd < 0) return null;
    const open = value.indexOf("<", displayEnd);
    if (open < 0) {
        if (displayEnd > 0) return null;
        const semicolon = value.indexOf(";");
        const end = semicolon < 0 ? value.length : semicolon;
        const uri = value.slice(0, end).trim();
        return uri.includes(">") ? null : {display: "", uri, parameters: value.slice(end)};
    }
    const close = value.indexOf(">", open);
    if (close < 0) return null;
    return {
        display: value.slice(0, open).trim(),
        uri: value.slice(open + 1, close).trim(),
        parameters: value.slice(close + 1).trim(),
    };
}

/** The text of an address, always with angle brackets. */
export function formatAddress({display, uri, parameters}: Address): string {
    return `${display}${display === "" ? "" : " "}<${uri}>${parameters}`;
}

/** Bare words that the grammar takes as a display name: tokens with white space between them. */
const BARE_NAME = /^[A-Za-z0-9.!%*_+`'~\t -]*$/;

/** The display name quoted where it must be (RFC 3261 §25.1 display-name). */
export function quoteDisplay(display: string): string {
    if (display.startsWith('"') || BARE_NAME.test(display)) return display;
    return `"${display.replace(/["\\]/g, "\\$&")}"`;
}

/** What a user part may hold unescaped (RFC 3261 §25.1: unreserved and user-unreserved). */
const USER_CHARACTER = /[A-Za-z0-9\-_.!~*'()&=+$,;?/]/;

/**
 * Percent-encodes what a user part may not hold. Escapes that are there stay, unless they are no UTF-8 (`%E9` of an
 * ISO 8859-1 sender): JsSIP's grammar throws at those, so their `%` is escaped.
 */
export function escapeUser(user: string): string {
    if (decoded(user) === null) return escapeUser(user.replaceAll("%", "%25"));
    let escaped = "";
    for (let at = 0; at < user.length; ) {
        const character = String.fromCodePoint(user.codePointAt(at) ?? 0);
        if (USER_CHARACTER.test(character)) escaped += character;
        else if (character === "%") escaped += "%";
        else escaped += encodeURIComponent(character.isWellFormed() ? character : "\ufffd");
        at += character.length;
    }
    return escaped;
}

/** The text without its escapes, null where they are no UTF-8. */
export function decoded(text: string): string | null {
    try {
        return decodeURIComponent(text);
    } catch {
        return null;
    }
}

export interface SipUri {
    readonly scheme: "sip" | "sips";
    /** As written, empty if there is none; without the password. */
    readonly user: string;
    readonly password: string | null;
    /** Host, port, URI parameters and headers. */
    readonly rest: string;
}

/** Takes a SIP or SIPS URI apart; null for another scheme. Nothing is judged behind the user part. */
export function parseSipUri(uri: string): SipUri | null {
    const colon = uri.indexOf(":");
    const scheme = uri.slice(0, Math.max(colon, 0)).toLowerCase();
    if (scheme !== "sip" && scheme !== "sips") return null;
    const rest = uri.slice(colon + 1);
    const at = rest.lastIndexOf("@");
    if (at < 0) return {scheme, user: "", password: null, rest};
    const [user = "", ...password] = rest.slice(0, at).split(":");
    return {scheme, user, password: password.length === 0 ? null : password.join(":"), rest: rest.slice(at + 1)};
}

export function formatSipUri({scheme, user, password, rest}: SipUri): string {
    const userInfo = user === "" ? "" : `${user}${password === null ? "" : `:${password}`}@`;
    return `${scheme}:${userInfo}${rest}`;
}

/** The host that stands for "this was a tel URI" inside the phone; RFC 6761 §6.4 keeps `.invalid` for such use. */
const TEL_HOST = "tel.invalid";
const PHONE = ";user=phone";

/** A tel URI (RFC 3966) as a SIP URI that JsSIP can carry; any other URI stays. */
export function sipOfTel(uri: string): string {
    if (!/^tel:/i.test(uri)) return uri;
    const [number = "", ...parameters] = uri.slice(4).split(";");
    return `sip:${escapeUser(number)}@${TEL_HOST}${parameters.map((each) => `;${each}`).join("")}${PHONE}`;
}

/** The tel URI that `sipOfTel` took in; any other URI stays. */
export function telOfSip(uri: string): string {
    const parsed = parseSipUri(uri);
    if (parsed === null || parsed.user === "") return uri;
    const [host, ...parameters] = parsed.rest.split(";");
    if (host !== TEL_HOST) return uri;
    const kept = parameters.filter((parameter) => parameter !== "user=phone").map((each) => `;${each}`);
    return `tel:${parsed.user.replaceAll("%23", "#")}${kept.join("")}`;
}
