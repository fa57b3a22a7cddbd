/**
 * SDP text (RFC 8866) as structured data. Only what an audio call needs is kept; the rest is checked to be lines and
 * passed over. Nothing here knows codecs: see sdp-codecs.ts, and sdp.ts for offer and answer.
 */
import {isIPv4, isIPv6} from "node:net";
import type {Fingerprint, IceCandidate, MediaDirection} from "../../native/index.ts";
import {PhoneError} from "../errors.ts";
import {type CryptoAttribute, parseCrypto} from "./sdp-crypto.ts";
import {type Setup, setupOf, withFingerprint} from "./sdp-dtls.ts";
import {type IceDescription, isPassword, isUfrag, withCandidate} from "./sdp-ice.ts";

/** An `a=rtpmap` (RFC 8866 §6.6); the name is in lower case, `channels` is 1 where it is not told. */
export interface RtpMap {
    readonly name: string;
    readonly clockRate: number;
    readonly channels: number;
}

/** One `m=` with its attributes; what is told for the whole session is filled in where the line itself is silent. */
export interface SdpMedia {
    /** Line of the text where it begins, from 1. */
    readonly line: number;
    /** `audio`, `video` … as written. */
    readonly kind: string;
    readonly port: number;
    /** `RTP/AVP`, `RTP/SAVP` … as written. */
    readonly protocol: string;
    /** Payload types as written, in order. */
    readonly formats: readonly string[];
    /** IP address of `c=`, null where neither media nor session has one. */
    readonly address: string | null;
    readonly rtpmaps: ReadonlyMap<number, RtpMap>;
    /** Packet time that the sender of this text wants to receive, in ms, null where it says nothing. */
    readonly ptime: number | null;
    readonly maxptime: number | null;
    readonly direction: MediaDirection;
    /** Port of `a=rtcp` (RFC 3605), null: the one after `port`. */
    readonly rtcpPort: number | null;
    /** Its `a=crypto`, good or not, in order; at session level they mean nothing (RFC 4568 §5). */
    readonly crypto: readonly CryptoAttribute[];
    /** Null where it does no ICE. */
    readonly ice: IceDescription | null;
    /** `a=ice-lite` of the session: it only answers checks (RFC 8445 §2.5). */
    readonly iceLite: boolean;
    /** Of its certificate, as far as we can judge by them. */
    readonly fingerprints: readonly Fingerprint[];
    readonly setup: Setup | null;
    /** It takes reports of VoIP metrics (RFC 3611 §5.1). */
    readonly voipMetrics: boolean;
    /** RTP and RTCP may share a port (RFC 5761). */
    readonly rtcpMux: boolean;
    /** Name of the line (RFC 5888), null where it has none. */
    readonly mid: string | null;
    /** Whether it is in a BUNDLE group (RFC 9143). */
    readonly bundled: boolean;
}

export interface Sdp {
    readonly media: readonly SdpMedia[];
}

/** More than any telephone sends; a flood of lines is refused before work is done. */
const MAX_LINES = 1000;
const MAX_MEDIA = 16;
const MAX_FORMATS = 64;

