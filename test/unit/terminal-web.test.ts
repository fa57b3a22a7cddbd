import {describe, expect, it} from "vitest";
import {
    afterEvent,
    called,
    drawWebPeer,
    type WebState,
    type WebView,
    webAtFirst,
    webInputs,
} from "../../scripts/terminal-web-picture.ts";

const told = (state: WebState, ...events: readonly (readonly [string, string])[]): WebState =>
    events.reduce((now, [type, param]) => afterEvent(now, {type, param}), state);

/** A picture without its colours, by lines. */
const plain = (picture: string): string[] =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters.
    picture.replaceAll(/\u001b\[[?0-9;]*[A-Za-z]/g, "").split("\r\n");

describe("what becomes of a browser", () => {
    it("is told by its registration", () => {
        expect(told(webAtFirst, ["registered", ""]).registration).toBe("registered");
        expect(told(webAtFirst, ["registered", ""], ["unregistered", ""]).registration).toBe("not registered");
        expect(told(webAtFirst, ["registrationFailed", "Rejected"]).registration).toBe("refused: Rejected");
    });

    it("is a call of ours that rings, is talked and ends with a cause", () => {
        const ringing = told(called(webAtFirst, "phone"), ["progress", ""]);
        expect(ringing.call).toEqual({phase: "ringing", who: "phone"});
        const talking = told(ringing, ["accepted", ""], ["connectionState", "connected"], ["progress", ""]);
        expect(talking).toMatchObject({call: {phase: "talking", who: "phone"}, connection: "connected"});
        expect(told(talking, ["ended", "Terminated"])).toEqual({...webAtFirst, last: "Terminated"});
    });

    it("is a call that comes, and stays one that rings until it is answered", () => {
        const incoming = told(webAtFirst, ["incoming", "sip:phone@phone.test"], ["progress", ""]);
        expect(incoming.call).toEqual({phase: "incoming", who: "phone"});
        expect(told(incoming, ["accepted", ""]).call.phase).toBe("talking");
        expect(told(incoming, ["failed", "Canceled"])).toMatchObject({call: {phase: "none"}, last: "Canceled"});
        expect(told(webAtFirst, ["incoming", "anonymous"]).call).toEqual({phase: "incoming", who: "anonymous"});
    });

    it("is nothing new by what a late or unknown event says", () => {
        expect(told(webAtFirst, ["accepted", ""], ["progress", ""], ["localDescription", "v=0"])).toEqual(webAtFirst);
    });
});

describe("the picture of a browser", () => {
    const view: WebView = {
        name: "A browser",
        state: webAtFirst,
        statistics: null,
        heard: Number.NEGATIVE_INFINITY,
        facts: ["registrar 127.0.0.1:443"],
    };
    const candidate = {type: "host", address: "192.0.2.1", port: 4_000, protocol: "udp", relayProtocol: null};
    const statistics = {
        codec: "audio/opus",
        dtlsState: "connected",
        dtlsRole: "client",
        dtlsCipher: "TLS_AES_128_GCM_SHA256",
        tlsVersion: "FEFC",
        srtpCipher: "SRTP_AEAD_AES_128_GCM",
        local: candidate,
        remote: {...candidate, port: 5_000},
        packetsSent: 3,
        packetsReceived: 2,
        packetsLost: 1,
        concealedSamples: 0,
        totalSamplesReceived: 0,
        jitter: null,
        roundTripTime: null,
    };

    it("shows how a call is protected, which way it goes and how loud it is", () => {
        const state: WebState = {...webAtFirst, call: {phase: "talking", who: "phone"}, connection: "connected"};
        const text = plain(drawWebPeer({...view, state, statistics, heard: -30}, 24)).join("\n");
        expect(text).toMatch(/call +talking with phone$/m);
        expect(text).toMatch(/DTLS +connected, as client, version 1\.3$/m);
        expect(text).toMatch(/cipher +TLS_AES_128_GCM_SHA256, media SRTP_AEAD_AES_128_GCM$/m);
        expect(text).toMatch(/path +host 192\.0\.2\.1:4000 to host 192\.0\.2\.1:5000$/m);
        expect(text).toMatch(/codec +audio\/opus, 2 packets, 1 lost$/m);
        expect(text).toMatch(/heard +█{15}·{15} -30 dBFS/);
    });

    it("leaves open what is not known yet", () => {
        const nothing = {codec: null, dtlsState: null, dtlsRole: null, dtlsCipher: null, tlsVersion: null};
        const early = {...statistics, ...nothing, srtpCipher: null, local: null, remote: null};
        const text = plain(drawWebPeer({...view, statistics: early}, 24)).join("\n");
        expect(text).toMatch(/DTLS +-\n {2}cipher +-\n {2}path +- to -\n {2}codec +-, /);
        expect(plain(drawWebPeer(view, 24)).join("\n")).not.toContain("DTLS");
    });

    it("never scrolls", () => {
        for (const rows of [8, 12, 24]) {
            expect(plain(drawWebPeer({...view, statistics}, rows)).length).toBeLessThanOrEqual(rows - 1);
        }
    });
});

describe("the keyboard of a browser", () => {
    it("calls, answers, hangs up, dials and ends", () => {
        expect(webInputs("cah7#\u001b[Aq\u0003x")).toEqual([
            {type: "call"},
            {type: "answer"},
            {type: "hangUp"},
            {type: "digit", digit: "7"},
            {type: "digit", digit: "#"},
            {type: "end"},
            {type: "end"},
        ]);
    });
});
