/** The firmware as a process: started from the bundle with a profile and a data folder, ended by its id. */
import {type ChildProcess, spawn} from "node:child_process";
import {once} from "node:events";
import {createWriteStream, existsSync} from "node:fs";
import {join} from "node:path";
import {createInterface} from "node:readline";

const top = join(import.meta.dirname, "../..");
const bundle = join(top, "build/offhook.mjs");
/** How long the firmware may take to end by itself after SIGTERM, in ms. */
const stopMs = 8_000;

export interface PhoneProcessOptions {
    readonly profile: string;
    readonly data: string;
    /** Words before the command, for instance those that run it in a namespace of the network. Default: none. */
    readonly within?: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    /** Where its log goes. */
    readonly logFile: string;
}

export class PhoneProcess {
    readonly log: string[] = [];
    readonly startedAt = performance.now();
    readonly #child: ChildProcess;
    /** Resolves when the process is gone, however it ended. */
    readonly exited: Promise<void>;
    readonly #listeners = new Set<() => void>();

    constructor(options: PhoneProcessOptions) {
        if (!existsSync(bundle)) throw new Error("the bundle is not there: run make bundle");
        const file = createWriteStream(options.logFile, {flags: "a"});
        const command = [process.execPath, bundle, "--profile", options.profile, "--data", options.data];
        const [program = "", ...words] = [...(options.within ?? []), ...command];
        this.#child = spawn(program, words, {
            env: {...process.env, ...options.environment},
            stdio: ["ignore", "pipe", "pipe"],
        });
        this.exited = once(this.#child, "exit").then(() => void file.end());
        for (const stream of [this.#child.stdout, this.#child.stderr]) {
            if (stream === null) continue;
            createInterface({input: stream}).on("line", (line) => {
                this.log.push(line);
                file.write(`${line}\n`);
                for (const listener of [...this.#listeners]) listener();
            });
        }
    }

    get pid(): number {
        return this.#child.pid ?? 0;
    }

    get running(): boolean {
        return this.#child.exitCode === null && this.#child.signalCode === null;
    }

    /** Exit code or the signal's name, null while it runs. */
    get ended(): number | string | null {
        return this.#child.exitCode ?? this.#child.signalCode;
    }

    /** Resolves when a line of the log matches; rejects after `ms` or when the process ends, with the log's end. */
    async logs(pattern: RegExp, ms = 15_000): Promise<void> {
        const told = (): boolean => this.log.some((line) => pattern.test(line));
        if (told()) return;
        await new Promise<void>((resolve, reject) => {
            const fail = (why: string): void => {
                finish(() => reject(new Error(`${why} before ${pattern}:\n${this.log.slice(-30).join("\n")}`)));
            };
            const look = (): void => {
                if (told()) finish(resolve);
            };
            const finish = (then: () => void): void => {
                clearTimeout(timer);
                this.#listeners.delete(look);
                then();
            };
            const timer = setTimeout(() => fail(`${ms} ms passed`), ms);
            this.#listeners.add(look);
            void this.exited.then(() => fail("the firmware ended"));
        });
    }

    /** Asks it to end; kills it when it does not. Answers how it ended. */
    async stop(): Promise<number | string | null> {
        if (this.running) this.#child.kill("SIGTERM");
        const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopMs);
        await this.exited;
        clearTimeout(timer);
        return this.ended;
    }

    /** A power cut as far as a process can have one. */
    async kill(): Promise<void> {
        this.#child.kill("SIGKILL");
        await this.exited;
    }
}
