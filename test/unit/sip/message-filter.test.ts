/** What the filter remembers: SUBSCRIBEs under way, our Contact, floods, a registrar that is never content. */
import {afterEach, describe, expect, it, vi} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import {answerTo, MessageFilter} from "../../../firmware/sip/message-filter.ts";
import {parseMessage} from "../../../firmware/sip/sip-message.ts";
import {type MemoryUa, memoryUa} from "../../support/memory-ua.ts";
import {readMessage, requestText, responseTo, tagOf} from "../../support/sip-peer.ts";

afterEach(() => {
    vi.useRealTimers();
});

interface Filtered {
    readonly filter: MessageFilter;
    readonly delivered: string[];
    readonly answered: string[];
    readonly lines: string[];
}

function filtered(): Filtered {
    const delivered: string[] = [];
    const answered: string[] = [];
    const lines: string[] = [];
    const filter = new MessageFilter({
        user: "100",
        sentBy: () => "127.0.0.1:40000",
        deliver: (text) => delivered.push(text),
        answer: (text) => answered.push(text),
        log: createLog((line) => lines.push(line), "debug"),
    });
    return {filter, delivered, answered, lines};
}

function uaWithFilter(isFiltered: boolean, options: {readonly isRegistering?: boolean} = {}): MemoryUa {
    if (!isFiltered) return memoryUa(options);
    let deliver: (text: string) => void = () => {};
    let answer: (text: string) => void = () => {};
    const filter = new MessageFilter({
        user: "100",
        sentBy: () => "127.0.0.1:40000",
        deliver: (text) => deliver(text),
        answer: (text) => answer(text),
        log: createLog(() => {}, "error"),
    });
    return memoryUa({
        ...options,
        ingress: (text, deliverTo, answerBy) => {
            deliver = deliverTo;
            answer = answerBy;
            filter.ingress(text);
        },
        egress: (text) => filter.egress(text),
    });
}

describe("a NOTIFY that overtakes the 200 to its SUBSCRIBE", () => {
    const answered = async (isFiltered: boolean): Promise<number[]> => {
        const {ua, sent, receive} = uaWithFilter(isFiltered);
        ua.subscribe("200", "dialog", "application/dialog-info+xml", {expires: 600}).subscribe();
        const [subscribe] = sent;
        if (subscribe === undefined) throw new Error("no SUBSCRIBE");
        const notify = requestText("NOTIFY", {
            callId: subscribe.header("Call-ID"),
            to: subscribe.header("From"),
            from: "<sip:200@phone.test>;tag=notifier",
            headers: ["Event: dialog", "Subscription-State: active;expires=600"],
        });
        receive(notify);
        const parts = {tag: "notifier", contact: "<sip:200@127.0.0.1:5099>", headers: ["Expires: 600"]};
        receive(responseTo(subscribe, 200, "OK", parts));
        await new Promise((resolve) => setImmediate(resolve));
        ua.stop();
        return sent.filter(({status}) => status > 0).map(({status}) => status);
    };

    it("ends the subscription in JsSIP alone, and waits for the 200 with the filter", async () => {
        expect(await answered(false)).toEqual([481]);
        expect(await answered(true)).toEqual([200]);
    });

    const subscribe = requestText("SUBSCRIBE", {callId: "s", from: "<sip:100@phone.test>;tag=own"});
    const notify = requestText("NOTIFY", {callId: "s"});
    const answerWith = (status: number): string => responseTo(readMessage(subscribe), status, "Whatever");

    it("waits through a challenge, and goes on after the final answer whatever it is", async () => {
        const {filter, delivered} = filtered();
        filter.egress(subscribe);
        filter.ingress(notify);
        filter.ingress(answerWith(401));
        filter.egress(subscribe);
        await new Promise((resolve) => setImmediate(resolve));
        expect(delivered.map((text) => text.slice(0, 11))).toEqual(["SIP/2.0 401"]);
        filter.ingress(answerWith(403));
        await new Promise((resolve) => setImmediate(resolve));
        expect(delivered.at(-1)).toMatch(/^NOTIFY /);
        filter.ingress(notify);
        expect(delivered).toHaveLength(4);
    });

    it("waits at most 33 s, with at most 8 others, and not after the connection has gone", () => {
        vi.useFakeTimers();
        const {filter, delivered} = filtered();
        filter.egress(subscribe);
        for (let count = 0; count < 9; count += 1) filter.ingress(notify);
        expect(delivered).toHaveLength(1);
        vi.advanceTimersByTime(33_000);
        expect(delivered).toHaveLength(9);
        filter.egress(subscribe);
        filter.ingress(notify);
        filter.close();
        vi.advanceTimersByTime(60_000);
        expect(delivered).toHaveLength(9);
    });

    it("is not held back within a subscription that stands", () => {
        const {filter, delivered} = filtered();
        filter.egress(subscribe.replace("To: <sip:100@phone.test>", "To: <sip:100@phone.test>;tag=t"));
        filter.ingress(notify);
        expect(delivered).toHaveLength(1);
    });
});

describe("a registrar that is never content with the interval", () => {
    const registersOf = (isFiltered: boolean): {count: number; failed: boolean} => {
        const {ua, sent, receive} = uaWithFilter(isFiltered, {isRegistering: true});
        let failed = false;
        ua.on("registrationFailed", () => {
            failed = true;
        });
        for (let round = 0; round < 20; round += 1) {
            const last = sent.at(-1);
            if (last === undefined) throw new Error("no REGISTER");
            receive(responseTo(last, 423, "Interval Too Brief", {headers: [`Min-Expires: ${1000 + round}`]}));
        }
        return {count: sent.length, failed};
    };

    it("makes JsSIP alone register for ever, and fail after three tries with the filter", () => {
        expect(registersOf(false)).toEqual({count: 21, failed: false});
        expect(registersOf(true)).toEqual({count: 4, failed: true});
    });
});

