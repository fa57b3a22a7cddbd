/** The bench phone in the terminal: the firmware as a process of this machine, on its simulated board. */
import {writeFileSync} from "node:fs";
import {join} from "node:path";
import {setTimeout as sleep} from "node:timers/promises";
import type {Key} from "../hal/board.ts";
import {LAMPS_OFF} from "../hal/lamps.ts";
import {BenchPhone} from "../test/support/bench-phone.ts";
import type {ConsoleClient} from "../test/support/console-client.ts";
import {type Kamailio, peersRoot} from "../test/support/peers.ts";
import {monotonicNow} from "../test/support/sound-card.ts";
import {recordedVoice} from "../test/support/sound-voice.ts";
import {encodeWav} from "../test/support/sound-wav.ts";
import {holdMs, keepSeconds, type PhoneOnShow, registrarFact, type ShowOptions} from "./terminal-phone.ts";
import type {PhoneView} from "./terminal-picture.ts";

export interface BenchShowOptions extends ShowOptions {
    readonly sound: "virtual" | "card";
}

const silent = Number.NEGATIVE_INFINITY;

export class BenchOnShow implements PhoneOnShow {
    readonly consoles: readonly [ConsoleClient, ConsoleClient];
    readonly registrar: Kamailio;
    readonly ended: Promise<readonly string[]>;
    readonly cyclePower = null;
    readonly #bench: BenchPhone;
    readonly #options: BenchShowOptions;
    #end: (lines: readonly string[]) => void = () => undefined;
    #shownFrom = 0;
    #cable: "plugged" | "pulled" = "plugged";

    /** Starts all but the phone. */
    static async prepare(options: BenchShowOptions): Promise<BenchOnShow> {
        return new BenchOnShow(
            options,
            await BenchPhone.prepare({...options, keepSeconds, microphone: recordedVoice(peersRoot())}),
        );
    }

    private constructor(options: BenchShowOptions, bench: BenchPhone) {
        this.#options = options;
        this.#bench = bench;
        this.consoles = [bench.console, bench.console2];
        this.registrar = bench.kamailio;
        this.ended = new Promise((resolve) => {
            this.#end = resolve;
        });
    }

    async start(): Promise<void> {
        const bench = this.#bench;
        await bench.startPhone();
        void bench.process.exited.then(() =>
            this.#end(["the firmware ended; it said last", ...bench.process.log.slice(-20)]),
        );
        this.#options.progress("provisioning the phone through its console");
        await bench.provision();
        await bench.registered();
        this.#shownFrom = monotonicNow();
    }

    view(): PhoneView {
        const bench = this.#bench;
        const {said, glass} = bench;
        const {sound} = this.#options;
        const calls = (said.calls ?? []).map((call) => `${call.phase} ${call.name ?? call.number}`);
        return {
            name: "Offhook bench phone",
            glass: glass.lines,
            backlight: glass.lit,
            lamps: said.lamps ?? LAMPS_OFF,
            hook: said.hook ?? "on",
            microphone: said.levels?.capture ?? silent,
            earpiece: said.levels?.playback ?? silent,
            ringer: sound === "virtual" ? bench.ringer.levels().playback : silent,
            cable: this.#cable,
            power: null,
            facts: [
                `${registrarFact(this.#options, this.registrar)}   ${calls.join(", ") || "no call"}`,
                `log ${bench.logFile}`,
            ],
        };
    }

    onChange(listener: () => void): void {
        this.#bench.board.onSaid(listener);
        this.#bench.glass.onChange(listener);
    }

    tap(key: Key): Promise<void> {
        return this.#bench.board.tap(key);
    }

    async hold(key: Key): Promise<void> {
        await this.#bench.board.press(key);
        await sleep(holdMs);
        await this.#bench.board.release(key);
    }

    lift(): Promise<void> {
        return this.#bench.board.lift();
    }

    putDown(): Promise<void> {
        return this.#bench.board.putDown();
    }

    async moveCable(): Promise<void> {
        const {board} = this.#bench;
        const pull = this.#cable === "plugged";
        for (const part of ["provisioning", "provisioning2"] as const) {
            await (pull ? board.unplug(part) : board.plug(part));
        }
        this.#cable = pull ? "pulled" : "plugged";
    }

    keepRecording(): string | null {
        const {folder, sound} = this.#options;
        if (this.#shownFrom === 0 || sound === "card") return null;
        const path = join(folder, "earpiece.wav");
        const now = monotonicNow();
        writeFileSync(
            path,
            encodeWav(this.#bench.handset.heard(Math.max(this.#shownFrom, now - keepSeconds * 1e9), now)),
        );
        return path;
    }

    stop(): Promise<void> {
        return this.#bench.stop();
    }
}
