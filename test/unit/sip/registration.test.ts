import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {faultOf, type RegistrationFailure, retryDelay} from "../../../firmware/sip/registration-rule.ts";
import {socketFault} from "../../../firmware/sip/socket-fault.ts";
import type {RecordingEngine} from "../../fakes/recording-engine.ts";
import {type AgentBench, startAgent} from "../../support/agent-bench.ts";
import {type PeerConnection, type PeerMessage, requestText, responseTo, SipPeer} from "../../support/sip-peer.ts";

const refused = (status: number, more: Partial<RegistrationFailure & {type: "refused"}> = {}): RegistrationFailure => ({
    type: "refused",
    status,
    phrase: "Words",
    challenged: false,
    retryAfter: null,
    ...more,
});
const unreachable: RegistrationFailure = {type: "connection", fault: socketFault("refused")};

describe("a failed registration", () => {
    it.each([
        [refused(401, {challenged: true}), "wrongPassword", "401 Words"],
        [refused(407, {challenged: true}), "wrongPassword", "407 Words"],
        [refused(403, {challenged: true}), "wrongPassword", "403 Words"],
        [refused(403), "forbidden", "403 Words"],
        [refused(404), "forbidden", "404 Words"],
        [refused(408), "timeout", "408 Words"],
        [refused(500), "serverError", "500 Words"],
        [refused(503), "serverError", "503 Words"],
        [refused(600), "serverError", "600 Words"],
        [{type: "unanswered"}, "timeout", "no answer to REGISTER"],
        [unreachable, "unreachable", "the server refused the connection"],
        [{type: "connection", fault: socketFault("nameUnknown")}, "unreachable", "the server's name is not known"],
        [{type: "connection", fault: socketFault("timeout")}, "timeout", "the server did not answer in time"],
        [
            {type: "connection", fault: socketFault("certificateExpired")},
            "certificate",
            "the server's certificate has expired",
        ],
    ] as const)("%j is %s", (failure, fault, detail) => {
        expect(faultOf(failure)).toEqual({fault, detail});
    });
});

describe("the retry rule", () => {
    it.each([
        // failures in a row, least and most seconds
        [1, 1, 2],
        [2, 15, 30],
        [3, 30, 60],
        [4, 60, 120],
        [8, 900, 1800],
        [9, 900, 1800],
        [1000, 900, 1800],
    ])("waits after failure %i from %i to %i s (RFC 5626 §4.5)", (failures, least, most) => {
        expect(retryDelay(unreachable, failures, 0)).toBe(least * 1000);
        expect(retryDelay(unreachable, failures, 1)).toBe(most * 1000);
    });

    it.each([1, 2, 3, 10])(
        "never asks a server that refuses the account more often than each 5 min (failure %i)",
        (failures) => {
            for (const random of [0, 0.5, 1]) {
                for (const failure of [refused(401, {challenged: true}), refused(403)]) {
                    expect(retryDelay(failure, failures, random)).toBeGreaterThanOrEqual(300_000);
                    expect(retryDelay(failure, failures, random)).toBeLessThanOrEqual(1_800_000);
                }
            }
        },
    );

    it.each([
        [7, 7000],
        [0, 1000],
        [999_999_999, 3_600_000],
    ])("honours Retry-After of %i s as far as it is sane", (retryAfter, delay) => {
        expect(retryDelay(refused(503, {retryAfter}), 5, 0.5)).toBe(delay);
    });
});

