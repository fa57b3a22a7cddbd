import {describe, expect, it} from "vitest";
import {acceptAnswer, answerOffer, type LocalAudio, offerLines} from "../../../firmware/sip/sdp.ts";
import {noPayloads} from "../../../firmware/sip/sdp-codecs.ts";
import {parseSdp} from "../../../firmware/sip/sdp-parse.ts";
import {type Description, nextDescription, type SdpLine, sdpText} from "../../../firmware/sip/sdp-write.ts";
import type {CodecName, MediaDirection} from "../../../native/index.ts";
import {seededRandom} from "../../support/random.ts";

const all: readonly CodecName[] = ["PCMA", "PCMU", "G722", "opus"];
const local: LocalAudio = {
    address: "192.0.2.10",
    port: 41_000,
    codecs: all,
    ptime: 20,
    direction: "sendrecv",
    security: {type: "plain"},
    ice: null,
};

const textOf = (lines: readonly SdpLine[], address = local.address): string =>
    sdpText({sessionId: 7, version: 1, address, lines});

/** A description from the far end: session lines, then whatever is given. */
const remote = (...lines: string[]): string =>
    ["v=0", "o=- 1 1 IN IP4 198.51.100.7", "s=-", "c=IN IP4 198.51.100.7", "t=0 0", ...lines, ""].join("\r\n");

/** The lines from the first `m=` on. */
const mediaPart = (text: string): string[] => text.slice(text.indexOf("m=")).trimEnd().split("\r\n");

describe("our offer", () => {
    it("names all codecs in our order, and telephone-event at both clocks", () => {
        expect(textOf(offerLines(local, [], noPayloads)).split("\r\n")).toEqual([
            "v=0",
            "o=- 7 1 IN IP4 192.0.2.10",
            "s=-",
            "c=IN IP4 192.0.2.10",
            "t=0 0",
            "m=audio 41000 RTP/AVP 8 0 9 96 101 102",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:9 G722/8000",
            "a=rtpmap:96 opus/48000/2",
            "a=fmtp:96 useinbandfec=1",
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-15",
            "a=rtpmap:102 telephone-event/48000",
            "a=fmtp:102 0-15",
            "a=ptime:20",
            "a=maxptime:60",
            "a=rtcp-xr:voip-metrics",
            "a=sendrecv",
            "",
        ]);
    });

    it("has no telephone-event at a clock that no codec has", () => {
        const text = textOf(offerLines({...local, codecs: ["opus"]}, [], noPayloads));
        expect(text).toContain("m=audio 41000 RTP/AVP 96 102\r\n");
    });

    it("says IP6 for an IPv6 address", () => {
        const text = textOf(offerLines(local, [], noPayloads), "2001:db8::1");
        expect(text).toContain("c=IN IP6 2001:db8::1\r\n");
        expect(text).toContain("o=- 7 1 IN IP6 2001:db8::1\r\n");
    });

    it("keeps the numbers, the lines and their order of what was agreed", () => {
        const offer = parseSdp(
            remote(
                "m=video 5000 RTP/AVP 31",
                "m=audio 4000 RTP/AVP 111 96",
                "a=rtpmap:111 opus/48000/2",
                "a=rtpmap:96 telephone-event/48000",
            ),
        );
        const {lines, payloads} = answerOffer(offer, local);
        const text = textOf(offerLines(local, lines, payloads));
        expect(mediaPart(text)[0]).toBe("m=video 0 RTP/AVP 31");
        // 96 is taken by their telephone-event; opus keeps 111.
        expect(mediaPart(text)[1]).toBe("m=audio 41000 RTP/AVP 8 0 9 111 101 96");
    });

    it("never gives one number to two payloads, whatever was bound before", () => {
        const known = {
            codecs: [{name: "G722", payloadType: 101, clockRate: 8000} as const],
            events: [{payloadType: 127, clockRate: 48_000}],
        };
        const [line] = offerLines(local, [], known);
        const formats = line?.type === "audio" ? line.formats : [];
        expect(formats).toEqual([8, 0, 101, 96, 102, 127]);
    });
});

