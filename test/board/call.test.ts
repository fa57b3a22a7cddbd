import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import type {Digit, Key} from "../../hal/board.ts";
import type {BaresipControl} from "../support/peers.ts";
import {peersRoot} from "../support/peers-process.ts";
import {findTone} from "../support/sound-analysis.ts";
import {resample} from "../support/sound-resample.ts";
import {cut, levelAt, levelOf} from "../support/sound-signal.ts";
import {recordedVoice} from "../support/sound-voice.ts";
import type {Wav} from "../support/sound-wav.ts";
import {BoardPhone} from "./board-phone.ts";
import {echoOf} from "./echo.ts";
import {type Ear, hears, isOpen, listenTo, speak} from "./sound-ends.ts";

const rate = 48_000;
/** -10 dBm0, the level of the tones of ITU-T E.180 in the ear. */
const toneLevel = -13.14;
const voiceMs = 4_000;
/** The glass in a call: its time and its codec. */
const talking = /^\d:\d\d +G\.711A/m;
/** How long the firmware's JavaScript is blocked, ms: longer than all that is to happen meanwhile. */
const blockMs = 10_000;

let folder = "";
let phone: BoardPhone;
let voice: Wav;
let ear: Ear;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-board-"));
    phone = await BoardPhone.start({folder, farEnds: ["echo", "callback"]});
    const recorded = recordedVoice(peersRoot());
    voice = {rate, samples: resample(cut(recorded.samples, recorded.rate, 0, voiceMs), recorded.rate, rate)};
    speak(phone.guest, voice);
    ear = await listenTo(phone.guest, "handset");
});
afterEach(async ({task}) => {
    if (task.result?.state === "fail") console.log((await phone.log()).slice(-4_000), phone.glass.lines.join("\n"));
});
afterAll(async () => {
    await phone?.stop();
    rmSync(folder, {recursive: true, force: true});
});

describe("a call to the echo at 600", () => {
    it("begins with the dial tone in the ear, with the microphone closed and dark", async () => {
        await phone.contacts.lift();
        await phone.glass.shows("Dial a number");
        await hears(ear, 500, ({samples}) => Math.abs(levelAt(samples, rate, 425) - toneLevel) < 0.5);
        await microphoneIs("closed");
    });

    it("loses the dial tone with the first digit", async () => {
        await tap("6");
        await hears(ear, 500, ({samples}) => findTone(samples, rate, 425).length === 0);
        await microphoneIs("closed");
    });

    it("is talked in with a running clock, the microphone open and its lamp lit", async () => {
        for (const key of "00#" as Iterable<Digit>) await tap(key);
        await phone.glass.shows(/^600 *$/m);
        await phone.glass.shows(talking);
        const before = phone.glass.lines.find((line) => talking.test(line)) ?? "";
        await microphoneIs("open");
        await phone.glass.shows(new RegExp(`^(?!${before.trimEnd()})\\d:\\d\\d +G\\.711A`, "m"));
        expect(phone.glass.lit).toBe(true);
    });

    it("gives the voice back, word for word and at its level", async () => {
        await hears(ear, 3_000, (heard) => {
            const {likeness, gain} = echoOf(voice, heard);
            return likeness > 0.85 && Math.abs(gain) < 1;
        });
    });

    it("sends silence while it is muted, with the microphone open, and the voice again after", async () => {
        await tap("mute");
        await phone.glass.shows("Muted");
        // A-law has no zero: its quietest code is -72 dBFS.
        await hears(ear, 1_500, ({samples}) => levelOf(samples) < -65);
        await microphoneIs("open");
        await tap("mute");
        await phone.glass.shows(talking);
        await hears(ear, 3_000, (heard) => echoOf(voice, heard).likeness > 0.85);
    });

    it("takes keys to the far end as digits", async () => {
        const after = far("echo").events.length;
        for (const [index, key] of [..."159#0"].entries()) {
            await tap(key as Digit);
            await expect.poll(() => digitsSince(after), {timeout: 20_000}).toHaveLength(index + 1);
        }
        expect(digitsSince(after)).toBe("159#0");
    });

    it("ends at both ends when the handset is put down: the far end hears of it with the microphone closed", async () => {
        const closed = far("echo").next("CALL_CLOSED", {timeoutMs: 30_000});
        await phone.contacts.putDown();
        await closed;
        expect(await isOpen(phone.guest, "handset", "capture")).toBe(false);
        await microphoneIs("closed");
        await phone.ready();
        await hears(ear, 1_000, ({samples}) => levelOf(samples) === -Infinity);
    });
});

