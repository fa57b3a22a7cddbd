/** Candidates and fingerprints as text (RFC 8839 §5.1, RFC 8122 §5, RFC 8840 §9). */
import {describe, expect, it} from "vitest";
import {fingerprintText, roleAsAnswerer, roleAsOfferer, withFingerprint} from "../../../firmware/sip/sdp-dtls.ts";
import {
    candidateText,
    canUseIce,
    defaultDestination,
    parseCandidate,
    parseFragment,
} from "../../../firmware/sip/sdp-ice.ts";
import {parseSdp} from "../../../firmware/sip/sdp-parse.ts";
import {seededRandom} from "../../support/random.ts";

/** RFC 8839 §5.1 has the first two, Chromium wrote the others. */
const candidates = [
    "1 1 UDP 2130706431 203.0.113.141 8998 typ host",
    "2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998",
    "2290206587 1 udp 2113937151 fd00::1:2 49203 typ host generation 0 network-cost 999",
    "842163049 1 udp 1677729535 198.51.100.4 40000 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag mX5e",
    "3 1 UDP 16777215 198.51.100.9 50000 typ relay raddr 192.0.2.3 rport 45664",
];

describe("a candidate", () => {
    it.each(candidates)("%s is read, and read again as it is written", (text) => {
        const candidate = parseCandidate(text);
        expect(candidate).not.toBeNull();
        if (candidate === null) return;
        const written = candidateText(candidate);
        expect(parseCandidate(written.slice("a=candidate:".length))).toEqual(candidate);
    });

    it("is read with all that the engine wants to know", () => {
        expect(parseCandidate(candidates[1] ?? "")).toEqual({
            foundation: "2",
            priority: 1_694_498_815,
            address: "192.0.2.3",
            port: 45_664,
            type: "srflx",
            related: {address: "203.0.113.141", port: 8998},
        });
    });

    it.each([
        ["of RTCP", "1 2 UDP 2130706430 203.0.113.141 8999 typ host"],
        ["over TCP", "1 1 TCP 2105458943 192.0.2.1 9 typ host tcptype active"],
        ["with a name of mDNS", "1 1 UDP 2113937151 b3b4bdd9-0b54-4d1c-9fc7-3b0a0e6d0000.local 50001 typ host"],
        ["of a type to come", "1 1 UDP 2130706431 203.0.113.141 8998 typ magic"],
        ["with a zone", "1 1 UDP 2130706431 fe80::1%eth0 8998 typ host"],
        ["with port 0", "1 1 UDP 2130706431 203.0.113.141 0 typ host"],
        ["with port 65536", "1 1 UDP 2130706431 203.0.113.141 65536 typ host"],
        ["with a priority above 32 bits", "1 1 UDP 4294967296 203.0.113.141 8998 typ host"],
        ["without a type", "1 1 UDP 2130706431 203.0.113.141 8998"],
        ["that is nothing", ""],
    ])("%s is passed over", (_, text) => {
        expect(parseCandidate(text)).toBeNull();
    });

    it("that is any text at all is one that the engine can take, or none", () => {
        const random = seededRandom(8839);
        for (let round = 0; round < 20_000; round++) {
            const characters = [...random.pick(candidates)];
            for (let change = 0; change < 1 + Math.floor(random.next() * 4); change++) {
                characters[Math.floor(random.next() * characters.length)] = random.pick([..." 019:.aZ%-"]);
            }
            const candidate = parseCandidate(characters.join(""));
            if (candidate === null) continue;
            expect(candidate.port).toBeGreaterThan(0);
            expect(candidate.port).toBeLessThan(65_536);
            expect(candidate.priority).toBeGreaterThan(0);
            expect(candidate.priority).toBeLessThan(2 ** 32);
        }
    });
});

describe("the default destination", () => {
    it("is the relayed candidate, else the reflexive one, else a host's, else none yet", () => {
        const all = candidates.map((text) => parseCandidate(text)).filter((candidate) => candidate !== null);
        expect(defaultDestination(all)).toEqual({address: "198.51.100.9", port: 50_000});
        expect(defaultDestination(all.slice(0, 4))).toEqual({address: "192.0.2.3", port: 45_664});
        expect(defaultDestination(all.slice(0, 1))).toEqual({address: "203.0.113.141", port: 8998});
        expect(defaultDestination([])).toEqual({address: "0.0.0.0", port: 9});
    });
});

