/** The agent against a real registrar and a real phone: kamailio and baresip, on loopback. */
import {readFileSync} from "node:fs";
import {mkdtemp, rm} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {Secret} from "../../firmware/secret.ts";
import type {SipTransport} from "../../firmware/sip/account.ts";
import type {RecordingEngine} from "../fakes/recording-engine.ts";
import {type AgentBench, startAgent} from "../support/agent-bench.ts";
import {type Baresip, startBaresip} from "../support/peers-baresip.ts";
import {type Kamailio, startKamailio} from "../support/peers-kamailio.ts";

const users = [
    {name: "100", password: "sesame"},
    {name: "200", password: null},
];

let folder: string;
let kamailio: Kamailio;
let baresip: Baresip;
let bench: AgentBench<RecordingEngine> | undefined;

function agentOver(transport: SipTransport, password = "sesame", server = kamailio): AgentBench<RecordingEngine> {
    const port = {tcp: server.tcp, tls: server.tls, ws: server.ws, wss: server.wss}[transport];
    return startAgent(
        {transport, port, server: "127.0.0.1", domain: server.domain, password: new Secret(password)},
        {ca: readFileSync(server.caPem, "utf8"), keepAlive: 5},
    );
}

beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "offhook-agent-"));
    kamailio = await startKamailio({folder: join(folder, "kamailio"), auth: "md5", users});
    baresip = await startBaresip({
        folder: join(folder, "baresip"),
        account: {name: "200", displayName: "Two Hundred"},
        registrar: {domain: kamailio.domain, port: kamailio.tcp, transport: "tcp"},
        mode: "manual",
    });
});

afterAll(async () => {
    await baresip?.stop();
    await kamailio?.stop();
    await rm(folder, {recursive: true, force: true});
});

afterEach(async () => {
    const open = bench?.engine.open;
    await bench?.agent.close();
    bench = undefined;
    expect(open).toEqual([]);
});

describe.each(["tcp", "tls", "wss"] as const)("over %s", (transport) => {
    it("registers, and takes its contact back", async () => {
        bench = agentOver(transport);
        expect(await bench.registration(null)).toMatchObject({registered: true, detail: "200 OK"});
        const unregistered = kamailio.process.nextLine(/unregistered 100/);
        await bench.agent.close();
        await unregistered;
    });

    it("calls, holds, resumes, sends a digit and hangs up", async () => {
        bench = agentOver(transport);
        await bench.registration(null);
        const incoming = baresip.control.next("CALL_INCOMING");
        bench.agent.dial("out-1", "200", false);
        await incoming;
        await bench.next("progress");
        await baresip.control.answer();
        await bench.next("confirmed");
        const session = bench.engine.sessions[0];
        expect(session?.remote).toMatchObject({address: "127.0.0.1", direction: "sendrecv", ptime: 20});
        expect(session?.remote?.codecs[0]).toMatchObject({name: "PCMA", payloadType: 8});
        expect(session?.remote?.telephoneEvent).toMatchObject({clockRate: 8000});

        bench.agent.setHold("out-1", true);
        expect(await bench.next("hold")).toMatchObject({by: "local", held: true});
        expect(session?.remote?.direction).toBe("sendonly");
        bench.agent.setHold("out-1", false);
        expect(await bench.next("hold")).toMatchObject({by: "local", held: false});
        expect(session?.remote?.direction).toBe("sendrecv");

        bench.agent.sendDigit("out-1", "5", 120);
        expect(session?.digits).toEqual([{digit: "5", ms: 120}]);

        const closed = baresip.control.next("CALL_CLOSED");
        bench.agent.hangUp("out-1");
        await closed;
        expect((await bench.next("ended")).reason.code).toBe("localHangUp");
    });

    it("is called, is held by the other side and is hung up on", async () => {
        bench = agentOver(transport);
        await bench.registration(null);
        await baresip.control.dial("100");
        const {call, party} = await bench.next("incoming");
        expect(party).toEqual({number: "200", name: "Two Hundred"});
        bench.agent.answer(call);
        await bench.next("confirmed");
        await baresip.control.hold();
        expect(await bench.next("hold")).toMatchObject({by: "remote", held: true});
        expect(bench.engine.sessions[0]?.remote?.direction).toBe("recvonly");
        await baresip.control.resume();
        expect(await bench.next("hold")).toMatchObject({by: "remote", held: false});
        await baresip.control.hangUp();
        expect((await bench.next("ended")).reason).toEqual({code: "remoteHangUp", sip: null});
    });
});

