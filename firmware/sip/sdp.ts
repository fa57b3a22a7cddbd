/**
 * Offer and answer (RFC 3264) of one audio stream over RTP or SRTP, as functions from values to values.
 *
 *   offerLines() -> INVITE ->            acceptAnswer(): what they can, in our numbers and theirs -> RemoteMedia
 *   answerOffer() <- INVITE: first line that we can takes the call, the others get port 0          -> RemoteMedia
 *                            (a protected one before any in clear)
 */
import type {Codec, CodecName, MediaDirection, RemoteMedia} from "../../native/index.ts";
import {PhoneError} from "../errors.ts";
import {hasColons} from "./host.ts";
import {commonPayloads, noPayloads, offeredPayloads, type Payloads} from "./sdp-codecs.ts";
import type {Sdp, SdpMedia} from "./sdp-parse.ts";
import {
    isRtpProfile,
    type LocalSecurity,
    mediaSecurityOf,
    offeredCrypto,
    type Secured,
    securedByAnswer,
    securedByOffer,
} from "./sdp-security.ts";
import type {AudioLine, SdpLine} from "./sdp-write.ts";

/** What our side brings to a negotiation. */
export interface LocalAudio {
    readonly address: string;
    readonly port: number;
    /** In the order of preference. */
    readonly codecs: readonly CodecName[];
    /** Packet time in ms that we want. */
    readonly ptime: number;
    /** What we wish: `sendrecv`, or `sendonly` while we hold (RFC 3264 §8.4). */
    readonly direction: MediaDirection;
    readonly security: LocalSecurity;
}

/** What came out of an offer and an answer. */
export interface Agreement {
    /** Our lines, as offered or answered. */
    readonly lines: readonly SdpLine[];
    /** The numbers that are bound from now on. */
    readonly payloads: Payloads;
    readonly remote: RemoteMedia;
    /** The other side does not want to hear us: it holds. */
    readonly held: boolean;
}

/**
 * The lines of an offer. `agreed` are the lines of the session so far, whose number and order must stay (RFC 3264 §8),
 * and `known` the payload types that are bound.
 */
export function offerLines(local: LocalAudio, agreed: readonly SdpLine[], known: Payloads): readonly SdpLine[] {
    const payloads = offeredPayloads(local.codecs, known);
    const formats = [...payloads.codecs, ...payloads.events].map(({payloadType}) => payloadType);
    const before = agreed.find((line) => line.type === "audio") ?? null;
    const crypto = offeredCrypto(local.security, before?.crypto ?? null);
    const protocol = before?.protocol ?? (local.security.type === "plain" ? "RTP/AVP" : local.security.profile);
    const audio: AudioLine = {...lineOf(local), protocol, crypto, formats, payloads, direction: local.direction};
    if (agreed.length === 0) return [audio];
    return agreed.map((line) => (line.type === "audio" ? audio : line));
}

/**
 * Our answer to an offer: codecs in the order of the offerer, its payload types and its lines kept. Throws PhoneError
 * `noCommonCodec` or `noSecurity` (SIP: 488) whose message says for each line what is wrong with it.
 */
export function answerOffer(offer: Sdp, local: LocalAudio, known: Payloads = noPayloads): Agreement {
    const verdicts = offer.media.map((media) => judge(media, securedByOffer(media, local.security), local, known));
    const fitting = verdicts.filter((verdict) => verdict.fits);
    const chosen = fitting.find(({secured}) => secured.type === "srtp") ?? fitting[0];
    if (chosen === undefined) throw nothingFits(verdicts);
    const {media, secured} = chosen;
    const payloads = commonPayloads(media, local.codecs, known);
    const direction = directionOf(local.direction, media);
    const bound = [...payloads.codecs, ...payloads.events].map(({payloadType}) => payloadType);
    const formats = media.formats.map(Number).filter((format) => bound.includes(format));
    const crypto = secured.type === "srtp" ? [secured.ours] : [];
    const audio: AudioLine = {...lineOf(local), protocol: media.protocol, crypto, formats, payloads, direction};
    return {
        lines: offer.media.map((line) => (line === media ? audio : refused(line))),
        payloads,
        remote: remoteOf(media, payloads, {codecs: payloads.codecs, direction, local, secured}),
        held: !hears(media),
    };
}

/**
 * What an answer to our lines `offered` means. We send with the answerer's numbers and also receive with our own,
 * where the two differ (RFC 3264 §6.1). Throws PhoneError `noCommonCodec` or `noSecurity`.
 */
