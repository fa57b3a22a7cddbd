/** Offers and answers with keys (RFC 4568 §5, RFC 8643): what our side makes of what the other side says. */
import {describe, expect, it} from "vitest";
import {acceptAnswer, answerOffer, type LocalAudio, offerLines} from "../../../firmware/sip/sdp.ts";
import {noPayloads} from "../../../firmware/sip/sdp-codecs.ts";
import {keyOctets, suiteKey, suites} from "../../../firmware/sip/sdp-crypto.ts";
import {parseSdp} from "../../../firmware/sip/sdp-parse.ts";
import type {LocalSecurity} from "../../../firmware/sip/sdp-security.ts";
import {type SdpLine, sdpText} from "../../../firmware/sip/sdp-write.ts";
import type {SrtpSuite} from "../../../native/index.ts";
import {type SeededRandom, seededRandom} from "../../support/random.ts";

/** Our key of a suite: octets of one value each, so that it is known again. */
const ours = (suite: SrtpSuite): Buffer => Buffer.alloc(keyOctets[suite], 1 + suites.indexOf(suite));
const theirs = (suite: SrtpSuite, seed = 0x80): Buffer => Buffer.alloc(keyOctets[suite], seed + suites.indexOf(suite));
const keys = suites.map((suite) => suiteKey(suite, ours(suite)));

const plain: LocalSecurity = {type: "plain"};
const best: LocalSecurity = {type: "sdes", profile: "RTP/AVP", required: false, keys};
const sdes: LocalSecurity = {type: "sdes", profile: "RTP/SAVP", required: true, keys};

const side = (security: LocalSecurity): LocalAudio => ({
    address: "192.0.2.10",
    port: 41_000,
    codecs: ["PCMA"],
    ptime: 20,
    direction: "sendrecv",
    security,
    ice: null,
});

const [GCM_256, GCM_128, CM_80, CM_32] = [
    "AEAD_AES_256_GCM",
    "AEAD_AES_128_GCM",
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
] as const;

const crypto = (tag: number, suite: SrtpSuite, seed?: number): string =>
    `a=crypto:${tag} ${suite} inline:${theirs(suite, seed).toString("base64")}`;
const description = (...lines: string[]) =>
    parseSdp(
        ["v=0", "o=- 1 1 IN IP4 198.51.100.7", "s=-", "c=IN IP4 198.51.100.7", "t=0 0", ...lines, ""].join("\r\n"),
    );
const textOf = (lines: readonly SdpLine[]): string => sdpText({sessionId: 7, version: 1, address: "192.0.2.10", lines});
const mediaLines = (lines: readonly SdpLine[]): string[] =>
    textOf(lines)
        .split("\r\n")
        .filter((line) => /^(m=|a=crypto)/.test(line));
const inline = (tag: number, suite: SrtpSuite): string =>
    `a=crypto:${tag} ${suite} inline:${ours(suite).toString("base64")}`;

describe("our offer", () => {
    it("leaves all suites to choose, the strongest first, each with a key of its own, in RTP/AVP for best", () => {
        expect(mediaLines(offerLines(side(best), [], noPayloads))).toEqual([
            "m=audio 41000 RTP/AVP 8 101",
            inline(1, GCM_256),
            inline(2, GCM_128),
            inline(3, CM_80),
            inline(4, CM_32),
        ]);
    });

    it("is RTP/SAVP where protection is demanded, and without keys where there is none", () => {
        expect(mediaLines(offerLines(side(sdes), [], noPayloads))[0]).toBe("m=audio 41000 RTP/SAVP 8 101");
        expect(mediaLines(offerLines(side(plain), [], noPayloads))).toEqual(["m=audio 41000 RTP/AVP 8 101"]);
    });

    it("is the same again in the session that it made", () => {
        const first = offerLines(side(best), [], noPayloads);
        const {lines, payloads} = acceptAnswer(
            description("m=audio 4000 RTP/AVP 8", crypto(3, CM_80)),
            first,
            side(best),
        );
        expect(mediaLines(offerLines(side(best), lines, payloads))).toEqual(mediaLines(first));
    });

    it("begins, in a session that the other side made, with the key that we answered with, under its tag", () => {
        const offer = description("m=audio 4000 RTP/SAVPF 8", crypto(2, CM_80));
        const {lines, payloads} = answerOffer(offer, side(best));
        expect(mediaLines(offerLines(side(best), lines, payloads))).toEqual([
            "m=audio 41000 RTP/SAVPF 8 101",
            inline(2, CM_80),
            inline(1, GCM_256),
            inline(3, GCM_128),
            inline(4, CM_32),
        ]);
    });

    it("brings no keys into a session that was made without", () => {
        const {lines, payloads} = answerOffer(description("m=audio 4000 RTP/AVP 8"), side(best));
        expect(mediaLines(offerLines(side(best), lines, payloads))).toEqual(["m=audio 41000 RTP/AVP 8 101"]);
    });
});

const srtp = (suite: SrtpSuite) => ({
    type: "srtp",
    suite,
    send: new Uint8Array(ours(suite)),
    receive: new Uint8Array(theirs(suite)),
});
const none = {type: "none"};

