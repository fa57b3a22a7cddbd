/** Any member in any state: what JsSIP and the engine rely on holds. */
import {expect, it} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import {type Protection, withFreshKeys} from "../../../firmware/sip/media-security.ts";
import {PeerConnection} from "../../../firmware/sip/peer-connection.ts";
import {octetsOf} from "../../../firmware/sip/sdp-crypto.ts";
import {parseSdp} from "../../../firmware/sip/sdp-parse.ts";
import {SessionDescription} from "../../../firmware/sip/session-description.ts";
import {RecordingEngine} from "../../fakes/recording-engine.ts";
import {seededRandom} from "../../support/random.ts";
import {secureBody} from "../../support/sdp-keys.ts";
import {sdpBody} from "../../support/sip-peer.ts";

const bodies = [
    "",
    "v=0\r\nrubbish\r\n",
    sdpBody().replaceAll("AVP 8", "AVP 18"),
    sdpBody(40_000),
    sdpBody(40_002, "sendonly"),
    sdpBody(40_004, "inactive"),
    sdpBody(40_006).replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"),
    sdpBody(40_008).replace("m=audio", "m=video 5000 RTP/AVP 31\r\nm=audio"),
    sdpBody(40_010)
        .replace("AVP 8 101", "AVP 111 96")
        .replace("8 PCMA/8000", "111 opus/48000/2")
        .replace("101 tel", "96 tel"),
    secureBody({tag: 1, suite: "AEAD_AES_256_GCM", seed: 1}, 40_012),
    secureBody({tag: 3, suite: "AES_CM_128_HMAC_SHA1_80", seed: 1}, 40_014, "sendonly"),
    secureBody({tag: 3, suite: "AES_CM_128_HMAC_SHA1_80", seed: 2}, 40_016, "sendrecv", "RTP/AVP"),
    secureBody({tag: 9, suite: "AES_CM_128_HMAC_SHA1_32", seed: 2}, 40_018),
    secureBody({tag: 9, suite: "AES_CM_128_HMAC_SHA1_32", seed: 2}, 40_020).replaceAll("inline:", "inline:A"),
    sdpBody(40_022).replaceAll("RTP/AVP", "RTP/SAVP"),
];

const policies: readonly Protection[] = [
    {type: "plain"},
    {type: "sdes", profile: "RTP/AVP", required: false},
    {type: "sdes", profile: "RTP/SAVP", required: true},
];

/** The text without its version, and the version. */
function partsOf(sdp: string): {rest: string; version: number} {
    const version = Number(/^o=- \d+ (\d+) /m.exec(sdp)?.[1]);
    return {rest: sdp.replace(/^o=.*$/m, ""), version};
}

it.each([1, 2, 3, 4, 5])("holds on a random walk (seed %i)", async (seed) => {
    const random = seededRandom(seed).next;
    const one = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
    let settled = 0;
    let protectedCount = 0;
    for (let round = 0; round < 120; round++) {
        const engine = new RecordingEngine();
        const held: boolean[] = [];
        const levels: string[] = [];
        const protection = one(policies);
        const security = withFreshKeys(protection);
        const pc = new PeerConnection({
            open: () => ({type: "direct", session: engine.openSession()}),
            secureSignalling: true,
            onDisconnected: () => {},
            codecs: ["PCMA", "opus"],
            ptime: 20,
            sessionId: 1 + round,
            log: createLog(() => {}, "error"),
            onOpen: () => {},
            onHeld: (value) => held.push(value),
            security,
            onSecurity: (level) => levels.push(level),
        });
        const sent: string[] = [];
        const remote = (type: string): Promise<void> =>
            pc.setRemoteDescription(new SessionDescription({type, sdp: one(bodies)}));
        const local = async (made: Promise<SessionDescription>): Promise<void> => {
            const description = await made;
            await pc.setLocalDescription(description);
            sent.push(description.sdp);
        };
        const members: (() => Promise<void> | void)[] = [
            () => local(pc.createOffer()),
            () => local(pc.createOffer()),
            async () => void (await pc.createOffer()),
            () => remote("answer"),
            () => remote("answer"),
            () => remote("offer"),
            () => remote("offer"),
            () => local(pc.createAnswer()),
            () => local(pc.createAnswer()),
            () => pc.setLocalDescription({type: "rollback"}),
            () => pc.hold(random() < 0.5),
        ];
        for (let step = 0; step < 25; step++) {
            const state = pc.signalingState;
            const count = engine.sessions[0]?.started.length ?? 0;
            const outcome = await Promise.resolve()
                .then(one(members))
                .then(() => null)
                .catch((error: unknown) => error);
            const where = `seed ${seed} round ${round} step ${step}`;
            if (outcome !== null) {
                expect(outcome, where).toMatchObject({
                    code: expect.toSatisfy(
                        (code) => ["badSdp", "noCommonCodec", "noSecurity"].includes(code) || typeof code === "number",
                    ),
                });
                expect(pc.signalingState, `${where}: a refusal changes nothing`).toBe(state);
                expect(engine.sessions[0]?.started.length, where).toBe(count);
            }
            if (pc.localDescription !== null) expect(pc.iceGatheringState, where).toBe("complete");
        }
        // The version of o= moves by one exactly where the text changes.
        for (const [index, text] of sent.entries()) {
            const now = partsOf(text);
            const before = index === 0 ? null : partsOf(sent[index - 1] ?? "");
            const expected = before === null ? 1 : before.version + (before.rest === now.rest ? 0 : 1);
            expect(now.version, `seed ${seed} round ${round} text ${index}`).toBe(expected);
            expect(parseSdp(text).media.length).toBeGreaterThan(0);
        }
        expect(held.every((value, index) => index === 0 || value !== held[index - 1])).toBe(true);
        expect(levels.every((value, index) => index === 0 || value !== levels[index - 1])).toBe(true);
        const started = engine.sessions[0]?.started.map((media) => media.security) ?? [];
        const kinds = new Set(started.map(({type}) => type));
        // What demands protection never starts without, and what is plain never tells a key.
        if (protection.type === "plain") expect(kinds.has("srtp") || sent.join().includes("a=crypto")).toBe(false);
        else if (protection.type === "sdes" && protection.required) expect(kinds.has("none")).toBe(false);
        for (const used of started) {
            if (used.type !== "srtp" || security.type !== "sdes") continue;
            const own = security.keys.find(({suite}) => suite === used.suite);
            expect(own === undefined ? null : octetsOf(own), `seed ${seed} round ${round}`).toEqual(used.send);
            expect(used.receive).not.toEqual(used.send);
            protectedCount += 1;
        }
        expect(engine.sessions).toHaveLength(1);
        settled += engine.sessions[0]?.started.length ?? 0;
        expect(engine.sessions[0]?.started.every(({address}) => address === "127.0.0.1")).toBe(true);
        pc.close();
        expect(engine.open).toEqual([]);
    }
    expect(settled).toBeGreaterThan(100);
    expect(protectedCount).toBeGreaterThan(30);
});
