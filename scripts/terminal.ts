/** Something that is shown and used in this terminal, from its start to its end. */
import {rmSync} from "node:fs";
import {enterScreen, leaveScreen} from "./terminal-picture.ts";

/** What a terminal can show. */
export interface Shown {
    /** Resolves, with why and with what it said last, when it ended by itself. */
    readonly ended: Promise<readonly string[]>;
    /** Resolves when it is ready to be used. */
    start(): Promise<void>;
    /** At most `rows` lines of it now, the notice among them; null while it writes to the terminal itself. */
    picture(rows: number, notice: string): string | null;
    /** Told when there is something new to see; levels change without. */
    onChange(listener: () => void): void;
    /** Takes what was typed. */
    take(text: string): void;
    /** What is left to tell when it has been shown. */
    lastWords(): readonly string[];
    /** Ends everything that it started. */
    stop(): Promise<void>;
}

/** The meters move ten times a second. */
const drawMs = 100;

export class Terminal {
    readonly #folder: string;
    #shown: Shown | null = null;
    #isVisible = false;
    #timer: NodeJS.Timeout | undefined;
    #drawn = "";
    #notice = "";
    #ending = false;

    /** `folder` is removed when nothing came to be shown. */
    constructor(folder: string) {
        this.#folder = folder;
    }

    /** Shows what `prepare` makes; never rejects. */
    async run(prepare: () => Promise<Shown>): Promise<void> {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void this.end(0));
        try {
            const shown = await prepare();
            this.#shown = shown;
            if (this.#ending) return;
            const ended = shown.ended.then((lines) => Promise.reject(new Error(lines.join("\n"))));
            await Promise.race([shown.start(), ended]);
            if (this.#ending) return;
            ended.catch((thrown: Error) => this.end(1, [thrown.message]));
            this.#show(shown);
        } catch (thrown) {
            await this.end(1, [thrown instanceof Error ? thrown.message : String(thrown)]);
        }
    }

    /** Tells what is done: a line while it starts, and the one notice of the picture later on. */
    note(what: string): void {
        if (this.#isVisible) this.#notice = what;
        else console.log(`  ${what}`);
    }

    #show(shown: Shown): void {
        this.#isVisible = true;
        process.stdout.write(enterScreen);
        if (process.stdin.isTTY) process.stdin.setRawMode(true);
        process.stdin.setEncoding("utf8").on("data", (text: string) => shown.take(text));
        shown.onChange(() => this.#draw(shown));
        this.#timer = setInterval(() => this.#draw(shown), drawMs);
    }

    /** The picture was wiped: what stands in it is drawn again though nothing of it changed. */
    wiped(): void {
        this.#drawn = "";
    }

    /** Draws when something changed; a terminal that is looked at over a slow line stays readable. */
    #draw(shown: Shown): void {
        if (this.#ending) return;
        const picture = shown.picture(process.stdout.rows ?? 24, this.#notice);
        if (picture === null || picture === this.#drawn) return;
        process.stdout.write(picture);
        this.#drawn = picture;
    }

    /** Says the last words and ends all that was started; a second call does nothing. */
    async end(code: number, lines: readonly string[] = []): Promise<void> {
        if (this.#ending) return;
        this.#ending = true;
        clearInterval(this.#timer);
        if (process.stdin.isTTY) process.stdin.setRawMode(false);
        if (this.#isVisible) process.stdout.write(leaveScreen);
        const lastWords = this.#isVisible ? (this.#shown?.lastWords() ?? []) : [];
        for (const line of [...lines, ...lastWords]) console.log(line);
        await this.#shown?.stop();
        if (!this.#isVisible) rmSync(this.#folder, {recursive: true, force: true});
        process.exit(code);
    }
}
