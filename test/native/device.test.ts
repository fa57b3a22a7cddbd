import {mkdtempSync, renameSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {setTimeout as pass} from "node:timers/promises";
import {afterAll, afterEach, describe, expect, test} from "vitest";
import type {Tone} from "../../native/index.ts";
import {RtpPeer} from "../support/rtp-peer.ts";
import {findTone} from "../support/sound-analysis.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {levelAt, levelOf} from "../support/sound-signal.ts";
import {block, inCall, microphoneTone, QUIET, RATE, Rig, type RigOptions, remoteOf} from "./rig.ts";

function steady(frequencies: readonly number[], level = -10): Tone {
    return {steps: [{frequencies, modulated: false, ms: 0, gain: 0}], repeatFrom: 0, level};
}

const BUSY: Tone = {
    steps: [
        {frequencies: [425], modulated: false, ms: 300, gain: 0},
        {frequencies: [], modulated: false, ms: 200, gain: 0},
    ],
    repeatFrom: 0,
    level: -10,
};

const open: {close(): void}[] = [];
afterEach(() => {
    for (const opened of open.splice(0)) {
        opened.close();
    }
});

function rigOf(options: RigOptions = {}): Rig {
    const rig = new Rig(options);
    open.push(rig);
    return rig;
}

async function peerOf(): Promise<RtpPeer> {
    const peer = await RtpPeer.open();
    open.push(peer);
    return peer;
}

// A virtual machine may stand still for longer than any buffer of a phone: what was lost then says nothing of us.
describe("tones and devices", {retry: 2}, () => {
    test("an idle engine has no device open and uses no processor", async () => {
        const rig = rigOf();
        await pass(200);
        const before = process.cpuUsage();
        await pass(500);
        const {user, system} = process.cpuUsage(before);
        expect(rig.engine.stats()).toMatchObject({captureOpen: false, playbackOpen: false, ringerOpen: false});
        expect(rig.handset.events()).toEqual([]);
        expect((user + system) / 500_000).toBeLessThan(0.2);
    });

    test("a tone is in the ear at its level; its end closes the device", async () => {
        const rig = rigOf();
        rig.engine.setAudio({...QUIET, earTone: steady([350, 440])});
        await pass(200);
        const heard = await rig.listen(500);
        expect(Math.abs(levelAt(heard, RATE, 350) - (-13.14 - 3.01))).toBeLessThan(0.1);
        expect(Math.abs(levelAt(heard, RATE, 440) - (-13.14 - 3.01))).toBeLessThan(0.1);
        expect(rig.engine.stats()).toMatchObject({captureOpen: false, playbackOpen: true, ringerOpen: false});
        expect(rig.handset.isOpen("capture")).toBe(false);
        expect(rig.bell.events()).toEqual([]);
        rig.engine.setAudio(QUIET);
        await rig.handset.until((events) => events.at(-1)?.name === "close", 1000);
        expect(rig.engine.stats().playbackOpen).toBe(false);
    });

    test("the first of a tone is at the speaker within 50 ms of the wish", async () => {
        const rig = rigOf();
        const wished = monotonicNow();
        rig.engine.setAudio({...QUIET, earTone: steady([440])});
        await pass(300);
        const heard = rig.handset.heard(wished, wished + 250e6).samples;
        const first = heard.findIndex((sample) => Math.abs(sample) > 100);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(first / 48).toBeLessThan(50);
    });

    test("a cadence goes on, to the millisecond, while other wishes change", async () => {
        const rig = rigOf();
        rig.engine.setAudio({...QUIET, earTone: BUSY});
        await pass(100);
        const from = monotonicNow();
        for (let i = 0; i < 20; i++) {
            await pass(100);
            rig.engine.setAudio({...QUIET, earTone: {...BUSY, steps: [...BUSY.steps]}, volume: (i % 2) * 0.1});
        }
        const bursts = findTone(rig.handset.heard(from, monotonicNow()).samples, RATE, 425).slice(1, -1);
        expect(bursts.length).toBeGreaterThanOrEqual(2);
        for (const [i, burst] of bursts.entries()) {
            expect(Math.abs(burst.to - burst.from - 300)).toBeLessThan(2);
            const next = bursts[i + 1];
            if (next !== undefined) {
                expect(Math.abs(next.from - burst.from - 500)).toBeLessThan(1);
            }
        }
    });

    test("the ringer rings alone, at its volume, and falls silent at once", async () => {
        const rig = rigOf();
        rig.engine.setAudio({...QUIET, ring: {tone: steady([800]), volume: -6}});
        await pass(200);
        const from = monotonicNow();
        await pass(305);
        const rung = rig.bell.heard(from, from + 300e6).samples;
        expect(Math.abs(levelAt(rung, RATE, 800) - (-13.14 - 6))).toBeLessThan(0.1);
        expect(rig.handset.events()).toEqual([]);
        expect(rig.engine.stats()).toMatchObject({playbackOpen: false, ringerOpen: true});
        rig.engine.setAudio({...QUIET, ring: {tone: steady([800]), volume: null}});
        await rig.bell.until((events) => events.at(-1)?.name === "close", 1000);
    });

    test("in a call the ringer is silent, and on ringing the handset", async () => {
        const rig = rigOf({hears: microphoneTone(1000, -20)});
        const peer = await peerOf();
        const session = rig.engine.openSession();
        session.start(remoteOf(peer));
        rig.engine.setAudio(inCall(session, {earTone: steady([440], -30)}));
        await pass(400);
        expect(levelOf(await rig.listen(100))).toBeGreaterThan(-40);
        expect(rig.bell.events()).toEqual([]);
    });
});

/** By how many ms RTP time and the time of arrival differ at most, from the first packet on. */
function timeError({packets}: RtpPeer): number {
    const [first] = packets;
    const errors = packets.map(({at, timestamp}) => {
        const sent = ((timestamp - (first?.timestamp ?? 0)) >>> 0) / 8;
        return Math.abs(sent - (at - (first?.at ?? 0)) / 1e6);
    });
    return Math.max(...errors);
}

describe("the microphone's gate", {retry: 2}, () => {
    test("capture opens only when asked, tells so, and closes within a few ms", async () => {
        const rig = rigOf();
        const session = rig.engine.openSession();
        session.start(remoteOf(await peerOf()));
        rig.engine.setAudio(inCall(session, {microphone: "closed"}));
        await pass(200);
        expect(rig.handset.captureLog()).toEqual([]);
        rig.engine.setAudio(inCall(session));
        await rig.event({type: "capture", open: true});
        expect(rig.handset.isOpen("capture")).toBe(true);
        const asked = monotonicNow();
        rig.engine.setAudio(inCall(session, {microphone: "closed"}));
        await rig.event({type: "capture", open: false});
        const closedAt = rig.handset.captureLog().at(-1)?.closedAt ?? Number.POSITIVE_INFINITY;
        expect((closedAt - asked) / 1e6).toBeLessThan(30);
        expect(rig.engine.stats().captureOpen).toBe(false);
    });

    test("while the gate is closed, RTP keeps its timing with silence", async () => {
        const rig = rigOf({hears: microphoneTone(1000, -10)});
        const peer = await peerOf();
        const session = rig.engine.openSession();
        session.start(remoteOf(peer));
        rig.engine.setAudio(inCall(session, {microphone: "closed"}));
        await peer.until(() => peer.packets.length >= 50, 5000);
        expect(new Set(Buffer.concat(peer.packets.map(({payload}) => payload)))).toEqual(new Set([0xd5]));
        expect(timeError(peer)).toBeLessThan(60);
    });

    describe("with a hook sensor", () => {
        const folder = mkdtempSync(join(tmpdir(), "offhook-hook-"));
        const path = join(folder, "hook");
        afterAll(() => rmSync(folder, {recursive: true, force: true}));

        function putHook(position: "0" | "1"): void {
            writeFileSync(`${path}.new`, position);
            renameSync(`${path}.new`, path);
        }

        async function talkWith(route: "handset" | "speaker"): Promise<Rig> {
            putHook("1");
            const rig = rigOf({hookSensor: {path, onHook: "0"}});
            const session = rig.engine.openSession();
            session.start(remoteOf(await peerOf()));
            rig.engine.setAudio(inCall(session, {route}));
            await rig.event({type: "capture", open: true});
            return rig;
        }

        test("JavaScript blocked at hang-up: capture closes within 500 ms by itself", async () => {
            const rig = await talkWith("handset");
            await pass(200);
            putHook("0");
            const down = monotonicNow();
            block(700);
            const closedAt = rig.handset.captureLog().at(-1)?.closedAt ?? Number.POSITIVE_INFINITY;
            expect((closedAt - down) / 1e6).toBeGreaterThan(250);
            expect((closedAt - down) / 1e6).toBeLessThan(500);
            await rig.event({type: "capture", open: false});
            // It stays closed until JavaScript says otherwise.
            putHook("1");
            await pass(300);
            expect(rig.handset.captureLog().length).toBe(1);
            rig.engine.setAudio({...QUIET, microphone: "open"});
            await rig.handset.until((events) => events.at(-1)?.name === "start", 1000);
        });

        test("a short touch of the hook, a speakerphone and a broken sensor keep the call", async () => {
            const rig = await talkWith("handset");
            putHook("0");
            await pass(150);
            putHook("1");
            await pass(500);
            expect(rig.engine.stats().captureOpen).toBe(true);
            rmSync(path);
            await pass(500);
            expect(rig.engine.stats().captureOpen).toBe(true);
            const speaker = await talkWith("speaker");
            putHook("0");
            await pass(700);
            expect(speaker.engine.stats().captureOpen).toBe(true);
        });
    });
});

describe("a sound card that fails", {retry: 2}, () => {
    test("a PCM that does not exist is told once with its name, and the session lives", async () => {
        const rig = rigOf({capture: "no_such_pcm"});
        const peer = await peerOf();
        const session = rig.engine.openSession();
        session.start(remoteOf(peer));
        rig.engine.setAudio(inCall(session));
        const told = await rig.event({type: "device", pcm: "capture", ok: false});
        expect(told).toMatchObject({reason: expect.stringContaining("no_such_pcm")});
        await peer.until(() => peer.packets.length >= 100, 5000);
        expect(rig.events.filter(({type}) => type === "device").length).toBe(1);
        expect(rig.events.some(({type}) => type === "capture")).toBe(false);
    });

    test("a card pulled out in a call: RTP goes on with silence; put in again, sound is back both ways", async () => {
        const rig = rigOf({hears: microphoneTone(1000, -20)});
        const peer = await peerOf();
        const session = rig.engine.openSession();
        session.start(remoteOf(peer));
        rig.engine.setAudio(inCall(session, {earTone: steady([440])}));
        await peer.until(() => peer.packets.length >= 30, 5000);
        rig.handset.unplug();
        await rig.event({type: "capture", open: false});
        await rig.event({type: "device", pcm: "capture", ok: false});
        await rig.event({type: "device", pcm: "playback", ok: false});
        expect(rig.engine.stats()).toMatchObject({captureOpen: false, playbackOpen: false});
        const count = peer.packets.length;
        await peer.until(() => peer.packets.length >= count + 25, 5000);
        const silent = peer.packets.slice(count + 2);
        expect(new Set(Buffer.concat(silent.map(({payload}) => payload)))).toEqual(new Set([0xd5]));
        rig.handset.replug();
        await rig.event({type: "device", pcm: "capture", ok: true}, 4000);
        await rig.event({type: "device", pcm: "playback", ok: true}, 4000);
        expect(levelOf(await rig.listen(300))).toBeGreaterThan(-20);
        expect(timeError(peer)).toBeLessThan(60);
    });

    test.each([5, 20])("periods of %i ms work as well", async (periodMs) => {
        const rig = rigOf({hears: microphoneTone(1000, -20), periodMs});
        const peer = await peerOf();
        const session = rig.engine.openSession();
        session.start(remoteOf(peer));
        rig.engine.setAudio(inCall(session, {earTone: steady([440], -20)}));
        await peer.until(() => peer.packets.length >= 50, 5000);
        expect(Math.abs(levelAt(await rig.listen(300), RATE, 440) - -23.14)).toBeLessThan(0.3);
    });
});