describe("the registration of an agent", () => {
    let peer: SipPeer;
    let bench: AgentBench<RecordingEngine>;
    let wire: PeerConnection;

    beforeEach(async () => {
        vi.useFakeTimers({toFake: ["setTimeout", "clearTimeout", "performance"]});
        peer = await SipPeer.start();
        bench = startAgent({port: peer.port});
        wire = await peer.connection();
    });

    afterEach(async () => {
        const closing = bench.agent.close();
        await vi.advanceTimersByTimeAsync(5000);
        await closing;
        vi.useRealTimers();
        await peer.close();
    });

    const accept = (register: PeerMessage): void =>
        wire.send(responseTo(register, 200, "OK", {contact: `${register.header("Contact")};expires=600`}));
    const challenge = 'WWW-Authenticate: Digest realm="phone.test", nonce="n1", algorithm=MD5, qop="auth"';

    it("names our connection, our instance and nothing of ICE in its Contact", async () => {
        const register = await wire.next("REGISTER");
        expect(register.header("Contact")).toMatch(
            /^<sip:100@127\.0\.0\.1:\d+;transport=tcp>;reg-id=1;\+sip\.instance="<urn:uuid:00000000-0000-4000-8000-000000000001>";expires=600$/,
        );
        expect(register.header("User-Agent")).toBe("Offhook/test");
        accept(register);
        expect(await bench.registration(null)).toMatchObject({registered: true, detail: "200 OK", retryAt: null});
    });

    it("begins with connecting", () => {
        expect(bench.events[0]).toMatchObject({account: {fault: "connecting", registered: false, label: "Test"}});
    });

    it("answers a challenge, and says wrong password when that was no use", async () => {
        wire.send(responseTo(await wire.next("REGISTER"), 401, "Unauthorized", {headers: [challenge]}));
        const second = await wire.next("REGISTER");
        expect(second.header("Authorization")).toContain('username="100"');
        wire.send(responseTo(second, 403, "Bad auth"));
        const state = await bench.registration("wrongPassword");
        expect(state).toMatchObject({registered: false, detail: "403 Bad auth"});
        const wait = (state.retryAt ?? 0) - performance.now();
        expect(wait).toBeGreaterThanOrEqual(300_000);
        // The connection may come and go meanwhile: the server is not asked again.
        await vi.advanceTimersByTimeAsync(wait - 1000);
        expect(wire.unclaimed).toEqual([]);
        await vi.advanceTimersByTimeAsync(2000);
        accept(await wire.next("REGISTER"));
        await bench.registration(null);
    });

    it("keeps the words of a refused account while the connection breaks, and reconnects at its time", async () => {
        wire.send(responseTo(await wire.next("REGISTER"), 403, "Forbidden"));
        const {retryAt} = await bench.registration("forbidden");
        wire.destroy();
        await wire.closed;
        await vi.advanceTimersByTimeAsync((retryAt ?? 0) - performance.now() - 1000);
        expect(bench.events.at(-1)).toMatchObject({account: {fault: "forbidden"}});
        const again = peer.connection();
        await vi.advanceTimersByTimeAsync(1500);
        wire = await again;
        accept(await wire.next("REGISTER"));
        await bench.registration(null);
    });

    it("waits as long as Retry-After says", async () => {
        const busy = responseTo(await wire.next("REGISTER"), 503, "Busy", {headers: ["Retry-After: 7 (soon)"]});
        wire.send(busy);
        const state = await bench.registration("serverError");
        expect((state.retryAt ?? 0) - performance.now()).toBe(7000);
        await vi.advanceTimersByTimeAsync(6900);
        expect(wire.unclaimed).toEqual([]);
        await vi.advanceTimersByTimeAsync(200);
        accept(await wire.next("REGISTER"));
        await bench.registration(null);
    });

    it("comes back within two seconds of a lost connection, with the new address in its Contact", async () => {
        const first = await wire.next("REGISTER");
        accept(first);
        await bench.registration(null);
        wire.destroy();
        expect(await bench.registration("unreachable")).toMatchObject({registered: false});
        const again = peer.connection();
        await vi.advanceTimersByTimeAsync(2000);
        wire = await again;
        const second = await wire.next("REGISTER");
        expect(second.header("Contact")).not.toBe(first.header("Contact"));
        expect(second.header("Call-ID")).toBe(first.header("Call-ID"));
        accept(second);
        await bench.registration(null);
    });

    it("gives a silent server up after timer F and asks again", async () => {
        await wire.next("REGISTER");
        await vi.advanceTimersByTimeAsync(32_000);
        expect(await bench.registration("timeout")).toMatchObject({detail: "no answer to REGISTER"});
        await vi.advanceTimersByTimeAsync(2000);
        accept(await wire.next("REGISTER"));
        await bench.registration(null);
    });

    it("does not take a 200 that lacks our contact for an answer", async () => {
        wire.send(responseTo(await wire.next("REGISTER"), 200, "OK"));
        await vi.advanceTimersByTimeAsync(40_000);
        expect(await bench.registration("timeout")).toMatchObject({registered: false});
    });

    it("is refreshed before it runs out", async () => {
        accept(await wire.next("REGISTER"));
        await bench.registration(null);
        for (let waited = 0; waited < 570 && wire.unclaimed.length === 0; waited += 10) {
            await vi.advanceTimersByTimeAsync(10_000);
        }
        accept(await wire.next("REGISTER"));
        wire.send(requestText("OPTIONS"));
        expect((await wire.next(200)).header("Allow")).toContain("INVITE");
        expect(bench.events.at(-1)).toMatchObject({account: {registered: true}});
    });

    it("is taken back when the agent closes, which a silent server holds up for seconds only", async () => {
        accept(await wire.next("REGISTER"));
        await bench.registration(null);
        let closed = false;
        const closing = bench.agent.close().then(() => {
            closed = true;
        });
        expect((await wire.next("REGISTER")).header("Contact")).toContain("expires=0");
        await vi.advanceTimersByTimeAsync(1000);
        expect(closed).toBe(false);
        await vi.advanceTimersByTimeAsync(2000);
        await closing;
        await wire.closed;
    });
});
