import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import type {BaresipControl} from "../support/peers.ts";
import {findTone} from "../support/sound-analysis.ts";
import {sine} from "../support/sound-signal.ts";
import {BoardPhone} from "./board-phone.ts";
import {dial, talking, tap, tapUntil} from "./finger.ts";
import {type Ear, listenTo, speak} from "./sound-ends.ts";

const rate = 48_000;
const voice = {frequency: 1_000, level: -20} as const;
/** What may take long on a busy machine, in ms. */
const patience = 30_000;
/** From a start of the firmware, or of the board, to the registration, in ms. */
const startMs = 90_000;
/** The message lamp's line of the GPIO chip, in the terminal's profile. */
const messageLine = 9;

let folder = "";
let phone: BoardPhone;
let caller: BaresipControl;
let ear: Ear;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-recents-"));
    // The large glass tells more of the selected call than the small one has room for.
    phone = await BoardPhone.start({folder, display: "vt100", farEnds: ["echo", "callback"]});
    const control = phone.farEnds[1]?.control;
    if (control === undefined) throw new Error("there is no caller");
    caller = control;
    speak(phone.guest, {rate, samples: sine(rate, voice.frequency, 1_000, voice.level)});
    ear = await listenTo(phone.guest, "handset");
});
afterEach(async ({task}) => {
    if (task.result?.state === "fail") console.log((await phone.log()).slice(-4_000), phone.glass.lines.join("\n"));
});
afterAll(async () => {
    await phone?.stop();
    rmSync(folder, {recursive: true, force: true});
});

async function lift(): Promise<void> {
    await phone.contacts.lift();
    await phone.glass.shows("Dial a number", patience);
}

async function putDown(): Promise<void> {
    await phone.contacts.putDown();
    await phone.glass.shows("ready", patience);
}

/** Resolves when the echo gives the voice back for a part of a second. */
async function voiceIsBack(): Promise<void> {
    const heard = async (): Promise<number> => {
        const {samples} = await ear.next(1_000);
        return findTone(samples, rate, voice.frequency, {floor: -50}).reduce((sum, {from, to}) => sum + to - from, 0);
    };
    await expect.poll(heard, {timeout: patience}).toBeGreaterThan(200);
}

async function messageLampIs(state: "lit" | "dark"): Promise<void> {
    const lit = async (): Promise<boolean> => (((await phone.contacts.state()).level >>> messageLine) & 1) === 1;
    await expect.poll(lit, {timeout: patience}).toBe(state === "lit");
}

/** The rows of the list: mark and name of each call, newest first; a time stands behind each. */
const listed = (): readonly (string | undefined)[] =>
    phone.glass.lines.flatMap((row) => {
        const [, entry] = /^[ ►]([→←!=~]\S.*?) +\d\d:\d\d *$/.exec(row) ?? [];
        return entry === undefined ? [] : [entry];
    });

/** The glass is painted row by row, below a heading that already tells the place. */
const lists = (rows: readonly string[]): Promise<void> => expect.poll(listed, {timeout: patience}).toEqual(rows);

const nothingIsMissed = (): Promise<void> =>
    expect.poll(() => phone.glass.lines.join("\n"), {timeout: patience}).not.toContain("Missed");

/** Whom the phone knows only from the number that was dialled stands there as that number. */
const all = ["!Call back", "←Call back", "→601", "→604", "→600"];

/** The glass with the given place of a list selected. */
const place = (filter: string, selected: number, count: number): string => `${filter} ${selected}/${count}`;

describe("a VT100 terminal at the end of the UART", () => {
    it("shows the phone on its 12 rows of 40, and again when it was switched off for a moment", async () => {
        const {terminal} = phone.glass;
        expect(phone.glass.lines.map((row) => row.length)).toEqual(Array(12).fill(40));
        phone.glass.reboot();
        expect(phone.glass.lines.join("").trim()).toBe("");
        await phone.glass.shows("ready", patience);
        expect({unknown: terminal.unknown, scrolled: terminal.scrolled}).toEqual({unknown: 0, scrolled: 0});
    });
});

