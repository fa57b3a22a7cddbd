/**
 * `a=crypto` of SDES (RFC 4568 §9) as structured data and back:
 *
 *   a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20 WSH=64
 *            tag suite                        key and salt                             lifetime  session parameter
 *
 * No word here repeats what stands in a line: a line that is wrong may have its key in any place.
 */
import {Buffer} from "node:buffer";
import type {SrtpSuite} from "../../native/index.ts";
import {Secret} from "../secret.ts";

/** Octets of master key and master salt together (RFC 4568 §6.2, RFC 7714 §14.2), in the order in which we offer. */
export const keyOctets: Readonly<Record<SrtpSuite, number>> = {
    AEAD_AES_256_GCM: 44,
    AEAD_AES_128_GCM: 28,
    AES_CM_128_HMAC_SHA1_80: 30,
    AES_CM_128_HMAC_SHA1_32: 30,
};

export const suites = Object.keys(keyOctets) as readonly SrtpSuite[];

/** A master key with its salt, as the base64 of an `inline:` parameter. */
export interface SuiteKey {
    readonly suite: SrtpSuite;
    readonly key: Secret;
}

/** One `a=crypto` that can be used. */
export interface CryptoLine extends SuiteKey {
    /** Unique in its media, 0 to 999999999. */
    readonly tag: number;
}

/** One `a=crypto` as it came; `what` completes the sentence "this line …". */
export type CryptoAttribute =
    | {readonly ok: true; readonly line: number; readonly crypto: CryptoLine}
    | {readonly ok: false; readonly line: number; readonly tag: number | null; readonly what: string};

/** Most packets that one key may protect (RFC 3711 §9.2). */
const MOST_PACKETS = 2 ** 48;

/** A key for use in a line. Throws RangeError where it is not as long as the suite wants it. */
export function suiteKey(suite: SrtpSuite, octets: Uint8Array): SuiteKey {
    if (octets.length !== keyOctets[suite]) throw new RangeError(`a key of ${suite} has ${keyOctets[suite]} octets`);
    return {suite, key: new Secret(Buffer.from(octets).toString("base64"))};
}

/** The octets of a key, for the engine. */
export function octetsOf({key}: SuiteKey): Uint8Array {
    return new Uint8Array(Buffer.from(key.reveal(), "base64"));
}

/** Whether both are the same key of the same suite. */
export function isSameKey(one: SuiteKey, other: SuiteKey): boolean {
    return one.suite === other.suite && one.key.reveal() === other.key.reveal();
}

/** The attribute as it is written. */
export function cryptoText({tag, suite, key}: CryptoLine): string {
    return `a=crypto:${tag} ${suite} inline:${key.reveal()}`;
}

/** Reads what stands behind `a=crypto:`; `line` is its place in the text. Whatever it is, nothing is thrown. */
export function parseCrypto(value: string, line: number): CryptoAttribute {
    const [tagText = "", suiteText = "", keyText = "", ...parameters] = value.split(/[ \t]+/);
    const tag = /^\d{1,9}$/.test(tagText) ? Number(tagText) : null;
    const no = (what: string): CryptoAttribute => ({ok: false, line, tag, what});
    if (tag === null) return no("has no tag of 1 to 9 digits");
    const suite = suites.find((known) => known === suiteText.toUpperCase());
    if (suite === undefined) return no("names a suite that we do not have");
    const read = keyOf(keyText, suite);
    if (typeof read === "string") return no(read);
    if (parameters.some((parameter) => !mayBePassedOver(parameter))) {
        return no("has a session parameter that we do not take");
    }
    return {ok: true, line, crypto: {tag, suite, key: read}};
}

/** `inline:<key||salt>["|" lifetime]["|" MKI ":" length]`: RFC 4568 §9.2. Answers the key or what is wrong. */
function keyOf(text: string, suite: SrtpSuite): Secret | string {
    const methods = text.split(";");
    if (methods.length > 1) return "has several keys";
    if (!/^inline:/i.test(text)) return "has no inline key";
    const [key = "", ...rest] = text.slice("inline:".length).split("|");
    if (rest.some((part) => part.includes(":"))) return "wants a master key identifier, which we do not send";
    if (rest.length > 1 || !rest.every(isLifetime)) return "has no lifetime of 1 to 2^48 packets";
    return base64KeyOf(key, keyOctets[suite]);
}

/** The padding may lack; anything else that is not the one way to write these octets is wrong (RFC 4648 §3.5). */
function base64KeyOf(text: string, wanted: number): Secret | string {
    const unpadded = text.replace(/={1,2}$/, "");
    if (!/^[A-Za-z0-9+/]*$/.test(unpadded)) return "has a key that is no base64";
    const octets = Buffer.from(unpadded, "base64");
    const canonical = octets.toString("base64");
    if (octets.length !== wanted) return `has ${octets.length} octets of key and salt, not ${wanted}`;
    if (text !== canonical && text !== canonical.replace(/=+$/, "")) return "has a key that is no base64";
    return new Secret(canonical);
}

/** It binds who sends with the key, and that is not us: it only has to be one. */
function isLifetime(text: string): boolean {
    const match = /^(2\^)?(\d{1,15})$/.exec(text);
    if (match === null) return false;
    const number = Number(match[2]);
    const packets = match[1] === undefined ? number : 2 ** number;
    return packets >= 1 && packets <= MOST_PACKETS;
}

/** WSH is a hint at the replay window; an unknown one counts only where it begins with `-` (RFC 4568 §6.3.7). */
function mayBePassedOver(parameter: string): boolean {
    return parameter.startsWith("-") || /^WSH=\d{1,9}$/i.test(parameter);
}
