import {beforeEach, describe, expect, it} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import {AudioStream} from "../../../firmware/sip/audio-track.ts";
import {PeerConnection, type PeerConnectionOptions} from "../../../firmware/sip/peer-connection.ts";
import {SessionDescription} from "../../../firmware/sip/session-description.ts";
import {RecordingEngine, type RecordingSession} from "../../fakes/recording-engine.ts";
import {sdpBody} from "../../support/sip-peer.ts";

let engine: RecordingEngine;
let held: boolean[];
let connection: PeerConnection;
let session: RecordingSession;

const offer = (body: string): SessionDescription => new SessionDescription({type: "offer", sdp: body});
const answer = (body: string): SessionDescription => new SessionDescription({type: "answer", sdp: body});

function connect(options: Partial<PeerConnectionOptions> = {}): PeerConnection {
    return new PeerConnection({
        open: () => ({type: "direct", session: engine.openSession()}),
        secureSignalling: true,
        onDisconnected: () => {},
        codecs: ["PCMA", "opus"],
        ptime: 20,
        sessionId: 42,
        log: createLog(() => {}, "error"),
        onOpen: () => {},
        onHeld: (value) => held.push(value),
        security: {type: "plain"},
        onSecurity: () => {},
        ...options,
    });
}

/** Offers and returns the text that goes out. */
async function sendOffer(): Promise<string> {
    await connection.setLocalDescription(await connection.createOffer());
    return connection.localDescription?.sdp ?? "";
}

async function sendAnswer(): Promise<string> {
    await connection.setLocalDescription(await connection.createAnswer());
    return connection.localDescription?.sdp ?? "";
}

const versionOf = (sdp: string): number => Number(/^o=- \d+ (\d+) /m.exec(sdp)?.[1]);

beforeEach(() => {
    engine = new RecordingEngine();
    held = [];
    connection = connect();
    session = engine.sessions[0] as RecordingSession;
});

describe("a call that we make", () => {
    it("offers the session's port, and starts the media with the answer", async () => {
        const sdp = await sendOffer();
        expect(sdp).toContain(`m=audio ${session.local.port} RTP/AVP 8 96 101 102`);
        expect(connection.signalingState).toBe("have-local-offer");
        // JsSIP waits for ever for anything else.
        expect(connection.iceGatheringState).toBe("complete");
        expect(session.started).toEqual([]);
        await connection.setRemoteDescription(answer(sdpBody(40_000)));
        expect(connection.signalingState).toBe("stable");
        expect(connection.iceConnectionState).toBe("connected");
        expect(session.remote).toMatchObject({port: 40_000, direction: "sendrecv"});
    });

    it("may be asked for its offer again and again: text, port and version stay", async () => {
        const texts = [await connection.createOffer(), await connection.createOffer()].map(({sdp}) => sdp);
        expect(texts[0]).toBe(texts[1]);
        expect(connection.signalingState).toBe("stable");
        expect(await sendOffer()).toBe(texts[0]);
        expect((await connection.createOffer()).sdp).toBe(texts[0]);
        expect(engine.sessions).toHaveLength(1);
    });

    it("takes the answers of several early dialogs, the newest last", async () => {
        await sendOffer();
        await connection.setRemoteDescription(answer(sdpBody(40_000)));
        await connection.setRemoteDescription(answer(sdpBody(40_002)));
        expect(session.started.map(({port}) => port)).toEqual([40_000, 40_002]);
    });

    it("goes through JsSIP's second offer, which is never sent, when the 200 follows a 183", async () => {
        const first = await sendOffer();
        await connection.setRemoteDescription(answer(sdpBody(40_000)));
        expect(await sendOffer()).toBe(first);
        await connection.setRemoteDescription(answer(sdpBody(40_004)));
        expect(session.remote?.port).toBe(40_004);
    });

    it("refuses an answer without a common codec, and stays as it was", async () => {
        await sendOffer();
        const refused = connection.setRemoteDescription(answer(sdpBody().replaceAll("AVP 8", "AVP 18")));
        await expect(refused).rejects.toMatchObject({code: "noCommonCodec"});
        expect(connection.signalingState).toBe("have-local-offer");
        expect(session.started).toEqual([]);
    });
});

describe("a call that comes", () => {
    it("is answered in the offerer's terms, and the media start with the answer", async () => {
        await connection.setRemoteDescription(offer(sdpBody(40_000)));
        expect(connection.signalingState).toBe("have-remote-offer");
        expect(session.started).toEqual([]);
        expect(await sendAnswer()).toContain(`m=audio ${session.local.port} RTP/AVP 8 101`);
        expect(connection.signalingState).toBe("stable");
        expect(session.remote).toMatchObject({port: 40_000, codecs: [{name: "PCMA"}]});
    });

    it("without a common codec is refused where JsSIP says 488", async () => {
        const refused = connection.setRemoteDescription(offer(sdpBody().replaceAll("AVP 8", "AVP 18")));
        await expect(refused).rejects.toMatchObject({code: "noCommonCodec"});
        expect(connection.signalingState).toBe("stable");
    });

    it("without an offer is offered ours", async () => {
        await sendOffer();
        await connection.setRemoteDescription(answer(sdpBody(40_000)));
        expect(session.remote?.port).toBe(40_000);
    });
});

