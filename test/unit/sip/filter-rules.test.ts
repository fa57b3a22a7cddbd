/** Each rule against a real JsSIP: what JsSIP makes of a message with all rules but one, and with all. */
import {beforeAll, describe, expect, it} from "vitest";
import {
    type EgressRule,
    egressRules,
    withContentLength,
    withoutIce,
    withSentBy,
    withTelUris,
} from "../../../firmware/sip/egress-rules.ts";
import * as ingress from "../../../firmware/sip/ingress-rules.ts";
import {answerTo} from "../../../firmware/sip/message-filter.ts";
import {formatMessage, parseMessage, type SipMessage} from "../../../firmware/sip/sip-message.ts";
import {installRecordingPeerConnection} from "../../fakes/recording-peer-connection.ts";
import {freshJsSip} from "../../support/fresh-jssip.ts";
import {type MemoryUa, memoryUa} from "../../support/memory-ua.ts";
import {requestText, responseTo, sdpBody} from "../../support/sip-peer.ts";

beforeAll(installRecordingPeerConnection);

const jssip = freshJsSip();

function parsed(text: string): SipMessage {
    const message = parseMessage(text);
    if (message === null) throw new Error("no message");
    return message;
}

interface Omitted {
    /** With it goes `readableHeaders`, which answers 400 to what the others have left unreadable. */
    readonly ingress?: ingress.IngressRule;
    readonly egress?: EgressRule;
}

function uaWithout(omitted: Omitted, isRegistering = false): MemoryUa {
    const rules = ingress.ingressRules.filter(
        (rule) => omitted.ingress === undefined || (rule !== omitted.ingress && rule !== ingress.readableHeaders),
    );
    const outgoing = egressRules.filter((rule) => rule !== omitted.egress);
    return memoryUa({
        jssip,
        isRegistering,
        ingress: (text, deliver, answer) => {
            const message = parsed(text);
            const outcome = ingress.applyRules(message, {user: "100"}, rules);
            if (!ingress.isRefusal(outcome)) deliver(formatMessage(outcome));
            else if (outcome.status !== null) answer(answerTo(message, outcome) ?? "");
        },
        egress: (text) => {
            const context = {sentBy: "127.0.0.1:40000", contact: "<sip:100@127.0.0.1:5061>"};
            return formatMessage(outgoing.reduce((message, rule) => rule(message, context), parsed(text)));
        },
    });
}

/** The statuses that a request was answered with, `silence`, or what came out of JsSIP. */
function outcomeOf(text: string, omitted: Omitted): string {
    const {receive, sent} = uaWithout(omitted);
    try {
        receive(text);
    } catch (error) {
        return `throws ${error instanceof Error ? error.constructor.name : "nothing known"}`;
    }
    return sent.map(({status}) => status).join(" ") || "silence";
}

const options = requestText("OPTIONS");
const invite = (from: string): string => requestText("INVITE", {from, body: sdpBody()});
const withLine = (line: string): string => requestText("OPTIONS", {headers: [line]});

interface Case {
    readonly rule: ingress.IngressRule;
    readonly what: string;
    readonly text: string;
    readonly alone: string;
    readonly filtered: string;
}

const {requiredHeaders, cseqCheck, starContact, contentTypeParameters, telUris, displayNames, userEscapes} = ingress;
const {requestUri, requiredExtensions, readableHeaders, eventHeader, multipartBodies} = ingress;
const tel = "<tel:+4930123;phone-context=example.com>;tag=p";

