/**
 * Offer and answer (RFC 3264) of one audio stream over RTP or SRTP, as functions from values to values.
 *
 *   offerLines() -> INVITE ->            acceptAnswer(): what they can, in our numbers and theirs -> RemoteMedia
 *   answerOffer() <- INVITE: first line that we can takes the call, the others get port 0          -> RemoteMedia
 *                            (the best protected; judgeOffer() says beforehand whether ICE is to find its path)
 */
import type {
    Codec,
    CodecName,
    Fingerprint,
    MediaDirection,
    MediaFormats,
    RemoteIceMedia,
    RemoteMedia,
} from "../../native/index.ts";
import {PhoneError} from "../errors.ts";
import {hasColons} from "./host.ts";
import {commonPayloads, noPayloads, offeredPayloads, type Payloads} from "./sdp-codecs.ts";
import type {DtlsRole} from "./sdp-dtls.ts";
import {canUseIce, type IceDescription} from "./sdp-ice.ts";
import type {Sdp, SdpMedia} from "./sdp-parse.ts";
import {
    iceSecurityOf,
    isRtpProfile,
    type LocalSecurity,
    mediaSecurityOf,
    offeredCrypto,
    type Secured,
    securedByAnswer,
    securedByDtlsAnswer,
    securedByOffer,
} from "./sdp-security.ts";
import type {AudioLine, IceLine, SdpLine} from "./sdp-write.ts";

/** What decides whether an offer suits us. */
export interface LocalMeans {
    /** In the order of preference. */
    readonly codecs: readonly CodecName[];
    /** Of the IP version that media use where ICE does not find the path. */
    readonly address: string;
    readonly security: LocalSecurity;
}

/** Our side of a path that ICE finds. */
export interface LocalIce {
    readonly description: IceDescription;
    readonly ssrc: number;
    readonly cname: string;
    readonly fingerprint: Fingerprint;
    /** Our DTLS role in this session so far. */
    readonly role: DtlsRole | null;
}

/** What our side brings to a negotiation. */
export interface LocalAudio extends LocalMeans {
    /** With the address, where media are awaited: the default destination where ICE finds the path. */
    readonly port: number;
    /** Packet time in ms that we want. */
    readonly ptime: number;
    /** What we wish: `sendrecv`, or `sendonly` while we hold (RFC 3264 §8.4). */
    readonly direction: MediaDirection;
    /** Null: the path is a pair of ports. It stays one or the other for a whole session. */
    readonly ice: LocalIce | null;
}

/** What came out of an offer and an answer. */
export interface Agreement {
    /** Our lines, as offered or answered. */
    readonly lines: readonly SdpLine[];
    /** The numbers that are bound from now on. */
    readonly payloads: Payloads;
    readonly remote: RemoteMedia | RemoteIceMedia;
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
    const ice = local.ice === null ? null : offeredIce(local, local.ice, before);
    const protocol = before?.protocol ?? profileOf(local.security);
    const audio: AudioLine = {...lineOf(local), protocol, crypto, formats, payloads, ice, direction: local.direction};
    if (agreed.length === 0) return [audio];
    return agreed.map((line) => (line.type === "audio" ? audio : line));
}

function profileOf(security: LocalSecurity): string {
    const profiles = {plain: "RTP/AVP", keyless: "RTP/AVP", dtls: "UDP/TLS/RTP/SAVPF"} as const;
    return security.type === "sdes" ? security.profile : profiles[security.type];
}

/** `actpass` in each offer of a session (RFC 8842 §5.2); one that SDES or nothing protects stays so. */
function offeredIce(
    local: LocalAudio,
    {description, ssrc, cname, fingerprint}: LocalIce,
    before: AudioLine | null,
): IceLine {
    const withDtls = before === null ? local.security.type === "dtls" : before.ice?.dtls != null;
    const {mid, bundled} = before?.ice ?? {mid: "0", bundled: true};
    const dtls = withDtls ? ({fingerprint, setup: "actpass"} as const) : null;
    return {description, address: local.address, mid, bundled, ssrc, cname, dtls};
}

/** What an offer comes to before anything is opened for it: how it would be protected, and whether ICE finds the path. */
export interface Prospect {
    readonly secured: Exclude<Secured["type"], "refused">;
    /** Null where a pair of ports will do; `lite`: the far end only answers checks (RFC 8445 §2.5). */
    readonly ice: {readonly lite: boolean} | null;
}

/** Judges an offer. Throws what `answerOffer` would. */
export function judgeOffer(offer: Sdp, means: LocalMeans): Prospect {
    const {media, secured} = choose(offer, {...means, path: "either", before: null, known: noPayloads});
    return {secured: secured.type, ice: canUseIce(media) ? {lite: media.iceLite} : null};
}

/**
 * Our answer to an offer: codecs in the order of the offerer, its payload types and its lines kept. Throws PhoneError
 * `noCommonCodec` or `noSecurity` (SIP: 488) whose message says for each line what is wrong with it.
 */
export function answerOffer(offer: Sdp, local: LocalAudio, known: Payloads = noPayloads): Agreement {
    const path = local.ice === null ? "direct" : "ice";
    const {media, secured} = choose(offer, {...local, path, before: local.ice?.role ?? null, known});
    const payloads = commonPayloads(media, local.codecs, known);
    const direction = directionOf(local.direction, media);
    const bound = [...payloads.codecs, ...payloads.events].map(({payloadType}) => payloadType);
    const formats = media.formats.map(Number).filter((format) => bound.includes(format));
    const crypto = secured.type === "srtp" ? [secured.ours] : [];
    const ice = local.ice === null ? null : answeredIce(media, secured, {...local, ice: local.ice});
    const audio: AudioLine = {...lineOf(local), protocol: media.protocol, crypto, formats, payloads, direction, ice};
    return {
        lines: offer.media.map((line) => (line === media ? audio : refused(line, local.ice !== null))),
        payloads,
        remote: remoteOf(media, payloads, {codecs: payloads.codecs, direction, local, secured}),
        held: !hears(media),
    };
}

