/** Offer and answer of DTLS-SRTP on a path of ICE (RFC 8827, RFC 8842), as browsers and gateways do. */
import {describe, expect, it} from "vitest";
import {
    acceptAnswer,
    answerOffer,
    judgeOffer,
    type LocalAudio,
    type LocalIce,
    offerLines,
} from "../../../firmware/sip/sdp.ts";
import {noPayloads} from "../../../firmware/sip/sdp-codecs.ts";
import {keyOctets, suiteKey, suites} from "../../../firmware/sip/sdp-crypto.ts";
import {parseSdp, type Sdp} from "../../../firmware/sip/sdp-parse.ts";
import type {LocalSecurity} from "../../../firmware/sip/sdp-security.ts";
import {type SdpLine, sdpText} from "../../../firmware/sip/sdp-write.ts";

const keys = suites.map((suite) => suiteKey(suite, Buffer.alloc(keyOctets[suite], 1)));
const webrtc: LocalSecurity = {type: "dtls"};
const best: LocalSecurity = {type: "sdes", profile: "RTP/AVP", required: false, keys};
const sdes: LocalSecurity = {type: "sdes", profile: "RTP/SAVP", required: true, keys};
const keyless: LocalSecurity = {type: "keyless"};
const plain: LocalSecurity = {type: "plain"};

const pwd = "ourPassword0of0ours0ours";
const ice: LocalIce = {
    description: {
        ufrag: "ours",
        pwd,
        candidates: [
            {
                foundation: "1",
                priority: 2_130_706_431,
                address: "192.0.2.10",
                port: 41_000,
                type: "host",
                related: null,
            },
        ],
        complete: true,
    },
    ssrc: 7,
    cname: "phone",
    fingerprint: {hash: "sha-256", value: new Uint8Array(32).fill(0xab)},
    role: null,
};
const ourFingerprint = `a=fingerprint:sha-256 ${Array.from({length: 32}, () => "AB").join(":")}`;

const side = (security: LocalSecurity, path: LocalIce | null = ice): LocalAudio => ({
    address: "192.0.2.10",
    port: 41_000,
    codecs: ["opus", "PCMA"],
    ptime: 20,
    direction: "sendrecv",
    security,
    ice: path,
});

const theirs = {
    ice: ["a=ice-ufrag:them", "a=ice-pwd:theirPassword0theirs0their", "a=ice-options:trickle", "a=rtcp-mux"],
    host: "a=candidate:9 1 udp 2113937151 198.51.100.7 50000 typ host generation 0",
    fingerprint: `a=fingerprint:sha-256 ${Array.from({length: 32}, () => "CD").join(":")}`,
};
const described = (...lines: string[]): Sdp =>
    parseSdp(["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1", ...lines, ""].join("\r\n"));
/** As Chromium offers sound and video before it has gathered. */
const browser = (setup: string, protocol = "UDP/TLS/RTP/SAVPF"): Sdp =>
    described(
        `m=audio 9 ${protocol} 111 8 126`,
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        ...theirs.ice,
        theirs.fingerprint,
        `a=setup:${setup}`,
        "a=mid:0",
        theirs.host,
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:126 telephone-event/8000",
        "a=ssrc:1 cname:browser",
        `m=video 9 ${protocol} 96`,
        "c=IN IP4 0.0.0.0",
        "a=mid:1",
        ...theirs.ice,
    );

const textOf = (lines: readonly SdpLine[]): string[] =>
    sdpText({sessionId: 7, version: 1, address: "192.0.2.10", lines}).trimEnd().split("\r\n");

