/**
 * Mutated requests and responses through the product's socket, filter and guards into a real JsSIP that registers,
 * calls and answers calls: nothing is thrown, no promise is left rejected, and it still answers afterwards.
 */
import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import {SipSocket} from "../../../firmware/sip/sip-socket.ts";
import type {WireListener} from "../../../firmware/sip/socket.ts";
import {correctedUserAgent} from "../../../firmware/sip/user-agent.ts";
import {
    installRecordingPeerConnection,
    mediaStream,
    RecordingPeerConnection,
} from "../../fakes/recording-peer-connection.ts";
import {guardedJsSip} from "../../support/fresh-jssip.ts";
import {type SeededRandom, seededRandom} from "../../support/random.ts";
import type {TestSession} from "../../support/scripted-ua.ts";
import {type PeerMessage, readMessage, requestText, responseTo, sdpBody} from "../../support/sip-peer.ts";

const MESSAGES = 1_500;
/** Below the limit of the filter, so that every message reaches the rules. */
const PER_SECOND = 40;

beforeEach(() => {
    installRecordingPeerConnection();
    vi.useFakeTimers();
});

afterEach(() => {
    vi.useRealTimers();
});

interface Phone {
    readonly sent: PeerMessage[];
    readonly lines: string[];
    readonly ua: {call(target: string, options: object): TestSession; register(): void};
    readonly sessions: TestSession[];
    receive(text: string): void;
    /** What JsSIP still keeps. */
    leftOver(): object;
}

function phone(): Phone {
    const sent: PeerMessage[] = [];
    const lines: string[] = [];
    const sessions: TestSession[] = [];
    let wire: WireListener | undefined;
    const log = createLog((line) => lines.push(line), "warning");
    const options = {transport: "tcp", host: "127.0.0.1", port: 5060, user: "100", keepAliveSeconds: 0, log} as const;
    const socket = new SipSocket(options, (_, listener) => {
        wire = listener;
        return {write: (text) => sent.push(readMessage(text)), ping() {}, close() {}, destroy() {}};
    });
    const Ua = correctedUserAgent(guardedJsSip(null).UA);
    const ua = new Ua({
        sockets: [socket as never],
        uri: "sip:100@phone.test",
        contact_uri: "sip:100@127.0.0.1:5061;transport=tcp",
        password: "secret",
    });
    ua.on("newRTCSession", ({session}: {session: unknown}) => sessions.push(session as TestSession));
    ua.on("newMessage", () => {});
    ua.on("sipEvent", () => {});
    // What comes from a wire has been read as UTF-8.
    const receive = (text: string): void => wire?.message(Buffer.from(text).toString("utf8"));
    ua.start();
    wire?.opened({address: "127.0.0.1", port: 40_000});
    const kept = ua as unknown as Record<"_dialogs" | "_sessions", object> & {_transactions: Record<string, object>};
    const leftOver = (): object => ({
        dialogs: Object.keys(kept._dialogs),
        sessions: Object.keys(kept._sessions),
        transactions: Object.values(kept._transactions).flatMap((each) => Object.keys(each)),
    });
    return {sent, lines, sessions, ua: ua as never, receive, leftOver};
}

const METHODS = [
    "OPTIONS",
    "INVITE",
    "BYE",
    "CANCEL",
    "NOTIFY",
    "MESSAGE",
    "REFER",
    "INFO",
    "UPDATE",
    "ACK",
    "PUBLISH",
];
const EXTRAS = [
    "Contact: *",
    "Expires: 99999999999999999999",
    "Session-Expires: 90;refresher=uac",
    "Event: refer;id=1",
    "Refer-To: <sip:x@y?Replaces=a%3Bto-tag%3Db>",
    "Replaces: a;to-tag=b;from-tag=c",
    "Subscription-State: terminated",
    "Record-Route: <sip:a;lr>, <sip:b;lr>",
    "Require: 100rel",
    "l: 99999",
    "CSeq: 1",
    "Content-Type: multipart/mixed;boundary=x",
];
const PIECES = [
    "",
    "\0",
    '"',
    "<",
    ">",
    ";",
    ",",
    "@",
    "%",
    "%zz",
    "é",
    "\ud800",
    " ",
    "\t",
    "999999999999",
    "sip:",
    "tel:1",
    "*",
];

function mutateText(random: SeededRandom, text: string): string {
    let mutated = text;
    for (let count = random.below(3); count > 0; count -= 1) {
        const at = random.below(mutated.length);
        mutated = mutated.slice(0, at) + random.pick(PIECES) + mutated.slice(at + random.below(4));
    }
    return mutated;
}

