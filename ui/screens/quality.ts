/** How a call sounds or sounded, in figures: lines of the details of a call that is on and of one that is over. */
import type {Call, CallQuality, CallSecurity} from "../../firmware/phone/call.ts";
import type {CodecName, SrtpSuite} from "../../native/index.ts";
import {milliseconds, percent} from "../format.ts";
import {type Hint, isLarge, line, type PageLine, RANK} from "../page.ts";
import type {Scene} from "../scene.ts";
import {SECURITY_MARKS} from "../security.ts";

/** Codecs by the names that people know them by. */
export const CODEC_MARKS: Readonly<Record<CodecName, string>> = {
    PCMA: "G.711A",
    PCMU: "G.711U",
    G722: "G.722",
    opus: "Opus",
};

/** Where the keys come from (RFC 4568, RFC 5764), and what they are for. */
const KEYS: Readonly<Record<CallSecurity, string>> = {none: "", hop: "SDES", end: "DTLS"};
const SUITES: Readonly<Record<SrtpSuite, string>> = {
    AES_CM_128_HMAC_SHA1_80: "AES-128 SHA1-80",
    AES_CM_128_HMAC_SHA1_32: "AES-128 SHA1-32",
    AEAD_AES_128_GCM: "AES-128 GCM",
    AEAD_AES_256_GCM: "AES-256 GCM",
};

/** The mean opinion scores of listening and of conversation, the loss and the jitter. */
export function soundLines({text}: Scene, quality: CallQuality | null): readonly PageLine[] {
    const {unknown, lost, jitter} = text.status;
    const score = (mos: number | null | undefined): string => mos?.toFixed(1) ?? "?";
    const scored = quality?.mosListening != null || quality?.mosConversational != null;
    const scores = `${score(quality?.mosListening)} / ${score(quality?.mosConversational)}`;
    return [
        line(RANK.thing, "MOS LQ/CQ", scored ? scores : unknown),
        line(RANK.state, lost, quality?.lossRate == null ? unknown : percent(quality.lossRate)),
        line(RANK.state, jitter, quality?.jitter == null ? unknown : milliseconds(quality.jitter)),
    ];
}

/** The codec with the mark of the protection, and how long the way there and back takes. */
export function wayLines(
    {text}: Scene,
    quality: CallQuality | null,
    security: CallSecurity | null,
): readonly PageLine[] {
    const {unknown, codec, roundTrip} = text.status;
    const name = quality === null ? unknown : CODEC_MARKS[quality.codec];
    return [
        line(RANK.about, codec, security === null ? name : `${name} ${SECURITY_MARKS[security]}`),
        line(RANK.state, roundTrip, quality?.roundTrip == null ? unknown : milliseconds(quality.roundTrip)),
    ];
}

/** How far a call is protected, and by what. */
export function securityLines(
    {text, size}: Scene,
    {security, suite}: Pick<Call, "security" | "suite">,
): readonly PageLine[] {
    const mark = SECURITY_MARKS[security];
    const words = text.security[security];
    const how = [KEYS[security], suite === null ? "" : SUITES[suite]].filter((word) => word !== "");
    return [
        line(RANK.about, text.security.title, isLarge(size) ? `${words} ${mark}` : mark),
        ...(isLarge(size) ? [] : [line(RANK.thing, words)]),
        ...(how.length === 0 ? [] : [line(RANK.detail, how.join(" "))]),
    ];
}

/** What a glass has room for: one of the pages, which go round, or all of them at once. */
export function leafed(
    {size}: Scene,
    pages: readonly (readonly PageLine[])[],
    page: number,
): {readonly body: readonly PageLine[]; readonly hints: readonly Hint[]} {
    if (isLarge(size) || pages.length === 1) return {body: pages.flat(), hints: []};
    const shown = ((Math.trunc(page) % pages.length) + pages.length) % pages.length;
    return {body: pages[shown] ?? [], hints: [{key: "←→", word: `${shown + 1}/${pages.length}`}]};
}
