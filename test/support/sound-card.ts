/**
 * A sound card without a sound card: the folder, the ALSA configuration and the reading of one virtual card.
 *
 *     setMicrophone() --> [microphone-<rate>] --> capture ---+
 *                                                            +-- the program under test, through real ALSA
 *     played(), heard() <-- [playback.raw, log] <-- playback +
 *
 * The program under test gets nothing but environment variables and PCM names. All instants are nanoseconds of
 * CLOCK_MONOTONIC, which is also `process.hrtime`.
 */
import {execFileSync} from "node:child_process";
import {existsSync, mkdirSync, readFileSync, rmSync, watch, writeFileSync} from "node:fs";
import {join, resolve} from "node:path";
import {fileURLToPath} from "node:url";
import {
    type CardDirection,
    type CardEvent,
    type CardRun,
    eventsOf,
    type OpenSpan,
    runsOf,
    spansOf,
} from "./sound-card-log.ts";
import {
    frameDuration,
    framesHeard,
    nextSample,
    type Recording,
    readFrames,
    readMicrophone,
    writeMicrophone,
} from "./sound-card-recording.ts";
import {resample} from "./sound-resample.ts";
import {peakOf} from "./sound-signal.ts";
import {decodeWav, type Wav} from "./sound-wav.ts";

const SOURCE = fileURLToPath(new URL("./virtual-card/", import.meta.url));
const PLUGIN = join(SOURCE, "build/libasound_module_pcm_offhook_virtual.so");

export interface CardOptions {
    /** Name of the PCM: letters, digits and `_`. */
    readonly name: string;
    /** Error of the card's clock in parts per million. Default 0. */
    readonly ppm?: number;
    /** Rates in Hz that the card can do. Default 48000 only. */
    readonly rates?: readonly number[];
    /** The most channels that it takes, 1 or 2. Default 1. */
    readonly channels?: number;
    /** Keeps only the last so many seconds of playback, so that a long run does not fill the disk. Default: all. */
    readonly keepSeconds?: number;
    /** What is at the microphone from the start: a signal, looped. Default silence. */
    readonly microphone?: Wav;
}

export interface MicrophoneOptions {
    /** Instant of the first sample in ns. Default now. */
    readonly at?: number;
    /** Begin again at the end. Default true; otherwise silence follows. */
    readonly looped?: boolean;
}

/** A run and what of it was heard. `startedAt` is the instant of `frames[0]`, moved on if older frames were not kept. */
export interface PlayedRun extends CardRun {
    readonly frames: Int16Array;
}

/** Now in ns of CLOCK_MONOTONIC. Exact to 2 ns for the first 104 days of a machine's run. */
export function monotonicNow(): number {
    return Number(process.hrtime.bigint());
}

/** Compiles the card if it is not there or out of date. Throws with the compiler's words. */
export function buildCard(): void {
    // Under another make, its flags would name a job server that this process does not have.
    const {MAKEFLAGS: _, ...env} = process.env;
    execFileSync("make", ["-s", "-C", SOURCE], {env, stdio: ["ignore", "inherit", "inherit"]});
}

/** Where the loop program of the card's own test stands. */
export const CARD_LOOP = join(SOURCE, "build/card_loop");

/** Environment variables for a process that is to see these cards and no other: ALSA_CONFIG_PATH is a colon list. */
export function environmentOf(...cards: readonly VirtualCard[]): {ALSA_CONFIG_PATH: string} {
    return {ALSA_CONFIG_PATH: cards.map((card) => card.configuration).join(":")};
}

