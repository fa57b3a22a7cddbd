/**
 * One visit to a phone: a new process, then one call from the far end, both measured.
 *
 *   start --> registered --> [own figures] --> INVITE --> 180 --> answer --> 200 --> talk --> BYE --> stop
 *                                                                             |<-- CPU, delays -->|
 */
import {setTimeout as sleep} from "node:timers/promises";
import {monotonicNow, type VirtualCard} from "../support/sound-card.ts";
import type {CardEvent} from "../support/sound-card-log.ts";
import type {Wav} from "../support/sound-wav.ts";
import type {BenchCodec} from "./codecs.ts";
import {firstSoundAfter, receiveDelays, sendDelays, type TimedSound} from "./delays.ts";
import type {FarEndReport} from "./far-end-messages.ts";
import type {FarEndProcess} from "./far-end-process.ts";
import {medianOf, type Values} from "./figures.ts";
import {costOf, type PhoneUnderTest, type ProcessCost} from "./phone-under-test.ts";
import {StallWatch} from "./stall-watch.ts";

const MILLI = 1e6;
/** How long a phone is left alone once it is registered, rings before it is answered, and talks, in ms. */
const SETTLE_MS = 500;
const RING_MS = 1_000;
const TALK_MS = 12_000;
/** From the 200 on until the CPU is counted: devices open and buffers fill, in ms. */
const LEAD_MS = 1_000;

/** The same for all phones and visits. */
export interface Scene {
    readonly farEnd: FarEndProcess;
    /** What is at the microphone, looped from the instant `at` on. */
    readonly voice: Wav;
    /** What the far end sends, as a clean decoder gives it. */
    readonly sent: Readonly<Record<BenchCodec, Wav>>;
}

/** What disturbed a visit. */
export interface Disturbance {
    readonly xruns: number;
    /** Sound that the card wanted before the phone had it, in ms. */
    readonly lateSound: number;
    /** Windows of speech that were not found again, both ways. */
    readonly unheard: number;
    /** The far end's latest packet against its time, in ms. */
    readonly farEndLate: number;
    /** The longest that the bench was kept waiting for the processor during the talk, in ms. */
    readonly stall: number;
}

export interface Visited {
    readonly values: Values;
    readonly disturbance: Disturbance;
}

type Report<T extends FarEndReport["type"]> = Extract<FarEndReport, {readonly type: T}>;

interface Call {
    readonly ringing: Report<"ringing">;
    readonly commandedAt: number;
    readonly answered: Report<"answered">;
    readonly ended: Report<"ended">;
    /** CPU in s a minute. */
    readonly cpu: number;
    readonly stall: number;
    readonly cost: ProcessCost;
    readonly heard: TimedSound;
}

/** `microphoneAt`: instant of the voice's first sample at this phone's microphone. */
export async function visit(
    phone: PhoneUnderTest,
    codec: BenchCodec,
    scene: Scene,
    own: () => Promise<Values>,
): Promise<Visited> {
    const microphoneAt = phone.card.setMicrophone(scene.voice);
    const before = phone.card.events().length;
    try {
        const startedAt = await phone.start();
        const {at: registeredAt} = await scene.farEnd.next("registered");
        await phone.ready();
        await sleep(SETTLE_MS);
        const ownValues = await own();
        const call = await talk(phone, codec, scene.farEnd);
        await phone.stop();
        const microphone = {...scene.voice, at: microphoneAt};
        const {values, disturbance} = judge(call, codec, microphone, scene.sent[codec]);
        return {
            values: {...values, ...ownValues, registered: [(registeredAt - startedAt) / MILLI]},
            disturbance: {...disturbance, ...cardTroubles(phone.card.events().slice(before))},
        };
    } finally {
        await phone.stop();
    }
}

async function talk(phone: PhoneUnderTest, codec: BenchCodec, farEnd: FarEndProcess): Promise<Call> {
    const rings = farEnd.next("ringing");
    farEnd.tell({type: "call", codec});
    const ringing = await rings;
    await sleep(RING_MS);
    const answers = farEnd.next("answered");
    const commandedAt = phone.answer();
    const answered = await answers;
    await sleep(LEAD_MS);
    const [costBefore, from] = [costOf(phone.pid), monotonicNow()];
    const watch = new StallWatch();
    await sleep(TALK_MS);
    const stall = watch.stop();
    const [cost, to] = [costOf(phone.pid), monotonicNow()];
    const heard = soundOf(phone.card, answered.at - 100 * MILLI, to);
    const ends = farEnd.next("ended");
    farEnd.tell({type: "hangUp"});
    const ended = await ends;
    await phone.leave();
    const cpu = ((cost.cpu - costBefore.cpu) / ((to - from) / MILLI)) * 60;
    return {ringing, commandedAt, answered, ended, cpu, cost, stall, heard};
}

function soundOf(card: VirtualCard, from: number, to: number): TimedSound {
    return {...card.heard(from, to), at: from};
}

function judge(
    call: Call,
    codec: BenchCodec,
    microphone: TimedSound,
    sent: Wav,
): {readonly values: Values; readonly disturbance: Pick<Disturbance, "unheard" | "farEndLate" | "stall">} {
    const {ringing, commandedAt, answered, ended, heard} = call;
    const send = sendDelays(codec, ended.packets, microphone);
    const receive = receiveDelays(codec, {...sent, at: answered.mediaAt}, heard);
    const firstSound = firstSoundAfter(answered.at, heard);
    const values: Values = {
        [`send-${codec}` as const]: send.delays.length === 0 ? [] : [medianOf(send.delays)],
        [`receive-${codec}` as const]: receive.delays.length === 0 ? [] : [medianOf(receive.delays)],
        [`cpu-${codec}` as const]: [call.cpu],
        [`memory-${codec}` as const]: [call.cost.memory],
        ringing: [(ringing.at - ringing.invitedAt) / MILLI],
        answer: [(answered.at - commandedAt) / MILLI],
        "first-sound": firstSound === null ? [] : [firstSound],
    };
    return {
        values,
        disturbance: {
            unheard: send.unheard + receive.unheard,
            farEndLate: Math.max(...ended.lateness),
            stall: call.stall,
        },
    };
}

function cardTroubles(events: readonly CardEvent[]): Pick<Disturbance, "xruns" | "lateSound"> {
    const rate = events.findLast(({name}) => name === "params")?.values["rate"] ?? 48_000;
    const late = events.reduce((sum, {values}) => sum + (values["late"] ?? 0), 0);
    return {xruns: events.filter(({name}) => name === "xrun").length, lateSound: (late * 1_000) / rate};
}
