/**
 * A bad day and the proof that it was harmless: a bench of its own, a call to the echo that is heard, and a look at all
 * that the phone said meanwhile, in its log, on its glass and at its console.
 */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {type BenchOptions, BenchPhone, benchPassword} from "./bench-phone.ts";
import type {Glass} from "./glass.ts";
import {listen} from "./listening.ts";
import {findTone} from "./sound-analysis.ts";
import {levelAt, sine} from "./sound-signal.ts";

const RATE = 48_000;
/** What is at the microphone all the time: Hz and dBFS. */
export const VOICE = {frequency: 1_000, level: -20} as const;
/** How often a call is listened to, half a second each, until the echo is there. */
const LISTENINGS = 20;

export interface BadDay {
    readonly bench: BenchPhone;
    /** Words that must never be seen; the bench's password is one of them. */
    readonly secrets: Set<string>;
    /** Notes all that this glass shows from now on. The bench's own is watched already. */
    watchGlass(glass: Pick<Glass, "lines" | "onChange">): void;
    /**
     * Rejects unless a call to `number`, an echo, is heard, and the log, the glass and the console are without a
     * stack, an error that nobody expects and a secret.
     */
    harmless(number?: string): Promise<void>;
    close(): Promise<void>;
}

/** Prepares a bench over TCP with PCMA, a tone at the microphone and the echo at 600; the phone is not started yet. */
export async function prepareBadDay(options: Partial<BenchOptions> = {}): Promise<BadDay> {
    const folder = mkdtempSync(join(tmpdir(), "offhook-bad-"));
    const bench = await BenchPhone.prepare({
        folder,
        transport: "tcp",
        display: "cfa635",
        sound: "virtual",
        farEnds: ["echo"],
        microphone: {rate: RATE, samples: sine(RATE, VOICE.frequency, 1_000, VOICE.level)},
        ...options,
        settings: {"audio.codecs": "PCMA", ...options.settings},
    });
    const secrets = new Set([benchPassword]);
    const seen = new Set<string>();
    const watchGlass = (glass: Pick<Glass, "lines" | "onChange">): void =>
        glass.onChange(() => seen.add(glass.lines.join("\n")));
    watchGlass(bench.glass);
    return {
        bench,
        secrets,
        watchGlass,
        harmless: async (number = "600") => {
            await callEcho(bench, number);
            const said = [...bench.process.log, ...seen, bench.console.seen, bench.console2.seen];
            refuse(bench.process.log.filter(isStack), "a stack in the log");
            refuse(
                said.filter((text) => [...secrets].some((secret) => text.includes(secret))),
                "a secret",
            );
        },
        close: async () => {
            await bench.stop();
            rmSync(folder, {recursive: true, force: true});
        },
    };
}

/** As `prepareBadDay`, and the phone is started, provisioned and registered. */
export async function startBadDay(options: Partial<BenchOptions> = {}): Promise<BadDay> {
    const day = await prepareBadDay(options);
    try {
        await day.bench.startPhone();
        await day.bench.provision();
        await day.bench.registered();
        return day;
    } catch (thrown) {
        await day.close();
        throw thrown;
    }
}

/** Lifts, dials, hears the echo and puts down. */
export async function callEcho(bench: BenchPhone, number = "600"): Promise<void> {
    await talkToEcho(bench, number);
    await putDown(bench);
}

/** Lifts and dials; resolves when the echo is heard. */
export async function talkToEcho(bench: BenchPhone, number = "600"): Promise<void> {
    await bench.board.lift();
    await bench.board.dial(`${number}#`);
    await bench.phase("talking", 20_000);
    await echoIsHeard(bench);
}

/** Puts down; resolves when no call is left and the microphone is closed. */
export async function putDown(bench: BenchPhone): Promise<void> {
    await bench.board.putDown();
    await bench.phase("none");
    await bench.handset.until(() => !bench.handset.isOpen("capture"), 2_000);
}

/** Resolves when what the microphone hears is in the ear, at its level. */
export async function echoIsHeard(bench: BenchPhone): Promise<void> {
    const levels: number[] = [];
    for (let count = 0; count < LISTENINGS; count += 1) {
        const {samples} = await listen(bench.handset, 500);
        const level = levelAt(samples, RATE, VOICE.frequency);
        if (Math.abs(level - VOICE.level) < 1) return;
        levels.push(level);
    }
    throw new Error(`the echo was not heard at ${VOICE.level} dBFS: ${levels.map(Math.round).join(" ")}`);
}

/** Rejects unless the German congestion tone is in the ear for the next two seconds: 425 Hz, 240 ms on and 240 ms off. */
export async function congestionIsHeard(bench: BenchPhone): Promise<void> {
    await bench.says(({outputs}) => outputs?.earTone !== null);
    const {samples} = await listen(bench.handset, 2_500);
    const beats = findTone(samples, RATE, 425, {floor: -30}).filter(({from, to}) => from > 50 && to < 2_450);
    const lengths = beats.map(({from, to}) => Math.round(to - from));
    // A digit may sound at the beginning, and the tone begin in the middle.
    if (lengths.filter((ms) => Math.abs(ms - 240) < 40).length >= 3) return;
    throw new Error(`no congestion tone: 425 Hz for ${lengths.join(", ")} ms`);
}

/** `    at name (file:1:2)`, alone or behind a message. */
function isStack(line: string): boolean {
    return (
        /\bat (?:async )?(?:\S+ \()?(?:file:\/\/|node:|\/)\S+:\d+:\d+\)?/.test(line) || /^Uncaught|^\s+at /.test(line)
    );
}

function refuse(found: readonly string[], what: string): void {
    if (found.length > 0) throw new Error(`${what}:\n${found.join("\n")}`);
}
