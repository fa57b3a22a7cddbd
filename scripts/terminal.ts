/** A phone in this terminal, from its start to its end: its picture, the keyboard, the consoles. */
import {rmSync} from "node:fs";
import type {ConsoleClient} from "../test/support/console-client.ts";
import type {PhoneOnShow} from "./terminal-phone.ts";
import {drawPhone, enterScreen, leaveScreen, type TerminalInput, terminalInputs} from "./terminal-picture.ts";

/** The meters move ten times a second. */
const drawMs = 100;
const leaveConsole = "\u001d";

export class Terminal {
    readonly #folder: string;
    #phone: PhoneOnShow | null = null;
    #timer: NodeJS.Timeout | undefined;
    #shown = false;
    /** The one that is shown instead of the phone. */
    #console: ConsoleClient | null = null;
    #drawn = "";
    /** What there is to say of the last move. */
    #notice = "";
    #ending = false;
    /** Keys and handset are moved one after the other, as by one hand. */
    #hand: Promise<void> = Promise.resolve();
    /** While cable or mains plug are being moved. */
    #busy = false;

    /** `folder` is removed when the phone never came to be shown. */
    constructor(folder: string) {
        this.#folder = folder;
    }

    /** Shows the phone that `prepare` makes; never rejects. */
    async run(prepare: (progress: (what: string) => void) => Promise<PhoneOnShow>): Promise<void> {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void this.end(0));
        try {
            const phone = await prepare((what) => this.#progress(what));
            this.#phone = phone;
            if (this.#ending) return;
            const ended = phone.ended.then((lines) => Promise.reject(new Error(lines.join("\n"))));
            await Promise.race([phone.start(), ended]);
            if (this.#ending) return;
            ended.catch((thrown: Error) => this.end(1, [thrown.message]));
            this.#show(phone);
        } catch (thrown) {
            await this.end(1, [thrown instanceof Error ? thrown.message : String(thrown)]);
        }
    }

    #progress(what: string): void {
        if (this.#shown) this.#notice = what;
        else console.log(`  ${what}`);
    }

    #show(phone: PhoneOnShow): void {
        this.#shown = true;
        process.stdout.write(enterScreen);
        for (const console of phone.consoles) {
            console.onText((text) => {
                if (this.#console === console) process.stdout.write(text);
            });
        }
        if (process.stdin.isTTY) process.stdin.setRawMode(true);
        process.stdin.setEncoding("utf8").on("data", (text: string) => this.#take(phone, text));
        phone.onChange(() => this.#draw(phone));
        this.#timer = setInterval(() => this.#draw(phone), drawMs);
    }

    /** Draws when something changed; a terminal that is looked at over a slow line stays readable. */
    #draw(phone: PhoneOnShow): void {
        if (this.#console !== null || this.#ending) return;
        const view = phone.view();
        const facts = [...view.facts, ...(this.#notice === "" ? [] : [this.#notice])];
        const picture = drawPhone({...view, facts}, process.stdout.rows ?? 24);
        if (picture !== this.#drawn) process.stdout.write(picture);
        this.#drawn = picture;
    }

    #take(phone: PhoneOnShow, text: string): void {
        if (this.#console !== null) {
            const end = text.indexOf(leaveConsole);
            this.#console.send(end < 0 ? text : text.slice(0, end));
            if (end < 0) return;
            this.#leaveConsole();
            this.#take(phone, text.slice(end + 1));
            return;
        }
        for (const input of terminalInputs(text)) this.#obey(phone, input);
    }

    #obey(phone: PhoneOnShow, input: TerminalInput): void {
        switch (input.type) {
            case "key": {
                this.#byHand(() => phone.tap(input.key));
                break;
            }
            case "hold": {
                this.#byHand(() => phone.hold(input.key));
                break;
            }
            case "hook": {
                this.#byHand(() => (phone.view().hook === "off" ? phone.putDown() : phone.lift()));
                break;
            }
            case "cable": {
                this.#apart(() => phone.moveCable());
                break;
            }
            case "power": {
                if (phone.cyclePower !== null) this.#apart(phone.cyclePower);
                break;
            }
            case "console": {
                this.#enterConsole(phone.consoles[0], "provisioning console");
                break;
            }
            case "console2": {
                this.#enterConsole(phone.consoles[1], "second provisioning console");
                break;
            }
            case "end": {
                void this.end(0);
                break;
            }
        }
    }

    #byHand(move: () => Promise<void>): void {
        this.#notice = "";
        this.#hand = this.#hand.then(move).catch((thrown: Error) => {
            this.#notice = thrown.message;
        });
    }

    /** What takes its time: one at a time, and the hand is free meanwhile. */
    #apart(move: () => Promise<void>): void {
        if (this.#busy) return;
        this.#busy = true;
        this.#notice = "";
        move()
            .then(
                () => {
                    this.#notice = "";
                },
                (thrown: Error) => {
                    this.#notice = thrown.message;
                },
            )
            .finally(() => {
                this.#busy = false;
            });
    }

    #enterConsole(console: ConsoleClient, name: string): void {
        this.#console = console;
        process.stdout.write(`\u001b[2J\u001b[H\u001b[?25h${name}; Ctrl-] goes back to the phone\r\n`);
        console.send("\r");
    }

    #leaveConsole(): void {
        this.#console = null;
        this.#drawn = "";
        process.stdout.write("\u001b[2J\u001b[?25l");
    }

    /** Writes the earpiece's WAV file and ends all that was started; a second call does nothing. */
    async end(code: number, lines: readonly string[] = []): Promise<void> {
        if (this.#ending) return;
        this.#ending = true;
        clearInterval(this.#timer);
        if (process.stdin.isTTY) process.stdin.setRawMode(false);
        if (this.#shown) process.stdout.write(leaveScreen);
        for (const line of lines) console.log(line);
        const recording = this.#shown ? (this.#phone?.keepRecording() ?? null) : null;
        if (recording !== null) console.log(`the earpiece: ${recording}`);
        await this.#phone?.stop();
        if (!this.#shown) rmSync(this.#folder, {recursive: true, force: true});
        process.exit(code);
    }
}