const cases: readonly Case[] = [
    {rule: requiredHeaders, what: "two From", text: withLine("f: <sip:x@y>"), alone: "200", filtered: "400"},
    {
        rule: requiredHeaders,
        what: "a line without colon",
        text: withLine("nonsense"),
        alone: "200",
        filtered: "400",
    },
    {
        rule: cseqCheck,
        what: "another method in CSeq",
        text: options.replace("1 OPTIONS", "1 INFO"),
        alone: "200",
        filtered: "400",
    },
    {
        rule: cseqCheck,
        what: "a CSeq beyond 2^31",
        text: options.replace("CSeq: 1 ", "CSeq: 2147483648 "),
        alone: "200",
        filtered: "400",
    },
    {
        rule: starContact,
        what: "Contact: *",
        text: requestText("OPTIONS", {contact: "*"}),
        alone: "throws TypeError",
        filtered: "400",
    },
    {
        rule: contentTypeParameters,
        what: "a charset",
        text: requestText("INVITE", {body: sdpBody(), type: "application/sdp;charset=UTF-8"}),
        alone: "100 415",
        filtered: "100 180",
    },
    {
        rule: multipartBodies,
        what: "SDP beside ISUP",
        text: requestText("INVITE", {
            type: 'multipart/mixed;boundary="x y"',
            body: `--x y\r\nContent-Type: application/sdp\r\n\r\n${sdpBody()}\r\n--x y\r\nContent-Type: application/isup\r\nContent-Disposition: signal;handling=optional\r\n\r\n...\r\n--x y--\r\n`,
        }),
        alone: "100 415",
        filtered: "100 180",
    },
    {rule: telUris, what: "a tel URI in From", text: invite(tel), alone: "silence", filtered: "100 180"},
    {
        rule: telUris,
        what: "a bare tel URI in From",
        text: invite("tel:+4930123;tag=p"),
        alone: "silence",
        filtered: "100 180",
    },
    {
        rule: displayNames,
        what: "a raw non-ASCII name",
        text: invite("Zoë Q <sip:200@phone.test>;tag=p"),
        alone: "silence",
        filtered: "100 180",
    },
    {
        rule: displayNames,
        what: "a raw name with brackets",
        text: invite("Bob (mobile), home <sip:200@phone.test>;tag=p"),
        alone: "silence",
        filtered: "100 180",
    },
    {
        rule: userEscapes,
        what: "a raw # in the user",
        text: invite("<sip:*21#@phone.test>;tag=p"),
        alone: "silence",
        filtered: "100 180",
    },
    {
        rule: requestUri,
        what: "no user in the Request-URI",
        text: requestText("OPTIONS", {uri: "sip:127.0.0.1"}),
        alone: "404",
        filtered: "200",
    },
    {
        rule: requestUri,
        what: "another number of the line",
        text: requestText("INVITE", {uri: "sip:+49301@127.0.0.1;user=phone", body: sdpBody()}),
        alone: "404",
        filtered: "100 180",
    },
    {
        rule: requestUri,
        what: "an unknown scheme",
        text: requestText("OPTIONS", {uri: "nobodyKnowsThisScheme:totallyopaque"}),
        alone: "throws TypeError",
        filtered: "416",
    },
    {
        rule: requestUri,
        what: "brackets round the Request-URI",
        text: requestText("OPTIONS", {uri: "<sip:100@127.0.0.1>"}),
        alone: "silence",
        filtered: "400",
    },
    {rule: requestUri, what: "SIP/7.0", text: options.replace("SIP/2.0", "SIP/7.0"), alone: "200", filtered: "505"},
    {
        rule: userEscapes,
        what: "escapes that are no UTF-8",
        text: invite("<sip:zo%E9@phone.test>;tag=p"),
        alone: "throws URIError",
        filtered: "100 180",
    },
    {
        rule: requestUri,
        what: "a Request-URI that is none to JsSIP",
        text: requestText("OPTIONS", {uri: "sip:100@%41"}),
        alone: "throws TypeError",
        filtered: "400",
    },
    {
        rule: readableHeaders,
        what: "a quote that never closes",
        text: requestText("INVITE", {to: '"Mr. J. User <sip:100@phone.test>', body: sdpBody()}),
        alone: "silence",
        filtered: "400",
    },
    {
        rule: readableHeaders,
        what: "an Event without a name",
        text: withLine("Event: ;id=1"),
        alone: "silence",
        filtered: "400",
    },
    {
        rule: requiredExtensions,
        what: "an extension that we lack",
        text: withLine("Require: nothingSupportsThis"),
        alone: "200",
        filtered: "420",
    },
];