const directions: readonly MediaDirection[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

/** What may stand at either level; what a media says counts for it alone. */
interface Both {
    address: string | null;
    direction: MediaDirection | null;
    ptime: number | null;
    maxptime: number | null;
    ufrag: string | null;
    pwd: string | null;
    /** More candidates may follow (RFC 8840 §4.1.3). */
    trickle: boolean;
    complete: boolean;
    fingerprints: readonly Fingerprint[];
    setup: Setup | null;
    voipMetrics: boolean;
}

/** What the session says for all its media. */
interface SessionLevel extends Both {
    iceLite: boolean;
    bundle: readonly string[];
}

interface Draft extends Both {
    readonly line: number;
    readonly kind: string;
    readonly port: number;
    readonly protocol: string;
    readonly formats: readonly string[];
    readonly rtpmaps: Map<number, RtpMap>;
    readonly crypto: CryptoAttribute[];
    candidates: readonly IceCandidate[];
    rtcpPort: number | null;
    rtcpMux: boolean;
    mid: string | null;
}

const unsaid = (): Both => ({
    address: null,
    direction: null,
    ptime: null,
    maxptime: null,
    ufrag: null,
    pwd: null,
    trickle: false,
    complete: false,
    fingerprints: [],
    setup: null,
    voipMetrics: false,
});

/**
 * Reads a whole description. Throws PhoneError `badSdp` that names the line and what is wrong with it. Lines may end
 * with LF alone (RFC 8866 §5: parsers should be tolerant) and empty lines at the end are allowed.
 */
export function parseSdp(text: string): Sdp {
    const lines = text.split(/\r?\n/, MAX_LINES + 1);
    while (lines.at(-1) === "") lines.pop();
    if (lines.length > MAX_LINES) throw bad(MAX_LINES + 1, `more than ${MAX_LINES} lines`);
    if (lines[0] !== "v=0") throw bad(1, "must be v=0");
    const session: SessionLevel = {...unsaid(), iceLite: false, bundle: []};
    const drafts: Draft[] = [];
    lines.forEach((content, index) => {
        const line = index + 1;
        if (!/^[a-z]=/.test(content)) throw bad(line, "is not of the form type=value");
        const value = content.slice(2);
        if (content.startsWith("m=")) {
            if (drafts.length === MAX_MEDIA) throw bad(line, `more than ${MAX_MEDIA} media`);
            drafts.push(draftOf(value, line));
        } else {
            readLine(content.charAt(0), value, {line, session, draft: drafts.at(-1) ?? null});
        }
    });
    return {media: drafts.map((draft) => mediaOf(draft, session))};
}

interface Place {
    readonly line: number;
    readonly session: SessionLevel;
    /** The media that the line belongs to; null before the first `m=`. */
    readonly draft: Draft | null;
}

/** Fills in what is told for the whole session. */
function mediaOf(draft: Draft, session: SessionLevel): SdpMedia {
    const {ufrag, pwd, candidates, trickle, complete, ...own} = draft;
    const credentials = {ufrag: ufrag ?? session.ufrag ?? "", pwd: pwd ?? session.pwd ?? ""};
    const hasIce = isUfrag(credentials.ufrag) && isPassword(credentials.pwd);
    const allThere = complete || session.complete || !(trickle || session.trickle);
    return {
        ...own,
        address: own.address ?? session.address,
        direction: own.direction ?? session.direction ?? "sendrecv",
        ptime: own.ptime ?? session.ptime,
        maxptime: own.maxptime ?? session.maxptime,
        fingerprints: own.fingerprints.length > 0 ? own.fingerprints : session.fingerprints,
        setup: own.setup ?? session.setup,
        voipMetrics: own.voipMetrics || session.voipMetrics,
        ice: hasIce ? {...credentials, candidates, complete: allThere} : null,
        iceLite: session.iceLite,
        bundled: own.mid !== null && session.bundle.includes(own.mid),
    };
}

function readLine(type: string, value: string, place: Place): void {
    switch (type) {
        case "c": {
            (place.draft ?? place.session).address = addressOf(value, place.line);
            break;
        }
        case "a": {
            const colon = value.indexOf(":");
            const name = colon < 0 ? value : value.slice(0, colon);
            const told = colon < 0 ? "" : value.slice(colon + 1).trim();
            readCommon(name, told, place);
            if (place.draft === null) readOfSession(name, told, place.session);
            else readOfMedia(name, told, {line: place.line, draft: place.draft});
            break;
        }
    }
}

/** Attributes that may stand at either level. */
function readCommon(name: string, value: string, {line, session, draft}: Place): void {
    const target: Both = draft ?? session;
    switch (name) {
        case "sendrecv":
        case "sendonly":
        case "recvonly":
        case "inactive": {
            target.direction = directions.find((direction) => direction === name) ?? "sendrecv";
            break;
        }
        case "ptime":
        case "maxptime": {
            target[name] = millisecondsOf(value, line);
            break;
        }
        case "ice-ufrag": {
            target.ufrag = value;
            break;
        }
        case "ice-pwd": {
            target.pwd = value;
            break;
        }
        case "ice-options": {
            target.trickle = value.split(/ +/).includes("trickle");
            break;
        }
        case "end-of-candidates": {
            target.complete = true;
            break;
        }
        case "fingerprint": {
            target.fingerprints = withFingerprint(target.fingerprints, value);
            break;
        }
        case "setup": {
            target.setup = setupOf(value);
            break;
        }
        case "rtcp-xr": {
            target.voipMetrics = value.split(/ +/).some((block) => /^voip-metrics(=|$)/.test(block));
            break;
        }
    }
}

function readOfSession(name: string, value: string, session: SessionLevel): void {
    const [kind, ...mids] = value.split(/ +/);
    if (name === "ice-lite") session.iceLite = true;
    if (name === "group" && kind === "BUNDLE") session.bundle = mids;
}

function readOfMedia(name: string, value: string, {line, draft}: {line: number; draft: Draft}): void {
    switch (name) {
        case "rtpmap": {
            readRtpMap(value, draft.rtpmaps, line);
            break;
        }
        case "rtcp": {
            draft.rtcpPort = portOf(value.split(" ")[0] ?? "", line);
            break;
        }
        case "crypto": {
            draft.crypto.push(cryptoOf(value, line, draft.crypto));
            break;
        }
        case "candidate": {
            draft.candidates = withCandidate(draft.candidates, value);
            break;
        }
        case "rtcp-mux": {
            draft.rtcpMux = true;
            break;
        }
        case "mid": {
            draft.mid = /^[\x21-\x7e]{1,32}$/.test(value) ? value : null;
            break;
        }
    }
}

/** `audio 49170/2 RTP/AVP 0 8`: RFC 8866 §5.14. */
function draftOf(value: string, line: number): Draft {
    const [kind = "", port = "", protocol = "", ...formats] = value.trim().split(/ +/);
    if (kind === "" || protocol === "" || formats.length === 0) throw bad(line, "m= lacks a field");
    if (formats.length > MAX_FORMATS) throw bad(line, `m= has more than ${MAX_FORMATS} formats`);
    return {
        ...unsaid(),
        line,
        kind,
        port: portOf(port.split("/")[0] ?? "", line),
        protocol,
        formats,
        rtpmaps: new Map(),
        crypto: [],
        candidates: [],
        rtcpPort: null,
        rtcpMux: false,
        mid: null,
    };
}

/** A tag tells the lines of one media apart (RFC 4568 §4.1): what repeats one cannot be meant in an answer. */
function cryptoOf(value: string, line: number, before: readonly CryptoAttribute[]): CryptoAttribute {
    const attribute = parseCrypto(value, line);
    if (!attribute.ok) return attribute;
    const {tag} = attribute.crypto;
    const taken = before.some((other) => (other.ok ? other.crypto.tag : other.tag) === tag);
    return taken ? {ok: false, line, tag, what: "has the tag of another line"} : attribute;
}

/** `IN IP4 192.0.2.1/127`: RFC 8866 §5.7. Names are refused: RTP goes to addresses here. */
function addressOf(value: string, line: number): string {
    const [network, family, connection = ""] = value.trim().split(/ +/);
    const address = connection.split("/")[0] ?? "";
    if (network !== "IN" || (family !== "IP4" && family !== "IP6")) throw bad(line, "c= is neither IN IP4 nor IN IP6");
    if (family === "IP4" ? !isIPv4(address) : !isIPv6(address)) throw bad(line, `c= has no ${family} address`);
    return address;
}

/** `101 telephone-event/8000`, `96 opus/48000/2`. */
function readRtpMap(value: string, rtpmaps: Map<number, RtpMap>, line: number): void {
    const match = /^(\d{1,3}) +([^/ ]+)\/(\d{1,6})(?:\/(\d{1,2}))?$/.exec(value);
    if (match === null) throw bad(line, "a=rtpmap is not of the form payload name/clock");
    const [, payload, name = "", clockRate, channels] = match;
    if (Number(payload) > 127) throw bad(line, "a=rtpmap has a payload type above 127");
    rtpmaps.set(Number(payload), {
        name: name.toLowerCase(),
        clockRate: Number(clockRate),
        channels: Number(channels ?? 1),
    });
}

function portOf(text: string, line: number): number {
    if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw bad(line, "has no port from 0 to 65535");
    return Number(text);
}

/** A packet time; fractions occur in the wild and are cut off. */
function millisecondsOf(text: string, line: number): number {
    const match = /^(\d{1,4})(?:\.\d+)?$/.exec(text);
    if (match === null) throw bad(line, "has no packet time in ms");
    return Number(match[1]);
}

function bad(line: number, what: string): PhoneError {
    return new PhoneError("badSdp", `SDP line ${line} ${what}`);
}
