/** A phone in the terminal: the keyboard is the hand that uses it, or types into its consoles. */
import type {ConsoleClient} from "../test/support/console-client.ts";
import type {Shown, Terminal} from "./terminal.ts";
import type {PhoneOnShow} from "./terminal-phone.ts";
import {drawPhone, type TerminalInput, terminalInputs} from "./terminal-picture.ts";

const leaveConsole = "\u001d";

export class PhoneAtHand implements Shown {
    readonly ended: Promise<readonly string[]>;
    readonly #phone: PhoneOnShow;
    readonly #terminal: Terminal;
    /** The one that is shown instead of the phone. */
    #console: ConsoleClient | null = null;
    /** Keys and handset are moved one after the other, as by one hand. */
    #hand: Promise<void> = Promise.resolve();
    /** While cable or mains plug are being moved. */
    #busy = false;

    constructor(phone: PhoneOnShow, terminal: Terminal) {
        this.ended = phone.ended;
        this.#phone = phone;
        this.#terminal = terminal;
        for (const console of phone.consoles) {
            console.onText((text) => {
                if (this.#console === console) process.stdout.write(text);
            });
        }
    }

    start(): Promise<void> {
        return this.#phone.start();
    }

    picture(rows: number, notice: string): string | null {
        if (this.#console !== null) return null;
        const view = this.#phone.view();
        return drawPhone({...view, facts: [...view.facts, ...(notice === "" ? [] : [notice])]}, rows);
    }

    onChange(listener: () => void): void {
        this.#phone.onChange(listener);
    }

    take(text: string): void {
        if (this.#console !== null) {
            const end = text.indexOf(leaveConsole);
            this.#console.send(end < 0 ? text : text.slice(0, end));
            if (end < 0) return;
            this.#leaveConsole();
            this.take(text.slice(end + 1));
            return;
        }
        for (const input of terminalInputs(text)) this.#obey(this.#phone, input);
    }

    lastWords(): readonly string[] {
        const recording = this.#phone.keepRecording();
        return recording === null ? [] : [`the earpiece: ${recording}`];
    }

    stop(): Promise<void> {
        return this.#phone.stop();
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
                void this.#terminal.end(0);
                break;
            }
        }
    }

    #byHand(move: () => Promise<void>): void {
        this.#terminal.note("");
        this.#hand = this.#hand.then(move).catch((thrown: Error) => this.#terminal.note(thrown.message));
    }

    /** What takes its time: one at a time, and the hand is free meanwhile. */
    #apart(move: () => Promise<void>): void {
        if (this.#busy) return;
        this.#busy = true;
        this.#terminal.note("");
        move()
            .then(
                () => this.#terminal.note(""),
                (thrown: Error) => this.#terminal.note(thrown.message),
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
        process.stdout.write("\u001b[2J\u001b[?25l");
        this.#terminal.wiped();
    }
}
