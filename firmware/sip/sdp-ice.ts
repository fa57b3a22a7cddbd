/**
 * The attributes of ICE (RFC 8839 §5, RFC 8840) as structured data and back:
 *
 *   a=candidate:1 1 UDP 2122260223 192.0.2.1 54321 typ srflx raddr 10.0.1.1 rport 9
 *               foundation component transport priority address port
 */
import {isIP} from "node:net";
import type {IceCandidate, IceCredentials} from "../../native/index.ts";

/** What a description says of one side's ICE. */
export interface IceDescription extends IceCredentials {
    readonly candidates: readonly IceCandidate[];
    /** No more candidates will follow (RFC 8840 §4.1.1). */
    readonly complete: boolean;
}

/** Where media go by default, and before ICE is done: what stands in `m=` and `c=`. */
export interface Destination {
    readonly address: string;
    readonly port: number;
}

/** More than the engine takes; the rest is passed over. */
const MAX_CANDIDATES = 50;

const types = ["host", "srflx", "prflx", "relay"] as const;

/** RFC 8839 §5.4: `ice-char` is ALPHA / DIGIT / "+" / "/". */
export const isUfrag = (text: string): boolean => /^[A-Za-z0-9+/]{4,256}$/.test(text);
export const isPassword = (text: string): boolean => /^[A-Za-z0-9+/]{22,256}$/.test(text);

/**
 * Reads what stands behind `a=candidate:`. Null for one that is not for us: another component than RTP, another
 * transport than UDP, a name instead of an address (mDNS), a type that we do not know, or no candidate at all. ICE goes
 * on with the others (RFC 8839 §5.1).
 */
export function parseCandidate(value: string): IceCandidate | null {
    const [foundation = "", component, transport = "", priorityText = "", address = "", portText = "", ...rest] = value
        .trim()
        .split(/ +/);
    const priority = Number(priorityText);
    const port = portOf(portText);
    const type = rest[0] === "typ" ? types.find((known) => known === rest[1]) : undefined;
    if (!/^[A-Za-z0-9+/]{1,32}$/.test(foundation) || component !== "1" || transport.toUpperCase() !== "UDP")
        return null;
    if (!/^\d{1,10}$/.test(priorityText) || priority < 1 || priority > 0xffff_ffff) return null;
    if (isIP(address) === 0 || address.includes("%") || port === null || port === 0 || type === undefined) return null;
    return {
        foundation,
        priority,
        address: address.toLowerCase(),
        port,
        type,
        related: type === "host" ? null : relatedOf(rest.slice(2)),
    };
}

/** `raddr 10.0.1.1 rport 9`; those who hide their addresses write zeros. */
function relatedOf(words: readonly string[]): IceCandidate["related"] {
    const [raddr, address = "", rport, portText = ""] = words;
    const port = portOf(portText);
    if (raddr !== "raddr" || rport !== "rport" || isIP(address) === 0 || address.includes("%")) return null;
    return port === null ? null : {address, port};
}

function portOf(text: string): number | null {
    return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : null;
}

/** The attribute as it is written. */
export function candidateText({foundation, priority, address, port, type, related}: IceCandidate): string {
    const base = related === null ? "" : ` raddr ${related.address} rport ${related.port}`;
    return `a=candidate:${foundation} 1 UDP ${priority} ${address} ${port} typ ${type}${base}`;
}

/** The lines of one media. */
export function iceText({ufrag, pwd, candidates, complete}: IceDescription): readonly string[] {
    const end = complete ? ["a=end-of-candidates"] : [];
    return [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`, ...candidates.map(candidateText), ...end];
}

const likelihoods: readonly IceCandidate["type"][] = ["relay", "srflx", "prflx", "host"];

/**
 * The default destination: the candidate that most likely works with one who does no ICE (RFC 8839 §4.2.1.1); the
 * discard port where there is none yet (RFC 8840 §4.1.1).
 */
export function defaultDestination(candidates: readonly IceCandidate[]): Destination {
    const best = likelihoods
        .map((type) => candidates.find((candidate) => candidate.type === type))
        .find((candidate) => candidate !== undefined);
    return best === undefined ? {address: "0.0.0.0", port: 9} : {address: best.address, port: best.port};
}

/**
 * Whether ICE can find the path: both sides must share one port for RTP and RTCP, since the engine gathers for one
 * component, and somebody who changed the addresses on the way without knowing ICE must not have (RFC 8839 §4.2.5).
 */
export function canUseIce(media: {
    readonly ice: IceDescription | null;
    readonly rtcpMux: boolean;
    readonly address: string | null;
    readonly port: number;
}): boolean {
    const {ice, rtcpMux, address, port} = media;
    if (ice === null || !rtcpMux) return false;
    if (port === 9 || address === "0.0.0.0" || address === "::") return true;
    return ice.candidates.some((candidate) => candidate.address === address?.toLowerCase() && candidate.port === port);
}

/** Candidates that came later, in an `application/trickle-ice-sdpfrag` (RFC 8840 §9). */
export interface IceFragment extends IceDescription {}

/** Reads the body of such an INFO; null where it has no credentials, without which nobody knows what it is for. */
export function parseFragment(body: string): IceFragment | null {
    const candidates: IceCandidate[] = [];
    let [ufrag, pwd, complete] = ["", "", false];
    for (const line of body.split(/\r?\n/, 1000)) {
        const [, name = "", value = ""] = /^a=([a-z-]+):?(.*)$/.exec(line) ?? [];
        if (name === "ice-ufrag") ufrag = value.trim();
        if (name === "ice-pwd") pwd = value.trim();
        if (name === "end-of-candidates") complete = true;
        const candidate = name === "candidate" ? parseCandidate(value) : null;
        if (candidate !== null && candidates.length < MAX_CANDIDATES) candidates.push(candidate);
    }
    return isUfrag(ufrag) && isPassword(pwd) ? {ufrag, pwd, candidates, complete} : null;
}

/** Adds a candidate to those of a line, as far as there is room. */
export function withCandidate(candidates: readonly IceCandidate[], value: string): readonly IceCandidate[] {
    const candidate = parseCandidate(value);
    return candidate === null || candidates.length >= MAX_CANDIDATES ? candidates : [...candidates, candidate];
}
