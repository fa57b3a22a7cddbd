/** What JsSIP's peer connection makes of a path that ICE finds. */
import {beforeEach, describe, expect, it} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import {IcePath} from "../../../firmware/sip/ice-path.ts";
import {PeerConnection} from "../../../firmware/sip/peer-connection.ts";
import {SessionDescription} from "../../../firmware/sip/session-description.ts";
import {RecordingEngine, type RecordingIceSession} from "../../fakes/recording-engine.ts";

let connection: PeerConnection;
let session: RecordingIceSession;
let told: string[];
let failed: number;

function connect(secureSignalling = true): void {
    const engine = new RecordingEngine();
    told = [];
    failed = 0;
    const means = () => ({addresses: ["192.0.2.200"], stun: null, turn: [], relayOnly: false});
    connection = new PeerConnection({
        open: () => ({
            type: "ice",
            path: new IcePath({open: (options) => engine.openIceSession(options), role: "controlling", means}),
            fingerprint: engine.fingerprint(),
            origin: "192.0.2.200",
        }),
        secureSignalling,
        codecs: ["opus", "PCMA"],
        ptime: 20,
        security: {type: "dtls"},
        sessionId: 42,
        log: createLog((line) => told.push(line), "debug"),
        onOpen: () => {},
        onHeld: (held) => told.push(`held ${held}`),
        onSecurity: (level) => told.push(`security ${level}`),
        onDisconnected: () => told.push("disconnected"),
    });
    connection.addEventListener("iceconnectionstatechange", () => {
        failed += 1;
    });
    session = engine.iceSessions[0] as RecordingIceSession;
}

beforeEach(() => connect());

const PASSWORD = "theirPassword0theirs0their";
function body(setup: string, {ufrag = "them", direction = "sendrecv"} = {}): string {
    return [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 8",
        "c=IN IP4 0.0.0.0",
        `a=ice-ufrag:${ufrag}`,
        `a=ice-pwd:${PASSWORD}`,
        "a=ice-options:trickle",
        "a=rtcp-mux",
        `a=fingerprint:sha-256 ${Array.from({length: 32}, () => "CD").join(":")}`,
        `a=setup:${setup}`,
        "a=candidate:9 1 udp 2113937151 198.51.100.7 50000 typ host",
        `a=${direction}`,
        "",
    ].join("\r\n");
}

async function offer(): Promise<string> {
    await connection.setLocalDescription(await connection.createOffer());
    return connection.localDescription?.sdp ?? "";
}

async function answer(sdp: string): Promise<string> {
    await connection.setRemoteDescription(new SessionDescription({type: "offer", sdp}));
    await connection.setLocalDescription(await connection.createAnswer());
    return connection.localDescription?.sdp ?? "";
}

const accept = (sdp: string): Promise<void> =>
    connection.setRemoteDescription(new SessionDescription({type: "answer", sdp}));
const ufragOf = (sdp: string): string | undefined => /a=ice-ufrag:(\S+)/.exec(sdp)?.[1];

describe("an offer of ours", () => {
    it("waits for its candidates, and starts the media with the answer", async () => {
        const sdp = await offer();
        expect(sdp).toContain(`a=candidate:1 1 UDP 2130706431 192.0.2.200 ${42_000 + 100 * session.id} typ host`);
        expect(sdp).toContain("a=end-of-candidates");
        expect(connection.iceGatheringState).toBe("complete");
        await accept(body("active"));
        expect(session.started).toMatchObject([{security: {type: "dtls", role: "passive"}, ice: {ufrag: "them"}}]);
        expect(told).toContain("security end");
    });

    it("is no more than a hop secure where the fingerprint came in clear", async () => {
        connect(false);
        await offer();
        await accept(body("active"));
        expect(connection.security).toBe("hop");
    });

    it("goes without what a server has not told in a second, and fails where there is no candidate at all", async () => {
        const engine = new RecordingEngine();
        const open = engine.openIceSession.bind(engine);
        engine.openIceSession = (options) => open({...options, onEvent: () => {}});
        const means = () => ({addresses: [], stun: null, turn: [], relayOnly: false});
        const path = new IcePath({open: (options) => engine.openIceSession(options), role: "controlling", means});
        await expect(path.ready()).rejects.toMatchObject({code: "noPath"});
        const faults: string[] = [];
        path.listen({onFault: (fault) => faults.push(fault), onDisconnected: () => {}, onKeys: () => {}});
        expect(faults).toEqual(["noPath"]);
    });

    it("that finds no candidate when it looks for another path leaves the one that there is", async () => {
        const engine = new RecordingEngine();
        const means = () => ({addresses: ["192.0.2.200"], stun: null, turn: [], relayOnly: false});
        const path = new IcePath({open: (options) => engine.openIceSession(options), role: "controlling", means});
        const faults: string[] = [];
        path.listen({onFault: (fault) => faults.push(fault), onDisconnected: () => {}, onKeys: () => {}});
        await path.ready();
        const [made] = engine.iceSessions as [RecordingIceSession];
        made.options.onEvent({type: "ice", state: "connected"});
        made.restartIce = () => ({ufrag: "anew", pwd: PASSWORD});
        path.restart();
        await expect(path.ready()).rejects.toMatchObject({code: "noPath"});
        expect(faults).toEqual([]);
    });
});