describe("a request that JsSIP alone takes wrongly", () => {
    it.each(cases)("$rule.name, $what: $alone without the rule, $filtered with it", ({rule, text, alone, filtered}) => {
        expect(outcomeOf(text, {ingress: rule})).toBe(alone);
        expect(outcomeOf(text, {})).toBe(filtered);
    });

    it("names the extension that we lack", () => {
        const {receive, sent} = uaWithout({});
        receive(withLine("Require: timer, nothingSupportsThis"));
        expect(sent[0]?.header("Unsupported")).toBe("nothingSupportsThis");
    });

    it("answers a tel URI with the tel URI that came", () => {
        const echoed = (omitted: Omitted): string | undefined => {
            const {receive, sent} = uaWithout(omitted);
            receive(invite(tel));
            return sent.at(-1)?.header("From");
        };
        expect(echoed({egress: withTelUris})).toContain("tel.invalid");
        expect(echoed({})).toBe(tel);
    });

    it("leaves a NOTIFY of a dialog without its event to JsSIP's exception alone, and answers 489", () => {
        const answersTo = (omitted: Omitted): string => {
            const {receive, sent, ua} = uaWithout(omitted);
            let session: {answer(options: object): void; _status: number} | undefined;
            ua.on("newRTCSession", (event: {session: typeof session}) => {
                session = event.session;
            });
            receive(invite("<sip:200@phone.test>;tag=p"));
            // The dialog stands from its 180 on; JsSIP looks at the status alone.
            if (session !== undefined) session._status = 9;
            const {header} = sent.at(-1) ?? {header: () => ""};
            const dialog = {callId: header("Call-ID"), to: header("To"), from: header("From"), cseq: 2};
            try {
                receive(requestText("NOTIFY", dialog));
            } catch (error) {
                return String(error);
            }
            return String(sent.at(-1)?.status);
        };
        expect(answersTo({ingress: eventHeader})).toContain("TypeError");
        expect(answersTo({})).toBe("489");
    });

    it("leaves an ACK unanswered, whatever is wrong with it", () => {
        const {receive, sent} = uaWithout({});
        const outcome = ingress.applyRules(parsed(requestText("ACK", {contact: "*"})), {user: "100"});
        expect(ingress.isRefusal(outcome)).toBe(true);
        receive(requestText("ACK"));
        expect(sent).toEqual([]);
    });
});

function registering(omitted: Omitted): MemoryUa {
    return uaWithout(omitted, true);
}

describe("a response that JsSIP alone takes wrongly", () => {
    it.each(["abc", "1", "", "1 REGISTER x"])("throws at CSeq '%s', which the filter drops", (cseq) => {
        const respond = (omitted: Omitted): void => {
            const {receive, sent} = registering(omitted);
            const [register] = sent;
            if (register === undefined) throw new Error("no REGISTER");
            receive(responseTo(register, 200, "OK").replace(/CSeq: .*/, `CSeq: ${cseq}`));
        };
        expect(() => respond({})).not.toThrow();
        if (cseq !== "") expect(() => respond({ingress: cseqCheck})).toThrow(TypeError);
    });

    const digest = (algorithm: string): string =>
        `WWW-Authenticate: Digest realm="a", nonce="n", algorithm=${algorithm}`;

    it.each([
        ["MD5-sess before MD5", [digest("MD5-sess"), digest("MD5")]],
        ["Negotiate after MD5", [digest("MD5"), "WWW-Authenticate: Negotiate"]],
    ])("is not heard with %s; the filter keeps what can be answered", (_, headers) => {
        const answered = (omitted: Omitted): string => {
            const {receive, sent} = registering(omitted);
            const [register] = sent;
            if (register === undefined) throw new Error("no REGISTER");
            receive(responseTo(register, 401, "Unauthorized", {headers}));
            return sent[1]?.header("Authorization") ?? "";
        };
        expect(answered({ingress: ingress.strongestChallenge})).toBe("");
        expect(answered({})).toMatch(/^Digest algorithm=MD5, /);
    });

    it("fails at once where nothing can be answered, instead of after 32 s", () => {
        const failed = (omitted: Omitted): boolean => {
            const {receive, sent, ua} = registering(omitted);
            let isFailed = false;
            ua.on("registrationFailed", () => {
                isFailed = true;
            });
            const [register] = sent;
            if (register === undefined) throw new Error("no REGISTER");
            receive(responseTo(register, 401, "Unauthorized", {headers: [digest("SHA-512-256")]}));
            return isFailed;
        };
        expect(failed({})).toBe(true);
    });

    it("is dropped whole for one header field that it could do without; the filter takes the field away", () => {
        const registered = (omitted: Omitted): boolean => {
            const {receive, sent, ua} = registering(omitted);
            const [register] = sent;
            if (register === undefined) throw new Error("no REGISTER");
            const parts = {contact: register.header("Contact"), headers: ["Event: ;id=1"]};
            receive(responseTo(register, 200, "OK", parts));
            const isRegistered = ua.isRegistered();
            ua.stop();
            return isRegistered;
        };
        expect(registered({ingress: readableHeaders})).toBe(false);
        expect(registered({})).toBe(true);
    });

    it.each(["4294968", "99999999999", "abc", '"4294968"'])(
        "registers again and again after expires=%s, once with the filter",
        async (expires) => {
            const registers = async (omitted: Omitted): Promise<number> => {
                const {receive, sent, ua} = registering(omitted);
                const respond = (): void => {
                    const last = sent.at(-1);
                    if (last === undefined) throw new Error("no REGISTER");
                    const contact = last.header("Contact").replace(/;expires=\d+/, `;expires=${expires}`);
                    receive(responseTo(last, 200, "OK", {contact}));
                };
                respond();
                // Three turns of a timer that fires at once.
                for (let turn = 0; turn < 3; turn += 1) {
                    const count = sent.length;
                    await new Promise((resolve) => setTimeout(resolve, 5));
                    if (sent.length > count) respond();
                }
                const count = sent.length;
                ua.stop();
                return count;
            };
            const alone = await registers({ingress: ingress.expiresClamp});
            expect(await registers({})).toBe(1);
            expect(alone).toBeGreaterThan(1);
        },
    );
});