describe("the version of o=", () => {
    const base = {sessionId: 1, address: local.address, lines: offerLines(local, [], noPayloads)};
    it("stays while the text stays", () => {
        const first = nextDescription(null, base);
        expect(first.version).toBe(1);
        expect(nextDescription(first, {...base, lines: offerLines(local, first.lines, noPayloads)}).version).toBe(1);
    });

    it("is one more for each other text", () => {
        const first = nextDescription(null, base);
        const held = nextDescription(first, {
            ...base,
            lines: offerLines({...local, direction: "sendonly"}, [], noPayloads),
        });
        expect(held.version).toBe(2);
        expect(nextDescription(held, base).version).toBe(3);
    });
});

describe("our answer", () => {
    const answer = (...lines: string[]) => answerOffer(parseSdp(remote(...lines)), local);

    it("follows the offerer's order and numbers, and keeps only what both have", () => {
        const {lines, remote: media} = answer(
            "m=audio 4000 RTP/AVP 18 111 9 8 100 101",
            "a=rtpmap:18 G729/8000",
            "a=rtpmap:111 OPUS/48000/2",
            "a=rtpmap:100 telephone-event/48000",
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-16",
        );
        expect(mediaPart(textOf(lines))).toEqual([
            "m=audio 41000 RTP/AVP 111 9 8 100 101",
            "a=rtpmap:111 opus/48000/2",
            "a=fmtp:111 useinbandfec=1",
            "a=rtpmap:9 G722/8000",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:100 telephone-event/48000",
            "a=fmtp:100 0-15",
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-15",
            "a=ptime:20",
            "a=maxptime:60",
            "a=rtcp-xr:voip-metrics",
            "a=sendrecv",
        ]);
        expect(media).toEqual({
            security: {type: "none"},
            address: "198.51.100.7",
            port: 4000,
            rtcpPort: 4001,
            codecs: [
                {name: "opus", payloadType: 111, clockRate: 48_000},
                {name: "G722", payloadType: 9, clockRate: 8000},
                {name: "PCMA", payloadType: 8, clockRate: 8000},
            ],
            telephoneEvent: {payloadType: 100, clockRate: 48_000},
            ptime: 20,
            direction: "sendrecv",
            voipMetrics: false,
        });
    });

    it("knows the fixed payload types without a=rtpmap", () => {
        expect(answer("m=audio 4000 RTP/AVP 0 8 9 4").remote.codecs.map(({name}) => name)).toEqual([
            "PCMU",
            "PCMA",
            "G722",
        ]);
    });

    it("takes no telephone-event whose clock is not the codec's", () => {
        const {lines, remote: media} = answer(
            "m=audio 4000 RTP/AVP 96 101",
            "a=rtpmap:96 opus/48000/2",
            "a=rtpmap:101 telephone-event/8000",
        );
        expect(mediaPart(textOf(lines))[0]).toBe("m=audio 41000 RTP/AVP 96");
        expect(media.telephoneEvent).toBeNull();
    });

    it("takes the first audio line that it can and refuses the others in their places", () => {
        const {lines, remote: media} = answer(
            "m=audio 3000 RTP/SAVP 8",
            "m=video 5000 RTP/AVP 31 34",
            "m=audio 4000 RTP/AVP 8",
            "m=audio 6000 RTP/AVP 0",
        );
        expect(mediaPart(textOf(lines)).filter((line) => line.startsWith("m="))).toEqual([
            "m=audio 0 RTP/SAVP 8",
            "m=video 0 RTP/AVP 31 34",
            "m=audio 41000 RTP/AVP 8",
            "m=audio 0 RTP/AVP 0",
        ]);
        expect(media).toMatchObject({port: 4000});
    });

    it("prefers address, direction and packet time of the media over those of the session", () => {
        const text = ["v=0", "o=- 1 1 IN IP4 198.51.100.7", "s=-", "t=0 0", "a=sendonly", "a=ptime:30"];
        const media = ["m=audio 4000 RTP/AVP 8", "c=IN IP4 203.0.113.9", "a=sendrecv", "a=ptime:40", "a=rtcp:4555"];
        const both = answerOffer(parseSdp([...text, ...media].join("\r\n")), local).remote;
        expect(both).toMatchObject({address: "203.0.113.9", direction: "sendrecv", ptime: 40, rtcpPort: 4555});
        const session = answerOffer(parseSdp([...text, "c=IN IP4 203.0.113.8", media[0]].join("\n")), local).remote;
        expect(session).toMatchObject({address: "203.0.113.8", direction: "recvonly", ptime: 30});
    });

    it.each([
        ["a=ptime:10", 10],
        ["a=ptime:25", 20],
        ["a=ptime:100", 60],
        ["a=ptime:5", 10],
        ["a=maxptime:15", 10],
        ["a=ptime:20.0", 20],
        ["a=x-unknown", 20],
    ])("sends in the packet time nearest to %s", (attribute, ptime) => {
        expect(answer("m=audio 4000 RTP/AVP 8", attribute).remote.ptime).toBe(ptime);
    });

    it.each<[string, MediaDirection, MediaDirection, boolean]>([
        ["sendrecv", "sendrecv", "sendrecv", false],
        ["sendonly", "sendrecv", "recvonly", true],
        ["recvonly", "sendrecv", "sendonly", false],
        ["inactive", "sendrecv", "inactive", true],
        ["sendrecv", "sendonly", "sendonly", false],
        ["sendonly", "sendonly", "inactive", true],
        ["recvonly", "sendonly", "sendonly", false],
        ["inactive", "sendonly", "inactive", true],
    ])("to %s, while we wish %s, is %s", (offered, wish, expected, held) => {
        const offer = parseSdp(remote("m=audio 4000 RTP/AVP 8", `a=${offered}`));
        const agreement = answerOffer(offer, {...local, direction: wish});
        expect(agreement.remote.direction).toBe(expected);
        expect(textOf(agreement.lines)).toContain(`a=${expected}\r\n`);
        expect(agreement.held).toBe(held);
    });

    it("takes c=0.0.0.0 for a hold", () => {
        const agreement = answer("m=audio 4000 RTP/AVP 8", "c=IN IP4 0.0.0.0");
        expect(agreement).toMatchObject({held: true, remote: {direction: "recvonly", address: "0.0.0.0"}});
    });

    it("takes IPv6 over IPv6", () => {
        const offer = parseSdp(remote("m=audio 4000 RTP/AVP 8", "c=IN IP6 2001:db8::7"));
        const agreement = answerOffer(offer, {...local, address: "2001:db8::1"});
        expect(agreement.remote).toMatchObject({address: "2001:db8::7"});
    });

    it.each([
        ["a codec that we lack", ["m=audio 4000 RTP/AVP 18"], "m=audio (line 6) has no codec that we have"],
        ["another transport", ["m=audio 4000 TCP/RTP/AVP 8"], "m=audio (line 6) is TCP/RTP/AVP, not RTP/AVP"],
        ["no audio", ["m=video 4000 RTP/AVP 31"], "m=video (line 6) is no audio"],
        ["audio switched off", ["m=audio 0 RTP/AVP 8"], "m=audio (line 6) is switched off"],
        [
            "the other IP version",
            ["m=audio 4000 RTP/AVP 8", "c=IN IP6 ::1"],
            "m=audio (line 6) has an address of the other IP version",
        ],
        [
            "only telephone-event",
            ["m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"],
            "m=audio (line 6) has no codec that we have",
        ],
        ["nothing", [], "SDP without media"],
    ])("refuses %s and says why", (_, lines, message) => {
        expect(() => answer(...lines)).toThrow(expect.objectContaining({code: "noCommonCodec", message}));
    });

    it("refuses media without an address", () => {
        const offer = parseSdp("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n");
        expect(() => answerOffer(offer, local)).toThrow("m=audio (line 5) has no address");
    });
});

