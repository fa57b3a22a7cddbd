/**
 * The engine on virtual cards: one card for the handset, one for the ringer. Several rigs may live in one process, so
 * that two engines can call each other.
 */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {setTimeout as pass} from "node:timers/promises";
import {
    type Codec,
    createEngine,
    type EngineOptions,
    type MediaEvent,
    type MediaSession,
    type OwnedMediaEngine,
    type RemoteMedia,
    type WantedAudio,
} from "../../native/index.ts";
import {createCard, environmentOf, monotonicNow, type VirtualCard} from "../support/sound-card.ts";
import {sine} from "../support/sound-signal.ts";

export const RATE = 48000;

export const PCMA: Codec = {name: "PCMA", payloadType: 8, clockRate: 8000};
export const PCMU: Codec = {name: "PCMU", payloadType: 0, clockRate: 8000};
export const G722: Codec = {name: "G722", payloadType: 9, clockRate: 8000};
export const OPUS: Codec = {name: "opus", payloadType: 111, clockRate: 48000};

export const QUIET: WantedAudio = {
    route: "handset",
    mix: [],
    microphone: "closed",
    volume: 0,
    earTone: null,
    ring: null,
};

export function inCall(session: {readonly id: number}, change: Partial<WantedAudio> = {}): WantedAudio {
    return {...QUIET, mix: [session.id], microphone: "open", ...change};
}

/** A second of a sine, which a virtual microphone repeats without a seam. */
export function microphoneTone(frequency: number, level: number): {rate: number; samples: Int16Array} {
    return {rate: RATE, samples: sine(RATE, 1000, frequency, level)};
}

/** What a session is told about the far end. */
export function remoteOf(far: {port: number; rtcpPort: number}, change: Partial<RemoteMedia> = {}): RemoteMedia {
    const codecs = change.codecs ?? [PCMA];
    return {
        security: {type: "none"},
        address: "127.0.0.1",
        port: far.port,
        rtcpPort: far.rtcpPort,
        codecs,
        telephoneEvent: {payloadType: 101, clockRate: codecs[0]?.clockRate ?? 8000},
        ptime: 20,
        direction: "sendrecv",
        voipMetrics: false,
        ...change,
    };
}

/** The far end that another of our own sessions is. */
export function farEndOf(session: MediaSession): {port: number; rtcpPort: number} {
    return {port: session.local.port, rtcpPort: session.local.port + 1};
}

const folder = mkdtempSync(join(tmpdir(), "offhook-native-"));
process.on("exit", () => rmSync(folder, {recursive: true, force: true}));
const cards = new Set<VirtualCard>();
let count = 0;

function addCard(name: string, microphone?: {rate: number; samples: Int16Array}): VirtualCard {
    const card = createCard(folder, microphone === undefined ? {name} : {name, microphone});
    cards.add(card);
    Object.assign(process.env, environmentOf(...cards));
    return card;
}

export interface RigOptions extends Partial<EngineOptions> {
    /** What the microphone hears. Default silence. */
    readonly hears?: {rate: number; samples: Int16Array};
}

export class Rig {
    readonly handset: VirtualCard;
    readonly bell: VirtualCard;
    readonly engine: OwnedMediaEngine;
    readonly events: MediaEvent[] = [];
    readonly #waiting = new Set<() => void>();

    constructor({hears, ...options}: RigOptions = {}) {
        count++;
        this.handset = addCard(`handset${count}`, hears);
        this.bell = addCard(`bell${count}`);
        this.engine = createEngine({
            playback: this.handset.pcm,
            capture: this.handset.pcm,
            ringer: this.bell.pcm,
            address: "127.0.0.1",
            ports: [20000, 20998],
            periodMs: 10,
            priority: 50,
            hookSensor: null,
            dscp: 46,
            onEvent: (event) => {
                this.events.push(event);
                for (const check of [...this.#waiting]) {
                    check();
                }
            },
            ...options,
        });
    }

    /** The first event that is like `wanted`, from the first ever on; rejects with code `timeout` after `ms`. */
    async event(wanted: Partial<MediaEvent>, ms = 5000): Promise<MediaEvent> {
        const keys = Object.keys(wanted);
        const isLike = (event: MediaEvent): boolean =>
            keys.every((key) => Reflect.get(event, key) === Reflect.get(wanted, key));
        return await new Promise((done, fail) => {
            const timer = setTimeout(() => {
                this.#waiting.delete(check);
                const text = `no ${JSON.stringify(wanted)} in ${ms} ms, but ${JSON.stringify(this.events)}`;
                fail(Object.assign(new Error(text), {code: "timeout"}));
            }, ms);
            const check = (): void => {
                const found = this.events.find(isLike);
                if (found !== undefined) {
                    clearTimeout(timer);
                    this.#waiting.delete(check);
                    done(found);
                }
            };
            this.#waiting.add(check);
            check();
        });
    }

    /** What the ear hears in the next `ms`. */
    async listen(ms: number): Promise<Int16Array> {
        const from = monotonicNow();
        await pass(ms + 5);
        return this.handset.heard(from, from + ms * 1e6).samples;
    }

    close(): void {
        this.engine.close();
        cards.delete(this.handset);
        cards.delete(this.bell);
    }
}

/** Two engines in a call with each other: `left` and `right`, each hearing what the other's microphone hears. */
export interface Call {
    readonly left: Rig;
    readonly right: Rig;
    readonly leftSession: MediaSession;
    readonly rightSession: MediaSession;
}

/** Sets up a call and waits until both hear. */
export async function callBetween(left: Rig, right: Rig, change: Partial<RemoteMedia> = {}): Promise<Call> {
    const leftSession = left.engine.openSession();
    const rightSession = right.engine.openSession();
    leftSession.start(remoteOf(farEndOf(rightSession), change));
    rightSession.start(remoteOf(farEndOf(leftSession), change));
    left.engine.setAudio(inCall(leftSession));
    right.engine.setAudio(inCall(rightSession));
    await left.event({type: "firstPacket", session: leftSession.id});
    await right.event({type: "firstPacket", session: rightSession.id});
    return {left, right, leftSession, rightSession};
}

export function hangUp({left, right, leftSession, rightSession}: Call): void {
    leftSession.close();
    rightSession.close();
    left.engine.setAudio(QUIET);
    right.engine.setAudio(QUIET);
}

/** Keeps JavaScript's thread from doing anything else. */
export function block(ms: number): void {
    const until = performance.now() + ms;
    while (performance.now() < until);
}