describe("a call to 601, who declines and calls back", () => {
    let bell: Ear;

    it("is declined, and the microphone is never opened", async () => {
        bell = await listenTo(phone.guest, "ringer");
        await call("601#");
        // They call back two seconds later: no time to listen to the busy tone, which comes below, nor to be sure to read.
        await phone.glass.shows(/Busy|Incoming call/, 30_000);
        await microphoneIs("closed");
        await phone.contacts.putDown();
    });

    it("rings on the bell alone", async () => {
        await phone.glass.shows("Lift to answer", 30_000);
        const from = ear.heard().samples.length;
        await hears(bell, 6_000, ({samples}) =>
            findTone(samples, rate, 1_400, {window: 40}).some(({from: on, to}) => Math.abs(to - on - 1_000) < 50),
        );
        expect(levelOf(ear.heard().samples.subarray(from))).toBe(-Infinity);
        await microphoneIs("closed");
    });

    it("is answered by lifting: the bell is silent, the voice goes round", async () => {
        await phone.contacts.lift();
        await phone.glass.shows(talking, 30_000);
        await microphoneIs("open");
        await hears(ear, 3_000, (heard) => echoOf(voice, heard).likeness > 0.85);
        await hears(bell, 1_000, ({samples}) => levelOf(samples) === -Infinity);
    });

    it("hung up there closes the microphone and gives the busy tone", async () => {
        await far("callback").hangUp();
        await phone.glass.shows("Other side hung up");
        await microphoneIs("closed");
        await hears(ear, 3_000, isBusyTone);
        await phone.contacts.putDown();
        await phone.ready();
        await bell.close();
    });
});

describe("firmware that is blocked or killed in a call", () => {
    it("closes the microphone at the hang-up though its JavaScript is blocked", async () => {
        await call("600#");
        await phone.glass.shows(talking);
        await microphoneIs("open");
        const block = await blockJavaScript();
        const closed = far("echo").next("CALL_CLOSED", {timeoutMs: 60_000});
        await phone.contacts.putDown();
        await expect.poll(() => isOpen(phone.guest, "handset", "capture"), {timeout: blockMs}).toBe(false);
        expect(block.over).toBe(false);
        await closed;
        await block.end;
        await phone.ready();
        await microphoneIs("closed");
    });

    it("closes it when it is killed, is started again, and makes a call", async () => {
        await call("600#");
        await phone.glass.shows(talking);
        await microphoneIs("open");
        await phone.guest.run("kill -9 $(cat /run/phone.pid)");
        await expect.poll(() => isOpen(phone.guest, "handset", "capture")).toBe(false);
        // Nobody is there to tell the far end.
        await far("echo").hangUp();
        await phone.contacts.putDown();
        await phone.ready();
        await microphoneIs("closed");
        await call("600#");
        await phone.glass.shows(talking);
        await microphoneIs("open");
        await hears(ear, 3_000, (heard) => echoOf(voice, heard).likeness > 0.85);
        await phone.contacts.putDown();
        await phone.ready();
        await microphoneIs("closed");
    });
});

function far(who: "echo" | "callback"): BaresipControl {
    const end = phone.farEnds[who === "echo" ? 0 : 1];
    if (end === undefined) throw new Error(`${who} is not there`);
    return end.control;
}

function digitsSince(after: number): string {
    const events = far("echo").events.slice(after);
    return events
        .filter(({type}) => type === "CALL_DTMF_START")
        .map(({param}) => param)
        .join("");
}

/** Presses a key until the phone has seen it for sure. */
async function tap(key: Key): Promise<void> {
    await phone.contacts.press(key);
    await phone.contacts.scanned(10);
    await phone.contacts.release(key);
    await phone.contacts.allUp();
}

async function call(number: string): Promise<void> {
    await phone.contacts.lift();
    await phone.glass.shows("Dial a number");
    for (const key of number as Iterable<Digit>) await tap(key);
}

/** Resolves when the kernel and the lamp agree that the microphone is so. */
async function microphoneIs(wanted: "open" | "closed"): Promise<void> {
    const state = async (): Promise<unknown> => ({
        capture: await isOpen(phone.guest, "handset", "capture"),
        lit: await phone.contacts.isLit("microphone"),
    });
    const open = wanted === "open";
    await expect.poll(state, {timeout: 20_000}).toEqual({capture: open, lit: open});
}

/** The German one: 425 Hz, 480 ms on and 480 ms off. A stall of the machine may make a beat longer or break it. */
function isBusyTone({samples}: {readonly samples: Int16Array}): boolean {
    const beats = findTone(samples, rate, 425, {floor: -30, shortest: 300});
    const near = (ms: number, wanted: number): boolean => Math.abs(ms - wanted) < 60;
    return beats.some((beat, i) => near(beat.to - beat.from, 480) && near((beats[i + 1]?.from ?? 0) - beat.to, 480));
}

/** A time in which JavaScript is blocked. */
interface Block {
    readonly over: boolean;
    readonly end: Promise<void>;
}

/** Keeps the firmware's JavaScript, and nothing else of it, from running; resolves when it is. */
async function blockJavaScript(): Promise<Block> {
    await phone.guest.run("kill -USR1 $(cat /run/phone.pid)");
    await phone.logs(/Debugger listening on ws:/);
    const expression = `console.log("blocked"); {const until = Date.now() + ${blockMs}; while (Date.now() < until);}`;
    const debug = `
        const [{webSocketDebuggerUrl}] = await (await fetch("http://127.0.0.1:9229/json")).json();
        const socket = new WebSocket(webSocketDebuggerUrl);
        const request = {id: 1, method: "Runtime.evaluate", params: {expression: ${JSON.stringify(expression)}}};
        socket.onopen = () => socket.send(JSON.stringify(request));
        socket.onmessage = () => process.exit();`;
    const program = phone.guest.spawn("cat >/tmp/debug.mjs; exec node /tmp/debug.mjs");
    program.write(debug);
    program.end();
    let over = false;
    const end = program.exited.then(() => {
        over = true;
    });
    await phone.logs(/^blocked$/m);
    return {
        get over() {
            return over;
        },
        end,
    };
}
