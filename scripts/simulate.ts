/**
 * The bench phone in the terminal: a whole phone with registrar and far ends, on a machine without any of its hardware.
 *
 *   node scripts/simulate.ts [--sound virtual|card] [--transport tcp|tls|wss] [--glass cfa635|vt100]
 *
 * Ctrl-C ends everything that it started.
 */
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";
import type {Lamps} from "../hal/board.ts";
import {BenchPhone, type BenchTransport} from "../test/support/bench-phone.ts";
import type {ConsoleClient} from "../test/support/console-client.ts";
import {peersRoot} from "../test/support/peers.ts";
import {monotonicNow} from "../test/support/sound-card.ts";
import {recordedVoice} from "../test/support/sound-voice.ts";
import {encodeWav} from "../test/support/sound-wav.ts";
import {benchInputs, drawBench, enterScreen, leaveScreen} from "./bench-terminal.ts";

/** The meters move ten times a second. */
const drawMs = 100;
/** What of the earpiece is kept for the WAV file, in seconds. */
const keepSeconds = 600;
const darkLamps: Lamps = {microphone: "off", ringing: "off", call: "off", mute: "off", message: "off", service: "off"};

function choice<T extends string>(name: string, value: string | undefined, choices: readonly T[]): T {
    const found = choices.find((one) => one === (value ?? choices[0]));
    if (found !== undefined) return found;
    console.error(`--${name}: one of ${choices.join(", ")} is wanted, not ${value}`);
    process.exit(2);
}

const {values} = parseArgs({
    options: {sound: {type: "string"}, transport: {type: "string"}, glass: {type: "string"}},
});
const sound = choice("sound", values.sound, ["virtual", "card"]);
const transport: BenchTransport = choice("transport", values.transport, ["tcp", "tls", "wss"]);
const display = choice("glass", values.glass, ["cfa635", "vt100"]);

/** The bench in this terminal, from its start to its end. */
class Terminal {
    readonly #folder = mkdtempSync(join(tmpdir(), "offhook-bench-"));
    #bench: BenchPhone | null = null;
    #timer: NodeJS.Timeout | undefined;
    #startedAt = 0;
    /** The one that is shown instead of the phone. */
    #console: ConsoleClient | null = null;
    #drawn = "";
    #ending = false;

    async start(): Promise<void> {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void this.end(0));
        const bench = await BenchPhone.prepare({
            folder: this.#folder,
            transport,
            display,
            sound,
            keepSeconds,
            microphone: recordedVoice(peersRoot()),
            progress: (what) => console.log(`  ${what}`),
        });
        this.#bench = bench;
        if (this.#ending) return;
        await bench.startPhone();
        console.log("  provisioning the phone through its console");
        await bench.provision();
        await bench.registered();
        this.#show(bench);
    }

    #show(bench: BenchPhone): void {
        this.#startedAt = monotonicNow();
        process.stdout.write(enterScreen);
        for (const console of [bench.console, bench.console2]) {
            console.onText((text) => {
                if (this.#console === console) process.stdout.write(text);
            });
        }
        if (process.stdin.isTTY) process.stdin.setRawMode(true);
        process.stdin.setEncoding("utf8").on("data", (text: string) => this.#take(bench, text));
        bench.board.onSaid(() => this.#draw(bench));
        bench.glass.onChange(() => this.#draw(bench));
        this.#timer = setInterval(() => this.#draw(bench), drawMs);
        void bench.process.exited.then(() => this.#died(bench));
    }

    /** The firmware ended by itself: what it said last is shown. */
    async #died(bench: BenchPhone): Promise<void> {
        if (this.#ending) return;
        const last = bench.process.log.slice(-20);
        await this.end(1, ["the firmware ended; it said last", ...last]);
    }

    /** Draws when something changed; a terminal that is looked at over a slow line stays readable. */
    #draw(bench: BenchPhone): void {
        if (this.#console !== null || this.#ending) return;
        const {said} = bench;
        const calls = (said.calls ?? []).map((call) => `${call.phase} ${call.name ?? call.number}`);
        const picture = drawBench(
            {
                glass: bench.glass.lines,
                backlight: bench.glass.lit,
                lamps: said.lamps ?? darkLamps,
                hook: said.hook ?? "on",
                microphone: said.levels?.capture ?? Number.NEGATIVE_INFINITY,
                earpiece: said.levels?.playback ?? Number.NEGATIVE_INFINITY,
                ringer: sound === "virtual" ? bench.ringer.levels().playback : Number.NEGATIVE_INFINITY,
                facts: [
                    `registrar 127.0.0.1:${bench.kamailio[transport]} (${transport})   ${calls.join(", ") || "no call"}`,
                    `log ${bench.logFile}`,
                ],
            },
            process.stdout.rows ?? 24,
        );
        if (picture !== this.#drawn) process.stdout.write(picture);
        this.#drawn = picture;
    }

    #take(bench: BenchPhone, text: string): void {
        if (this.#console !== null) {
            const end = text.indexOf("\u001d");
            this.#console.send(end < 0 ? text : text.slice(0, end));
            if (end >= 0) this.#leaveConsole();
            return;
        }
        for (const input of benchInputs(text)) {
            switch (input.type) {
                case "key": {
                    move(bench.board.tap(input.key));
                    break;
                }
                case "hook": {
                    move(bench.said.hook === "off" ? bench.board.putDown() : bench.board.lift());
                    break;
                }
                case "console": {
                    this.#enterConsole(bench.console, "provisioning console");
                    break;
                }
                case "console2": {
                    this.#enterConsole(bench.console2, "second provisioning console");
                    break;
                }
                case "end": {
                    void this.end(0);
                    break;
                }
            }
        }
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
        if (this.#startedAt > 0) process.stdout.write(leaveScreen);
        for (const line of lines) console.log(line);
        this.#keepRecording();
        await this.#bench?.stop();
        if (this.#startedAt === 0) rmSync(this.#folder, {recursive: true, force: true});
        process.exit(code);
    }

    #keepRecording(): void {
        if (this.#bench === null || this.#startedAt === 0 || sound === "card") return;
        const recording = join(this.#folder, "earpiece.wav");
        const from = Math.max(this.#startedAt, monotonicNow() - keepSeconds * 1e9);
        writeFileSync(recording, encodeWav(this.#bench.handset.heard(from, monotonicNow())));
        console.log(`the earpiece: ${recording}`);
    }
}

/** A key that the phone did not take is shown by the phone itself; the terminal says nothing of it. */
function move(moved: Promise<void>): void {
    moved.catch(() => undefined);
}

const terminal = new Terminal();
terminal.start().catch((thrown: Error) => terminal.end(1, [thrown.message]));
