/** A person before a terminal in which one of our scripts runs: types, and reads the last picture that was drawn. */
import {mkdirSync, readdirSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {type IPty, spawn} from "node-pty";

const scripts = join(import.meta.dirname, "../../scripts");

export class TerminalClient {
    /** Resolves with the exit code. */
    readonly exited: Promise<number>;
    readonly #folder: string;
    readonly #terminal: IPty;
    readonly #watchers = new Set<() => void>();
    #written = "";

    /**
     * Starts a script of `scripts/` in a terminal of 110 columns and 40 rows. What it makes for a while lies in `folder`,
     * a private one; made if it lacks.
     */
    constructor(folder: string, script: string, ...words: readonly string[]) {
        mkdirSync(folder, {recursive: true});
        this.#folder = folder;
        const env = {...process.env, TMPDIR: folder};
        this.#terminal = spawn(process.execPath, [join(scripts, script), ...words], {cols: 110, rows: 40, env});
        this.exited = new Promise((resolve) => this.#terminal.onExit(({exitCode}) => resolve(exitCode)));
        this.#terminal.onData((text) => {
            this.#written += text;
            for (const watcher of [...this.#watchers]) watcher();
        });
    }

    /** All that was ever written. */
    get written(): string {
        return this.#written;
    }

    /** What stands on the terminal, as far as its last picture has come. */
    get picture(): string {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's sequences begin with one.
        return (this.#written.split("\u001b[H").at(-1) ?? "").replaceAll(/\u001b\[[?0-9;]*[A-Za-z]/g, "");
    }

    type(text: string): void {
        this.#terminal.write(text);
    }

    /** Resolves when the picture matches; rejects after `ms`, or when the script ends before. */
    async shows(pattern: RegExp, ms = 60_000): Promise<RegExpExecArray> {
        const shown = Promise.withResolvers<RegExpExecArray>();
        const look = (): void => {
            const match = pattern.exec(this.picture);
            if (match !== null) shown.resolve(match);
        };
        const fail = (why: string): void => shown.reject(new Error(`${pattern}: ${why}:\n${this.picture}`));
        const timer = setTimeout(() => fail(`not shown in ${ms} ms`), ms);
        void this.exited.then((code) => fail(`the script ended (${code})`));
        this.#watchers.add(look);
        look();
        return shown.promise.finally(() => {
            clearTimeout(timer);
            this.#watchers.delete(look);
        });
    }

    /** Names of the processes in the terminal's own group, and of those that were told of its folder. */
    processes(): string[] {
        return readdirSync("/proc")
            .filter((entry) => /^\d+$/.test(entry))
            .flatMap((pid) => {
                try {
                    const [, name = "", group = ""] =
                        /\((.*)\) \S+ \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
                    const isOurs = Number(group) === this.#terminal.pid;
                    return isOurs || readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`${this.#folder}/`)
                        ? [name]
                        : [];
                } catch {
                    // It ended while it was looked at.
                    return [];
                }
            });
    }

    /** Closes the terminal: SIGHUP, by which a script ends in order, as by Ctrl-C. */
    close(): void {
        this.#terminal.kill();
    }
}
