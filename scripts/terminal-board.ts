/** The virtual board in the terminal: what is shown of it is what comes out of its lines, and nothing else. */
import {rmSync, writeFileSync} from "node:fs";
import {readFile} from "node:fs/promises";
import {join} from "node:path";
import {setTimeout as sleep} from "node:timers/promises";
import type {Key} from "../hal/board.ts";
import {LAMPS_OFF} from "../hal/lamps.ts";
import {BoardPhone} from "../test/board/board-phone.ts";
import type {Guest} from "../test/board/guest.ts";
import type {EmulatedKey} from "../test/support/cfa635-emulator-module.ts";
import type {ConsoleClient} from "../test/support/console-client.ts";
import type {Glass} from "../test/support/glass.ts";
import {type Kamailio, peersRoot} from "../test/support/peers.ts";
import {recordedVoice} from "../test/support/sound-voice.ts";
import {encodeWav} from "../test/support/sound-wav.ts";
import {lampsSeen, linesOf, pressUntilSeen, restingLines} from "./terminal-lines.ts";
import {holdMs, keepSeconds, type PhoneOnShow, registrarFact, type ShowOptions} from "./terminal-phone.ts";
import type {PhoneView} from "./terminal-picture.ts";
import {BoardSound} from "./terminal-sound.ts";

/** How often the lines are looked at that have no event, and how long a quick finger presses, in ms. */
const lookMs = 100;
const tapMs = 60;
/** How long the mains plug is out, in ms. */
const darkMs = 1_500;
/** The longest timer that there is, in ms. */
const everMs = 2 ** 31 - 1;
const silent = Number.NEGATIVE_INFINITY;

/** The display's own keys. */
const moduleKeys: Readonly<Partial<Record<Key, EmulatedKey>>> = {
    up: "up",
    down: "down",
    left: "left",
    right: "right",
    ok: "enter",
    back: "exit",
};

export class BoardOnShow implements PhoneOnShow {
    readonly consoles: readonly [ConsoleClient, ConsoleClient];
    readonly registrar: Kamailio;
    readonly ended: Promise<readonly string[]>;
    readonly #phone: BoardPhone;
    readonly #sound: BoardSound;
    readonly #options: ShowOptions;
    readonly #listeners: (() => void)[] = [];
    #end: (lines: readonly string[]) => void = () => undefined;
    #glass: Glass | null = null;
    #lines = restingLines;
    #power: "on" | "off" = "off";
    #hook: "on" | "off" = "on";
    #cable: "plugged" | "pulled" = "plugged";

    /** Starts all but the board. */
    static async prepare(options: ShowOptions): Promise<BoardOnShow> {
        const sound = await BoardSound.make(recordedVoice(peersRoot()), keepSeconds);
        let show: BoardOnShow | null = null;
        const phone = await BoardPhone.prepare({
            ...options,
            farEnds: ["echo", "callback"],
            connected: (glass) => show?.putUp(glass),
        });
        show = new BoardOnShow(options, phone, sound);
        return show;
    }

    private constructor(options: ShowOptions, phone: BoardPhone, sound: BoardSound) {
        this.#options = options;
        this.#phone = phone;
        this.#sound = sound;
        this.consoles = phone.consoles;
        this.registrar = phone.kamailio;
        this.ended = new Promise((resolve) => {
            this.#end = resolve;
        });
    }

    async start(): Promise<void> {
        await this.#powerOn();
        this.#options.progress("provisioning the phone over USB");
        await this.#phone.provision();
        this.#options.progress("waiting until it is registered");
        await this.#phone.ready();
    }