describe("the far end's answer", () => {
    const offered = offerLines(local, [], noPayloads);
    const accept = (...lines: string[]) => acceptAnswer(parseSdp(remote(...lines)), offered, local);

    it("chooses the codec that we send", () => {
        const {remote: media} = accept("m=audio 4000 RTP/AVP 9 101", "a=rtpmap:101 telephone-event/8000");
        expect(media.codecs).toEqual([{name: "G722", payloadType: 9, clockRate: 8000}]);
        expect(media.telephoneEvent).toEqual({payloadType: 101, clockRate: 8000});
    });

    it("may lack the a=rtpmap of a number that we gave", () => {
        const {remote: media} = accept("m=audio 4000 RTP/AVP 96 102");
        expect(media.codecs).toEqual([{name: "opus", payloadType: 96, clockRate: 48_000}]);
        expect(media.telephoneEvent).toEqual({payloadType: 102, clockRate: 48_000});
    });

    it("may use a number of its own: we send that one and receive both", () => {
        const {remote: media} = accept("m=audio 4000 RTP/AVP 111", "a=rtpmap:111 opus/48000/2");
        expect(media.codecs).toEqual([
            {name: "opus", payloadType: 111, clockRate: 48_000},
            {name: "opus", payloadType: 96, clockRate: 48_000},
        ]);
    });

    it("that takes none of our codecs is refused", () => {
        expect(() => accept("m=audio 4000 RTP/AVP 18")).toThrow(expect.objectContaining({code: "noCommonCodec"}));
        expect(() => accept("m=audio 0 RTP/AVP 8")).toThrow("is switched off");
        expect(() => accept()).toThrow("the answer lacks our audio line");
    });
});

