/** The three measurements, each as often as told. */
import {setTimeout as sleep} from "node:timers/promises";
import type {Key} from "../../../hal/board.ts";
import type {Cfa635Emulator} from "../../support/cfa635-emulator.ts";
import type {InspectorClient} from "../../support/inspector-client.ts";
import {BusyPrograms} from "./busy-programs.ts";
import {monotonicMs} from "./clock.ts";
import {Ear} from "./ear.ts";
import type {FarEnd} from "./far-end.ts";
import type {AudioWindow, Scene} from "./figures.ts";
import type {Finger} from "./finger.ts";
import type {PhoneInside} from "./phone-inside.ts";

/** Long enough for the phone to have settled, and for the core to be idle. */
const settleMs = 600;
const downMs = 80;
/** Short of the four seconds after which a number would be dialled. */
const keys: readonly Key[] = ["2", "5", "8", "3", "9"];
const windowMs = 3_000;
const blockedMs = 2_000;
/** Finer than a packet, coarser than the card's step. */
const gapMs = 8;

export interface Bench {
    readonly finger: Finger;
    readonly module: Cfa635Emulator;
    readonly phone: PhoneInside;
    readonly farEnd: FarEnd;
}

/** Lifts and listens; the handset lies on its cradle before and after. */
export async function liftToDialTone({finger}: Bench, times: number): Promise<readonly number[]> {
    const ear = new Ear(50);
    const delays: number[] = [];
    for (let time = 0; time < times; time += 1) {
        await sleep(settleMs);
        const from = finger.lift();
        delays.push((await ear.next(true, from)).at - from);
        await sleep(settleMs);
        await ear.next(false, finger.putDown());
    }
    ear.close();
    return delays;
}

export interface GlassDelays {
    readonly glass: readonly number[];
    readonly module: readonly number[];
}

/** Dials some digits, `times` times, and waits for each on the glass. */
export async function keyToGlass(bench: Bench, times: number): Promise<GlassDelays> {
    const {finger, module} = bench;
    const delays: {glass: number[]; module: number[]} = {glass: [], module: []};
    for (let time = 0; time < times; time += 1) {
        finger.lift();
        await module.until(() => module.lines.join("").includes("Dial"));
        for (const [i, key] of keys.entries()) {
            await sleep(settleMs);
            const dialled = keys.slice(0, i + 1).join("");
            const used = process.cpuUsage();
            const from = finger.close(key);
            await module.until(() => module.lines.some((line) => line.includes(dialled)));
            delays.glass.push(monotonicMs() - from);
            const {user, system} = process.cpuUsage(used);
            delays.module.push((user + system) / 1_000);
            await sleep(downMs);
            finger.open(key);
        }
        finger.putDown();
        await sleep(settleMs);
    }
    return delays;
}

/** In a call: what leaves the phone and what is heard, while the phone's JavaScript or the whole core is busy. */
export async function audioWindows(bench: Bench, times: number): Promise<readonly AudioWindow[]> {
    const {finger, farEnd, phone} = bench;
    await call(bench);
    const inspector = await phone.inspect();
    const ear = new Ear(gapMs);
    await sleep(2 * settleMs);
    const windows: AudioWindow[] = [];
    for (const busy of [0, 2]) {
        const programs = await BusyPrograms.start(busy);
        await sleep(settleMs);
        for (let time = 0; time < times; time += 1) {
            for (const blocked of [false, true]) {
                windows.push(await audioWindow(bench, {ear, inspector, scene: sceneOf(busy > 0, blocked)}));
            }
        }
        await programs.stop();
    }
    inspector.close();
    ear.close();
    const over = farEnd.hungUp();
    finger.putDown();
    await over;
    return windows;
}

function sceneOf(busy: boolean, blocked: boolean): Scene {
    if (busy) return blocked ? "blocked, beside two busy programs" : "beside two busy programs";
    return blocked ? "blocked" : "idle";
}

async function call({finger, farEnd}: Bench): Promise<void> {
    finger.lift();
    await sleep(settleMs);
    const answered = farEnd.answer();
    for (const key of ["6", "0", "0", "#"] as const) {
        finger.close(key);
        await sleep(downMs);
        finger.open(key);
        await sleep(downMs);
    }
    await answered;
}

interface Listening {
    readonly ear: Ear;
    readonly inspector: InspectorClient;
    readonly scene: Scene;
}

async function audioWindow({phone, farEnd}: Bench, {ear, inspector, scene}: Listening): Promise<AudioWindow> {
    const before = Number(await phone.status("xruns"));
    const from = monotonicMs();
    const first = farEnd.rtp.packets.length;
    const isBlocked = scene.startsWith("blocked");
    const blocked = isBlocked ? inspector.block(blockedMs).then(() => monotonicMs() - from) : Promise.resolve(0);
    await sleep(windowMs);
    const to = monotonicMs();
    const packets = farEnd.rtp.packets.slice(first);
    const times = packets.map(({at}) => at / 1e6);
    const answered = await blocked;
    return {
        scene,
        intervals: times.slice(1).map((time, i) => time - (times[i] ?? time)),
        lost: lostOf(packets),
        gaps: ear.gaps(from, to),
        xruns: Number(await phone.status("xruns")) - before,
        blocked: answered,
    };
}

/** Sequence numbers that are missing between the first and the last. */
function lostOf(packets: readonly {readonly sequence: number}[]): number {
    const span = ((packets.at(-1)?.sequence ?? 0) - (packets[0]?.sequence ?? 0)) & 0xffff;
    return span + 1 - packets.length;
}
