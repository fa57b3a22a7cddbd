import {randomBytes} from "node:crypto";
import {inspect} from "node:util";
import {describe, expect, it} from "vitest";
import {answerOffer, type LocalAudio} from "../../../firmware/sip/sdp.ts";
import {
    type CryptoAttribute,
    cryptoText,
    keyOctets,
    octetsOf,
    parseCrypto,
    suiteKey,
    suites,
} from "../../../firmware/sip/sdp-crypto.ts";
import {parseSdp} from "../../../firmware/sip/sdp-parse.ts";
import {seededRandom} from "../../support/random.ts";

/** Key and salt of RFC 4568 §6.1: 30 octets. */
const KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
const CM_80 = "AES_CM_128_HMAC_SHA1_80";
const base64 = (octets: number): string => Buffer.alloc(octets, 0x5a).toString("base64");

const read = (value: string): CryptoAttribute => parseCrypto(value, 7);
const fault = (value: string): string => {
    const attribute = read(value);
    return attribute.ok ? "none" : attribute.what;
};

describe("an a=crypto that can be used", () => {
    it.each([
        ["1", CM_80, KEY, ""],
        ["000000002", "AES_CM_128_HMAC_SHA1_32", KEY, ""],
        ["3", "AEAD_AES_128_GCM", base64(28), ""],
        ["4", "AEAD_AES_256_GCM", base64(44), ""],
        ["5", CM_80, KEY, "|2^20"],
        ["6", CM_80, KEY, "|2^48"],
        ["7", CM_80, KEY, "|1048576"],
        ["999999999", CM_80, KEY, " WSH=64"],
        ["9", CM_80, KEY, "|2^31 -FUTURE=1 wsh=1024"],
    ])("has tag %s, suite %s, key %s and %j", (tag, suite, key, rest) => {
        const attribute = read(`${tag} ${suite} inline:${key}${rest}`);
        expect(attribute).toMatchObject({ok: true, line: 7, crypto: {tag: Number(tag), suite}});
        if (attribute.ok) expect(Buffer.from(octetsOf(attribute.crypto)).toString("base64")).toBe(key);
    });

    it("may lack its padding, be in other case and have more blanks", () => {
        const bare = base64(28).replace(/=+$/, "");
        expect(read(`1  aead_aes_128_gcm\tINLINE:${bare}`)).toMatchObject({ok: true});
    });

    it.each(suites)("is written as it is read, with %s", (suite) => {
        const line = {...suiteKey(suite, randomBytes(keyOctets[suite])), tag: 12};
        const text = cryptoText(line);
        expect(text).toMatch(new RegExp(`^a=crypto:12 ${suite} inline:[A-Za-z0-9+/]+={0,2}$`));
        const attribute = read(text.slice("a=crypto:".length));
        expect(attribute).toMatchObject({ok: true, crypto: {tag: 12, suite}});
        if (attribute.ok) expect(octetsOf(attribute.crypto)).toEqual(octetsOf(line));
    });

    it("is never made with a key that is too short", () => {
        expect(() => suiteKey("AEAD_AES_256_GCM", randomBytes(28))).toThrow(RangeError);
    });

    it("does not show its key to who prints it", () => {
        const attribute = read(`1 ${CM_80} inline:${KEY}`);
        expect(`${inspect(attribute, {depth: 9})} ${JSON.stringify(attribute)}`).not.toContain(KEY);
    });
});