it("gives up a call that rings, and the other phone stops ringing", async () => {
    bench = agentOver("tcp");
    await bench.registration(null);
    bench.agent.dial("out-1", "200", false);
    await bench.next("progress");
    const closed = baresip.control.next("CALL_CLOSED");
    bench.agent.hangUp("out-1");
    await closed;
    expect((await bench.next("ended")).reason).toEqual({code: "cancelled", sip: 487});
});

it("hears that the other side is busy", async () => {
    bench = agentOver("tcp");
    await bench.registration(null);
    const incoming = baresip.control.next("CALL_INCOMING");
    bench.agent.dial("out-1", "200", false);
    await incoming;
    await baresip.control.hangUp();
    expect((await bench.next("ended")).reason).toEqual({code: "busy", sip: 486});
});

it("hears that nobody has the number", async () => {
    bench = agentOver("tcp");
    await bench.registration(null);
    bench.agent.dial("out-1", "*21*999#", false);
    expect((await bench.next("ended")).reason).toEqual({code: "notFound", sip: 404});
});

it("refuses a caller with the status that the phone chose, and sees a caller give up", async () => {
    bench = agentOver("tcp");
    await bench.registration(null);
    const closed = baresip.control.next("CALL_CLOSED");
    await baresip.control.dial("100");
    const first = await bench.next("incoming");
    bench.agent.reject(first.call, 486);
    expect((await bench.next("ended")).reason).toEqual({code: "declined", sip: 486});
    expect((await closed).param).toContain("486");
    await baresip.control.dial("100");
    const second = await bench.next("incoming");
    await baresip.control.hangUp();
    const ended = await bench.next("ended");
    expect(ended).toMatchObject({call: second.call, reason: {code: "cancelled", sip: null}});
});

it("registers with SHA-256", async () => {
    const server = await startKamailio({folder: join(folder, "sha256"), auth: "sha256", users});
    try {
        bench = agentOver("tcp", "sesame", server);
        expect(await bench.registration(null)).toMatchObject({registered: true});
        // The INVITE is challenged too; nobody is there.
        bench.agent.dial("out-1", "200", false);
        expect((await bench.next("ended")).reason).toEqual({code: "notFound", sip: 404});
    } finally {
        await bench?.agent.close();
        await server.stop();
    }
});

it("says that the password is wrong", async () => {
    bench = agentOver("tcp", "guess");
    const state = await bench.registration("wrongPassword");
    expect(state).toMatchObject({registered: false, detail: "401 Unauthorized"});
    // A server that locks out who insists is left alone for five minutes.
    expect((state.retryAt ?? 0) - performance.now()).toBeGreaterThan(290_000);
});

it.each(["tls", "wss"] as const)("does not trust a server of an unknown authority over %s", async (transport) => {
    const port = transport === "tls" ? kamailio.tls : kamailio.wss;
    bench = startAgent({transport, port, server: "127.0.0.1", domain: kamailio.domain});
    const state = await bench.registration("certificate");
    expect(state).toMatchObject({registered: false, detail: expect.stringContaining("unknown authority")});
});

it("talks on while the registrar is gone, and registers again when it is back", async () => {
    bench = agentOver("tcp");
    await bench.registration(null);
    const incoming = baresip.control.next("CALL_INCOMING");
    bench.agent.dial("out-1", "200", false);
    await incoming;
    await baresip.control.answer();
    await bench.next("confirmed");
    await kamailio.stop();
    expect(await bench.registration("unreachable")).toMatchObject({registered: false});
    kamailio = await startKamailio({folder: join(folder, "again"), auth: "md5", users, ports: kamailio.ports});
    // Somebody who dials does not wait for the next attempt by plan.
    bench.agent.dial("out-2", "999", false);
    expect(await bench.registration(null)).toMatchObject({registered: true});
    expect(await bench.next("ended")).toMatchObject({call: "out-2", reason: {code: "notFound"}});
    expect(bench.engine.open).toHaveLength(1);
    bench.agent.hangUp("out-1");
    expect((await bench.next("ended")).reason.code).toBe("localHangUp");
});
