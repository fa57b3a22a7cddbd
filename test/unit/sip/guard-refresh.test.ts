/** Session refreshes that do not get through at once. Time is simulated. */
import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {guardRefresh} from "../../../firmware/sip/guard-refresh.ts";
import {installRecordingPeerConnection, mediaStream} from "../../fakes/recording-peer-connection.ts";
import {guardedJsSip} from "../../support/fresh-jssip.ts";
import {memoryUa} from "../../support/memory-ua.ts";
import type {TestSession} from "../../support/scripted-ua.ts";
import {type PeerMessage, responseTo, sdpBody} from "../../support/sip-peer.ts";

beforeEach(() => {
    installRecordingPeerConnection();
    vi.useFakeTimers();
});

afterEach(() => {
    vi.useRealTimers();
});

const parts = {contact: "<sip:200@192.0.2.1>", headers: ["Session-Expires: 90;refresher=uac"]};

interface Call {
    readonly session: TestSession;
    /** Lets the time pass and returns the INVITEs that went out in it. */
    pass(seconds: number): Promise<PeerMessage[]>;
    answer(request: PeerMessage | undefined, status: number): Promise<void>;
}

/** A call of the phone with a session interval of 90 s, which the phone refreshes. */
async function call(isGuarded: boolean): Promise<Call> {
    const {ua, sent, receive} = memoryUa({
        jssip: guardedJsSip(isGuarded ? null : guardRefresh),
        configuration: {session_timers_refresh_method: "INVITE"},
    });
    const caller = ua as unknown as {call(target: string, options: object): TestSession};
    const session = caller.call("sip:200@phone.test", {mediaStream: mediaStream()});
    const pass = async (seconds: number): Promise<PeerMessage[]> => {
        const before = sent.length;
        await vi.advanceTimersByTimeAsync(seconds * 1000 + 1);
        return sent.slice(before).filter(({startLine}) => startLine.startsWith("INVITE "));
    };
    const answer = async (request: PeerMessage | undefined, status: number): Promise<void> => {
        if (request === undefined) throw new Error("no INVITE");
        receive(responseTo(request, status, "Whatever", {...parts, body: status === 200 ? sdpBody() : ""}));
        await vi.advanceTimersByTimeAsync(1);
    };
    await answer((await pass(0))[0], 200);
    return {session, pass, answer};
}

describe("guardRefresh", () => {
    it("refreshes at half the interval, and again after each answer", async () => {
        const {pass, answer} = await call(true);
        expect(await pass(44)).toHaveLength(0);
        const [first] = await pass(1);
        await answer(first, 200);
        expect(await pass(44)).toHaveLength(0);
        expect(await pass(1)).toHaveLength(1);
    });

    it("refreshes later where a hold that is refused was in the way", async () => {
        const refreshes = async (isGuarded: boolean): Promise<number> => {
            const {session, pass, answer} = await call(isGuarded);
            await pass(44);
            session.hold();
            const [hold] = await pass(2);
            await answer(hold, 488);
            return (await pass(30)).length;
        };
        // JsSIP alone ends the call with the refused hold unless guardHold is there, as it is here.
        expect(await refreshes(false)).toBe(0);
        expect(await refreshes(true)).toBe(1);
    });

    it("refreshes again where the refresh was refused, and gives up after five", async () => {
        const refreshes = async (isGuarded: boolean): Promise<number> => {
            const {session, pass, answer} = await call(isGuarded);
            let count = 0;
            for (let step = 0; step < 80; step += 1) {
                for (const request of await pass(5)) {
                    count += 1;
                    await answer(request, 500);
                }
            }
            expect(session.isEnded()).toBe(false);
            return count;
        };
        expect(await refreshes(false)).toBe(1);
        expect(await refreshes(true)).toBe(5);
    });

    it("leaves an ended call alone", async () => {
        const {session, pass} = await call(true);
        session.terminate();
        expect(await pass(200)).toHaveLength(0);
    });
});