describe("the recent calls", () => {
    it("are made: one answered, one to nobody, one declined and called back, one missed", async () => {
        await lift();
        await dial(phone, "600", talking);
        await phone.glass.shows("0:02", patience);
        await putDown();

        await lift();
        await dial(phone, "604", "Number not in use");
        await putDown();

        await lift();
        await dial(phone, "601", /Busy|Call declined/);
        await putDown();
        await phone.glass.shows("Lift to answer", patience);
        await phone.contacts.lift();
        await phone.glass.shows(talking, patience);
        await phone.glass.shows("0:01", patience);
        await putDown();

        await caller.dial("phone");
        await phone.glass.shows("Lift to answer", patience);
        await messageLampIs("dark");
        await caller.hangUp();
        await phone.glass.shows(/Missed calls: *1/, patience);
        await messageLampIs("lit");
    }, 300_000);

    it("that were missed are one key away, and seen as soon as they are listed: count and lamp are gone", async () => {
        await tapUntil(phone, "up", place("Missed", 1, 1));
        await lists(["!Call back"]);
        await messageLampIs("dark");
        await tapUntil(phone, "back", "ready");
        await nothingIsMissed();
    });

    it("stand newest first, each with its mark, its name and when", async () => {
        await tapUntil(phone, "up", place("All", 1, 5));
        // The glass has four rows for five calls.
        await lists(all.slice(0, 4));
    });

    it("tell of each one the number, what became of it and how long was talked", async () => {
        await phone.glass.shows(/^601 *\n.*(missed|cancelled)/m, patience);
        for (const [selected, details] of [
            [2, /^601 *\n\S.* 0:0[1-9] *$/m],
            [3, /^(Busy|Call declined) *$/m],
            [4, /^Number not in use *$/m],
            [5, /^Call ended .* 0:0[2-9] *$/m],
        ] as const) {
            await tap(phone, "down");
            await phone.glass.shows(place("All", selected, 5), patience);
            await phone.glass.shows(details, patience);
        }
    });

    it("can be told apart: missed, received, dialled", async () => {
        await tapUntil(phone, "right", place("Missed", 1, 1));
        await lists(["!Call back"]);
        await tapUntil(phone, "right", place("Received", 1, 1));
        await lists(["←Call back"]);
        await tapUntil(phone, "right", place("Dialled", 1, 3));
        await lists(["→601", "→604", "→600"]);
    });

    it("are dialled again with OK, and the other side is heard", async () => {
        await tap(phone, "down");
        await phone.glass.shows(place("Dialled", 2, 3), patience);
        await tap(phone, "down");
        await phone.glass.shows(place("Dialled", 3, 3), patience);
        await tap(phone, "ok");
        // On the hook nobody is heard; the lift lets both talk.
        await phone.glass.shows(/\b\d:\d\d\b[\s\S]*Microphone +off/, patience);
        await phone.contacts.lift();
        await phone.glass.shows(talking, patience);
        await voiceIsBack();
        await putDown();
        await tapUntil(phone, "up", place("All", 1, 6));
        await expect.poll(() => listed()[0], {timeout: patience}).toBe("→600");
        await tapUntil(phone, "back", "ready");
    });
});

describe("the list of recent calls", () => {
    /** As it is shown after a start: the call that was made from the list comes first. */
    async function isAsItWas(): Promise<void> {
        await phone.glass.shows("ready", startMs);
        await tapUntil(phone, "up", place("All", 1, 6));
        await lists(["→600", ...all].slice(0, 4));
        await tapUntil(phone, "back", "ready");
        await nothingIsMissed();
    }

    it("outlives firmware that is killed", async () => {
        await phone.guest.run("kill -9 $(cat /run/phone.pid)");
        phone.glass.reboot();
        await phone.logs(/the firmware ended \(137\)/);
        await isAsItWas();
    });

    it("outlives a board that is shut down and switched on again", async () => {
        await phone.guest.run(
            `set -e; firmware=$(cat /run/phone.pid)
             kill $(sed -n 's/^PPid:\\t//p' /proc/$firmware/status); kill $firmware
             while [ -d /proc/$firmware ]; do usleep 10000; done
             umount /data`,
        );
        await phone.cutPower();
        await phone.powerOn();
        await isAsItWas();
    });
});
