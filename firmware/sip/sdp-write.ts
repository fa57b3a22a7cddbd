/** Structured data as SDP text (RFC 8866 §5), and when its version moves on (RFC 3264 §8). */
import type {Fingerprint, MediaDirection} from "../../native/index.ts";
import {hasColons} from "./host.ts";
import {codecAttributes, eventAttributes, type Payloads} from "./sdp-codecs.ts";
import {type CryptoLine, cryptoText} from "./sdp-crypto.ts";
import {fingerprintText, type Setup} from "./sdp-dtls.ts";
import {type IceDescription, iceText} from "./sdp-ice.ts";

/** What a line says of a path that ICE finds. */
export interface IceLine {
    readonly description: IceDescription;
    /** The default destination's address; its port is the line's. */
    readonly address: string;
    /** In an answer the name that the offer gave it, null where it gave none. */
    readonly mid: string | null;
    readonly bundled: boolean;
    readonly ssrc: number;
    readonly cname: string;
    /** Null where SDES or nothing protects the path. */
    readonly dtls: {readonly fingerprint: Fingerprint; readonly setup: Setup} | null;
}

/** The one line that sounds. */
export interface AudioLine {
    readonly type: "audio";
    readonly port: number;
    /** `RTP/AVP`, `RTP/SAVP` …; in an answer that of the offer (RFC 3264 §6). */
    readonly protocol: string;
    /** Our keys: what an offer leaves to choose, the one of an answer, none in clear. */
    readonly crypto: readonly CryptoLine[];
    /** Payload types in the order in which they are written. */
    readonly formats: readonly number[];
    readonly payloads: Payloads;
    /** Packet time in ms that we want to receive. */
    readonly ptime: number;
    readonly direction: MediaDirection;
    readonly ice: IceLine | null;
}

/** A line of the other side that we do not take: it keeps its place, with port 0 (RFC 3264 §6). */
export interface RefusedLine {
    readonly type: "refused";
    readonly kind: string;
    readonly protocol: string;
    readonly formats: readonly string[];
    readonly mid: string | null;
}

export type SdpLine = AudioLine | RefusedLine;

/** A whole description of ours. */
export interface Description {
    /** Stays the same for all descriptions of a session; unique a call. */
    readonly sessionId: number;
    readonly version: number;
    readonly address: string;
    readonly lines: readonly SdpLine[];
}

/** The longest packet in ms that the jitter buffer takes. */
const MAX_PTIME = 60;

/** The text of a description, with CRLF. */
export function sdpText({sessionId, version, address, lines}: Description): string {
    const connection = connectionOf(address);
    const session = ["v=0", `o=- ${sessionId} ${version} ${connection}`, "s=-", `c=${connection}`, "t=0 0"];
    return [...session, ...bundleText(lines), ...lines.flatMap(mediaText), ""].join("\r\n");
}

const connectionOf = (address: string): string => `IN ${hasColons(address) ? "IP6" : "IP4"} ${address}`;

/** A bundle of one: those who bundle everything want to hear that we do, too (RFC 9143 §7.3). */
function bundleText(lines: readonly SdpLine[]): readonly string[] {
    const mids = lines.flatMap((line) => (line.type === "audio" && line.ice?.bundled ? [line.ice.mid ?? ""] : []));
    return mids.length === 0 ? [] : [`a=group:BUNDLE ${mids.join(" ")}`];
}

/** The description that follows `previous`: its version is one more exactly where the text differs. */
export function nextDescription(
    previous: Description | null,
    next: {readonly sessionId: number; readonly address: string; readonly lines: readonly SdpLine[]},
): Description {
    if (previous === null) return {...next, version: 1};
    const same = {...next, version: previous.version};
    return sdpText(same) === sdpText(previous) ? same : {...next, version: previous.version + 1};
}

function mediaText(line: SdpLine): readonly string[] {
    switch (line.type) {
        case "refused": {
            return [`m=${line.kind} 0 ${line.protocol} ${line.formats.join(" ")}`, ...midText(line.mid)];
        }
        case "audio": {
            return [
                `m=audio ${line.port} ${line.protocol} ${line.formats.join(" ")}`,
                ...(line.ice === null ? [] : iceLineText(line.ice)),
                ...line.crypto.map(cryptoText),
                ...line.formats.flatMap((format) => attributesOf(format, line.payloads)),
                `a=ptime:${line.ptime}`,
                `a=maxptime:${MAX_PTIME}`,
                "a=rtcp-xr:voip-metrics",
                `a=${line.direction}`,
            ];
        }
    }
}

const midText = (mid: string | null): readonly string[] => (mid === null ? [] : [`a=mid:${mid}`]);

/** `ice-options` says that candidates may reach us later (RFC 8840 §4.1.3), not that ours will. */
function iceLineText({description, address, mid, ssrc, cname, dtls}: IceLine): readonly string[] {
    const keys = dtls === null ? [] : [fingerprintText(dtls.fingerprint), `a=setup:${dtls.setup}`];
    return [
        `c=${connectionOf(address)}`,
        ...midText(mid),
        "a=rtcp-mux",
        "a=ice-options:trickle",
        ...iceText(description),
        ...keys,
        `a=ssrc:${ssrc} cname:${cname}`,
    ];
}

function attributesOf(format: number, {codecs, events}: Payloads): readonly string[] {
    const codec = codecs.find(({payloadType}) => payloadType === format);
    if (codec !== undefined) return codecAttributes(codec);
    const event = events.find(({payloadType}) => payloadType === format);
    return event === undefined ? [] : eventAttributes(event);
}
