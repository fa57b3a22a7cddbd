/**
 * How a media line is protected, out of what both sides want and offer. Pure.
 *
 *             offered                  answered
 *   plain     RTP/AVP                  RTP/AVP
 *   sdes      RTP/SAVP, keys           keys, whatever the profile is
 *   webrtc    UDP/TLS/RTP/SAVPF, ICE   the same
 *   best      RTP/AVP, keys            keys where they are offered (RFC 8643), DTLS on ICE, else RTP/AVP without
 */
import type {DtlsSecurity, Fingerprint, MediaSecurity} from "../../native/index.ts";
import {type CryptoAttribute, type CryptoLine, isSameKey, octetsOf, type SuiteKey} from "./sdp-crypto.ts";
import {type DtlsRole, roleAsAnswerer, roleAsOfferer} from "./sdp-dtls.ts";
import type {SdpMedia} from "./sdp-parse.ts";

/** What our side brings to the protection of a session. */
export type LocalSecurity =
    | {readonly type: "plain"}
    /** In clear, or by DTLS where that is offered: no key may be told. */
    | {readonly type: "keyless"}
    | {
          readonly type: "sdes";
          /** Of a first offer of ours. */
          readonly profile: "RTP/AVP" | "RTP/SAVP";
          /** Whether a session that is protected by nothing, or by DTLS, is refused. */
          readonly required: boolean;
          /** Ours, one for each suite that we have, in the order of preference; the same for a whole session. */
          readonly keys: readonly SuiteKey[];
      }
    | {readonly type: "dtls"};

/** What a line of the other side comes to. */
export type Secured =
    | {readonly type: "plain"}
    | {readonly type: "srtp"; readonly ours: CryptoLine; readonly theirs: CryptoLine}
    | {readonly type: "dtls"; readonly role: DtlsRole; readonly fingerprints: readonly Fingerprint[]}
    | {readonly type: "refused"; readonly what: string};

const plain: Secured = {type: "plain"};
const refused = (what: string): Secured => ({type: "refused", what});

/** DTLS where ICE finds the path; else the first of their keys that we can take, under the same tag (RFC 4568 §5.1.2). */
export function securedByOffer(media: SdpMedia, local: LocalSecurity, ice: boolean, before: DtlsRole | null): Secured {
    if (speaksDtls(media)) {
        const dtls = dtlsByOffer(media, {local, ice, before});
        // An opportunistic offer can do without (RFC 8643 §3.1).
        if (dtls.type !== "refused" || local.type === "dtls" || !isOpenProfile(media)) return dtls;
    }
    if (local.type === "dtls") return refused("has no DTLS");
    if (local.type !== "sdes") return withoutKeys(media);
    for (const {crypto} of goodOnes(media)) {
        const own = local.keys.find(({suite}) => suite === crypto.suite);
        if (own === undefined || isSameKey(own, crypto)) continue;
        return {type: "srtp", ours: {...own, tag: crypto.tag}, theirs: crypto};
    }
    return isSecureProfile(media) || local.required ? refused(lackOf(media)) : plain;
}

interface DtlsMeans {
    readonly local: LocalSecurity;
    readonly ice: boolean;
    readonly before: DtlsRole | null;
}

function dtlsByOffer(media: SdpMedia, {local, ice, before}: DtlsMeans): Secured {
    if (local.type === "plain" || (local.type === "sdes" && local.required)) return refused("is protected by DTLS");
    if (!ice) return refused("has DTLS without ICE and rtcp-mux");
    return dtlsOf(media, roleAsAnswerer(media.setup, before));
}

function dtlsOf({fingerprints}: SdpMedia, role: DtlsRole | null): Secured {
    if (fingerprints.length === 0) return refused("has no fingerprint that we can judge");
    return role === null ? refused("has an a=setup that cannot be meant") : {type: "dtls", role, fingerprints};
}

/** The answer to DTLS: nothing else will do. */
export function securedByDtlsAnswer(media: SdpMedia): Secured {
    return speaksDtls(media) ? dtlsOf(media, roleAsOfferer(media.setup)) : refused("has no DTLS");
}

