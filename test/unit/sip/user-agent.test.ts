/** Transactions that JsSIP alone keeps for ever or never answers. Time is simulated. */
import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {correctedUserAgent} from "../../../firmware/sip/user-agent.ts";
import {installRecordingPeerConnection, mediaStream} from "../../fakes/recording-peer-connection.ts";
import {guardedJsSip} from "../../support/fresh-jssip.ts";
import {type MemoryUa, memoryUa} from "../../support/memory-ua.ts";
import type {TestSession} from "../../support/scripted-ua.ts";
import {type PeerMessage, requestText, responseTo, sdpBody} from "../../support/sip-peer.ts";

beforeEach(() => {
    installRecordingPeerConnection();
    vi.useFakeTimers();
});

afterEach(() => {
    vi.useRealTimers();
});

interface Phone extends MemoryUa {
    readonly sessions: TestSession[];
    call(): void;
    /** Transactions that JsSIP keeps. */
    kept(): number;
    requests(method: string): PeerMessage[];
}

function phone(isCorrected: boolean): Phone {
    const jssip = guardedJsSip(null);
    const UA = isCorrected ? (correctedUserAgent(jssip.UA) as never) : jssip.UA;
    const made = memoryUa({jssip: {...jssip, UA}});
    const sessions: TestSession[] = [];
    made.ua.on("newRTCSession", ({session}: {session: TestSession}) => sessions.push(session));
    const inner = made.ua as unknown as {
        call(target: string, options: object): void;
        readonly _transactions: Readonly<Record<string, object>>;
    };
    return {
        ...made,
        sessions,
        call: () => inner.call("sip:200@phone.test", {mediaStream: mediaStream()}),
        kept: () => Object.values(inner._transactions).flatMap((each) => Object.keys(each)).length,
        requests: (method) => made.sent.filter(({status, method: sent}) => status === 0 && sent === method),
    };
}

const dialog = {callId: "in", from: "<sip:200@phone.test>;tag=caller"};

/** The peer calls and the phone answers; the ACK has not come. */
async function answered({receive, sessions, sent}: Phone): Promise<string> {
    receive(requestText("INVITE", {...dialog, body: sdpBody()}));
    sessions[0]?.answer({mediaStream: mediaStream()});
    await vi.advanceTimersByTimeAsync(1);
    return sent.at(-1)?.header("To") ?? "";
}

describe("a cancelled INVITE without a final response", () => {
    const keptAfter = async (isCorrected: boolean): Promise<number> => {
        const {call, receive, sessions, requests, kept} = phone(isCorrected);
        call();
        await vi.advanceTimersByTimeAsync(1);
        const [invite] = requests("INVITE");
        if (invite === undefined) throw new Error("no INVITE");
        receive(responseTo(invite, 180, "Ringing", {contact: "<sip:200@192.0.2.1>"}));
        sessions[0]?.terminate();
        expect(requests("CANCEL")).toHaveLength(1);
        await vi.advanceTimersByTimeAsync(32_001);
        return kept();
    };

    it("stays in JsSIP alone, and goes after 64*T1 with the correction", async () => {
        expect(await keptAfter(false)).toBe(1);
        expect(await keptAfter(true)).toBe(0);
    });
});

describe("an INVITE that rings beyond every limit", () => {
    it("ends the call as a timeout", async () => {
        const {call, receive, sessions, requests, kept} = phone(true);
        call();
        await vi.advanceTimersByTimeAsync(1);
        const [invite] = requests("INVITE");
        if (invite === undefined) throw new Error("no INVITE");
        receive(responseTo(invite, 180, "Ringing", {contact: "<sip:200@192.0.2.1>"}));
        await vi.advanceTimersByTimeAsync(659_000);
        expect(sessions[0]?.isEnded()).toBe(false);
        await vi.advanceTimersByTimeAsync(1_001);
        expect(sessions[0]?.isEnded()).toBe(true);
        expect(kept()).toBe(0);
    });
});

describe("a call that is over", () => {
    it("leaves no timer that would hold it in memory", async () => {
        const {call, receive, requests, kept} = phone(true);
        const before = vi.getTimerCount();
        call();
        await vi.advanceTimersByTimeAsync(1);
        const [invite] = requests("INVITE");
        if (invite === undefined) throw new Error("no INVITE");
        receive(responseTo(invite, 486, "Busy Here"));
        await vi.advanceTimersByTimeAsync(40_000);
        expect(kept()).toBe(0);
        expect(vi.getTimerCount()).toBe(before);
    });
});

describe("a BYE that crosses ours while the ACK is missing", () => {
    const statusOfBye = async (isCorrected: boolean): Promise<number | undefined> => {
        const made = phone(isCorrected);
        const to = await answered(made);
        made.sessions[0]?.terminate();
        const callId = dialog.callId;
        made.receive(requestText("BYE", {...dialog, to, cseq: 2}));
        await vi.advanceTimersByTimeAsync(10_001);
        const answer = made.sent.find(({status, method, header}) => {
            return status > 0 && method === "BYE" && header("Call-ID") === callId;
        });
        return answer?.status;
    };

    it("is never answered by JsSIP alone, and with 200 with the correction", async () => {
        expect(await statusOfBye(false)).toBeUndefined();
        expect(await statusOfBye(true)).toBe(200);
    });
});

describe("a re-INVITE whose call ends while it is worked on", () => {
    const statusOfReinvite = async (isCorrected: boolean): Promise<number | undefined> => {
        const made = phone(isCorrected);
        const to = await answered(made);
        made.receive(requestText("ACK", {...dialog, to}));
        made.receive(requestText("INVITE", {...dialog, to, cseq: 2, body: sdpBody()}));
        made.receive(requestText("BYE", {...dialog, to, cseq: 3}));
        await vi.advanceTimersByTimeAsync(660_001);
        return made.sent.find(({status, header}) => status > 100 && header("CSeq") === "2 INVITE")?.status;
    };

    it("is never answered by JsSIP alone, and in the end with the correction", async () => {
        expect(await statusOfReinvite(false)).toBeUndefined();
        expect(await statusOfReinvite(true)).toBe(500);
    });
});