function answeredIce({mid, bundled}: SdpMedia, secured: Fitting, local: LocalAudio & {ice: LocalIce}): IceLine {
    const {description, ssrc, cname, fingerprint} = local.ice;
    const dtls = secured.type === "dtls" ? {fingerprint, setup: secured.role} : null;
    return {description, address: local.address, mid, bundled, ssrc, cname, dtls};
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
    const byDtls = ours.ice?.dtls != null;
    const secured = byDtls ? securedByDtlsAnswer(answered) : securedByAnswer(answered, ours.crypto, local.security);
    const path = local.ice === null ? "direct" : "ice";
    const verdict = judge(answered, secured, {...local, path, before: null, known: ours.payloads});
    if (!verdict.fits) throw nothingFits([verdict]);
    const {media} = verdict;
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
        remote: remoteOf(media, payloads, {codecs, direction, local, secured: verdict.secured}),
        held: !hears(media),
    };
}

function lineOf(local: LocalAudio): {type: "audio"; port: number; ptime: number} {
    return {type: "audio", port: local.port, ptime: local.ptime};
}

/** Who names lines wants each name back (RFC 5888 §9.1); who knows nothing of it need not hear of it. */
function refused({kind, protocol, formats, mid}: SdpMedia, named: boolean): SdpLine {
    return {type: "refused", kind, protocol, formats, mid: named ? mid : null};
}

type Fitting = Exclude<Secured, {type: "refused"}>;

/** What we think of a line of theirs. */
type Verdict =
    | {readonly fits: true; readonly media: SdpMedia; readonly secured: Fitting}
    | {readonly fits: false; readonly what: string; readonly insecure: boolean};

interface Judging extends LocalMeans {
    readonly path: "ice" | "direct" | "either";
    readonly before: DtlsRole | null;
    readonly known: Payloads;
}

const strengths: readonly Fitting["type"][] = ["dtls", "srtp", "plain"];

/** The best protected of the lines that fit, the first of those that are alike. */
function choose(offer: Sdp, judging: Judging): Extract<Verdict, {fits: true}> {
    const verdicts = offer.media.map((media) => {
        const ice = judging.path !== "direct" && canUseIce(media);
        return judge(media, securedByOffer(media, judging.security, ice, judging.before), judging);
    });
    const fitting = verdicts.filter((verdict) => verdict.fits);
    const chosen = strengths.map((type) => fitting.find(({secured}) => secured.type === type)).find(Boolean);
    if (chosen === undefined) throw nothingFits(verdicts);
    return chosen;
}

function judge(media: SdpMedia, secured: Secured, judging: Judging): Verdict {
    const no = (what: string, insecure: boolean): Verdict => {
        return {fits: false, what: `m=${media.kind} (line ${media.line}) ${what}`, insecure};
    };
    const objection = objectionOf(media, judging);
    if (objection !== null) return no(objection, false);
    // Whatever it would be protected by, the keys of our side are for a path of ICE.
    if (judging.path === "ice" && !canUseIce(media)) return no("has no ICE with rtcp-mux", true);
    return secured.type === "refused" ? no(secured.what, true) : {fits: true, media, secured};
}

/** Why a line cannot be the call whatever its protection is, null where it can. */
function objectionOf(media: SdpMedia, {path, address, codecs, known}: Judging): string | null {
    if (media.kind.toLowerCase() !== "audio") return "is no audio";
    if (media.port === 0) return "is switched off";
    if (!isRtpProfile(media)) return `is ${media.protocol}, not RTP/AVP`;
    if (path === "direct" || (path === "either" && !canUseIce(media))) {
        if (media.address === null) return "has no address";
        if (!isUnspecified(media.address) && hasColons(media.address) !== hasColons(address)) {
            return "has an address of the other IP version";
        }
    }
    return commonPayloads(media, codecs, known).codecs.length === 0 ? "has no codec that we have" : null;
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

/** Where ICE finds the path the address means nothing yet (RFC 8840 §4.1.1). */
const hears = (media: SdpMedia): boolean =>
    (media.direction === "sendrecv" || media.direction === "recvonly") &&
    (canUseIce(media) || !isUnspecified(media.address ?? ""));

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

function remoteOf(media: SdpMedia, agreed: Payloads, ours: Ours): RemoteMedia | RemoteIceMedia {
    const {codecs, direction, local, secured} = ours;
    const formats: MediaFormats = {
        codecs,
        telephoneEvent: agreed.events.find(({clockRate}) => clockRate === agreed.codecs[0]?.clockRate) ?? null,
        ptime: packetTime(media, local.ptime),
        direction,
        voipMetrics: media.voipMetrics,
    };
    if (local.ice !== null && media.ice !== null) {
        return {...formats, security: iceSecurityOf(secured), ice: media.ice};
    }
    if (secured.type === "dtls") throw new PhoneError("noSecurity", "DTLS needs a path of ICE");
    return {
        ...formats,
        security: mediaSecurityOf(secured),
        address: media.address ?? "",
        port: media.port,
        rtcpPort: media.rtcpPort ?? Math.min(media.port + 1, 65_535),
    };
}