export function acceptAnswer(answer: Sdp, offered: readonly SdpLine[], local: LocalAudio): Agreement {
    const index = offered.findIndex((line) => line.type === "audio");
    const ours = offered[index];
    const answered = answer.media[index];
    if (ours?.type !== "audio" || answered === undefined) {
        throw new PhoneError("noCommonCodec", "the answer lacks our audio line");
    }
    const verdict = judge(answered, securedByAnswer(answered, ours.crypto, local.security), local, ours.payloads);
    if (!verdict.fits) throw nothingFits([verdict]);
    const {media, secured} = verdict;
    const payloads = commonPayloads(media, local.codecs, ours.payloads);
    const numbers = new Set([...payloads.codecs, ...payloads.events].map(({payloadType}) => payloadType));
    const alsoReceived = ours.payloads.codecs.filter(
        ({name, payloadType}) => !numbers.has(payloadType) && payloads.codecs.some((codec) => codec.name === name),
    );
    const direction = directionOf(local.direction, media);
    const codecs = [...payloads.codecs, ...alsoReceived];
    return {
        lines: offered,
        payloads: ours.payloads,
        remote: remoteOf(media, payloads, {codecs, direction, local, secured}),
        held: !hears(media),
    };
}

function lineOf(local: LocalAudio): {type: "audio"; port: number; ptime: number} {
    return {type: "audio", port: local.port, ptime: local.ptime};
}

function refused({kind, protocol, formats}: SdpMedia): SdpLine {
    return {type: "refused", kind, protocol, formats};
}

type Fitting = Exclude<Secured, {type: "refused"}>;

/** What we think of a line of theirs. */
type Verdict =
    | {readonly fits: true; readonly media: SdpMedia; readonly secured: Fitting}
    | {readonly fits: false; readonly what: string; readonly insecure: boolean};

function judge(media: SdpMedia, secured: Secured, local: LocalAudio, known: Payloads): Verdict {
    const no = (what: string, insecure: boolean): Verdict => {
        return {fits: false, what: `m=${media.kind} (line ${media.line}) ${what}`, insecure};
    };
    const objection = objectionOf(media, local, known);
    if (objection !== null) return no(objection, false);
    return secured.type === "refused" ? no(secured.what, true) : {fits: true, media, secured};
}

/** Why a line cannot be the call whatever its protection is, null where it can. */
function objectionOf(media: SdpMedia, local: LocalAudio, known: Payloads): string | null {
    if (media.kind.toLowerCase() !== "audio") return "is no audio";
    if (media.port === 0) return "is switched off";
    if (!isRtpProfile(media)) return `is ${media.protocol}, not RTP/AVP`;
    if (media.address === null) return "has no address";
    if (!isUnspecified(media.address) && hasColons(media.address) !== hasColons(local.address)) {
        return "has an address of the other IP version";
    }
    return commonPayloads(media, local.codecs, known).codecs.length === 0 ? "has no codec that we have" : null;
}

/** `noSecurity` where a line would have done but for its protection. */
function nothingFits(verdicts: readonly Verdict[]): PhoneError {
    const misfits = verdicts.filter((verdict) => !verdict.fits);
    const code = misfits.some(({insecure}) => insecure) ? "noSecurity" : "noCommonCodec";
    const reasons = misfits.map(({what}) => what);
    return new PhoneError(code, reasons.length === 0 ? "SDP without media" : reasons.join("; "));
}

/** Hold of RFC 2543 days: `c=0.0.0.0` (RFC 3264 §8.4). */
export function isUnspecified(address: string): boolean {
    return address === "0.0.0.0" || address === "::";
}

const sends = ({direction}: SdpMedia): boolean => direction === "sendrecv" || direction === "sendonly";

const hears = ({direction, address}: SdpMedia): boolean =>
    (direction === "sendrecv" || direction === "recvonly") && !isUnspecified(address ?? "");

/** Our direction: what we wish as far as the other side takes part in it (RFC 3264 §6.1). */
function directionOf(wish: MediaDirection, media: SdpMedia): MediaDirection {
    const sending = (wish === "sendrecv" || wish === "sendonly") && hears(media);
    const receiving = (wish === "sendrecv" || wish === "recvonly") && sends(media);
    if (sending) return receiving ? "sendrecv" : "sendonly";
    return receiving ? "recvonly" : "inactive";
}

/** What the engine packs, in ms. */
const packetTimes: readonly number[] = [10, 20, 30, 40, 60];

/** The packet time that we send: theirs where the engine has it, the next shorter where not, within `maxptime`. */
function packetTime(media: SdpMedia, ours: number): number {
    const wanted = Math.min(media.ptime ?? ours, media.maxptime ?? Number.POSITIVE_INFINITY);
    return packetTimes.findLast((ms) => ms <= wanted) ?? 10;
}

interface Ours {
    readonly codecs: readonly Codec[];
    readonly direction: MediaDirection;
    readonly local: LocalAudio;
    readonly secured: Fitting;
}

function remoteOf(media: SdpMedia, agreed: Payloads, {codecs, direction, local, secured}: Ours): RemoteMedia {
    const event = agreed.events.find(({clockRate}) => clockRate === agreed.codecs[0]?.clockRate);
    return {
        security: mediaSecurityOf(secured),
        address: media.address ?? "",
        port: media.port,
        rtcpPort: media.rtcpPort ?? Math.min(media.port + 1, 65_535),
        codecs,
        telephoneEvent: event ?? null,
        ptime: packetTime(media, local.ptime),
        direction,
        voipMetrics: false,
    };
}
