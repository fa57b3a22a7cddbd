/**
 * Digest authentication (RFC 7616, RFC 8760): the sums as pure functions, and JsSIP's own two halves replaced by them.
 * JsSIP knows MD5 only, and one realm.
 */
import {createHash, randomBytes} from "node:crypto";
import type {
    DigestChallenge,
    DigestCredentials,
    JsSipDigest,
    JsSipInternals,
    JsSipMessage,
    JsSipRequestSender,
    OutgoingJsSipRequest,
} from "./jssip.ts";

export type DigestAlgorithm = "SHA-256" | "MD5";
export type DigestQop = "auth" | "auth-int";

/** The algorithms that we answer, strongest first. */
export const digestAlgorithms: readonly DigestAlgorithm[] = ["SHA-256", "MD5"];

/** The algorithm of a challenge, MD5 where it names none (RFC 7616 §3.3); null if it is not one of ours. */
export function digestAlgorithmOf(name: string | undefined): DigestAlgorithm | null {
    return digestAlgorithms.find((algorithm) => algorithm === (name ?? "MD5").toUpperCase()) ?? null;
}

function hash(algorithm: DigestAlgorithm, text: string): string {
    return createHash(algorithm === "MD5" ? "md5" : "sha256")
        .update(text)
        .digest("hex");
}

/** H(A1) of RFC 7616 §3.4.2: what a phone may keep instead of the password. Lower-case hexadecimal. */
export function ha1Of(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
    return hash(algorithm, `${username}:${realm}:${password}`);
}

export interface DigestInput {
    readonly algorithm: DigestAlgorithm;
    readonly ha1: string;
    readonly nonce: string;
    /** Null: the form of RFC 2069, without nonce count and cnonce. */
    readonly qop: DigestQop | null;
    /** Eight hexadecimal digits. */
    readonly nc: string;
    readonly cnonce: string;
    readonly method: string;
    readonly uri: string;
    readonly body: string;
}

/** The response of RFC 7616 §3.4.1, lower-case hexadecimal. */
export function digestResponse(input: DigestInput): string {
    const {algorithm, ha1, nonce, qop, nc, cnonce} = input;
    const a2 = `${input.method}:${input.uri}${qop === "auth-int" ? `:${hash(algorithm, input.body)}` : ""}`;
    const ha2 = hash(algorithm, a2);
    return hash(algorithm, qop === null ? `${ha1}:${nonce}:${ha2}` : `${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`);
}

/** `auth` before `auth-int`: bodies that a proxy rewrites would break the latter. Null: neither is offered. */
function qopOf(offered: readonly string[]): DigestQop | null {
    return (["auth", "auth-int"] as const).find((qop) => offered.includes(qop)) ?? null;
}

/**
 * H(A1) from the password, or the one that was configured in its place: 32 digits for MD5, 64 for SHA-256, and only
 * in its own realm. Null where the credentials cannot answer.
 */
export function ha1For(credentials: DigestCredentials, algorithm: DigestAlgorithm, realm: string): string | null {
    const {username, password, ha1} = credentials;
    if (password) return ha1Of(algorithm, username, realm, password);
    const digits = algorithm === "MD5" ? 32 : 64;
    return ha1 !== null && ha1.length === digits && credentials.realm === realm ? ha1 : null;
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

interface Answer {
    readonly realm: string;
    readonly ha1: string;
    readonly nc: number;
    readonly response: string;
    readonly header: string;
}

/** Answers a challenge; `nc` counts the uses of its nonce from 1. Null where the credentials cannot answer. */
function answerOf(
    {method, ruri, body}: Pick<OutgoingJsSipRequest, "method" | "ruri" | "body">,
    challenge: DigestChallenge,
    credentials: DigestCredentials,
    {nc, cnonce}: {readonly nc: number; readonly cnonce: string},
): Answer | null {
    const {realm, nonce, opaque} = challenge;
    const algorithm = digestAlgorithmOf(challenge.algorithm);
    if (algorithm === null || realm === undefined || nonce === undefined) return null;
    const ha1 = ha1For(credentials, algorithm, realm);
    const qop = challenge.qop === undefined ? null : qopOf(challenge.qop);
    if (ha1 === null || (challenge.qop !== undefined && qop === null)) return null;
    const uri = ruri.toString();
    const ncHex = nc.toString(16).padStart(8, "0");
    const response = digestResponse({algorithm, ha1, nonce, qop, nc: ncHex, cnonce, method, uri, body: body ?? ""});
    const header = [
        `algorithm=${algorithm}`,
        `username=${quoted(credentials.username)}`,
        `realm=${quoted(realm)}`,
        `nonce=${quoted(nonce)}`,
        `uri=${quoted(uri)}`,
        `response="${response}"`,
        ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
        ...(qop === null ? [] : [`qop=${qop}`, `cnonce=${quoted(cnonce)}`, `nc=${ncHex}`]),
    ];
    return {realm, ha1, nc, response, header: `Digest ${header.join(", ")}`};
}

/** SHA-256 besides MD5, names of algorithms in any case, and a nonce count that begins anew with a new nonce. */
export function guardDigest({DigestAuthentication}: JsSipInternals): void {
    const headers = new WeakMap<JsSipDigest, string>();
    DigestAuthentication.prototype.authenticate = function (this: JsSipDigest, request, challenge, cnonce): boolean {
        const nc = challenge.nonce === this._nonce ? this._nc + 1 : 1;
        const chance = {nc, cnonce: cnonce ?? randomBytes(12).toString("hex")};
        const answer = answerOf(request, challenge, this._credentials, chance);
        if (answer === null) return false;
        this._nonce = challenge.nonce ?? null;
        this._nc = answer.nc;
        this._realm = answer.realm;
        this._ha1 = answer.ha1;
        this._response = answer.response;
        headers.set(this, answer.header);
        return true;
    };
    DigestAuthentication.prototype.toString = function (this: JsSipDigest): string {
        const header = headers.get(this);
        if (header === undefined) throw new TypeError("authenticate() has not answered a challenge yet");
        return header;
    };
}

function challengeOf(response: JsSipMessage): DigestChallenge | null {
    const name = response.status_code === 401 ? "www-authenticate" : "proxy-authenticate";
    if ((response.status_code !== 401 && response.status_code !== 407) || !response.hasHeader(name)) return null;
    return (response.parseHeader(name) as DigestChallenge | undefined) ?? null;
}

/** A server that invents a new realm for each answer is left after so many. */
const MAX_REALMS = 4;

/**
 * One request may be challenged by a proxy and then by the server behind it (RFC 3261 §22.3). JsSIP answers one
 * challenge a request; here each realm is answered once, and the header of the other realm is kept.
 */
export function guardRealms({RequestSender}: JsSipInternals): void {
    const answered = new WeakMap<JsSipRequestSender, Set<string>>();
    const receive = RequestSender.prototype._receiveResponse;
    RequestSender.prototype._receiveResponse = function (this: JsSipRequestSender, response): void {
        const challenge = challengeOf(response);
        if (challenge !== null) {
            const realms = answered.get(this) ?? new Set<string>();
            answered.set(this, realms);
            const realm = `${response.status_code} ${challenge.realm}`;
            if (!realms.has(realm) && realms.size < MAX_REALMS) {
                this._challenged = false;
                this._auth = null;
            }
            realms.add(realm);
        }
        receive.call(this, response);
    };
}
