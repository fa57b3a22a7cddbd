/** The torture messages through framer, filter and a real JsSIP. */
import {beforeAll, describe, expect, it} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import {Framer} from "../../../firmware/sip/framer.ts";
import {MessageFilter} from "../../../firmware/sip/message-filter.ts";
import {installRecordingPeerConnection} from "../../fakes/recording-peer-connection.ts";
import {tortureMessages} from "../../fixtures/sip-torture.ts";
import {guardedJsSip} from "../../support/fresh-jssip.ts";
import {type MemoryUa, memoryUa} from "../../support/memory-ua.ts";
import {requestText} from "../../support/sip-peer.ts";

beforeAll(installRecordingPeerConnection);

const jssip = guardedJsSip(null);

function phone(): MemoryUa {
    let deliver: (text: string) => void = () => {};
    let answer: (text: string) => void = () => {};
    const filter = new MessageFilter({
        user: "100",
        sentBy: () => null,
        deliver: (text) => deliver(text),
        answer: (text) => answer(text),
        log: createLog(() => {}, "error"),
    });
    return memoryUa({
        jssip,
        ingress: (text, deliverTo, answerBy) => {
            deliver = deliverTo;
            answer = answerBy;
            filter.ingress(text);
        },
        egress: (text) => filter.egress(text),
    });
}

function outcomeOf(text: string): string {
    const {receive, sent} = phone();
    for (const frame of new Framer().push(Buffer.from(text))) {
        if (frame.type === "fault") return "fault";
        if (frame.type === "message") receive(frame.text);
    }
    return sent.map(({status}) => status).join(" ") || "dropped";
}

describe("after RFC 4475", () => {
    it.each(tortureMessages)("§$section $name: $expected", ({text, expected}) => {
        expect(outcomeOf(text)).toBe(expected);
    });

    it("leaves the phone able to answer", () => {
        const {receive, sent} = phone();
        for (const {text} of tortureMessages) {
            for (const frame of new Framer().push(Buffer.from(text))) if (frame.type === "message") receive(frame.text);
        }
        receive(requestText("OPTIONS", {callId: "last"}));
        expect(sent.at(-1)).toMatchObject({status: 200});
        expect(sent.at(-1)?.header("Call-ID")).toBe("last");
    });
});
