/** Keys over the life of a session: they stay ours, whoever asks again, and follow theirs. */
import {randomBytes} from "node:crypto";
import {beforeEach, describe, expect, it} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import {PeerConnection} from "../../../firmware/sip/peer-connection.ts";
import {keyOctets, suiteKey, suites} from "../../../firmware/sip/sdp-crypto.ts";
import type {LocalSecurity} from "../../../firmware/sip/sdp-security.ts";
import {SessionDescription} from "../../../firmware/sip/session-description.ts";
import type {MediaSecurity} from "../../../native/index.ts";
import {RecordingEngine, type RecordingSession} from "../../fakes/recording-engine.ts";
import {cryptoLine, keyText, secureBody} from "../../support/sdp-keys.ts";
import {sdpBody} from "../../support/sip-peer.ts";

const suite = "AES_CM_128_HMAC_SHA1_80";
const keys = suites.map((each) => suiteKey(each, randomBytes(keyOctets[each])));
const best: LocalSecurity = {type: "sdes", profile: "RTP/AVP", required: false, keys};
const sdes: LocalSecurity = {type: "sdes", profile: "RTP/SAVP", required: true, keys};

let told: string[];
let logged: string[];
let connection: PeerConnection;
let session: RecordingSession;

function connect(security: LocalSecurity): void {
    const engine = new RecordingEngine();
    connection = new PeerConnection({
        open: () => ({type: "direct", session: engine.openSession()}),
        secureSignalling: true,
        onDisconnected: () => {},
        codecs: ["PCMA"],
        ptime: 20,
        security,
        sessionId: 42,
        log: createLog((line) => logged.push(line), "debug"),
        onOpen: () => {},
        onHeld: () => {},
        onSecurity: (level) => told.push(level),
    });
    session = engine.sessions[0] as RecordingSession;
}

const remote = (type: "offer" | "answer", sdp: string): Promise<void> =>
    connection.setRemoteDescription(new SessionDescription({type, sdp}));

async function offer(): Promise<string> {
    await connection.setLocalDescription(await connection.createOffer());
    return connection.localDescription?.sdp ?? "";
}

async function answer(): Promise<string> {
    await connection.setLocalDescription(await connection.createAnswer());
    return connection.localDescription?.sdp ?? "";
}

const cryptoOf = (sdp: string): readonly string[] => sdp.split("\r\n").filter((line) => line.startsWith("a=crypto"));
const inForce = (): MediaSecurity | undefined => session.remote?.security;

beforeEach(() => {
    told = [];
    logged = [];
});

describe("a session that we made with keys", () => {
    let first = "";
    beforeEach(async () => {
        connect(best);
        first = await offer();
        await remote("answer", secureBody({tag: 3, suite, seed: 1}));
    });

    it("is protected with the suite that they chose", () => {
        expect(inForce()).toMatchObject({type: "srtp", suite, receive: expect.any(Uint8Array)});
        expect(connection.security).toBe("hop");
        expect(told).toEqual(["hop"]);
    });

    it("keeps its lines and keys over hold, resume and a refresh", async () => {
        const before = inForce();
        connection.hold(true);
        const hold = await offer();
        await remote("answer", secureBody({tag: 3, suite, seed: 1}, 40_000, "recvonly"));
        connection.hold(false);
        const resume = await offer();
        await remote("answer", secureBody({tag: 3, suite, seed: 1}));
        const refresh = await offer();
        for (const text of [hold, resume, refresh]) expect(cryptoOf(text)).toEqual(cryptoOf(first));
        expect(refresh).toBe(resume);
        expect(inForce()).toEqual(before);
        expect(told).toEqual(["hop"]);
    });

    it("keeps our key when they ask again, and follows theirs when it is a new one", async () => {
        const before = inForce();
        await remote("offer", secureBody({tag: 1, suite, seed: 1}));
        const same = await answer();
        expect(inForce()).toEqual(before);
        await remote("offer", secureBody({tag: 1, suite, seed: 2}));
        expect(cryptoOf(await answer())).toEqual(cryptoOf(same));
        const after = inForce();
        if (before?.type !== "srtp" || after?.type !== "srtp") throw new Error("a session in clear");
        expect(after.send).toEqual(before.send);
        expect(after.receive).not.toEqual(before.receive);
    });

    it("tells when their re-INVITE takes the keys away, and when one brings them back", async () => {
        await remote("offer", sdpBody());
        expect(cryptoOf(await answer())).toEqual([]);
        expect(inForce()).toEqual({type: "none"});
        await remote("offer", secureBody({tag: 1, suite, seed: 3}));
        await answer();
        expect(told).toEqual(["hop", "none", "hop"]);
    });
});

describe("a session that demands protection", () => {
    beforeEach(() => connect(sdes));

    it("refuses an answer without keys, says what it lacks and never their key", async () => {
        await offer();
        await expect(remote("answer", sdpBody())).rejects.toMatchObject({code: "noSecurity"});
        expect(connection.insecure).toBe(true);
        expect(session.started).toEqual([]);
        const key = {tag: 3, suite, seed: 1} as const;
        const body = secureBody(key).replace(cryptoLine(key), `${cryptoLine(key)} KDR=1`);
        const error: unknown = await remote("answer", body).catch((thrown: unknown) => thrown);
        expect(String(error)).toContain("has a session parameter that we do not take");
        expect(String(error)).not.toContain(keyText(key));
    });

    it("refuses a re-INVITE that would take the keys away, and goes on as it was", async () => {
        await offer();
        await remote("answer", secureBody({tag: 1, suite: "AEAD_AES_256_GCM", seed: 1}));
        await expect(remote("offer", sdpBody())).rejects.toMatchObject({code: "noSecurity"});
        expect(connection.signalingState).toBe("stable");
        expect(connection.security).toBe("hop");
        await remote("offer", secureBody({tag: 1, suite: "AEAD_AES_256_GCM", seed: 1}));
        expect(connection.insecure).toBe(false);
    });

    it("logs no key when the engine fails", async () => {
        await offer();
        session.failure = new Error("no device");
        await expect(remote("answer", secureBody({tag: 3, suite, seed: 1}))).rejects.toThrow("no device");
        expect(logged.join("\n")).toContain("cannot start");
        const secrets = [...keys.map(({key}) => key.reveal()), keyText({tag: 3, suite, seed: 1})];
        expect(secrets.filter((secret) => logged.join("\n").includes(secret))).toEqual([]);
    });
});
