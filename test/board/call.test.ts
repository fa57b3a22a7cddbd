import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {findTone} from "../support/sound-analysis.ts";
import {sine} from "../support/sound-signal.ts";
import {BoardPhone} from "./board-phone.ts";
import {type Ear, isOpen, listenTo, speak} from "./sound-ends.ts";

const rate = 48_000;
const voice = {frequency: 1_000, level: -20} as const;

let folder = "";
let phone: BoardPhone;
let ear: Ear;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-board-"));
    phone = await BoardPhone.start({folder, farEnds: ["echo", "callback"]});
    speak(phone.guest, {rate, samples: sine(rate, voice.frequency, 1_000, voice.level)});
    ear = await listenTo(phone.guest, "handset");
});
afterEach(async ({task}) => {
    if (task.result?.state === "fail") console.log((await phone.log()).slice(-4_000));
});
afterAll(async () => {
    await phone?.stop();
    rmSync(folder, {recursive: true, force: true});
});

describe("lifting the handset and dialling", () => {
    it("gives the dial tone in the ear, with the microphone closed", async () => {
        await phone.contacts.lift();
        await phone.glass.shows("Dial a number");
        const {samples} = await ear.next(1_000);
        expect(findTone(samples, rate, 425)).not.toEqual([]);
        expect(await isOpen(phone.guest, "handset", "capture")).toBe(false);
        await phone.contacts.putDown();
        await phone.ready();
    });
});