describe("our offer", () => {
    it("is one bundled line with ICE, one port, our fingerprint, and the roles to choose", () => {
        const text = textOf(offerLines(side(webrtc), [], noPayloads));
        expect(text.slice(5, 16)).toEqual([
            "a=group:BUNDLE 0",
            "m=audio 41000 UDP/TLS/RTP/SAVPF 96 8 102 101",
            "c=IN IP4 192.0.2.10",
            "a=mid:0",
            "a=rtcp-mux",
            "a=ice-options:trickle",
            "a=ice-ufrag:ours",
            `a=ice-pwd:${pwd}`,
            "a=candidate:1 1 UDP 2130706431 192.0.2.10 41000 typ host",
            "a=end-of-candidates",
            ourFingerprint,
        ]);
        expect(text).toContain("a=setup:actpass");
        expect(text).toContain("a=ssrc:7 cname:phone");
        expect(text.join("\n")).not.toContain("a=crypto");
    });

    it.each([
        ["active", "passive"],
        ["passive", "active"],
    ])("that is answered with %s makes us %s", (setup, role) => {
        const offered = offerLines(side(webrtc), [], noPayloads);
        const {remote} = acceptAnswer(browser(setup), offered, side(webrtc));
        expect(remote).toMatchObject({
            security: {type: "dtls", role, fingerprints: [{hash: "sha-256", value: new Uint8Array(32).fill(0xcd)}]},
            ice: {ufrag: "them", candidates: [{port: 50_000}], complete: false},
            direction: "sendrecv",
        });
    });

    it.each([
        ["no fingerprint", browserWithout(/^a=fingerprint/), "has no DTLS"],
        ["actpass", browser("actpass"), "has an a=setup that cannot be meant"],
        ["no ICE", browserWithout(/^a=ice-/), "has no ICE with rtcp-mux"],
        ["two ports", browserWithout(/^a=rtcp-mux/), "has no ICE with rtcp-mux"],
        ["RTP/AVP", described("m=audio 4000 RTP/AVP 8", "c=IN IP4 198.51.100.7"), "has no ICE with rtcp-mux"],
    ])("that is answered with %s is refused", (_, answer, message) => {
        const offered = offerLines(side(webrtc), [], noPayloads);
        expect(() => acceptAnswer(answer, offered, side(webrtc))).toThrow(
            expect.objectContaining({code: "noSecurity", message: expect.stringContaining(message)}),
        );
    });

    it("keeps its lines and leaves the role open again in the session that it made", () => {
        const offered = offerLines(side(webrtc), [], noPayloads);
        const {lines, payloads} = acceptAnswer(browser("active"), offered, side(webrtc));
        const again = textOf(offerLines(side(webrtc, {...ice, role: "passive"}), lines, payloads));
        expect(again).toEqual(textOf(offered));
    });
});

function browserWithout(line: RegExp): Sdp {
    const kept = [
        "m=audio 50000 UDP/TLS/RTP/SAVPF 8",
        "c=IN IP4 198.51.100.7",
        ...theirs.ice,
        theirs.fingerprint,
        "a=setup:active",
        "a=mid:0",
        theirs.host,
    ].filter((text) => !line.test(text));
    // The profile alone says DTLS; what is looked at is the fingerprint.
    return described(
        ...(line.source.includes("fingerprint") ? kept.map((text) => text.replace("UDP/TLS/", "")) : kept),
    );
}