    /** For the start: the display has power, and is a new one each time. */
    putUp(glass: Glass): void {
        this.#glass = glass;
        glass.onChange(() => this.#changed());
        this.#changed();
    }

    view(): PhoneView {
        const phone = this.#phone;
        const {display} = this.#options;
        const {microphoneOpen, spoken} = this.#lines;
        const on = this.#power === "on";
        const dark = display === "cfa635" ? {columns: 20, rows: 4} : {columns: 40, rows: 12};
        return {
            name: "Offhook on the virtual board",
            glass: this.#glass?.lines ?? Array<string>(dark.rows).fill(" ".repeat(dark.columns)),
            backlight: this.#glass?.lit ?? false,
            lamps: this.#glass === null ? LAMPS_OFF : lampsSeen(phone.profile, this.#glass.leds, this.#lines.chip),
            hook: this.#hook,
            microphone: on && microphoneOpen ? this.#sound.voiceLevel(spoken) : silent,
            earpiece: on ? this.#sound.levels.earpiece : silent,
            ringer: on ? this.#sound.levels.ringer : silent,
            cable: this.#cable,
            power: this.#glass === null ? "off" : "on",
            facts: [registrarFact(this.#options, this.registrar), `log ${phone.logFile}`],
        };
    }

    onChange(listener: () => void): void {
        this.#listeners.push(listener);
    }

    async tap(key: Key): Promise<void> {
        if (!(await this.#pressModule(key, tapMs))) await pressUntilSeen(this.#phone, key);
    }

    async hold(key: Key): Promise<void> {
        if (!(await this.#pressModule(key, holdMs))) await pressUntilSeen(this.#phone, key, holdMs);
    }

    async lift(): Promise<void> {
        this.#hook = "off";
        await this.#phone.contacts.lift();
    }

    async putDown(): Promise<void> {
        this.#hook = "on";
        await this.#phone.contacts.putDown();
    }

    async moveCable(): Promise<void> {
        const pull = this.#cable === "plugged";
        await (pull ? this.#phone.cable.unplug() : this.#phone.cable.plug());
        this.#cable = pull ? "pulled" : "plugged";
    }

    readonly cyclePower = async (): Promise<void> => {
        this.#power = "off";
        this.#glass = null;
        this.#lines = restingLines;
        this.#changed();
        await this.#phone.cutPower();
        await sleep(darkMs);
        await this.#powerOn();
        // Handset and cable stay where they are; a board starts with them in their places.
        if (this.#hook === "off") await this.#phone.contacts.lift();
        if (this.#cable === "pulled") await this.#phone.cable.unplug();
    };

    keepRecording(): string | null {
        const {recording} = this.#sound;
        if (recording.samples.length === 0) return null;
        const path = join(this.#options.folder, "earpiece.wav");
        writeFileSync(path, encodeWav(recording));
        return path;
    }

    async stop(): Promise<void> {
        this.#power = "off";
        this.#sound.close();
        await this.#phone.stop();
        rmSync(this.#phone.firmware, {force: true});
    }

    async #powerOn(): Promise<void> {
        const phone = this.#phone;
        await phone.powerOn();
        this.#power = "on";
        void this.#watchEnd();
        this.#sound.begin(phone.guest);
        void this.#look(phone.guest);
        this.#changed();
    }

    /** A board starts a firmware that ended again; here it is told of, as at the bench. */
    async #watchEnd(): Promise<void> {
        const how = await this.#phone.logs(/^phone: the firmware ended.*$/m, everMs).then(
            () => "the firmware ended; it said last",
            () => "the board is gone; it said last",
        );
        if (this.#power === "off") return;
        // It may have ended before it said anything.
        const log = await readFile(this.#phone.logFile, "utf8").catch(() => "");
        this.#end([how, ...log.trimEnd().split("\n").slice(-20)]);
    }

    /** Asks the lines over and over, until the power goes. */
    async #look(guest: Guest): Promise<void> {
        while (this.#power === "on" && guest === this.#phone.guest) {
            try {
                const lines = await linesOf(guest);
                if (this.#power === "on") this.#lines = lines;
            } catch {
                // The power went while it was asked.
                return;
            }
            await sleep(lookMs);
        }
    }

    /** Presses a key of the display's module; false where the key is none of its. */
    async #pressModule(key: Key, ms: number): Promise<boolean> {
        const name = this.#options.display === "cfa635" ? moduleKeys[key] : undefined;
        if (name === undefined) return false;
        const glass = this.#phone.glass;
        glass.press(name);
        await sleep(ms);
        glass.release(name);
        await sleep(tapMs);
        return true;
    }

    #changed(): void {
        for (const listener of this.#listeners) listener();
    }
}
