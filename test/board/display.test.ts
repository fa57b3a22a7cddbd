import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import type {Cfa635Emulator} from "../support/cfa635-emulator.ts";
import {findTone} from "../support/sound-analysis.ts";
import {sine} from "../support/sound-signal.ts";
import {BoardPhone} from "./board-phone.ts";
import {dial, talking} from "./finger.ts";
import {type Ear, listenTo, speak} from "./sound-ends.ts";

const rate = 48_000;
const voice = {frequency: 1_000, level: -20} as const;
/** What may take long on a busy machine, in ms. */
const patience = 30_000;
/** The profile's, and not those of a module from the factory. */
const contrast = 120;
const lamps = {
    dark: {green: 0, red: 0},
    green: {green: 100, red: 0},
    red: {green: 0, red: 100},
} as const;

let folder = "";
let phone: BoardPhone;

afterEach(async ({task}) => {
    if (task.result?.state === "fail") console.log((await phone.log()).slice(-4_000), phone.glass.lines.join("\n"));
});

/** Resolves when the firmware's log matches behind its first `from` characters. */
async function logs(from: number, pattern: RegExp): Promise<void> {
    await expect.poll(async () => (await phone.log()).slice(from), {timeout: patience}).toMatch(pattern);
}

describe("a CFA635 at the end of the UART", () => {
    let module: Cfa635Emulator;
    let ear: Ear;

    beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), "offhook-display-"));
        phone = await BoardPhone.start({folder});
        module = phone.glass.module;
        speak(phone.guest, {rate, samples: sine(rate, voice.frequency, 1_000, voice.level)});
        ear = await listenTo(phone.guest, "handset");
    });
    afterAll(async () => {
        await phone?.stop();
        rmSync(folder, {recursive: true, force: true});
    });

    /** All that the phone sets in the module, but for the text. */
    const lights = (): object => ({
        contrast: module.contrast,
        backlight: module.backlight.display,
        cursor: module.cursor.style,
        leds: module.leds,
    });

    async function lightsAre(wanted: object): Promise<void> {
        await expect.poll(lights, {timeout: patience}).toMatchObject(wanted);
    }

    async function voiceMs(): Promise<number> {
        const {samples} = await ear.next(1_000);
        return findTone(samples, rate, voice.frequency, {floor: -50}).reduce((sum, {from, to}) => sum + to - from, 0);
    }

    async function voiceIsBack(): Promise<void> {
        await expect.poll(voiceMs, {timeout: patience}).toBeGreaterThan(200);
    }

    // The lowest LED says that there is service.
    const idle = {contrast, backlight: 100, cursor: 0, leds: [lamps.dark, lamps.dark, lamps.dark, lamps.red]};
    const inCall = {...idle, leds: [lamps.green, lamps.dark, lamps.dark, lamps.red]};

    it("is set up with the board's contrast, and the lamp of the service", async () => {
        await lightsAre(idle);
    });

    it("that loses its power while the phone is idle is set up whole again", async () => {
        const {lines} = phone.glass;
        phone.glass.reboot();
        expect(phone.glass.lines[0]).toContain("Crystalfontz");
        expect(module.contrast).not.toBe(contrast);
        await phone.ready();
        await lightsAre(idle);
        // But for the time of day.
        expect(phone.glass.lines.slice(1)).toEqual(lines.slice(1));
    });

    it("brings its keys: up opens the recent calls, exit leaves them", async () => {
        await opensAndLeaves();
    });

    async function opensAndLeaves(): Promise<void> {
        module.press("up");
        await phone.glass.shows(/^No calls(?![\s\S]*ready)[\s\S]*All/, patience);
        module.release("up");
        module.press("exit");
        await phone.glass.shows(/^(?!No calls)[\s\S]*ready[\s\S]*Menu/, patience);
        module.release("exit");
    }

    it("that loses its power in a call is set up whole again, and the call goes on", async () => {
        await phone.contacts.lift();
        await phone.glass.shows("Dial a number", patience);
        await dial(phone, "600", talking);
        await lightsAre(inCall);
        phone.glass.reboot();
        expect(module.leds).toEqual(Array(4).fill(lamps.dark));
        await phone.glass.shows(talking, patience);
        await lightsAre(inCall);
        await voiceIsBack();
    });

    it("that is silent for seconds shows what came meanwhile, though it has lost its power as well", async () => {
        const from = (await phone.log()).length;
        module.faults.silent = true;
        await logs(from, /display: it does not answer/);
        phone.glass.reboot();
        await voiceIsBack();
        await phone.contacts.putDown();
        await logs(from, /-> idle, on hook/);
        module.faults.silent = false;
        await phone.ready();
        await logs(from, /display: it answers/);
        await lightsAre(idle);
    });

    it("that is silent for long has its port opened anew, and shows what came meanwhile", async () => {
        const from = (await phone.log()).length;
        module.faults.silent = true;
        await logs(from, /\/dev\/ttyS1: the display does not answer; trying again[\s\S]*\/dev\/ttyS1 is open/);
        phone.glass.reboot();
        await phone.contacts.lift();
        module.faults.silent = false;
        await phone.glass.shows("Dial a number", patience);
        await lightsAre({contrast});
        await phone.contacts.putDown();
        await phone.ready();
        await lightsAre(idle);
    });
});
