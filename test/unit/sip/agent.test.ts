import {afterEach, beforeEach, describe, expect, it} from "vitest";
import type {RecordingEngine} from "../../fakes/recording-engine.ts";
import {type AgentBench, startAgent} from "../../support/agent-bench.ts";
import {type PeerConnection, requestText, responseTo, SipPeer, sdpBody, tagOf} from "../../support/sip-peer.ts";

let peer: SipPeer;
let bench: AgentBench<RecordingEngine>;
let wire: PeerConnection;

beforeEach(async () => {
    peer = await SipPeer.start();
    bench = startAgent({port: peer.port});
    wire = await peer.connection();
    const register = await wire.next("REGISTER");
    wire.send(responseTo(register, 200, "OK", {contact: `${register.header("Contact")};expires=600`}));
    await bench.registration(null);
});

afterEach(async () => {
    wire.destroy();
    await bench.agent.close();
    await peer.close();
    expect(bench.engine.open).toEqual([]);
});

const contact = "<sip:200@127.0.0.1:5099;transport=tcp>";

describe("an outgoing call", () => {
    it("rings, is answered and is ended by the other side", async () => {
        bench.agent.dial("out-1", "600", false);
        const invite = await wire.next("INVITE");
        expect(invite.startLine).toBe("INVITE sip:600@phone.test SIP/2.0");
        expect((await bench.next("session")).session).toBe(bench.engine.sessions[0]?.id);
        wire.send(responseTo(invite, 180, "Ringing", {contact}));
        expect(await bench.next("progress")).toMatchObject({call: "out-1", media: false});
        wire.send(responseTo(invite, 200, "OK", {contact, body: sdpBody(40_000)}));
        await wire.next("ACK");
        expect(await bench.next("confirmed")).toMatchObject({call: "out-1"});
        expect(bench.engine.sessions[0]?.remote).toMatchObject({address: "127.0.0.1", port: 40_000, ptime: 20});
        wire.send(
            requestText("BYE", {
                callId: invite.header("Call-ID"),
                from: `${invite.header("To")};tag=peer`,
                to: invite.header("From"),
                cseq: 1,
            }),
        );
        await wire.next(200);
        expect((await bench.next("ended")).reason).toEqual({code: "remoteHangUp", sip: null});
    });
});

describe("an incoming call", () => {
    it("rings, is answered and hung up here", async () => {
        wire.send(requestText("INVITE", {body: sdpBody(40_002), from: '"Zoë" <sip:200@phone.test>;tag=peer'}));
        const ringing = await wire.next(180);
        expect(await bench.next("incoming")).toMatchObject({
            call: "in-1",
            account: 0,
            party: {number: "200", name: "Zoë"},
        });
        bench.agent.answer("in-1");
        const ok = await wire.next(200);
        wire.send(
            requestText("ACK", {
                callId: ringing.header("Call-ID"),
                from: '"Zoë" <sip:200@phone.test>;tag=peer',
                to: `<sip:100@phone.test>;tag=${tagOf(ok.header("To"))}`,
            }),
        );
        expect(await bench.next("confirmed")).toMatchObject({call: "in-1"});
        expect(bench.engine.sessions[0]?.remote?.codecs.map(({name}) => name)).toEqual(["PCMA"]);
        bench.agent.hangUp("in-1");
        await wire.next("BYE");
        expect((await bench.next("ended")).reason).toEqual({code: "localHangUp", sip: null});
    });
});