describe("our answer", () => {
    it("takes the bundled line, names the refused one, and is active where it may choose", () => {
        const {lines, remote} = answerOffer(browser("actpass"), side(webrtc));
        const text = textOf(lines);
        expect(text).toContain("a=group:BUNDLE 0");
        expect(text).toContain("m=audio 41000 UDP/TLS/RTP/SAVPF 111 8 126");
        expect(text).toContain("a=setup:active");
        expect(text).toContain(ourFingerprint);
        expect(text.slice(-2)).toEqual(["m=video 0 UDP/TLS/RTP/SAVPF 96", "a=mid:1"]);
        expect(remote).toMatchObject({security: {type: "dtls", role: "active"}, ice: {ufrag: "them"}});
    });

    it("keeps its role when the session is negotiated again", () => {
        const {remote} = answerOffer(browser("actpass"), side(webrtc, {...ice, role: "passive"}));
        expect(remote.security).toMatchObject({role: "passive"});
    });

    it("holds by direction, not by an address that ICE has not found yet", () => {
        const offer = browser("actpass");
        expect(answerOffer(offer, side(webrtc)).held).toBe(false);
        const [audio] = offer.media;
        if (audio === undefined) throw new Error("no media");
        expect(answerOffer({media: [{...audio, direction: "sendonly"}]}, side(webrtc)).held).toBe(true);
    });

    it("protects a path of ICE by keys in SDP where that is what is offered", () => {
        const crypto = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.alloc(30, 9).toString("base64")}`;
        const line = ["m=audio 50000 RTP/SAVP 8", "c=IN IP4 198.51.100.7", ...theirs.ice, theirs.host, crypto];
        const {lines, remote} = answerOffer(described(...line), side(sdes));
        expect(remote).toMatchObject({security: {type: "srtp"}, ice: {ufrag: "them"}});
        expect(textOf(lines).filter((text) => /^a=(crypto|setup|fingerprint)/.test(text))).toHaveLength(1);
    });

    it("prefers DTLS to keys in SDP, and those to nothing", () => {
        const crypto = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.alloc(30, 9).toString("base64")}`;
        const address = "c=IN IP4 198.51.100.7";
        const byKeys = ["m=audio 50000 RTP/SAVP 8", address, ...theirs.ice, theirs.host, crypto];
        const inClear = ["m=audio 50000 RTP/AVP 8", address, ...theirs.ice, theirs.host];
        const byDtls = ["m=audio 50000 UDP/TLS/RTP/SAVPF 8", address, ...theirs.ice, theirs.host, theirs.fingerprint];
        const securedOf = (...lines: string[]) => judgeOffer(described(...lines), side(best)).secured;
        expect(securedOf(...inClear, ...byKeys, ...byDtls)).toBe("dtls");
        expect(securedOf(...inClear, ...byKeys)).toBe("srtp");
        expect(securedOf(...inClear)).toBe("plain");
    });
});

describe("an offer that comes", () => {
    const lite = (): Sdp => {
        const {media} = browser("actpass");
        return {media: media.map((line) => ({...line, iceLite: true}))};
    };
    const direct = described("m=audio 4000 RTP/AVP 8", "c=IN IP4 198.51.100.7");
    const opportunistic = described(
        "m=audio 4000 RTP/AVP 8",
        "c=IN IP4 198.51.100.7",
        theirs.fingerprint,
        "a=setup:actpass",
    );

    it.each([
        ["of a browser to webrtc", browser("actpass"), webrtc, {secured: "dtls", ice: {lite: false}}],
        ["of a browser to best", browser("actpass"), best, {secured: "dtls", ice: {lite: false}}],
        [
            "of a browser to best over clear signalling",
            browser("actpass"),
            keyless,
            {secured: "dtls", ice: {lite: false}},
        ],
        ["of a lite gateway", lite(), webrtc, {secured: "dtls", ice: {lite: true}}],
        [
            "with a fingerprint in RTP/SAVPF",
            browser("actpass", "RTP/SAVPF"),
            best,
            {secured: "dtls", ice: {lite: false}},
        ],
        ["of a telephone to best", direct, best, {secured: "plain", ice: null}],
        ["of a telephone to best over clear signalling", direct, keyless, {secured: "plain", ice: null}],
        ["with a fingerprint to spare, without ICE", opportunistic, best, {secured: "plain", ice: null}],
        ["with a fingerprint to spare, to plain", opportunistic, plain, {secured: "plain", ice: null}],
    ])("%s comes to what it can", (_, offer, security, prospect) => {
        expect(judgeOffer(offer, side(security, null))).toEqual(prospect);
    });

    it.each([
        ["of a browser", browser("actpass"), plain, "is protected by DTLS"],
        ["of a browser", browser("actpass"), sdes, "is protected by DTLS"],
        ["of a telephone", direct, webrtc, "has no DTLS"],
        ["with a fingerprint, without ICE", opportunistic, webrtc, "has DTLS without ICE and rtcp-mux"],
        ["that wants no connection", browser("holdconn"), webrtc, "has an a=setup that cannot be meant"],
    ])("%s is refused by %#, with the reason", (_, offer, security, message) => {
        expect(() => judgeOffer(offer, side(security, null))).toThrow(
            expect.objectContaining({code: "noSecurity", message: expect.stringContaining(message)}),
        );
    });
});