describe("SDP that cannot be read", () => {
    it.each([
        ["", "SDP line 1 must be v=0"],
        ["v=1\r\n", "SDP line 1 must be v=0"],
        ["v=0\r\nhello\r\n", "SDP line 2 is not of the form type=value"],
        ["v=0\r\n\r\nm=audio 1 RTP/AVP 0\r\n", "SDP line 2 is not of the form type=value"],
        ["v=0\r\nm=audio\r\n", "SDP line 2 m= lacks a field"],
        ["v=0\r\nm=audio 4000 RTP/AVP\r\n", "SDP line 2 m= lacks a field"],
        ["v=0\r\nm=audio -1 RTP/AVP 0\r\n", "SDP line 2 has no port from 0 to 65535"],
        ["v=0\r\nm=audio 65536 RTP/AVP 0\r\n", "SDP line 2 has no port from 0 to 65535"],
        ["v=0\r\nc=IN IP4 example.org\r\n", "SDP line 2 c= has no IP4 address"],
        ["v=0\r\nc=IN IP4 ::1\r\n", "SDP line 2 c= has no IP4 address"],
        ["v=0\r\nc=ATM NSAP 1\r\n", "SDP line 2 c= is neither IN IP4 nor IN IP6"],
        ["v=0\r\nm=audio 1 RTP/AVP 0\r\na=rtpmap:0\r\n", "SDP line 3 a=rtpmap is not of the form payload name/clock"],
        ["v=0\r\nm=audio 1 RTP/AVP 0\r\na=rtpmap:128 x/8000\r\n", "SDP line 3 a=rtpmap has a payload type above 127"],
        ["v=0\r\nm=audio 1 RTP/AVP 0\r\na=ptime:soon\r\n", "SDP line 3 has no packet time in ms"],
        [`v=0\r\n${"a=x\r\n".repeat(1000)}`, "SDP line 1001 more than 1000 lines"],
        [`v=0\r\n${"m=audio 1 RTP/AVP 0\r\n".repeat(17)}`, "SDP line 18 more than 16 media"],
        [`v=0\r\nm=audio 1 RTP/AVP ${"0 ".repeat(65)}\r\n`, "SDP line 2 m= has more than 64 formats"],
    ])("%j is named with its line", (text, message) => {
        expect(() => parseSdp(text)).toThrow(expect.objectContaining({code: "badSdp", message}));
    });

    it("takes bare LF, blank lines at the end, TTLs and a number of ports", () => {
        const sdp = parseSdp("v=0\nc=IN IP4 224.2.1.1/127\nm=audio 4000/2 RTP/AVP 0\n\n\n");
        expect(sdp.media[0]).toMatchObject({address: "224.2.1.1", port: 4000, formats: ["0"], line: 3});
    });
});

