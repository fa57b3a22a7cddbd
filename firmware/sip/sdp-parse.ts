/**
 * SDP text (RFC 8866) as structured data. Only what an audio call needs is kept; the rest is checked to be lines and
 * passed over. Nothing here knows codecs: see sdp-codecs.ts, and sdp.ts for offer and answer.
 */
import {isIPv4, isIPv6} from "node:net";
import type {MediaDirection} from "../../native/index.ts";
import {PhoneError} from "../errors.ts";
import {type CryptoAttribute, parseCrypto} from "./sdp-crypto.ts";

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
}

export interface Sdp {
    readonly media: readonly SdpMedia[];
}

/** More than any telephone sends; a flood of lines is refused before work is done. */
const MAX_LINES = 1000;
const MAX_MEDIA = 16;
const MAX_FORMATS = 64;

const directions: readonly MediaDirection[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

type Draft = {-readonly [Key in keyof SdpMedia]: SdpMedia[Key]} & {
    formats: string[];
    rtpmaps: Map<number, RtpMap>;
    crypto: CryptoAttribute[];
};

/** What the session says for all its media. */
interface SessionLevel {
    address: string | null;
    direction: MediaDirection | null;
    ptime: number | null;
    maxptime: number | null;
}

/**
 * Reads a whole description. Throws PhoneError `badSdp` that names the line and what is wrong with it. Lines may end
 * with LF alone (RFC 8866 §5: parsers should be tolerant) and empty lines at the end are allowed.
 */
export function parseSdp(text: string): Sdp {
    const lines = text.split(/\r?\n/, MAX_LINES + 1);
    while (lines.at(-1) === "") lines.pop();
    if (lines.length > MAX_LINES) throw bad(MAX_LINES + 1, `more than ${MAX_LINES} lines`);
    if (lines[0] !== "v=0") throw bad(1, "must be v=0");
    const session: SessionLevel = {address: null, direction: null, ptime: null, maxptime: null};
    const drafts: Draft[] = [];
    lines.forEach((content, index) => {
        const line = index + 1;
        if (!/^[a-z]=/.test(content)) throw bad(line, "is not of the form type=value");
        const value = content.slice(2);
        if (content.startsWith("m=")) {
            if (drafts.length === MAX_MEDIA) throw bad(line, `more than ${MAX_MEDIA} media`);
            drafts.push(mediaOf(value, line, session));
        } else {
            readLine(content.charAt(0), value, {line, target: drafts.at(-1) ?? session, draft: drafts.at(-1) ?? null});
        }
    });
    return {media: drafts};
}

interface Place {
    readonly line: number;
    /** What `c=`, direction and packet time speak of: the media, or the session before the first `m=`. */
    readonly target: Draft | SessionLevel;
    readonly draft: Draft | null;
}

function readLine(type: string, value: string, place: Place): void {
    switch (type) {
        case "c": {
            place.target.address = addressOf(value, place.line);
            break;
        }
        case "a": {
            readAttribute(value, place);
            break;
        }
    }
}

function readAttribute(attribute: string, place: Place): void {
    const colon = attribute.indexOf(":");
    const name = colon < 0 ? attribute : attribute.slice(0, colon);
    const value = colon < 0 ? "" : attribute.slice(colon + 1).trim();
    switch (name) {
        case "sendrecv":
        case "sendonly":
        case "recvonly":
        case "inactive": {
            place.target.direction = directions.find((direction) => direction === name) ?? "sendrecv";
            break;
        }
        case "ptime":
        case "maxptime": {
            place.target[name] = millisecondsOf(value, place.line);
            break;
        }
        case "rtpmap": {
            if (place.draft !== null) readRtpMap(value, place.draft.rtpmaps, place.line);
            break;
        }
        case "rtcp": {
            if (place.draft !== null) place.draft.rtcpPort = portOf(value.split(" ")[0] ?? "", place.line);
            break;
        }
        case "crypto": {
            if (place.draft !== null) place.draft.crypto.push(cryptoOf(value, place.line, place.draft.crypto));
            break;
        }
    }
}

/** `audio 49170/2 RTP/AVP 0 8`: RFC 8866 §5.14. */
function mediaOf(value: string, line: number, session: SessionLevel): Draft {
    const [kind = "", port = "", protocol = "", ...formats] = value.trim().split(/ +/);
    if (kind === "" || protocol === "" || formats.length === 0) throw bad(line, "m= lacks a field");
    if (formats.length > MAX_FORMATS) throw bad(line, `m= has more than ${MAX_FORMATS} formats`);
    return {
        line,
        kind,
        port: portOf(port.split("/")[0] ?? "", line),
        protocol,
        formats,
        address: session.address,
        rtpmaps: new Map(),
        ptime: session.ptime,
        maxptime: session.maxptime,
        direction: session.direction ?? "sendrecv",
        rtcpPort: null,
        crypto: [],
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
