import {setTimeout as pass} from "node:timers/promises";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {seededRandom} from "../support/random.ts";
import {levelAt} from "../support/sound-signal.ts";
import {exchange, IceLeg, iceCall, mediaFor} from "./ice-rig.ts";
import {inCall, microphoneTone, QUIET, RATE, Rig} from "./rig.ts";
import {boundSocket, HostilePeer, TurnServer} from "./stun-by-hand.ts";

describe("far ends of ICE that are not ours", {retry: 1}, () => {
    let left: Rig;
    let right: Rig;
    beforeAll(() => {
        left = new Rig({hears: microphoneTone(1004, -20)});
        right = new Rig({hears: microphoneTone(704, -15)});
    });
    afterAll(() => {
        left.close();
        right.close();
    });

    test("a call by a TURN server is heard both ways, and gives its allocation back", async () => {
        const relay = new TurnServer(await boundSocket());
        const {username, password} = TurnServer;
        const turn = [{address: "127.0.0.1", port: relay.port, transport: "udp", username, password}] as const;
        const a = new IceLeg(left, {role: "controlling", turn, relayOnly: true});
        const b = new IceLeg(right);
        const {candidates} = await a.description();
        await exchange(a, b, {});
        left.engine.setAudio(inCall(a.session));
        right.engine.setAudio(inCall(b.session));
        await Promise.all([a.keys(), b.keys()]);
        await left.event({type: "firstPacket", session: a.session.id});
        await right.event({type: "firstPacket", session: b.session.id});
        await pass(300);
        const heard = [await left.listen(400), await right.listen(400)] as const;
        a.session.close();
        await right.event({type: "bye", session: b.session.id});
        b.session.close();
        left.engine.setAudio(QUIET);
        right.engine.setAudio(QUIET);
        await expect.poll(() => relay.released).toBeGreaterThan(0);
        const {relayed} = relay;
        relay.close();
        expect(candidates.map(({type}) => type)).toEqual(["relay"]);
        expect(Math.abs(levelAt(heard[0], RATE, 704) - -15)).toBeLessThan(0.5);
        expect(Math.abs(levelAt(heard[1], RATE, 1004) - -20)).toBeLessThan(0.5);
        expect(relayed).toBeGreaterThan(60);
    });

    test("STUN tells the reflexive address of a server that is there, and one that is not delays nothing else", async () => {
        const server = new TurnServer(await boundSocket());
        const leg = new IceLeg(left, {stun: {address: "127.0.0.1", port: server.port}});
        const {candidates} = await leg.description();
        leg.session.close();
        server.close();
        // On a path without a NAT it is the host's own, and left out (RFC 8445 §5.1.3).
        expect(candidates.map(({type}) => type)).toEqual(["host"]);
        const silent = new IceLeg(left, {stun: {address: "127.0.0.1", port: 9}});
        await silent.event(({type}) => type === "candidate", 0, 500);
        silent.session.close();
    });

    test("a lite far end, which only answers checks, is reached", async () => {
        const leg = new IceLeg(left, {role: "controlling"});
        const ours = await leg.description();
        const {address, port} = ours.candidates[0] ?? {address: "", port: 0};
        const peer = new HostilePeer(await boundSocket(), {...ours, address, port});
        const candidate = {foundation: "1", priority: 1, address: "127.0.0.1", port: peer.port, type: "host"} as const;
        const {ufrag, pwd} = peer;
        const ice = {ufrag, pwd, candidates: [{...candidate, related: null}], complete: true};
        leg.session.start(mediaFor(leg, ice, "passive"));
        await leg.state("connected");
        leg.session.close();
        peer.close();
    });

    test("a peer that ICE lets in gets nowhere with broken DTLS and RTP in clear", async () => {
        const leg = new IceLeg(left);
        const ours = await leg.description();
        const {address, port} = ours.candidates[0] ?? {address: "", port: 0};
        const peer = new HostilePeer(await boundSocket(), {...ours, address, port});
        const candidate = {foundation: "1", priority: 2_130_706_431, address: "127.0.0.1", port: peer.port};
        leg.session.start(
            mediaFor(
                leg,
                {
                    ufrag: peer.ufrag,
                    pwd: peer.pwd,
                    candidates: [{...candidate, type: "host", related: null}],
                    complete: true,
                },
                "passive",
            ),
        );
        left.engine.setAudio(inCall(leg.session));
        const checks = setInterval(() => peer.check(), 50);
        await leg.state("connected");
        clearInterval(checks);
        const seed = Date.now() & 0x7fffffff;
        const random = seededRandom(seed).below;
        for (let round = 0; round < 3000; round++) {
            const bytes = Uint8Array.from({length: random(round % 3 === 0 ? 1600 : 80)}, () => random(256));
            // Content type, DTLS 1.2, and mostly a length that is right; or RTP and RTCP.
            const head = round % 5 === 0 ? [0x80, random(256)] : [20 + random(5), 254, 253, 0, 0];
            bytes.set(head.slice(0, bytes.length));
            if (bytes.length > 13 && random(2) === 0) {
                new DataView(bytes.buffer).setUint16(11, bytes.length - 13);
            }
            peer.send(bytes);
            if (round % 32 === 0) await pass(1);
        }
        await pass(100);
        const {packetsSent, packetsReceived} = leg.session.stats();
        leg.session.close();
        peer.close();
        left.engine.setAudio(QUIET);
        expect({packetsSent, packetsReceived}, `seed ${seed}`).toEqual({packetsSent: 0, packetsReceived: 0});
        expect(leg.events.some(({event}) => event.type === "keys")).toBe(false);
        const next = await iceCall(left, right);
        await Promise.all([next.left.keys(), next.right.keys()]);
        next.left.session.close();
        next.right.session.close();
        left.engine.setAudio(QUIET);
        right.engine.setAudio(QUIET);
    });
});