const corpus: readonly string[] = [
    textOf(offerLines(local, [], noPayloads)),
    remote(
        "m=video 5000 RTP/AVP 31",
        "m=audio 4000 RTP/AVP 111 9 8 101",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
        "a=sendonly",
    ),
    remote(
        "m=audio 4000 RTP/AVP 0",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:4001 IN IP4 198.51.100.7",
        "a=maxptime:60",
        "a=ptime:30",
    ),
];

/** A text with a few bytes, lines or numbers changed. */
function mutated(text: string, random: () => number): string {
    let result = text;
    for (let count = 1 + Math.floor(random() * 4); count > 0; count--) {
        const at = Math.floor(random() * result.length);
        const piece = corpus[Math.floor(random() * corpus.length)] ?? "";
        const from = Math.floor(random() * piece.length);
        const inserts = [
            String.fromCharCode(Math.floor(random() * 256)),
            `${Math.floor(random() * 2 ** 33)}`,
            piece.slice(from, from + Math.floor(random() * 40)),
            "\r\n",
            "",
        ];
        const insert = inserts[Math.floor(random() * inserts.length)] ?? "";
        result = result.slice(0, at) + insert + result.slice(at + Math.floor(random() * 6));
    }
    return result;
}

/** What must hold of any answer and of what it tells the engine. */
function check(lines: readonly SdpLine[], media: ReturnType<typeof answerOffer>["remote"]): void {
    const description: Description = {sessionId: 1, version: 1, address: local.address, lines};
    expect(parseSdp(sdpText(description)).media).toHaveLength(lines.length);
    expect(lines.filter(({type}) => type === "audio")).toHaveLength(1);
    if ("ice" in media) throw new Error("nobody asked for ICE");
    expect(media.port).toBeGreaterThan(0);
    expect(media.rtcpPort).toBeLessThanOrEqual(65_535);
    expect([10, 20, 30, 40, 60]).toContain(media.ptime);
    expect(media.codecs.length).toBeGreaterThan(0);
    const numbers = [...media.codecs.map(({payloadType}) => payloadType), media.telephoneEvent?.payloadType ?? -1];
    expect(new Set(numbers).size).toBe(numbers.length);
    if (media.telephoneEvent !== null) expect(media.telephoneEvent.clockRate).toBe(media.codecs[0]?.clockRate);
}

describe("any text at all", () => {
    it.each([1, 2, 3, 4])("is answered rightly or refused by name (seed %i)", (seed) => {
        const random = seededRandom(seed).next;
        const offered = offerLines(local, [], noPayloads);
        let answered = 0;
        for (let round = 0; round < 2500; round++) {
            const text = mutated(corpus[round % corpus.length] ?? "", random);
            try {
                const sdp = parseSdp(text);
                const answer = answerOffer(sdp, local);
                check(answer.lines, answer.remote);
                const accepted = acceptAnswer(sdp, offered, local);
                check(accepted.lines, accepted.remote);
                answered++;
            } catch (error) {
                expect(error, `seed ${seed} round ${round}: ${JSON.stringify(text)}`).toMatchObject({
                    code: expect.stringMatching(/^(badSdp|noCommonCodec)$/),
                });
            }
        }
        expect(answered).toBeGreaterThan(100);
    });
});
