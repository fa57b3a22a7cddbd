import {readFileSync} from "node:fs";
import {setTimeout as pass} from "node:timers/promises";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {findGaps} from "../support/sound-analysis.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {levelAt} from "../support/sound-signal.ts";
import {exchange, IceLeg, iceCall, mediaFor} from "./ice-rig.ts";
import {microphoneTone, QUIET, RATE, Rig} from "./rig.ts";

// A virtual machine may stand still for longer than any buffer of a phone: what was lost then says nothing of us.
describe("a call over ICE with keys from DTLS", {retry: 2}, () => {
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

    const hangUp = (...legs: IceLeg[]): void => {
        for (const {session, rig} of legs) {
            session.close();
            rig.engine.setAudio(QUIET);
        }
    };

    const hears = async (rig: Rig, frequency: number, level: number): Promise<void> => {
        const heard = await rig.listen(500);
        expect(Math.abs(levelAt(heard, RATE, frequency) - level)).toBeLessThan(0.5);
    };

    test.each([
        {role: "active", address: "127.0.0.1"},
        {role: "passive", address: "127.0.0.1"},
        {role: "active", address: "::1"},
    ] as const)("is heard both ways with us $role in DTLS on $address", async ({role, address}) => {
        const call = await iceCall(left, right, {role, address});
        const keys = await Promise.all([call.left.keys(), call.right.keys()]);
        expect(keys.map(({suite}) => suite)).toEqual(["AEAD_AES_128_GCM", "AEAD_AES_128_GCM"]);
        await left.event({type: "firstPacket", session: call.left.session.id});
        await right.event({type: "firstPacket", session: call.right.session.id});
        await pass(300);
        await hears(left, 704, -15);
        await hears(right, 1004, -20);
        call.left.session.sendDigit("5", 80);
        await right.event({type: "digit", session: call.right.session.id, digit: "5"});
        for (const leg of [call.left, call.right]) {
            expect(leg.session.stats()).toMatchObject({
                packetsLost: 0,
                packetsMalformed: 0,
                packetsUnauthentic: 0,
                packetsReplayed: 0,
            });
        }
        call.left.session.close();
        await right.event({type: "bye", session: call.right.session.id});
        hangUp(call.left, call.right);
    });

    test("no libssl or libcrypto but Node's own is mapped", async () => {
        const call = await iceCall(left, right);
        await call.left.keys();
        const mapped = readFileSync("/proc/self/maps", "utf8");
        hangUp(call.left, call.right);
        expect(mapped).toContain("offhook_media.node");
        expect(mapped).toContain("libnice");
        expect(mapped).not.toMatch(/lib(ssl|crypto)\.so/);
    });

    test("a certificate that signalling did not name carries no media, in either role", async () => {
        for (const role of ["active", "passive"] as const) {
            const foreign = {hash: "sha-256", value: new Uint8Array(32).fill(7)};
            const call = await iceCall(left, right, {role, fingerprint: foreign});
            const {event} = await call.right.event(({type}) => type === "dtlsFailed");
            expect(event).toEqual({type: "dtlsFailed", reason: "fingerprint"});
            await call.left.event(({type}) => type === "dtlsFailed" || type === "keys");
            await pass(200);
            const {packetsSent, packetsReceived} = call.right.session.stats();
            hangUp(call.left, call.right);
            expect({packetsSent, packetsReceived}).toEqual({packetsSent: 0, packetsReceived: 0});
        }
    });

    test("the strongest hash decides: a right SHA-256 beside a wrong SHA-512 is a mismatch", async () => {
        const a = new IceLeg(left, {role: "controlling"});
        const b = new IceLeg(right);
        const [ofA, ofB] = await Promise.all([a.description(), b.description()]);
        const fingerprints = [left.engine.fingerprint(), {hash: "sha-512", value: new Uint8Array(64)}];
        b.session.start({...mediaFor(a, ofA, "passive"), security: {type: "dtls", role: "passive", fingerprints}});
        a.session.start(mediaFor(b, ofB, "active"));
        const {event} = await b.event(({type}) => type === "dtlsFailed");
        hangUp(a, b);
        expect(event).toEqual({type: "dtlsFailed", reason: "fingerprint"});
    });

    test("candidates that trickle in after the start are enough", async () => {
        const a = new IceLeg(left, {role: "controlling"});
        const b = new IceLeg(right);
        const [ofA, ofB] = await Promise.all([a.description(), b.description()]);
        b.session.start(mediaFor(a, {...ofA, candidates: [], complete: false}, "passive"));
        a.session.start(mediaFor(b, {...ofB, candidates: [], complete: false}, "active"));
        b.session.addCandidates({candidates: ofA.candidates, complete: true});
        a.session.addCandidates({candidates: ofB.candidates, complete: true});
        await Promise.all([a.keys(), b.keys()]);
        hangUp(a, b);
    });

    test("a restart moves the call to new ports without a gap, and DTLS is not done again", async () => {
        const call = await iceCall(left, right);
        await Promise.all([call.left.keys(), call.right.keys()]);
        await left.event({type: "firstPacket", session: call.left.session.id});
        await pass(500);
        const from = monotonicNow();
        const before = [call.left.events.length, call.right.events.length];
        call.left.restart();
        call.right.restart();
        await exchange(call.left, call.right, {});
        await call.left.state("connected", before[0]);
        await call.right.state("connected", before[1]);
        await pass(500);
        const heard = left.handset.heard(from, monotonicNow() - 50e6).samples;
        const stats = call.left.session.stats();
        const agreed = call.left.events.filter(({event}) => event.type === "keys").length;
        hangUp(call.left, call.right);
        expect(findGaps(heard, RATE, 704, 5)).toEqual([]);
        expect(stats).toMatchObject({packetsLost: 0, packetsUnauthentic: 0});
        expect(agreed).toBe(1);
    });

    test("what cannot be bound fails at once, and a wrong argument names its property", async () => {
        const leg = new IceLeg(left, {addresses: ["192.0.2.77"]});
        await leg.state("failed");
        leg.session.close();
        const open = (change: object) => () => new IceLeg(left, change);
        expect(open({addresses: ["localhost"]})).toThrow(/address must be a numeric IP address/);
        expect(open({role: "both"})).toThrow(/role must be one of controlling, controlled/);
        expect(open({stun: {address: "192.0.2.1", port: 0}})).toThrow(/port/);
        expect(open({turn: [{address: "192.0.2.1", port: 1, transport: "tls"}]})).toThrow(/transport/);
        const other = new IceLeg(left);
        const ice = await other.description();
        const start = (change: object) => () =>
            other.session.start({...mediaFor(other, ice, "active"), ...change} as Parameters<
                typeof other.session.start
            >[0]);
        expect(start({ice: {...ice, pwd: "short"}})).toThrow(/pwd must be 22 to 256 characters/);
        expect(start({ice: {...ice, ufrag: "a b c d"}})).toThrow(/ufrag/);
        expect(start({security: {type: "dtls", role: "actpass", fingerprints: []}})).toThrow(/role/);
        expect(start({security: {type: "dtls", role: "active", fingerprints: []}})).toThrow(/fingerprints/);
        const candidate = {foundation: "1", priority: 1, address: "192.0.2.1", port: 9, type: "host", related: null};
        const many = Array.from({length: 51}, () => candidate);
        expect(start({ice: {...ice, candidates: many}})).toThrow(/candidates/);
        other.session.close();
        expect(() => other.session.restartIce({addresses: []})).toThrow(/closed/);
    });
});