const media = (...lines: string[]) => {
    const [only] = parseSdp(["v=0", "c=IN IP4 203.0.113.141", ...lines].join("\r\n")).media;
    if (only === undefined) throw new Error("no media");
    return only;
};
const credentials = ["a=ice-ufrag:8hhY", "a=ice-pwd:asd88fgpdd777uzjYhagZg"];
const host = `a=candidate:${candidates[0]}`;

describe("ICE", () => {
    it.each([
        ["is used with credentials, a candidate and one port", true, ["m=audio 8998 RTP/AVP 8", ...credentials, host]],
        ["is used where candidates are still to come", true, ["m=audio 9 RTP/AVP 8", ...credentials]],
        ["is not used where somebody changed the port", false, ["m=audio 9000 RTP/AVP 8", ...credentials, host]],
        ["is not used with a password that is too short", false, ["m=audio 8998 RTP/AVP 8", "a=ice-ufrag:8hhY", host]],
    ])("%s", (_, expected, lines) => {
        expect(canUseIce(media(...lines, "a=rtcp-mux"))).toBe(expected);
        // The engine gathers for one component.
        expect(canUseIce(media(...lines))).toBe(false);
    });

    it("is read at session level too, and is all there unless more may trickle in", () => {
        const text = (...session: string[]) =>
            ["v=0", "c=IN IP4 203.0.113.141", ...credentials, ...session, "m=audio 8998 RTP/AVP 8", host].join("\r\n");
        const iceOf = (...session: string[]) => parseSdp(text(...session)).media[0]?.ice;
        expect(iceOf()).toMatchObject({ufrag: "8hhY", pwd: "asd88fgpdd777uzjYhagZg", complete: true});
        expect(iceOf("a=ice-options:ice2 trickle")).toMatchObject({complete: false});
        expect(iceOf("a=ice-options:trickle", "a=end-of-candidates")).toMatchObject({complete: true});
        expect(iceOf()?.candidates).toHaveLength(1);
    });
});

describe("candidates that trickle in", () => {
    it("are read from the body of an INFO", () => {
        const body = [...credentials, "m=audio 9 RTP/AVP 0", "a=mid:1", host, "a=end-of-candidates", ""].join("\r\n");
        expect(parseFragment(body)).toMatchObject({ufrag: "8hhY", complete: true, candidates: [{port: 8998}]});
    });

    it("are for nobody without credentials, and bounded", () => {
        expect(parseFragment(host)).toBeNull();
        const many = [...credentials, ...Array.from({length: 200}, () => host)].join("\r\n");
        expect(parseFragment(many)?.candidates).toHaveLength(50);
    });
});

describe("a fingerprint", () => {
    const digits = Array.from({length: 32}, (_, at) => at.toString(16).padStart(2, "0").toUpperCase()).join(":");

    it("is read in any case, and written as its registry has it", () => {
        const [read] = withFingerprint([], `SHA-256 ${digits.toLowerCase()}`);
        expect(read).toEqual({hash: "sha-256", value: Uint8Array.from({length: 32}, (_, at) => at)});
        if (read !== undefined) expect(fingerprintText(read)).toBe(`a=fingerprint:sha-256 ${digits}`);
    });

    it.each([
        ["a hash that vouches for nothing", `md5 ${digits.slice(0, 47)}`],
        ["too few octets", `sha-256 ${digits.slice(3)}`],
        ["no colons", `sha-256 ${digits.replaceAll(":", "")}`],
        ["nothing", ""],
    ])("with %s is none", (_, value) => {
        expect(withFingerprint([], value)).toEqual([]);
    });
});

describe("the role in DTLS", () => {
    it("of an answer is active where it may be, and stays what it was", () => {
        expect(roleAsAnswerer("actpass", null)).toBe("active");
        expect(roleAsAnswerer("actpass", "passive")).toBe("passive");
        expect(roleAsAnswerer("passive", null)).toBe("active");
        expect(roleAsAnswerer("active", null)).toBe("passive");
        expect(roleAsAnswerer(null, null)).toBe("passive");
        expect(roleAsAnswerer("holdconn", "active")).toBeNull();
    });

    it("of an offer is what the answer leaves", () => {
        expect(roleAsOfferer("active")).toBe("passive");
        expect(roleAsOfferer(null)).toBe("passive");
        expect(roleAsOfferer("passive")).toBe("active");
        expect(roleAsOfferer("actpass")).toBeNull();
    });
});