describe("an a=crypto that is no good", () => {
    it.each([
        ["", "has no tag of 1 to 9 digits"],
        [`-1 ${CM_80} inline:${KEY}`, "has no tag of 1 to 9 digits"],
        [`1234567890 ${CM_80} inline:${KEY}`, "has no tag of 1 to 9 digits"],
        [`${CM_80} inline:${KEY}`, "has no tag of 1 to 9 digits"],
        ["1", "names a suite that we do not have"],
        [`1 F8_128_HMAC_SHA1_80 inline:${KEY}`, "names a suite that we do not have"],
        [`1 inline:${KEY}`, "names a suite that we do not have"],
        [`1 ${CM_80}`, "has no inline key"],
        [`1 ${CM_80} uri:https://example.org/key`, "has no inline key"],
        [`1 ${CM_80} ${KEY}`, "has no inline key"],
        [`1 ${CM_80} inline:${KEY};inline:${KEY}`, "has several keys"],
        [`1 ${CM_80} inline:${KEY}|1:4`, "wants a master key identifier, which we do not send"],
        [`1 ${CM_80} inline:${KEY}|2^20|1:4`, "wants a master key identifier, which we do not send"],
        [`1 ${CM_80} inline:${KEY}|2^49`, "has no lifetime of 1 to 2^48 packets"],
        [`1 ${CM_80} inline:${KEY}|0`, "has no lifetime of 1 to 2^48 packets"],
        [`1 ${CM_80} inline:${KEY}|`, "has no lifetime of 1 to 2^48 packets"],
        [`1 ${CM_80} inline:${KEY}|2^20|2^20`, "has no lifetime of 1 to 2^48 packets"],
        [`1 ${CM_80} inline:`, "has 0 octets of key and salt, not 30"],
        [`1 ${CM_80} inline:${base64(29)}`, "has 29 octets of key and salt, not 30"],
        [`1 AEAD_AES_128_GCM inline:${KEY}`, "has 30 octets of key and salt, not 28"],
        [`1 AEAD_AES_256_GCM inline:${base64(46)}`, "has 46 octets of key and salt, not 44"],
        [`1 ${CM_80} inline:${KEY.replace("R", "-")}`, "has a key that is no base64"],
        [`1 ${CM_80} inline:${KEY.slice(0, 39)}ö`, "has a key that is no base64"],
        [`1 ${CM_80} inline:${KEY}==`, "has a key that is no base64"],
        [`1 AEAD_AES_128_GCM inline:${base64(28).replace("g==", "h==")}`, "has a key that is no base64"],
        [`1 AEAD_AES_128_GCM inline:${base64(28).replace("==", "=")}`, "has a key that is no base64"],
        [`1 ${CM_80} inline:${KEY} KDR=1`, "has a session parameter that we do not take"],
        [`1 ${CM_80} inline:${KEY} UNENCRYPTED_SRTP`, "has a session parameter that we do not take"],
        [`1 ${CM_80} inline:${KEY} UNAUTHENTICATED_SRTP`, "has a session parameter that we do not take"],
        [`1 ${CM_80} inline:${KEY} -FUTURE FUTURE`, "has a session parameter that we do not take"],
        [`1 ${CM_80} inline:${KEY} WSH=wide`, "has a session parameter that we do not take"],
    ])("%j: it %s", (value, what) => {
        expect(fault(value)).toBe(what);
    });

    it("is one whose tag another line of its media has", () => {
        const line = `a=crypto:1 ${CM_80} inline:${KEY}`;
        const text = `v=0\r\n${line}\r\nm=audio 1 RTP/SAVP 8\r\n${line}\r\n${line}\r\nm=audio 2 RTP/SAVP 8\r\n${line}\r\n`;
        const [one, two] = parseSdp(text).media;
        expect(one?.crypto.map(({ok}) => ok)).toEqual([true, false]);
        expect(one?.crypto[1]).toMatchObject({line: 5, what: "has the tag of another line"});
        // At session level it means nothing.
        expect(two?.crypto.map(({line: place}) => place)).toEqual([7]);
    });
});

const local: LocalAudio = {
    address: "192.0.2.10",
    port: 41_000,
    codecs: ["PCMA"],
    ptime: 20,
    direction: "sendrecv",
    security: {
        type: "sdes",
        profile: "RTP/AVP",
        required: true,
        keys: suites.map((suite) => suiteKey(suite, randomBytes(keyOctets[suite]))),
    },
    ice: null,
};

/** Values with a few bytes exchanged. */
function mutated(value: string, random: () => number): string {
    let text = value;
    for (let count = 1 + Math.floor(random() * 3); count > 0; count--) {
        const at = Math.floor(random() * text.length);
        const pieces = [
            " ",
            "|",
            ";",
            "=",
            ":",
            "inline:",
            "2^",
            String.fromCharCode(33 + Math.floor(random() * 94)),
            "",
        ];
        const piece = pieces[Math.floor(random() * pieces.length)] ?? "";
        text = text.slice(0, at) + piece + text.slice(at + Math.floor(random() * 3));
    }
    return text;
}

describe("any value at all", () => {
    it.each([1, 2, 3, 4])("is a key of the right length or a fault that repeats nothing of it (seed %i)", (seed) => {
        const random = seededRandom(seed).next;
        const keys = suites.map((suite) => [suite, base64(keyOctets[suite])] as const);
        let good = 0;
        for (let round = 0; round < 3000; round++) {
            const [suite, key] = keys[round % keys.length] ?? [CM_80, KEY];
            const value = mutated(`${round} ${suite} inline:${key}|2^31 WSH=64`, random);
            const where = `seed ${seed} round ${round}: ${JSON.stringify(value)}`;
            const attribute = read(value);
            if (attribute.ok) {
                good++;
                expect(octetsOf(attribute.crypto).length, where).toBe(keyOctets[attribute.crypto.suite]);
            } else {
                expect(attribute.what, where).toMatch(/^[a-zA-Z0-9 ,^]+$/);
                expect(attribute.what, where).not.toContain(key.slice(2, 8));
            }
            const body = `v=0\r\nc=IN IP4 198.51.100.7\r\nm=audio 4000 RTP/SAVP 8\r\na=crypto:${value}\r\n`;
            try {
                expect(answerOffer(parseSdp(body), local).remote.security.type, where).toBe("srtp");
            } catch (error) {
                expect(error, where).toMatchObject({code: "noSecurity"});
                expect((error as Error).message, where).not.toContain(key.slice(2, 8));
            }
        }
        expect(good).toBeGreaterThan(40);
    });
});
