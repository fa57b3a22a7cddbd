/**
 * How a media line is protected, out of what both sides want and offer. Pure.
 *
 *             offered            answered
 *   plain     RTP/AVP            RTP/AVP
 *   sdes      RTP/SAVP, keys     keys, whatever the profile is
 *   best      RTP/AVP, keys      keys where they are offered (RFC 8643), else RTP/AVP without
 */
import type {MediaSecurity} from "../../native/index.ts";
import {type CryptoAttribute, type CryptoLine, isSameKey, octetsOf, type SuiteKey} from "./sdp-crypto.ts";
import type {SdpMedia} from "./sdp-parse.ts";

/** What our side brings to the protection of a session. */
export type LocalSecurity =
    | {readonly type: "plain"}
    | {
          readonly type: "sdes";
          /** Of a first offer of ours. */
          readonly profile: "RTP/AVP" | "RTP/SAVP";
          /** Whether a session without protection is refused. */
          readonly required: boolean;
          /** Ours, one for each suite that we have, in the order of preference; the same for a whole session. */
          readonly keys: readonly SuiteKey[];
      };

/** What a line of the other side comes to. */
export type Secured =
    | {readonly type: "plain"}
    | {readonly type: "srtp"; readonly ours: CryptoLine; readonly theirs: CryptoLine}
    | {readonly type: "refused"; readonly what: string};

const plain: Secured = {type: "plain"};
const refused = (what: string): Secured => ({type: "refused", what});

/** The first of their keys that we can take, with our own of that suite under the same tag (RFC 4568 §5.1.2). */
export function securedByOffer(media: SdpMedia, local: LocalSecurity): Secured {
    if (local.type === "plain") return withoutKeys(media);
    for (const {crypto} of goodOnes(media)) {
        const own = local.keys.find(({suite}) => suite === crypto.suite);
        if (own === undefined || isSameKey(own, crypto)) continue;
        return {type: "srtp", ours: {...own, tag: crypto.tag}, theirs: crypto};
    }
    return isSecureProfile(media) || local.required ? refused(lackOf(media)) : plain;
}

/** The key of their answer to our lines. A key that fits none of ours is a fault, never a reason to go on in clear. */
export function securedByAnswer(media: SdpMedia, offered: readonly CryptoLine[], local: LocalSecurity): Secured {
    if (local.type === "plain") return withoutKeys(media);
    for (const {crypto} of goodOnes(media)) {
        const ours = offered.find(({tag, suite}) => tag === crypto.tag && suite === crypto.suite);
        if (ours !== undefined && !isSameKey(ours, crypto)) return {type: "srtp", ours, theirs: crypto};
    }
    const silent = media.crypto.length === 0 && !isSecureProfile(media) && !local.required;
    return silent ? plain : refused(lackOf(media, "fits none of ours"));
}

/** The lines of an offer: those of the session as they were, and the suites that it did not need so far. */
export function offeredCrypto(local: LocalSecurity, agreed: readonly CryptoLine[] | null): readonly CryptoLine[] {
    if (local.type === "plain") return [];
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

/** What the engine is told. */
export function mediaSecurityOf(secured: Exclude<Secured, {type: "refused"}>): MediaSecurity {
    if (secured.type === "plain") return {type: "none"};
    const {ours, theirs} = secured;
    return {type: "srtp", suite: ours.suite, send: octetsOf(ours), receive: octetsOf(theirs)};
}

/** RTP over UDP with or without protection, and with or without feedback (RFC 3551, 3711, 4585, 5124). */
export function isRtpProfile({protocol}: SdpMedia): boolean {
    return /^RTP\/S?AVPF?$/i.test(protocol);
}

function isSecureProfile({protocol}: SdpMedia): boolean {
    return /^RTP\/SAVPF?$/i.test(protocol);
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