describe("the Contact of a NOTIFY about a transfer", () => {
    it("is added from what we sent before, and is left alone where there is one", () => {
        const {filter} = filtered();
        const notify = requestText("NOTIFY", {contact: null});
        expect(readMessage(filter.egress(notify)).header("Contact")).toBe("");
        filter.egress(
            requestText("REGISTER", {contact: "<sip:100@127.0.0.1:5061;transport=tcp>;reg-id=1;expires=600"}),
        );
        expect(readMessage(filter.egress(notify)).header("Contact")).toBe("<sip:100@127.0.0.1:5061;transport=tcp>");
        const own = requestText("NOTIFY", {contact: "<sip:own@a>"});
        expect(readMessage(filter.egress(own)).headers("Contact")).toEqual(["<sip:own@a>"]);
    });
});

describe("a flood", () => {
    it("of requests is answered with 503 once 200 have come at once, and is let in again at 50 a second", () => {
        vi.useFakeTimers();
        const {filter, delivered, answered} = filtered();
        for (let count = 0; count < 300; count += 1) filter.ingress(requestText("OPTIONS"));
        expect(delivered).toHaveLength(200);
        expect(answered).toHaveLength(100);
        expect(readMessage(answered[0] ?? "")).toMatchObject({status: 503, method: "OPTIONS"});
        expect(readMessage(answered[0] ?? "").header("Retry-After")).toBe("5");
        vi.advanceTimersByTime(1_000);
        for (let count = 0; count < 300; count += 1) filter.ingress(requestText("OPTIONS"));
        expect(delivered).toHaveLength(250);
    });

    it("never costs a call its ACK", () => {
        vi.useFakeTimers();
        const {filter, delivered} = filtered();
        for (let count = 0; count < 300; count += 1) filter.ingress(requestText("OPTIONS"));
        filter.ingress(requestText("ACK"));
        expect(delivered.at(-1)).toMatch(/^ACK /);
    });

    it("of responses is dropped, and leaves the requests alone", () => {
        vi.useFakeTimers();
        const {filter, delivered, answered} = filtered();
        const response = responseTo(readMessage(requestText("OPTIONS")), 200, "OK");
        for (let count = 0; count < 1_000; count += 1) filter.ingress(response);
        expect(delivered).toHaveLength(400);
        filter.ingress(requestText("OPTIONS"));
        expect(delivered).toHaveLength(401);
        expect(answered).toEqual([]);
    });
});

describe("an answer of the filter's own", () => {
    const request = requestText("INVITE", {headers: ["Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKsecond"]});
    const answer = answerTo(parseMessage(request) ?? {startLine: "", headers: [], body: ""}, {
        status: 400,
        reason: "No",
    });

    it("repeats what RFC 3261 §8.2.6.2 asks for and adds a tag", () => {
        const message = readMessage(answer ?? "");
        const asked = readMessage(request);
        expect(message.startLine).toBe("SIP/2.0 400 No");
        expect(message.headers("Via")).toEqual(asked.headers("Via"));
        for (const name of ["From", "Call-ID", "CSeq"]) expect(message.header(name)).toBe(asked.header(name));
        expect(tagOf(message.header("To"))).toMatch(/^[0-9a-v]{10}$/);
        expect(message.header("Content-Length")).toBe("0");
    });

    it("is not given where the request does not say where it should go", () => {
        const text = request.replace(/Via: .*\r\n/g, "");
        const {filter, answered, delivered} = filtered();
        filter.ingress(text);
        expect(answered).toEqual([]);
        expect(delivered).toEqual([]);
    });

    it("is not logged with anything of the message", () => {
        const {filter, lines} = filtered();
        filter.ingress(requestText("OPTIONS", {contact: "*", headers: ["Authorization: Digest secret"]}));
        expect(lines.join()).toContain("OPTIONS refused: Bad Contact");
        expect(lines.join()).not.toContain("secret");
    });
});

describe("the cost", () => {
    const long = (piece: string): string => piece.repeat(Math.floor(4_000 / piece.length));
    const awkward = ["é", '"', "\\", "<", ">", ",", ";expires=9", "sip:#@", "%", " ", "=", "tel:", "SIP/2.0 "].map(
        long,
    );
    const names = ["From", "To", "Contact", "Refer-To", "Supported", "WWW-Authenticate", "Content-Type", "CSeq", "X"];

    it.each(names)("of 16 kB of anything in %s is under 5 ms", (name) => {
        for (const value of awkward) {
            const {filter} = filtered();
            const headers = Array.from({length: 4}, () => `${name}: Z ${value} <sip:a@b>`);
            const request = requestText("OPTIONS", {headers}).replace(/^From: .*$/m, `From: ${value}`);
            const response = request.replace(/^OPTIONS .*$/m, "SIP/2.0 401 Unauthorized");
            const took = (run: () => void): number => {
                const before = process.threadCpuUsage();
                run();
                const {user, system} = process.threadCpuUsage(before);
                return (user + system) / 1000;
            };
            const steps = [
                () => filter.ingress(request),
                () => filter.ingress(response),
                () => filter.egress(request),
                () => filter.egress(response),
            ];
            // The best in CPU time: the first are compiled while they run, and others want the processor too. What is
            // quadratic takes 200 ms each time.
            for (const step of steps) {
                let best = Number.POSITIVE_INFINITY;
                for (let round = 0; round < 20 && best >= 5; round += 1) best = Math.min(best, took(step));
                expect(best, `ms for ${value.slice(0, 20)}`).toBeLessThan(5);
            }
        }
    });
});