describe("a session that is negotiated again", () => {
    it("keeps its generation of ICE and its role", async () => {
        const first = await answer(body("actpass"));
        const second = await answer(body("actpass", {direction: "sendonly"}));
        expect(ufragOf(second)).toBe(ufragOf(first));
        expect(session.restarts).toEqual([]);
        expect(session.started.map(({security}) => security)).toEqual([
            session.started[0]?.security,
            session.started[0]?.security,
        ]);
        expect(told).toContain("held true");
    });

    it("begins a new generation where the far end did", async () => {
        const first = await answer(body("actpass"));
        const second = await answer(body("actpass", {ufrag: "anew"}));
        expect(session.restarts).toEqual([["192.0.2.200"]]);
        expect(ufragOf(second)).not.toBe(ufragOf(first));
        expect(second).toContain(`192.0.2.200 ${42_000 + 100 * session.id + 1} typ host`);
        expect(session.started.at(-1)?.ice.ufrag).toBe("anew");
    });

    it("begins a new generation where we want it, once", async () => {
        const first = await offer();
        await accept(body("active"));
        connection.restartIce();
        const second = await offer();
        await accept(body("active", {ufrag: "anew"}));
        expect(ufragOf(second)).not.toBe(ufragOf(first));
        expect(ufragOf(await offer())).toBe(ufragOf(second));
        expect(session.restarts).toHaveLength(1);
    });
});

describe("candidates that trickle in", () => {
    const fragment = {ufrag: "them", pwd: PASSWORD, candidates: [], complete: true};

    it("wait for the description that they belong to", async () => {
        connection.addCandidates(fragment);
        connection.addCandidates({...fragment, ufrag: "other"});
        await offer();
        expect(session.added).toEqual([]);
        await accept(body("active"));
        expect(session.added).toEqual([fragment]);
    });

    it("are added at once to what is agreed, unless they are of another generation", async () => {
        await answer(body("actpass"));
        connection.addCandidates(fragment);
        connection.addCandidates({...fragment, ufrag: "other"});
        expect(session.added).toEqual([fragment]);
    });
});

describe("a path", () => {
    it.each([
        ["whose certificate is another one", {type: "dtlsFailed", reason: "fingerprint"}, "notAuthentic"],
        ["whose handshake fails", {type: "dtlsFailed", reason: "handshake"}, "notSecure"],
        ["that is not found", {type: "ice", state: "failed"}, "noPath"],
    ] as const)("%s ends the call in words", async (_, event, fault) => {
        await answer(body("actpass"));
        session.options.onEvent(event);
        expect(connection.fault).toBe(fault);
        expect(failed).toBe(1);
    });

    it("that is lost asks for a new one, and that the restart did not find another is no end", async () => {
        await answer(body("actpass"));
        session.options.onEvent({type: "ice", state: "connected"});
        session.options.onEvent({type: "ice", state: "failed"});
        expect(connection.fault).toBeNull();
        session.options.onEvent({type: "ice", state: "disconnected"});
        expect(told).toContain("disconnected");
        expect(failed).toBe(0);
        session.options.onEvent({type: "ice", state: "failed"});
        expect(connection.fault).toBe("noPath");
    });

    it("is given back once, and what it still tells is passed over", async () => {
        await answer(body("actpass"));
        connection.close();
        connection.close();
        session.options.onEvent({type: "ice", state: "failed"});
        expect(session.closed).toBe(true);
        expect(connection.fault).toBeNull();
        expect(failed).toBe(0);
    });
});
