import {describe, expect, it} from "vitest";
import {dialTarget} from "../../../firmware/sip/dial-target.ts";
import {judgeBody} from "../../../firmware/sip/incoming-offer.ts";
import {partyOf} from "../../../firmware/sip/party.ts";
import {sdpBody} from "../../support/sip-peer.ts";

describe("what is dialled", () => {
    it.each([
        ["600", "sip:600@example.org"],
        ["*21*600#", "sip:*21*600%23@example.org"],
        ["+49 (30) 123-456", "sip:+4930123456@example.org"],
        ["+4930123456", "sip:+4930123456@example.org"],
        ["*21*+4930123456#", "sip:*21*+4930123456%23@example.org"],
        ["tel:+49-30-1", "sip:+49301@example.org"],
        ["alice", "sip:alice@example.org"],
        ["alice.b-c", "sip:alice.b-c@example.org"],
        ["alice@example.net", "sip:alice@example.net"],
        ["Zoë Q", "sip:Zo%C3%AB%20Q@example.org"],
        ["50%", "sip:50%25@example.org"],
        ["sip:bob@192.0.2.1:5070;transport=tcp", "sip:bob@192.0.2.1:5070;transport=tcp"],
        [" 600 ", "sip:600@example.org"],
    ])("%s becomes %s", (dialled, target) => {
        expect(dialTarget(dialled, "example.org")).toBe(target);
    });

    it.each(["", "  ", "+", " + ", "tel:+", "sip:example.org", "sip:", "()", "@example.org", "alice@"])(
        "%j calls nobody",
        (dialled) => {
            expect(dialTarget(dialled, "example.org")).toBeNull();
        },
    );
});

describe("who calls", () => {
    it.each([
        ['"Zoë \\"Q\\"" <sip:200@example.org>;tag=1', [], "200", 'Zoë "Q"'],
        ["<sip:+4930%231@example.org;user=phone>;tag=1", [], "+4930#1", null],
        ["sip:200@example.org;tag=1", [], "200", null],
        ["<tel:+49-30-1;phone-context=x>;tag=1", [], "+49301", null],
        ["<sip:+49301;phone-context=x@example.org>", [], "+49301", null],
        ['"200" <sip:200@example.org>', [], "200", null],
        ['"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', [], "", null],
        ['"Boss" <sip:example.org>', [], "", null],
        ['"Spoof" <sip:1@example.org>', ['"Real" <sip:300@example.org>'], "300", "Real"],
        ['"From Name" <sip:300@example.org>', ["<sip:300@example.org>"], "300", "From Name"],
        ['"A" <sip:1@x>', ['"Real, Name" <sip:300@x>, <tel:+49300>'], "300", "Real, Name"],
        ['"A" <sip:anonymous@anonymous.invalid>', ['"Real" <sip:300@x>'], "300", "Real"],
        ['"broken <sip:1@x>', [], "", null],
        ['"bell\u0007 and\ttab" <sip:1@x>', [], "1", "bell  and tab"],
        ["<sip:%E4%@x>", [], "%E4%", null],
    ])("%s with %j", (from, asserted, number, name) => {
        expect(partyOf({from, asserted})).toEqual({number, name});
    });
});

describe("an INVITE", () => {
    const means = {codecs: ["PCMA"], address: "127.0.0.1", security: {type: "plain"}} as const;
    const headersOf = (body: string): readonly string[] => {
        const verdict = judgeBody(body, means, true);
        return verdict.type === "refused" ? verdict.headers : [];
    };

    it("with a codec of ours may ring, and so may one without an offer, whose protection nobody knows yet", () => {
        expect(judgeBody(sdpBody(), means, true)).toMatchObject({type: "fits", security: "none"});
        expect(judgeBody("", means, true)).toEqual({type: "fits", security: null, prospect: null});
    });

    it("without a common codec is 488 with a Warning that says why", () => {
        expect(judgeBody(sdpBody().replaceAll("AVP 8", "AVP 18"), means, true)).toEqual({
            type: "refused",
            status: 488,
            headers: ['Warning: 305 phone.invalid "m=audio (line 6) has no codec that we have"'],
            because: "m=audio (line 6) has no codec that we have",
        });
    });

    it("whose SDP is broken is 488, and the Warning cannot be broken by it", () => {
        const odd = 'v=0\r\nm=audio 1 RTP/"\\\u0007X 8\r\nc=IN IP4 1.2.3.4';
        expect(headersOf(odd)).toEqual(['Warning: 305 phone.invalid "m=audio (line 2) is RTP/???X, not RTP/AVP"']);
        expect(headersOf("junk")).toEqual(['Warning: 399 phone.invalid "SDP line 1 must be v=0"']);
    });

    it("whose protection is not ours is 488 with the Warning of an incompatible transport", () => {
        expect(headersOf(sdpBody().replaceAll("RTP/AVP", "RTP/SAVP"))).toEqual([
            'Warning: 303 phone.invalid "m=audio (line 6) is RTP/SAVP, not RTP/AVP"',
        ]);
    });
});
