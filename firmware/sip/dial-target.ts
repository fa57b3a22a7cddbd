/** What is dialled as a SIP URI. */

/** Visual separators of a number as people write it (RFC 3966 §3), and blanks. */
const SEPARATORS = /[\s().\-/]/g;
const NUMBER = /^[+\d*#\s().\-/]+$/;

/** The user part of a URI, escaped: `#` as in `*21*600#` is not allowed there (RFC 3261 §25.1). */
export function escapeUser(user: string): string {
    return encodeURIComponent(user.toWellFormed()).replaceAll("%2B", "+");
}

/**
 * The URI for a number, a user name, `user@domain` or a whole `sip:` URI, which is taken as it is. Null where there is
 * nobody to call: no number, or a + alone, or a URI without a user.
 */
export function dialTarget(dialled: string, domain: string): string | null {
    const trimmed = dialled.trim();
    const uri = /^sips?:/i.exec(trimmed);
    if (uri !== null) return /^sips?:[^@]+@[^@]+$/i.test(trimmed) ? trimmed : null;
    const text = trimmed.replace(/^tel:/i, "");
    const at = text.lastIndexOf("@");
    const user = at < 0 ? text : text.slice(0, at);
    const host = at < 0 ? domain : text.slice(at + 1);
    const plain = NUMBER.test(user) ? user.replaceAll(SEPARATORS, "") : user;
    return /^\+?$/.test(plain) || host === "" ? null : `sip:${escapeUser(plain)}@${host}`;
}