function mutateLines(random: SeededRandom, text: string): string {
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return text;
    const lines = text.slice(0, end).split("\r\n");
    const at = random.below(lines.length);
    switch (random.below(5)) {
        case 0: {
            lines.splice(at, 1);
            break;
        }
        case 1: {
            lines.splice(at, 0, lines[random.below(lines.length)] ?? "");
            break;
        }
        case 2: {
            lines.splice(1 + at, 0, random.pick(EXTRAS));
            break;
        }
        default: {
            break;
        }
    }
    return lines.join("\r\n") + text.slice(end);
}

function requestOf(random: SeededRandom, sent: readonly PeerMessage[]): string {
    const method = random.pick(METHODS);
    const body = random.below(2) === 0 ? sdpBody() : "";
    const answered = sent.filter(({status}) => status > 100).slice(-20);
    const known = answered.length > 0 && random.below(2) === 0 ? random.pick(answered) : null;
    const dialog =
        known === null ? {} : {callId: known.header("Call-ID"), to: known.header("To"), from: known.header("From")};
    return requestText(method, {...dialog, cseq: 1 + random.below(5), body});
}

function responseOf(random: SeededRandom, sent: readonly PeerMessage[]): string {
    const requests = sent.filter(({status}) => status === 0).slice(-10);
    const status = random.pick([100, 180, 183, 200, 200, 302, 401, 407, 423, 481, 488, 491, 500]);
    const digest = 'Digest realm="a", nonce="b", algorithm=SHA-256, qop="auth"';
    const headers = [`WWW-Authenticate: ${digest}`, `Proxy-Authenticate: ${digest}`, "Min-Expires: 700"];
    const contact = random.pick([
        "<sip:200@127.0.0.1:5099>",
        "<sip:100@127.0.0.1:5061;transport=tcp>;expires=99999999999",
    ]);
    const body = random.below(2) === 0 ? sdpBody() : "";
    return responseTo(random.pick(requests), status, "Whatever", {
        headers,
        contact,
        body,
        tag: random.pick(["a", "b"]),
    });
}

/** What the user does meanwhile. */
function act(random: SeededRandom, {ua, sessions}: Phone): void {
    const session = sessions.findLast((each) => !each.isEnded());
    switch (random.below(6)) {
        case 0: {
            ua.call("sip:200@phone.test", {mediaStream: mediaStream()});
            break;
        }
        case 1: {
            if (session?._status === 4) session.answer({mediaStream: mediaStream()});
            break;
        }
        case 2: {
            session?.hold();
            break;
        }
        case 3: {
            session?.terminate();
            break;
        }
        case 4: {
            ua.register();
            break;
        }
        default: {
            break;
        }
    }
}

describe("a phone among mutated messages", () => {
    it.each([1, 2, 3])("throws nothing, leaks nothing and still answers (seed %i)", async (seed) => {
        const random = seededRandom(seed);
        const made = phone();
        const {receive, sent, lines, sessions} = made;
        for (let count = 0; count < MESSAGES; count += 1) {
            if (random.below(8) === 0) act(random, made);
            const text = random.below(3) === 0 ? responseOf(random, sent) : requestOf(random, sent);
            receive(mutateText(random, mutateLines(random, text)));
            await vi.advanceTimersByTimeAsync(count % PER_SECOND === 0 ? 1_000 : 0);
        }
        // Nothing of what JsSIP threw, if it threw, is more than a log line; the filter leaves it next to nothing.
        expect(lines.filter((line) => line.includes("a message was dropped:"))).toEqual([]);
        expect(lines.filter((line) => line.includes("JsSIP dropped")).length).toBeLessThan(MESSAGES / 300);
        expect(sessions.length).toBeGreaterThan(20);

        for (const session of sessions) if (!session.isEnded()) session.terminate();
        // Longer than every timer of a transaction, a dialog that lives to be ended, and an INVITE that nobody answers.
        await vi.advanceTimersByTimeAsync(800_000);
        receive(requestText("OPTIONS", {callId: "last"}));
        const last = sent.at(-1);
        expect([last?.status, last?.header("Call-ID")]).toEqual([200, "last"]);
        await vi.advanceTimersByTimeAsync(1_000);
        expect(made.leftOver()).toEqual({dialogs: [], sessions: [], transactions: []});
        expect(RecordingPeerConnection.all.filter(({closed}) => !closed)).toEqual([]);
    });
});
