import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {startAgent} from "../../support/agent-bench.ts";
import {caller, contact, dial, dialogOf, type Line, registeredLine, talk, within} from "../../support/agent-line.ts";
import {requestText, responseTo, SipPeer, sdpBody, tagOf} from "../../support/sip-peer.ts";

let line: Line;

beforeEach(async () => {
    line = await registeredLine();
});

afterEach(async () => {
    const {open} = line.engine;
    await line.close();
    // Nobody keeps a session of the engine, and no call ends twice.
    expect(open).toEqual([]);
    const ended = line.events.flatMap((event) => (event.type === "ended" ? [event.call] : []));
    expect(new Set(ended).size).toBe(ended.length);
});

const foreign = sdpBody().replaceAll("AVP 8", "AVP 18");
const reasonOf = async () => (await line.next("ended")).reason;

describe("an outgoing call", () => {
    it("rings, is answered and is ended by the other side", async () => {
        const invite = await dial(line, "600");
        expect(invite.startLine).toBe("INVITE sip:600@phone.test SIP/2.0");
        expect((await line.next("session")).session).toBe(line.engine.sessions[0]?.id);
        line.wire.send(responseTo(invite, 180, "Ringing", {contact}));
        expect(await line.next("progress")).toMatchObject({call: "out-1", media: false});
        line.wire.send(responseTo(invite, 200, "OK", {contact, body: sdpBody(40_000)}));
        await line.wire.next("ACK");
        expect(await line.next("confirmed")).toMatchObject({call: "out-1"});
        expect(line.engine.sessions[0]?.remote).toMatchObject({address: "127.0.0.1", port: 40_000, ptime: 20});
        line.wire.send(within(invite, "BYE"));
        await line.wire.next(200);
        expect(await reasonOf()).toEqual({code: "remoteHangUp", sip: null});
    });

    it("names the address of the connection to the server for its media, or the one that was set", async () => {
        const invite = await dial(line);
        expect(invite.body).toContain("c=IN IP4 127.0.0.1");
        line.wire.send(responseTo(invite, 486, "Busy Here"));
        await line.next("ended");
        const set = await registeredLine({mediaAddress: "192.0.2.7"});
        expect((await dial(set)).body).toContain("c=IN IP4 192.0.2.7");
        await set.close();
    });

    it("escapes what a feature code holds, and says that an emergency call is one", async () => {
        expect((await dial(line, "*21*600#", "out-1")).startLine).toBe("INVITE sip:*21*600%23@phone.test SIP/2.0");
        line.agent.dial("out-2", "112", true);
        const emergency = await line.wire.next("INVITE");
        expect(emergency.header("Priority")).toBe("emergency");
        // RFC 4028 §4: half an hour, not JsSIP's 90 s.
        expect(emergency.header("Session-Expires")).toBe("1800");
        line.agent.hangUp("out-1");
        line.agent.hangUp("out-2");
    });

    it("hears early media only where SDP came, and goes back to ringing", async () => {
        const invite = await dial(line);
        line.wire.send(responseTo(invite, 183, "Progress", {contact, body: sdpBody(40_000, "sendonly")}));
        expect(await line.next("progress")).toMatchObject({media: true});
        expect(line.engine.sessions[0]?.remote?.direction).toBe("recvonly");
        line.wire.send(responseTo(invite, 180, "Ringing", {contact}));
        expect(await line.next("progress")).toMatchObject({media: false});
        line.wire.send(responseTo(invite, 183, "Progress", {contact, tag: "fork", body: sdpBody(40_002)}));
        expect(await line.next("progress")).toMatchObject({media: true});
        expect(line.engine.sessions[0]?.remote?.port).toBe(40_002);
        line.wire.send(responseTo(invite, 200, "OK", {contact, tag: "fork", body: sdpBody(40_004)}));
        await line.next("confirmed");
        expect(line.engine.sessions[0]?.remote?.port).toBe(40_004);
        // A one-way stream before the answer is no hold.
        expect(line.events.filter(({type}) => type === "hold")).toEqual([]);
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("takes an UPDATE before the answer", async () => {
        const invite = await dial(line);
        line.wire.send(responseTo(invite, 180, "Ringing", {contact}));
        await line.next("progress");
        line.wire.send(within(invite, "UPDATE", {cseq: 2}));
        expect((await line.wire.next(200)).method).toBe("UPDATE");
        line.wire.send(within(invite, "UPDATE", {cseq: 3, body: sdpBody()}));
        expect((await line.wire.next(500)).header("Retry-After")).toBe("2");
        line.wire.send(responseTo(invite, 486, "Busy"));
        expect((await reasonOf()).code).toBe("busy");
    });

    it("rings on when the early media cannot be taken", async () => {
        const invite = await dial(line);
        line.wire.send(responseTo(invite, 183, "Progress", {contact, body: foreign}));
        expect(await line.next("progress")).toMatchObject({media: false});
        line.wire.send(responseTo(invite, 200, "OK", {contact, body: sdpBody(40_000)}));
        await line.next("confirmed");
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it.each([
        [486, "busy"],
        [404, "notFound"],
        [503, "congestion"],
        [603, "declined"],
        [302, "failed"],
    ] as const)("that is answered with %i is %s", async (status, code) => {
        line.wire.send(responseTo(await dial(line), status, "No"));
        expect(await reasonOf()).toEqual({code, sip: status});
    });

    it.each([
        ["no SDP", ""],
        ["SDP without a common codec", foreign],
        ["SDP that nobody can read", "v=0\r\nrubbish\r\n"],
    ])("that is answered with %s is ended by BYE", async (_, body) => {
        const invite = await dial(line);
        line.wire.send(responseTo(invite, 200, "OK", {contact, body}));
        await line.wire.next("ACK");
        await line.wire.next("BYE");
        expect(await reasonOf()).toEqual({code: "notAcceptable", sip: 200});
    });

    it("whose media cannot start is ended by BYE", async () => {
        const invite = await dial(line);
        const session = line.engine.sessions[0];
        if (session !== undefined) session.failure = new Error("no device");
        line.wire.send(responseTo(invite, 200, "OK", {contact, body: sdpBody()}));
        await line.wire.next("BYE");
        expect(await reasonOf()).toEqual({code: "mediaLost", sip: null});
    });

    it("is not even tried without a port for its media", async () => {
        line.engine.failure = new Error("no port is free");
        line.agent.dial("out-1", "200", false);
        expect(await reasonOf()).toEqual({code: "mediaLost", sip: null});
        expect(line.wire.unclaimed).toEqual([]);
    });

    it("to nobody ends at once", async () => {
        line.agent.dial("out-1", "sip:phone.test", false);
        expect(await reasonOf()).toEqual({code: "incomplete", sip: null});
    });

    it("to a URI that is none ends at once", async () => {
        line.agent.dial("out-1", "sip:a b@phone test", false);
        expect(await reasonOf()).toEqual({code: "failed", sip: null});
    });

    it("with a longer session interval is tried again as the server wants it, once", async () => {
        const headers = ["Min-SE: 7200"];
        line.wire.send(responseTo(await dial(line), 422, "Session Interval Too Small", {headers}));
        const second = await line.wire.nextWhere(({method, status}) => method === "INVITE" && status === 0);
        expect([second.header("Session-Expires"), second.header("Min-SE")]).toEqual(["7200", "7200"]);
        line.wire.send(responseTo(second, 422, "Session Interval Too Small", {headers}));
        expect(await reasonOf()).toEqual({code: "failed", sip: 422});
    });
});

describe("giving up an outgoing call", () => {
    it("sends CANCEL once there is a provisional response", async () => {
        const invite = await dial(line);
        line.agent.hangUp("out-1");
        expect(await reasonOf()).toEqual({code: "cancelled", sip: 487});
        line.wire.send(responseTo(invite, 180, "Ringing", {contact}));
        line.wire.send(responseTo(await line.wire.next("CANCEL"), 200, "OK"));
        line.wire.send(responseTo(invite, 487, "Request Terminated"));
        await line.wire.next("ACK");
    });

    it("in the very moment of the answer sends ACK and BYE", async () => {
        const invite = await dial(line);
        line.wire.send(responseTo(invite, 180, "Ringing", {contact}));
        await line.next("progress");
        line.agent.hangUp("out-1");
        await line.wire.next("CANCEL");
        line.wire.send(responseTo(invite, 200, "OK", {contact, body: sdpBody()}));
        await line.wire.next("ACK");
        await line.wire.next("BYE");
        expect(await reasonOf()).toEqual({code: "cancelled", sip: 487});
    });

    it("before the INVITE has left sends nothing", async () => {
        line.agent.dial("out-1", "200", false);
        line.agent.hangUp("out-1");
        expect(await reasonOf()).toEqual({code: "cancelled", sip: 487});
        line.wire.send(requestText("OPTIONS"));
        await line.wire.next(200);
        expect(line.wire.unclaimed).toEqual([]);
    });
});

describe("an incoming call", () => {
    it("rings, is answered and hung up here", async () => {
        const from = '"Zoë" <sip:200@phone.test>;tag=peer';
        line.wire.send(requestText("INVITE", {body: sdpBody(40_002), from}));
        await line.wire.next(180);
        expect(await line.next("incoming")).toMatchObject({
            call: "in-1",
            account: 0,
            party: {number: "200", name: "Zoë"},
        });
        // No session before somebody answers.
        expect(line.engine.sessions).toEqual([]);
        line.agent.answer("in-1");
        line.wire.send(requestText("ACK", dialogOf(await line.wire.next(200))));
        expect(await line.next("confirmed")).toMatchObject({call: "in-1"});
        expect(line.engine.sessions[0]?.remote?.codecs.map(({name}) => name)).toEqual(["PCMA"]);
        line.agent.hangUp("in-1");
        await line.wire.next("BYE");
        expect(await reasonOf()).toEqual({code: "localHangUp", sip: null});
    });

    it("shows what the network asserts", async () => {
        const headers = ['P-Asserted-Identity: "Real" <sip:300@phone.test>'];
        line.wire.send(requestText("INVITE", {body: sdpBody(), headers}));
        const {call, party} = await line.next("incoming");
        expect(party).toEqual({number: "300", name: "Real"});
        line.agent.reject(call, 486);
        await line.wire.next(486);
        expect(await reasonOf()).toEqual({code: "declined", sip: 486});
    });

    it("without an offer is answered with ours", async () => {
        line.wire.send(requestText("INVITE"));
        const {call} = await line.next("incoming");
        line.agent.answer(call);
        const ok = await line.wire.next(200);
        expect(ok.body).toContain("m=audio 41002 RTP/AVP 8 0 9 96 101 102");
        line.wire.send(requestText("ACK", {...dialogOf(ok), body: sdpBody(40_006)}));
        await line.next("confirmed");
        expect(line.engine.sessions[0]?.remote?.port).toBe(40_006);
        line.agent.hangUp(call);
        await line.wire.next("BYE");
    });

    it.each([
        ["no answer", ""],
        ["an answer without a common codec", foreign],
    ])("without an offer, and with %s in the ACK, is ended", async (_, body) => {
        line.wire.send(requestText("INVITE"));
        const {call} = await line.next("incoming");
        line.agent.answer(call);
        line.wire.send(requestText("ACK", {...dialogOf(await line.wire.next(200)), body}));
        await line.wire.next("BYE");
        expect((await reasonOf()).code).toBe("notAcceptable");
    });

    it.each([
        ["without a common codec", 488, {body: foreign}],
        ["with SDP that nobody can read", 488, {body: "v=0\r\nrubbish\r\n"}],
        ["that requires what we lack", 420, {body: sdpBody(), headers: ["Require: 100rel"]}],
    ])("%s is refused with %i and never rings", async (_, status, parts) => {
        line.wire.send(requestText("INVITE", parts));
        const refusal = await line.wire.next(status);
        expect(refusal.header(status === 420 ? "Unsupported" : "Warning")).not.toBe("");
        line.wire.send(requestText("OPTIONS"));
        await line.wire.next(200);
        expect(line.wire.unclaimed.filter((startLine) => startLine !== "SIP/2.0 100 Trying")).toEqual([]);
        expect(line.events.filter(({type}) => type !== "registration")).toEqual([]);
    });

    it.each([
        [[], "cancelled"],
        [['Reason: SIP;cause=200;text="Call completed elsewhere"'], "answeredElsewhere"],
        [["Reason: SIP;cause=603"], "declinedElsewhere"],
    ] as const)("is given up by the caller with %j", async (headers, code) => {
        const identity = {callId: "c1", branch: "z9hG4bKcancel"};
        line.wire.send(requestText("INVITE", {...identity, body: sdpBody()}));
        await line.next("incoming");
        line.wire.send(requestText("CANCEL", {...identity, headers}));
        await line.wire.next(487);
        expect(await reasonOf()).toEqual({code, sip: null});
    });

    it("is given up while the handset is being lifted", async () => {
        const identity = {callId: "c2", branch: "z9hG4bKlift"};
        line.wire.send(requestText("INVITE", {...identity, body: sdpBody()}));
        const {call} = await line.next("incoming");
        line.wire.send(requestText("CANCEL", identity));
        line.agent.answer(call);
        const final = await line.wire.nextWhere(
            ({method, status}) => method === "INVITE" && (status === 487 || status === 200),
        );
        if (final.status === 200) {
            // The answer was first: the caller ends the talk.
            line.wire.send(requestText("ACK", dialogOf(final)));
            line.wire.send(requestText("BYE", {...dialogOf(final), cseq: 2}));
        }
        await reasonOf();
        line.agent.answer(call);
        line.agent.hangUp(call);
    });

    it("without a port for its media is refused", async () => {
        line.wire.send(requestText("INVITE", {body: sdpBody()}));
        const {call} = await line.next("incoming");
        line.engine.failure = new Error("no port is free");
        line.agent.answer(call);
        await line.wire.next(500);
        expect((await reasonOf()).code).toBe("mediaLost");
    });

    it("whose media cannot start is refused", async () => {
        line.wire.send(requestText("INVITE", {body: sdpBody()}));
        const {call} = await line.next("incoming");
        const open = line.engine.openSession.bind(line.engine);
        line.engine.openSession = () => Object.assign(open(), {failure: new Error("no device")});
        line.agent.answer(call);
        await line.wire.next(500);
        expect((await reasonOf()).code).toBe("mediaLost");
    });
});

describe("a talk", () => {
    it("is held and resumed by us", async () => {
        const invite = await talk(line);
        line.agent.setHold("out-1", true);
        const hold = await line.wire.next("INVITE");
        expect(hold.body).toContain("a=sendonly");
        expect(line.events.filter(({type}) => type === "hold")).toEqual([]);
        line.wire.send(responseTo(hold, 200, "OK", {contact, body: sdpBody(40_000, "recvonly")}));
        expect(await line.next("hold")).toMatchObject({by: "local", held: true});
        expect(line.engine.sessions[0]?.remote?.direction).toBe("sendonly");
        // A re-INVITE of the other side meanwhile is answered in the spirit of the hold.
        line.wire.send(within(invite, "INVITE", {cseq: 2, body: sdpBody(40_000)}));
        expect((await line.wire.next(200)).body).toContain("a=sendonly");
        line.wire.send(within(invite, "ACK", {cseq: 2}));
        line.agent.setHold("out-1", false);
        const resume = await line.wire.nextWhere(
            ({method, body}) => method === "INVITE" && body.includes("a=sendrecv"),
        );
        line.wire.send(responseTo(resume, 200, "OK", {contact, body: sdpBody(40_000)}));
        expect(await line.next("hold")).toMatchObject({by: "local", held: false});
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("goes on when the hold is refused", async () => {
        await talk(line);
        line.agent.setHold("out-1", true);
        line.wire.send(responseTo(await line.wire.next("INVITE"), 488, "No"));
        await line.next("holdFailed");
        expect(line.engine.sessions[0]?.remote?.direction).toBe("sendrecv");
        line.agent.setHold("out-1", true);
        const again = await line.wire.next("INVITE");
        line.wire.send(responseTo(again, 200, "OK", {contact, body: sdpBody(40_000, "recvonly")}));
        await line.next("hold");
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("cannot be held twice at once", async () => {
        await talk(line);
        line.agent.setHold("out-1", true);
        line.agent.setHold("out-1", false);
        await line.next("holdFailed");
        const hold = await line.wire.next("INVITE");
        line.wire.send(responseTo(hold, 200, "OK", {contact, body: sdpBody(40_000, "recvonly")}));
        expect(await line.next("hold")).toMatchObject({held: true});
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("is held by the other side, once told", async () => {
        const invite = await talk(line);
        for (const [cseq, body] of [
            sdpBody(40_000, "sendonly"),
            sdpBody(40_000, "inactive"),
            sdpBody(40_000),
        ].entries()) {
            line.wire.send(within(invite, "INVITE", {cseq: cseq + 2, body}));
            await line.wire.next(200);
            line.wire.send(within(invite, "ACK", {cseq: cseq + 2}));
        }
        expect(await line.next("hold")).toMatchObject({by: "remote", held: true});
        expect(await line.next("hold")).toMatchObject({by: "remote", held: false});
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("stays when a re-INVITE offers nothing that we have", async () => {
        const invite = await talk(line);
        line.wire.send(within(invite, "INVITE", {cseq: 2, body: foreign}));
        await line.wire.next(488);
        line.wire.send(within(invite, "ACK", {cseq: 2}));
        line.wire.send(within(invite, "INVITE", {cseq: 3, body: sdpBody(40_008)}));
        await line.wire.next(200);
        expect(line.engine.sessions[0]?.remote?.port).toBe(40_008);
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("carries digits as telephone-events", async () => {
        await talk(line);
        line.agent.sendDigit("out-1", "#", 100);
        expect(line.engine.sessions[0]?.digits).toEqual([{digit: "#", ms: 100}]);
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("carries digits by INFO where the other side knows no telephone-event", async () => {
        await talk(line, sdpBody(40_000).replace(" 101", ""));
        line.agent.sendDigit("out-1", "*", 120);
        const info = await line.wire.next("INFO");
        expect(info.header("Content-Type")).toBe("application/dtmf-relay");
        expect(info.body).toBe("Signal=*\r\nDuration=120");
        line.wire.send(responseTo(info, 405, "Method Not Allowed"));
        expect(line.engine.sessions[0]?.digits).toEqual([]);
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("is hung up by both at once", async () => {
        const invite = await talk(line);
        line.agent.hangUp("out-1");
        line.wire.send(within(invite, "BYE"));
        await line.wire.next("BYE");
        expect(await reasonOf()).toEqual({code: "localHangUp", sip: null});
    });

    it("is refreshed by re-INVITE, and a refused refresh leaves no offer open", async () => {
        vi.useFakeTimers({toFake: ["setTimeout", "clearTimeout"]});
        try {
            const invite = await dial(line);
            const headers = ["Session-Expires: 90;refresher=uac"];
            line.wire.send(responseTo(invite, 200, "OK", {contact, body: sdpBody(40_000), headers}));
            await line.next("confirmed");
            await vi.advanceTimersByTimeAsync(45_000);
            await line.wire.next("ACK");
            const refresh = await line.wire.next("INVITE");
            expect(refresh.body).toContain("o=- ");
            line.wire.send(responseTo(refresh, 488, "No"));
            await line.wire.next("ACK");
            line.wire.send(within(invite, "INVITE", {cseq: 2, body: sdpBody(40_016)}));
            await line.wire.next(200);
            expect(line.engine.sessions[0]?.remote?.port).toBe(40_016);
            line.agent.hangUp("out-1");
        } finally {
            vi.useRealTimers();
        }
    });

    it("cannot be replaced from outside", async () => {
        const invite = await talk(line);
        const tags = `to-tag=${tagOf(invite.header("From"))};from-tag=peer`;
        const headers = [`Replaces: ${invite.header("Call-ID")};${tags}`];
        line.wire.send(requestText("INVITE", {body: sdpBody(), headers}));
        await line.wire.next(486);
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("is not transferred by the other side", async () => {
        const invite = await talk(line);
        line.wire.send(within(invite, "REFER", {cseq: 2, headers: ["Refer-To: <sip:300@phone.test>"]}));
        await line.wire.next(202);
        expect((await line.wire.nextWhere(({body}) => body.includes("603"))).method).toBe("NOTIFY");
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });
});

describe("a lost connection", () => {
    it("ends a call that is being set up", async () => {
        await dial(line);
        line.wire.destroy();
        expect(await reasonOf()).toEqual({code: "connectionLost", sip: null});
    });

    it("ends a call that rings here", async () => {
        line.wire.send(requestText("INVITE", {body: sdpBody()}));
        await line.next("incoming");
        line.wire.destroy();
        expect((await reasonOf()).code).toBe("connectionLost");
    });

    it("leaves a talk alone, and the BYE goes over the next connection", async () => {
        await talk(line);
        line.wire.destroy();
        await line.registration("unreachable");
        line.agent.setHold("out-1", true);
        await line.next("holdFailed");
        expect(line.engine.open).toHaveLength(1);
        line.agent.hangUp("out-1");
        expect(await reasonOf()).toEqual({code: "localHangUp", sip: null});
        expect(line.engine.open).toEqual([]);
        line.wire = await line.peer.connection();
        await line.wire.next("BYE");
    });

    it("in the middle of a hold leaves the talk as it was", async () => {
        await talk(line);
        line.agent.setHold("out-1", true);
        await line.wire.next("INVITE");
        line.wire.destroy();
        await line.next("holdFailed");
        line.wire = await line.peer.connection();
        await line.register();
        const refresh = await line.wire.next("INVITE");
        expect(refresh.body).toContain("a=sendrecv");
        line.wire.send(responseTo(refresh, 200, "OK", {contact, body: sdpBody(40_000)}));
        await line.wire.next("ACK");
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("makes the other side know our new address", async () => {
        const invite = await talk(line);
        line.wire.destroy();
        line.wire = await line.peer.connection();
        await line.register();
        const refresh = await line.wire.next("INVITE");
        expect(refresh.header("Call-ID")).toBe(invite.header("Call-ID"));
        expect(refresh.header("Contact")).not.toBe(invite.header("Contact"));
        line.wire.send(responseTo(refresh, 200, "OK", {contact, body: sdpBody(40_000)}));
        await line.wire.next("ACK");
        line.wire.send(within(invite, "BYE"));
        expect(await reasonOf()).toEqual({code: "remoteHangUp", sip: null});
    });

    it("holds a call up until there is another, which is tried at once", async () => {
        line.wire.destroy();
        await line.registration("unreachable");
        line.agent.dial("out-1", "112", true);
        line.wire = await line.peer.connection();
        await line.wire.next("INVITE");
        line.agent.hangUp("out-1");
    });
});

it("without a server at all, a call ends as no service, or as cancelled when given up", async () => {
    const gone = await SipPeer.start();
    await gone.close();
    vi.useFakeTimers({toFake: ["setTimeout", "clearTimeout", "performance"]});
    try {
        const bench = startAgent({port: gone.port});
        expect(await bench.registration("unreachable")).toMatchObject({detail: expect.stringContaining("refused")});
        bench.agent.dial("out-1", "600", false);
        bench.agent.dial("out-2", "600", false);
        bench.agent.hangUp("out-2");
        expect(await bench.next("ended")).toMatchObject({call: "out-2", reason: {code: "cancelled"}});
        await vi.advanceTimersByTimeAsync(6000);
        expect(await bench.next("ended")).toMatchObject({call: "out-1", reason: {code: "noService"}});
        await bench.agent.close();
    } finally {
        vi.useRealTimers();
    }
});

it.each([
    ["no user", {user: ""}],
    ["no domain", {domain: ""}],
    ["no port", {port: 0}],
])("an account with %s is refused at once, by its number", (_, account) => {
    expect(() => startAgent(account)).toThrow(/^account 0: /);
});

it("an instance id that is none is refused at once", () => {
    expect(() => startAgent({}, {instanceId: "phone"})).toThrow(/instance_id/);
});

it("passes over calls that it does not know", () => {
    line.agent.answer("in-9");
    line.agent.reject("in-9", 486);
    line.agent.hangUp("in-9");
    line.agent.setHold("in-9", true);
    line.agent.sendDigit("in-9", "1", 100);
    expect(line.events.filter(({type}) => type !== "registration")).toEqual([]);
});

it("hangs up what is left when it closes", async () => {
    await talk(line);
    const closing = line.agent.close();
    line.wire.send(responseTo(await line.wire.next("BYE"), 200, "OK"));
    line.wire.send(responseTo(await line.wire.next("REGISTER"), 200, "OK"));
    await closing;
    await line.wire.closed;
    expect(await reasonOf()).toEqual({code: "localHangUp", sip: null});
});

it("never writes a number, a password or a message to the log above debug", async () => {
    line.wire.send(responseTo(await dial(line, "4711"), 404, "No"));
    await line.next("ended");
    line.wire.send(requestText("INVITE", {body: "rubbish", from: caller.replace("200", "4712")}));
    await line.wire.next(488);
    const loud = line.logLines.filter((text) => !text.includes(" debug "));
    expect(loud.join("\n")).not.toMatch(/471[12]|secret/);
});