describe("the clamp of times", () => {
    const clamp = (line: string): string | undefined => {
        const outcome = ingress.expiresClamp(parsed(withLine(line)), {user: "100"});
        if (ingress.isRefusal(outcome)) throw new Error(outcome.reason);
        return outcome.headers.find(({name}) => name === line.split(":")[0])?.value;
    };

    it.each([
        ["Expires: 3600", "3600"],
        ["Expires: 4294968", "1952257"],
        ["Expires: never", undefined],
        ["Session-Expires: 4294968;refresher=uac", "1952257;refresher=uac"],
        ["Min-SE: 99999999", "1952257"],
    ])("makes of '%s' %s", (line, expected) => {
        expect(clamp(line)).toBe(expected);
    });

    it("keeps every interval of JsSIP within what setTimeout can wait", () => {
        expect(1_952_257 * 1100).toBeLessThan(2 ** 31);
        expect(1_952_258 * 1100).toBeGreaterThan(2 ** 31 - 1);
    });
});

describe("a message that JsSIP alone writes wrongly", () => {
    const sentBy = (text: string, omitted: Omitted): ReturnType<typeof uaWithout>["sent"] => {
        const {receive, sent} = uaWithout(omitted);
        receive(text);
        receive(text.replace(/branch=[^\r;]*/, "branch=z9hG4bKother"));
        return sent;
    };

    it("has a Content-Length in the answer to a merged request", () => {
        const merged = requestText("INVITE", {body: sdpBody()});
        expect(sentBy(merged, {egress: withContentLength}).at(-1)?.header("Content-Length")).toBe("");
        const last = sentBy(merged, {}).at(-1);
        expect(last?.status).toBe(482);
        expect(last?.header("Content-Length")).toBe("0");
    });

    it("says where it comes from and asks for rport", () => {
        expect(registering({egress: withSentBy}).sent[0]?.header("Via")).toMatch(
            /^SIP\/2\.0\/TCP 127\.0\.0\.1;branch=/,
        );
        const via = registering({}).sent[0]?.header("Via");
        expect(via).toMatch(/^SIP\/2\.0\/TCP 127\.0\.0\.1:40000;rport;branch=z9hG4bK/);
    });

    it("offers no ICE, neither in the Contact of REGISTER nor in an answer", () => {
        expect(registering({egress: withoutIce}).sent[0]?.header("Contact")).toContain("+sip.ice");
        expect(registering({}).sent[0]?.header("Contact")).not.toContain("ice");
        const supported = (omitted: Omitted): string | undefined =>
            sentBy(requestText("INVITE", {body: sdpBody()}), omitted)
                .find(({status}) => status === 180)
                ?.header("Supported");
        expect(supported({egress: withoutIce})).toContain("ice");
        expect(supported({})).toBe("timer,replaces,outbound");
    });
});