/** The key of their answer to our lines. A key that fits none of ours is a fault, never a reason to go on in clear. */
export function securedByAnswer(media: SdpMedia, offered: readonly CryptoLine[], local: LocalSecurity): Secured {
    if (local.type !== "sdes") return withoutKeys(media);
    for (const {crypto} of goodOnes(media)) {
        const ours = offered.find(({tag, suite}) => tag === crypto.tag && suite === crypto.suite);
        if (ours !== undefined && !isSameKey(ours, crypto)) return {type: "srtp", ours, theirs: crypto};
    }
    const silent = media.crypto.length === 0 && !isSecureProfile(media) && !local.required;
    return silent ? plain : refused(lackOf(media, "fits none of ours"));
}

/** The lines of an offer: those of the session as they were, and the suites that it did not need so far. */
export function offeredCrypto(local: LocalSecurity, agreed: readonly CryptoLine[] | null): readonly CryptoLine[] {
    if (local.type !== "sdes") return [];
    // A session that was answered in clear stays so: keys in the middle of a talk would surprise.
    if (agreed !== null && agreed.length === 0) return [];
    const kept = agreed ?? [];
    const taken = new Set(kept.map(({tag}) => tag));
    let next = 1;
    const others = local.keys
        .filter(({suite}) => !kept.some((line) => line.suite === suite))
        .map((key): CryptoLine => {
            while (taken.has(next)) next += 1;
            taken.add(next);
            return {...key, tag: next};
        });
    return [...kept, ...others];
}

/** What the engine is told of a session without DTLS. */
export function mediaSecurityOf(secured: Extract<Secured, {type: "plain" | "srtp"}>): MediaSecurity {
    if (secured.type === "plain") return {type: "none"};
    const {ours, theirs} = secured;
    return {type: "srtp", suite: ours.suite, send: octetsOf(ours), receive: octetsOf(theirs)};
}

/** What the engine is told where ICE finds the path. */
export function iceSecurityOf(secured: Exclude<Secured, {type: "refused"}>): MediaSecurity | DtlsSecurity {
    return secured.type === "dtls" ? secured : mediaSecurityOf(secured);
}

/** RTP over UDP, its protection and feedback apart (RFC 3551, 3711, 4585, 5124, 5764). */
export function isRtpProfile({protocol}: SdpMedia): boolean {
    return /^(UDP\/TLS\/RTP\/SAVPF?|RTP\/S?AVPF?)$/i.test(protocol);
}

function isSecureProfile({protocol}: SdpMedia): boolean {
    return /^RTP\/SAVPF?$/i.test(protocol);
}

function isOpenProfile({protocol}: SdpMedia): boolean {
    return /^RTP\/AVPF?$/i.test(protocol);
}

/** By its profile, or by a fingerprint that stands alone: before RFC 5764 had a profile, and with RFC 8643 today. */
function speaksDtls({protocol, fingerprints, crypto}: SdpMedia): boolean {
    return /^UDP\/TLS\//i.test(protocol) || (fingerprints.length > 0 && crypto.length === 0);
}

function withoutKeys(media: SdpMedia): Secured {
    return isSecureProfile(media) ? refused(`is ${media.protocol}, not RTP/AVP`) : plain;
}

type Good = Extract<CryptoAttribute, {ok: true}>;

function goodOnes({crypto}: SdpMedia): readonly Good[] {
    return crypto.filter((attribute): attribute is Good => attribute.ok);
}

/** Why none of its keys will do. */
function lackOf({crypto}: SdpMedia, otherwise = "has a key that cannot be used"): string {
    if (crypto.length === 0) return "has no a=crypto";
    const faults = crypto.map((attribute) => {
        const what = attribute.ok ? otherwise : attribute.what;
        return `line ${attribute.line} ${what}`;
    });
    return `has no a=crypto that we can take: ${faults.join(", ")}`;
}