/** Makes `parent/name` with the card's configuration and builds the plug-in if need be. */
export function createCard(parent: string, options: CardOptions): VirtualCard {
    if (!/^[a-z]\w*$/i.test(options.name)) {
        throw new RangeError(`a PCM name is letters, digits and _: ${options.name}`);
    }
    if (/[:"\\\n]/.test(resolve(parent))) {
        throw new RangeError(`ALSA cannot read a path with a colon, quote or backslash: ${parent}`);
    }
    buildCard();
    return new VirtualCard(join(resolve(parent), options.name), options);
}

/** The text of an ALSA configuration that is complete on its own: nothing of the machine's own is read. */
function configurationOf(options: CardOptions, rates: readonly number[], {folder, keep}: Recording): string {
    return [
        `pcm_type.offhook_virtual { lib "${PLUGIN}" }`,
        `pcm.${options.name} {`,
        "    type offhook_virtual",
        `    folder "${folder}"`,
        `    ppm ${options.ppm ?? 0}`,
        `    rates [ ${rates.join(" ")} ]`,
        `    channels ${options.channels ?? 1}`,
        `    keep ${keep}`,
        "}",
        `pcm.${options.name}_any { type plug slave.pcm "${options.name}" }`,
        "",
    ].join("\n");
}

/** One card. It owns its folder and nothing else: no thread, no open file. */
export class VirtualCard {
    readonly folder: string;
    /** PCM name, for playback and capture: exactly the card, as `hw:` is. */
    readonly pcm: string;
    /** PCM name that converts rates and channels, as `plughw:` does. */
    readonly convertingPcm: string;
    readonly configuration: string;
    readonly #rates: readonly number[];
    readonly #recording: Recording;

    constructor(folder: string, options: CardOptions) {
        this.folder = folder;
        this.pcm = options.name;
        this.convertingPcm = `${options.name}_any`;
        this.configuration = join(folder, "asound.conf");
        this.#rates = options.rates ?? [48000];
        const samplesASecond = Math.max(...this.#rates) * (options.channels ?? 1);
        this.#recording = {folder, keep: Math.ceil((options.keepSeconds ?? 0) * samplesASecond)};
        mkdirSync(folder, {recursive: true});
        for (const old of ["log", "playback.raw", "playback.position", "unplugged"]) {
            rmSync(join(folder, old), {force: true});
        }
        writeFileSync(this.configuration, configurationOf(options, this.#rates, this.#recording));
        if (options.microphone !== undefined) {
            this.setMicrophone(options.microphone);
        }
    }

    /** Puts a signal at the microphone; a running capture has it from its next period on. Returns the instant in ns. */
    setMicrophone(signal: Wav, options: MicrophoneOptions = {}): number {
        const at = options.at ?? monotonicNow();
        for (const rate of this.#rates) {
            const samples = resample(signal.samples, signal.rate, rate);
            writeMicrophone(this.folder, rate, samples, at, options.looped ?? true);
        }
        return at;
    }

    /** Puts a WAV file at the microphone. */
    setMicrophoneFile(path: string, options: MicrophoneOptions = {}): number {
        return this.setMicrophone(decodeWav(readFileSync(path)), options);
    }

    /** Makes the microphone hear nothing. */
    silenceMicrophone(): void {
        for (const rate of this.#rates) {
            rmSync(join(this.folder, `microphone-${rate}`), {force: true});
        }
    }

    /** Pulls the card out: opening fails with ENODEV, and running streams have ENODEV at their next call or period. */
    unplug(): void {
        writeFileSync(join(this.folder, "unplugged"), "");
    }

    /** Puts the card in again; streams that were cut off stay dead. */
    replug(): void {
        rmSync(join(this.folder, "unplugged"), {force: true});
    }

    /** All that happened to the card, oldest first. */
    events(): readonly CardEvent[] {
        const path = join(this.folder, "log");
        return existsSync(path) ? eventsOf(readFileSync(path, "utf8")) : [];
    }

    /** When the microphone was open. */
    captureLog(): readonly OpenSpan[] {
        return spansOf(this.events(), "capture");
    }

    /** Runs of capture or playback without their samples. */
    runs(direction: CardDirection): readonly CardRun[] {
        return runsOf(this.events(), direction);
    }

    /** Whether a living program has the PCM open. */
    isOpen(direction: CardDirection): boolean {
        const last = spansOf(this.events(), direction).at(-1);
        return last !== undefined && last.closedAt === null && existsSync(`/proc/${last.stream.split("-")[0]}`);
    }

    /** What the loudspeaker played, run by run, as far as it has been heard by now. The first channel of each frame. */
    played(): {readonly rate: number; readonly runs: readonly PlayedRun[]} {
        const runs = this.runs("playback");
        const played = this.#heardRuns(runs).map(({run, frames}) => {
            const stretch = readFrames(this.#recording, run, 0, frames);
            const startedAt = run.startedAt + stretch.first * frameDuration(run);
            return {...run, startedAt, frames: stretch.frames};
        });
        return {rate: runs.at(-1)?.rate ?? this.#rate, runs: played};
    }

    /**
     * What was in the ear from `from` to `to` ns, silence included, at the card's rate. `to` MUST have passed. With a
     * clock error, frames are the card's own, so that there are a few more or less of them.
     */
    heard(from: number, to: number): Wav {
        if (to > monotonicNow()) {
            throw new RangeError("what will be heard is not known yet");
        }
        const runs = this.runs("playback");
        const rate = runs.at(-1)?.rate ?? this.#rate;
        const frame = frameDuration({rate, ppm: runs.at(-1)?.ppm ?? 0});
        const samples = new Int16Array(Math.max(0, Math.round((to - from) / frame)));
        for (const {run, frames} of this.#heardRuns(runs)) {
            const offset = Math.round((run.startedAt - from) / frame);
            const stretch = readFrames(this.#recording, run, -offset, Math.min(frames, samples.length - offset));
            if (stretch.frames.length > 0) {
                samples.set(stretch.frames, offset + stretch.first);
            }
        }
        return {rate, samples};
    }

    /** Peak of the last `ms` in dBFS, for meters: what is heard, and what an open microphone hears. */
    levels(ms = 100): {readonly playback: number; readonly capture: number} {
        const now = monotonicNow();
        const from = now - ms * 1e6;
        const rate = this.runs("capture").at(-1)?.rate ?? this.#rate;
        return {
            playback: peakOf(this.heard(from, now).samples),
            capture: this.isOpen("capture") ? peakOf(readMicrophone(this.folder, rate, from, now)) : -Infinity,
        };
    }

    /** Resolves as soon as the log fulfils `condition`; rejects with code `timeout` after `ms`. */
    async until(condition: (events: readonly CardEvent[]) => boolean, ms: number): Promise<void> {
        if (condition(this.events())) {
            return;
        }
        await new Promise<void>((done, fail) => {
            const finish = (then: () => void): void => {
                clearTimeout(timer);
                watcher.close();
                then();
            };
            const check = (): void => {
                if (condition(this.events())) {
                    finish(done);
                }
            };
            const watcher = watch(this.folder, check);
            const timer = setTimeout(() => {
                const last = JSON.stringify(this.events().slice(-5));
                finish(() =>
                    fail(Object.assign(new Error(`card ${this.pcm}: not in ${ms} ms; ${last}`), {code: "timeout"})),
                );
            }, ms);
            // What was logged between the first look and the watch is not told by it.
            check();
        });
    }

    get #rate(): number {
        return this.#rates[0] ?? 48000;
    }

    #heardRuns(runs: readonly CardRun[]): readonly {readonly run: CardRun; readonly frames: number}[] {
        const now = monotonicNow();
        const next = nextSample(this.#recording);
        return runs.map((run, i) => ({run, frames: framesHeard(run, runs[i + 1], next, now)}));
    }
}
