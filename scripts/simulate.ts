/**
 * The bench phone in the terminal: a whole phone with registrar and far ends, on a machine without any of its hardware.
 *
 *   node scripts/simulate.ts [--sound virtual|card] [--transport tcp|tls|wss] [--display cfa635|vt100]
 *
 * Ctrl-C ends everything that it started.
 */
import {mkdtempSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";
import type {Lamps} from "../hal/board.ts";
import {BenchPhone, type BenchTransport} from "../test/support/bench-phone.ts";
import {monotonicNow} from "../test/support/sound-card.ts";
import {speechLike} from "../test/support/sound-speech.ts";
import {encodeWav} from "../test/support/sound-wav.ts";
import {benchInputs, drawBench, enterScreen, leaveScreen} from "./bench-terminal.ts";

const rate = 48_000;
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
    options: {sound: {type: "string"}, transport: {type: "string"}, display: {type: "string"}},
});
const sound = choice("sound", values.sound, ["virtual", "card"]);
const transport: BenchTransport = choice("transport", values.transport, ["tcp", "tls", "wss"]);
const display = choice("display", values.display, ["cfa635", "vt100"]);

const folder = mkdtempSync(join(tmpdir(), "offhook-bench-"));
const recording = join(folder, "earpiece.wav");
let bench: BenchPhone | null = null;
let ending = false;

process.on("SIGINT", () => void end(0));
process.on("SIGTERM", () => void end(0));
process.on("SIGHUP", () => void end(0));

bench = await BenchPhone.start({
    folder,
    transport,
    display,
    sound,
    keepSeconds,
    microphone: {rate, samples: speechLike(rate, 20_000)},
    progress: (what) => console.log(`  ${what}`),
}).catch((thrown: Error) => {
    console.error(thrown.message);
    process.exit(1);
});
const startedAt = monotonicNow();

let inConsole = false;
let drawn = "";

/** Draws when something changed; a terminal that is looked at over a slow line stays readable. */
function draw(phone: BenchPhone): void {
    if (inConsole || ending) return;
    const {said} = phone;
    const handset = sound === "virtual" ? phone.handset.levels() : {playback: Number.NaN, capture: Number.NaN};
    const calls = (said.calls ?? []).map((call) => `${call.phase} ${call.name ?? call.number}`);
    const picture = drawBench({
        glass: phone.glass.lines,
        backlight: phone.glass.lit,
        lamps: said.lamps ?? darkLamps,
        hook: said.hook ?? "on",
        microphone: handset.capture,
        earpiece: handset.playback,
        ringer: sound === "virtual" ? phone.ringer.levels().playback : Number.NaN,
        facts: [
            `registrar 127.0.0.1:${phone.kamailio[transport]} (${transport})   ${calls.join(", ") || "no call"}`,
            `log ${phone.logFile}`,
            ...(sound === "virtual" ? [`the earpiece is recorded; its WAV file is named at the end`] : []),
        ],
    });
    if (picture !== drawn) process.stdout.write(picture);
    drawn = picture;
}

function take(phone: BenchPhone, text: string): void {
    if (inConsole) {
        const end = text.indexOf("\u001d");
        phone.console.send(end < 0 ? text : text.slice(0, end));
        if (end >= 0) leaveConsole();
        return;
    }
    for (const input of benchInputs(text)) {
        switch (input.type) {
            case "key": {
                move(phone.board.tap(input.key));
                break;
            }
            case "hook": {
                move(phone.said.hook === "off" ? phone.board.putDown() : phone.board.lift());
                break;
            }
            case "console": {
                enterConsole(phone);
                break;
            }
            case "end": {
                void end(0);
                break;
            }
        }
    }
}

/** A key that the phone did not take is shown by the phone itself; the terminal says nothing of it. */
function move(moved: Promise<void>): void {
    moved.catch(() => undefined);
}

function enterConsole(phone: BenchPhone): void {
    inConsole = true;
    process.stdout.write("\u001b[2J\u001b[H\u001b[?25hprovisioning console; Ctrl-] goes back to the phone\r\n");
    phone.console.send("\r");
}

function leaveConsole(): void {
    inConsole = false;
    drawn = "";
    process.stdout.write("\u001b[2J\u001b[?25l");
}

/** Writes the earpiece's WAV file and ends all that was started; a second call does nothing. */
async function end(code: number): Promise<void> {
    if (ending) return;
    ending = true;
    clearInterval(timer);
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    process.stdout.write(leaveScreen);
    if (bench !== null && sound === "virtual") {
        const from = Math.max(startedAt, monotonicNow() - keepSeconds * 1e9);
        writeFileSync(recording, encodeWav(bench.handset.heard(from, monotonicNow())));
        console.log(`the earpiece: ${recording}`);
    }
    await bench?.stop();
    process.exit(code);
}

const phone = bench;
process.stdout.write(enterScreen);
phone.console.onText((text) => {
    if (inConsole) process.stdout.write(text);
});
if (process.stdin.isTTY) process.stdin.setRawMode(true);
process.stdin.setEncoding("utf8").on("data", (text: string) => take(phone, text));
phone.board.onSaid(() => draw(phone));
phone.glass.onChange(() => draw(phone));
const timer = setInterval(() => draw(phone), drawMs);