describe("hold", () => {
    beforeEach(async () => {
        await sendOffer();
        await connection.setRemoteDescription(answer(sdpBody(40_000)));
    });

    it("by us stands in our offers and in our answers", async () => {
        connection.hold(true);
        expect(await sendOffer()).toContain("a=sendonly\r\n");
        await connection.setRemoteDescription(answer(sdpBody(40_000, "recvonly")));
        expect(session.remote?.direction).toBe("sendonly");
        await connection.setRemoteDescription(offer(sdpBody(40_000, "sendrecv")));
        expect(await sendAnswer()).toContain("a=sendonly\r\n");
        connection.hold(false);
        expect(await sendOffer()).toContain("a=sendrecv\r\n");
        expect(held).toEqual([]);
    });

    it("by the other side is told once, by direction or by c=0.0.0.0", async () => {
        for (const body of [sdpBody(40_000, "sendonly"), sdpBody(40_000, "inactive"), sdpBody(40_000)]) {
            await connection.setRemoteDescription(offer(body));
            await sendAnswer();
        }
        expect(held).toEqual([true, false]);
        await connection.setRemoteDescription(offer(sdpBody(40_000).replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")));
        await sendAnswer();
        expect(held).toEqual([true, false, true]);
        // RTCP still goes where it went.
        expect(session.remote).toMatchObject({address: "127.0.0.1", port: 40_000, direction: "recvonly"});
    });

    it("moves the version of o= on with each text that goes out, also after a refusal", async () => {
        connection.hold(true);
        expect(versionOf(await sendOffer())).toBe(2);
        await connection.setLocalDescription({type: "rollback"});
        expect(connection.signalingState).toBe("stable");
        connection.hold(false);
        expect(versionOf(await sendOffer())).toBe(3);
        await connection.setRemoteDescription(answer(sdpBody(40_000)));
        expect(versionOf(await sendOffer())).toBe(3);
    });
});

describe("the state machine", () => {
    it("refuses an offer while ours is open (glare)", async () => {
        await sendOffer();
        const refused = connection.setRemoteDescription(offer(sdpBody()));
        await expect(refused).rejects.toMatchObject({name: "InvalidStateError"});
        expect(connection.signalingState).toBe("have-local-offer");
    });

    it("refuses an answer to no offer, also to one that was rolled back", async () => {
        const early = connection.setRemoteDescription(answer(sdpBody()));
        await expect(early).rejects.toMatchObject({name: "InvalidStateError"});
        await sendOffer();
        await connection.setLocalDescription({type: "rollback"});
        const late = connection.setRemoteDescription(answer(sdpBody()));
        await expect(late).rejects.toMatchObject({name: "InvalidStateError"});
    });

    it("refuses a rollback of nothing, an answer to nothing, and a description that it did not make", async () => {
        await expect(connection.setLocalDescription({type: "rollback"})).rejects.toMatchObject({
            name: "InvalidStateError",
        });
        await expect(connection.createAnswer()).rejects.toMatchObject({name: "InvalidStateError"});
        await expect(connection.setLocalDescription(offer(sdpBody()))).rejects.toMatchObject({
            name: "InvalidModificationError",
        });
    });

    it("rejects everything once closed, and closes once", async () => {
        const made = await connection.createOffer();
        connection.close();
        connection.close();
        expect(session.closed).toBe(true);
        expect(connection.signalingState).toBe("closed");
        for (const attempt of [
            connection.createOffer(),
            connection.createAnswer(),
            connection.setLocalDescription(made),
            connection.setLocalDescription({type: "rollback"}),
            connection.setRemoteDescription(offer(sdpBody())),
            connection.setRemoteDescription(answer(sdpBody())),
        ]) {
            await expect(attempt).rejects.toMatchObject({name: "InvalidStateError"});
        }
        expect(session.started).toEqual([]);
    });
});

describe("the engine", () => {
    it("that has no port left is heard of in the constructor", () => {
        engine.failure = new Error("no port is free");
        expect(() => connect()).toThrow("no port is free");
    });

    it("that cannot start a first time rejects the description, without `failed`", async () => {
        session.failure = new Error("no device");
        await sendOffer();
        await expect(connection.setRemoteDescription(answer(sdpBody()))).rejects.toThrow("no device");
        expect(connection.iceConnectionState).toBe("new");
        expect(connection.fault).toBe("mediaLost");
    });

    it("that cannot go on fails the connection, which JsSIP ends", async () => {
        let told = 0;
        connection.addEventListener("iceconnectionstatechange", () => told++);
        await sendOffer();
        await connection.setRemoteDescription(answer(sdpBody()));
        expect(told).toBe(0);
        session.failure = new Error("no device");
        await connection.setRemoteDescription(offer(sdpBody(40_002)));
        await expect(sendAnswer()).rejects.toThrow("no device");
        expect(told).toBe(1);
        expect(connection.iceConnectionState).toBe("failed");
    });
});

it("sends digits through its sender, one after the other", async () => {
    const stream = new AudioStream();
    const [track] = stream.getAudioTracks();
    if (track === undefined) throw new Error("no track");
    connection.addTrack(track);
    const [sender] = connection.getSenders();
    expect(sender?.track.kind).toBe("audio");
    sender?.dtmf.insertDTMF("1#", 100);
    expect(session.digits).toEqual([
        {digit: "1", ms: 100},
        {digit: "#", ms: 100},
    ]);
    expect(sender?.dtmf.toneBuffer).toBe("");
    expect(connection.sendsEvents).toBe(false);
    await sendOffer();
    await connection.setRemoteDescription(answer(sdpBody()));
    expect(connection.sendsEvents).toBe(true);
});