describe("our answer", () => {
    it.each([
        ["plain", plain, ["m=audio 4000 RTP/AVP 8"], none],
        ["plain", plain, ["m=audio 4000 RTP/AVPF 8", crypto(1, CM_80)], none],
        ["best", best, ["m=audio 4000 RTP/AVP 8"], none],
        ["best", best, ["m=audio 4000 RTP/AVP 8", crypto(1, CM_80)], srtp(CM_80)],
        ["best", best, ["m=audio 4000 RTP/SAVP 8", crypto(1, CM_32)], srtp(CM_32)],
        ["best", best, ["m=audio 4000 RTP/AVP 8", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA"], none],
        ["best", best, ["m=audio 4000 RTP/AVP 8", "m=audio 4002 RTP/SAVP 8", crypto(1, CM_80)], srtp(CM_80)],
        ["best", best, ["m=audio 4000 RTP/SAVP 8", "m=audio 4002 RTP/AVP 8"], none],
        ["sdes", sdes, ["m=audio 4000 RTP/SAVPF 8", crypto(1, GCM_256)], srtp(GCM_256)],
        ["sdes", sdes, ["m=audio 4000 RTP/AVP 8", crypto(1, GCM_128)], srtp(GCM_128)],
        ["sdes", sdes, ["m=audio 4000 RTP/AVP 8", "m=audio 4002 RTP/SAVP 8", crypto(1, CM_80)], srtp(CM_80)],
    ] as const)("of %s to %o", (_, security, lines, expected) => {
        expect(answerOffer(description(...lines), side(security)).remote.security).toEqual(expected);
    });

    it("takes the first that it can, with a key of its own under the same tag and in the same profile", () => {
        const offer = description(
            "m=audio 4000 RTP/SAVP 8",
            "a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA",
            `${crypto(2, CM_32)}|1:4`,
            crypto(7, CM_80),
            crypto(8, GCM_256),
        );
        expect(mediaLines(answerOffer(offer, side(best)).lines)).toEqual([
            "m=audio 41000 RTP/SAVP 8",
            inline(7, CM_80),
        ]);
    });

    it("keeps our key when theirs changes, and gives the engine the new one", () => {
        const again = answerOffer(description("m=audio 4000 RTP/SAVP 8", crypto(1, CM_80, 0x40)), side(best));
        const first = answerOffer(description("m=audio 4000 RTP/SAVP 8", crypto(1, CM_80)), side(best));
        expect(again.lines).toEqual(first.lines);
        expect(again.remote.security).toEqual({
            ...srtp(CM_80),
            receive: new Uint8Array(theirs(CM_80, 0x40)),
        });
    });

    it.each([
        [plain, ["m=audio 4000 RTP/SAVP 8", crypto(1, CM_80)], "m=audio (line 6) is RTP/SAVP, not RTP/AVP"],
        [best, ["m=audio 4000 RTP/SAVP 8"], "m=audio (line 6) has no a=crypto"],
        [sdes, ["m=audio 4000 RTP/AVP 8"], "m=audio (line 6) has no a=crypto"],
        [
            sdes,
            ["m=audio 4000 RTP/SAVP 8", `${crypto(1, CM_80)}|1:4`, "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:AAAA"],
            "m=audio (line 6) has no a=crypto that we can take: line 7 wants a master key identifier, which we do not " +
                "send, line 8 has 3 octets of key and salt, not 30",
        ],
        [
            sdes,
            ["m=audio 4000 RTP/AVP 18", "m=audio 4002 RTP/AVP 8"],
            "m=audio (line 6) has no codec that we have; m=audio (line 7) has no a=crypto",
        ],
    ] as const)("of %o to %o is a refusal that says why", (security, lines, message) => {
        expect(() => answerOffer(description(...lines), side(security))).toThrow(
            expect.objectContaining({code: "noSecurity", message}),
        );
    });

    it("calls a lack of codecs a lack of codecs, also where protection is demanded", () => {
        const offer = description("m=audio 4000 RTP/SAVP 18", crypto(1, CM_80));
        expect(() => answerOffer(offer, side(sdes))).toThrow(expect.objectContaining({code: "noCommonCodec"}));
    });

    it("does not take its own key for the other side's", () => {
        const offer = description("m=audio 4000 RTP/SAVP 8", inline(1, CM_80));
        expect(() => answerOffer(offer, side(best))).toThrow("line 7 has a key that cannot be used");
    });
});

describe("the far end's answer", () => {
    const accept = (security: LocalSecurity, ...lines: string[]) =>
        acceptAnswer(description(...lines), offerLines(side(security), [], noPayloads), side(security)).remote.security;

    it("chooses a suite by its tag", () => {
        expect(accept(best, "m=audio 4000 RTP/AVP 8", crypto(3, CM_80))).toEqual(srtp(CM_80));
        expect(accept(sdes, "m=audio 4000 RTP/SAVP 8", crypto(1, GCM_256))).toEqual(srtp(GCM_256));
        expect(accept(sdes, "m=audio 4000 RTP/AVP 8", crypto(1, GCM_256))).toEqual(srtp(GCM_256));
    });

    it("without keys leaves best in clear, and ends what demands protection", () => {
        expect(accept(best, "m=audio 4000 RTP/AVP 8")).toEqual(none);
        expect(() => accept(sdes, "m=audio 4000 RTP/AVP 8")).toThrow(
            expect.objectContaining({code: "noSecurity", message: "m=audio (line 6) has no a=crypto"}),
        );
    });

    it.each([
        ["a tag that we did not offer", crypto(9, CM_80), "line 7 fits none of ours"],
        ["another suite under our tag", crypto(1, CM_80), "line 7 fits none of ours"],
        ["our own key", inline(3, CM_80), "line 7 fits none of ours"],
        ["a key that cannot be read", `${crypto(3, CM_80)} KDR=3`, "line 7 has a session parameter"],
    ])("with %s is refused even by best: its sound would be noise", (_, line, message) => {
        expect(() => accept(best, "m=audio 4000 RTP/AVP 8", line)).toThrow(
            expect.objectContaining({code: "noSecurity", message: expect.stringContaining(message)}),
        );
    });

    it("in RTP/SAVP without keys is refused, whatever they meant by it", () => {
        expect(() => accept(best, "m=audio 4000 RTP/SAVP 8")).toThrow("has no a=crypto");
        expect(() => accept(plain, "m=audio 4000 RTP/SAVP 8")).toThrow("is RTP/SAVP, not RTP/AVP");
    });
});

const corpus: readonly (readonly string[])[] = [
    ["m=audio 4000 RTP/SAVP 8", crypto(1, CM_80), `${crypto(2, GCM_128)}|2^31 WSH=64`],
    ["m=audio 4000 RTP/AVP 8", crypto(3, CM_80), `${crypto(4, CM_32)}|2^20|1:4`],
    [
        "m=video 5000 RTP/SAVP 31",
        crypto(1, CM_80),
        "m=audio 4000 RTP/AVPF 8",
        "m=audio 4002 RTP/SAVPF 8",
        crypto(1, GCM_256),
    ],
    ["m=audio 4000 RTP/AVP 8"],
];

/** What any of their keys looks like: they are octets of one value each. */
const KEYS_SEEN = /gICAg|gYGBg|goKCg|g4ODg|ICAgI|GBgYG|KCgoK|ODg4O|CAgIC|BgYGB|CgoKC|Dg4OD/;

/** A text with a few bytes exchanged for others, or for pieces of the lines above. */
function mutated(text: string, {below, pick}: SeededRandom): string {
    let result = text;
    for (let count = 1 + below(3); count > 0; count--) {
        const at = text.indexOf("m=") + below(Math.max(1, result.length - text.indexOf("m=")));
        const piece = pick(pick(corpus));
        const inserts = [
            String.fromCharCode(below(256)),
            piece.slice(below(piece.length)),
            "\r\n",
            `\r\n${piece}\r\n`,
            "",
        ];
        result = result.slice(0, at) + pick(inserts) + result.slice(at + below(4));
    }
    return result;
}

describe("any description at all", () => {
    it.each([1, 2, 3])("comes to what the side wants, or to a refusal without a key in it (seed %i)", (seed) => {
        const random = seededRandom(seed);
        const seen = {none: 0, srtp: 0, dtls: 0, refused: 0};
        for (let round = 0; round < 3000; round++) {
            const security: LocalSecurity = random.pick([plain, best, sdes]);
            const offered = offerLines(side(security), [], noPayloads);
            const lines = ["v=0", "c=IN IP4 198.51.100.7", ...random.pick(corpus), ""].join("\r\n");
            const text = mutated(lines, random);
            const where = `seed ${seed} round ${round}: ${JSON.stringify(text)}`;
            const take = random.pick([
                () => answerOffer(parseSdp(text), side(security)),
                () => acceptAnswer(parseSdp(text), offered, side(security)),
            ]);
            try {
                const {lines: own, remote} = take();
                const {type} = remote.security;
                seen[type] += 1;
                if (security === plain) expect(type, where).toBe("none");
                if (security === sdes) expect(type, where).toBe("srtp");
                if (own !== offered) expect(/^a=crypto/m.test(textOf(own)), where).toBe(type === "srtp");
                expect(parseSdp(textOf(own)).media.flatMap((media) => media.crypto.filter(({ok}) => !ok))).toEqual([]);
            } catch (error) {
                seen.refused += 1;
                expect(error, where).toMatchObject({
                    code: expect.stringMatching(/^(badSdp|noCommonCodec|noSecurity)$/),
                });
                // Kind and profile of a media line are repeated, whatever they are.
                if (!(text.match(/^m=.*$/gm) ?? []).some((line) => KEYS_SEEN.test(line))) {
                    expect((error as Error).message, where).not.toMatch(KEYS_SEEN);
                }
            }
        }
        // DTLS needs a path of ICE, which nobody offers here.
        expect(seen.dtls).toBe(0);
        expect(Math.min(seen.none, seen.srtp, seen.refused)).toBeGreaterThan(100);
    });
});
