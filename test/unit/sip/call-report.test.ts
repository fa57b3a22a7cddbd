/** The PUBLISH of a call's quality, as a scripted server sees it. */
import {afterEach, expect, it, vi} from "vitest";
import type {SessionStats} from "../../../native/index.ts";
import {type Line, registeredLine, talk, within} from "../../support/agent-line.ts";
import {type PeerMessage, requestText, responseTo, sdpBody} from "../../support/sip-peer.ts";
import {readVqReport} from "../../support/vq-report.ts";
import {stats} from "../phone/stage.ts";

const collector = "sip:quality@collector.test";
let line: Line;

afterEach(async () => {
    vi.restoreAllMocks();
    await line.close();
});

const now = performance.now.bind(performance);
let passed = 0;

/** Lets `ms` of talk pass at once. */
function pass(ms: number): void {
    passed += ms;
    vi.spyOn(performance, "now").mockImplementation(() => now() + passed);
}

/** The session of the newest call gives these statistics. */
function measured(told: SessionStats | Error = stats): void {
    const session = line.engine.sessions.at(-1);
    if (session === undefined) throw new Error("there is no session");
    session.stats = () => {
        if (told instanceof Error) throw told;
        return told;
    };
}

/** A call that was talked in for some seconds and is ended by the other side. */
async function talked(ms = 5_000): Promise<PeerMessage> {
    const invite = await talk(line);
    measured();
    pass(ms);
    line.wire.send(within(invite, "BYE"));
    await line.next("ended");
    return invite;
}

/** The server answers a request that it got after all that was sent before. */
async function nothingMoreCame(): Promise<readonly string[]> {
    line.wire.send(requestText("OPTIONS"));
    await line.wire.nextWhere(({method, status}) => method === "OPTIONS" && status === 200, "200 to OPTIONS");
    return line.wire.unclaimed.filter((startLine) => !startLine.startsWith("SIP/2.0"));
}

it("goes to the collector after the end of the call, by the account's connection", async () => {
    line = await registeredLine({collector});
    const invite = await talked();
    const publish = await line.wire.next("PUBLISH");
    expect(publish.startLine).toBe(`PUBLISH ${collector} SIP/2.0`);
    expect(publish.header("To")).toBe(`<${collector}>`);
    expect(publish.header("Event")).toBe("vq-rtcpxr");
    expect(publish.header("Content-Type")).toBe("application/vq-rtcpxr");
    const {session, local, remote} = readVqReport(publish.body);
    expect(session).toMatchObject({
        CallID: invite.header("Call-ID"),
        LocalID: "<sip:100@phone.test>",
        RemoteID: "<sip:200@phone.test>",
        OrigID: "<sip:100@phone.test>",
        LocalAddr: "IP=127.0.0.1 PORT=41002 SSRC=0x00000001",
        RemoteAddr: "IP=127.0.0.1 PORT=40000 SSRC=0x000000f1",
    });
    expect(local).toMatchObject({PT: "8", PD: "PCMA", NLR: "2.00", MOSLQ: "4.2", RTD: "30"});
    expect(Date.parse(local["STOP"] ?? "") - Date.parse(local["START"] ?? "")).toBeGreaterThanOrEqual(4_000);
    expect(remote).toBeNull();
    line.wire.send(responseTo(publish, 200, "OK", {headers: ["SIP-ETag: 1"]}));
    expect(await nothingMoreCame()).toEqual([]);
    expect(line.logLines.filter((each) => /quality/.test(each))).toEqual([]);
});

it("is not what the log tells: how many packets were forged, of those calls alone where some were", async () => {
    line = await registeredLine();
    const invite = await talk(line);
    measured({...stats, packetsUnauthentic: 3, packetsReplayed: 4});
    line.wire.send(within(invite, "BYE"));
    await line.next("ended");
    const told = (): readonly string[] => line.logLines.filter((each) => each.includes("not authentic"));
    expect(told()).toEqual([expect.stringContaining("3 were not authentic and 4 came once more")]);
    await talked();
    expect(told()).toHaveLength(1);
});

it("tells of a call that came in who began it", async () => {
    line = await registeredLine({collector});
    line.wire.send(requestText("INVITE", {callId: "theirs", body: sdpBody(40_000)}));
    await line.next("incoming");
    line.agent.answer("in-1");
    const answer = await line.wire.nextWhere(({method, status}) => method === "INVITE" && status === 200, "200");
    const dialog = {callId: "theirs", to: answer.header("To")};
    line.wire.send(requestText("ACK", dialog));
    await line.next("confirmed");
    measured();
    pass(5_000);
    line.agent.hangUp("in-1");
    const bye = await line.wire.next("BYE");
    line.wire.send(responseTo(bye, 200, "OK"));
    const {session} = readVqReport((await line.wire.next("PUBLISH")).body);
    expect(session).toMatchObject({
        CallID: "theirs",
        LocalID: "<sip:100@phone.test>",
        OrigID: "<sip:200@phone.test>",
    });
});

it("answers the server's challenge", async () => {
    line = await registeredLine({collector});
    await talked();
    const publish = await line.wire.next("PUBLISH");
    const challenge = 'Proxy-Authenticate: Digest realm="phone.test", nonce="n1", algorithm=SHA-256, qop="auth"';
    line.wire.send(responseTo(publish, 407, "Proxy Authentication Required", {headers: [challenge]}));
    const again = await line.wire.next("PUBLISH");
    expect(again.header("Proxy-Authorization")).toMatch(/^Digest .*response="[0-9a-f]{64}"/);
    expect(again.header("Event")).toBe("vq-rtcpxr");
    expect(again.body).toBe(publish.body);
    line.wire.send(responseTo(again, 200, "OK"));
});

it.each([404, 489, 503])(
    "that is answered with %i is lost, in one line of the log without a number",
    async (status) => {
        line = await registeredLine({collector});
        await talked();
        line.wire.send(responseTo(await line.wire.next("PUBLISH"), status, "No"));
        await vi.waitFor(() => expect(line.logLines.join("\n")).toContain(`the collector said ${status}`));
        expect(line.logLines.filter((each) => /quality.*(100|200)@/.test(each))).toEqual([]);
        expect(await nothingMoreCame()).toEqual([]);
    },
);

it("is not made while nobody is named, nor of a call that hardly began or was never answered", async () => {
    line = await registeredLine();
    await talked();
    expect(await nothingMoreCame()).toEqual([]);
    await line.close();
    line = await registeredLine({collector});
    await talked(1_000);
    line.agent.dial("out-2", "200", false);
    const invite = await line.wire.next("INVITE");
    pass(60_000);
    line.wire.send(responseTo(invite, 486, "Busy Here"));
    await line.next("ended");
    await line.wire.next("ACK");
    expect(await nothingMoreCame()).toEqual([]);
});

it("waits for a connection where there is none", async () => {
    line = await registeredLine({collector});
    await talk(line);
    measured();
    pass(5_000);
    line.wire.destroy();
    await line.registration("unreachable");
    line.agent.hangUp("out-1");
    await line.next("ended");
    line.wire = await line.peer.connection();
    const publish = await line.wire.next("PUBLISH");
    expect(readVqReport(publish.body).session["RemoteID"]).toBe("<sip:200@phone.test>");
});

it("does a call no harm when it cannot be made", async () => {
    line = await registeredLine({collector});
    const invite = await talk(line);
    measured({...stats, codec: null});
    pass(5_000);
    line.wire.send(within(invite, "BYE"));
    await line.next("ended");
    expect(await nothingMoreCame()).toEqual([]);
    expect(line.engine.open).toEqual([]);
});
