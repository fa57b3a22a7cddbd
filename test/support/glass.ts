/** The far end of the display's line: what the bytes of the real driver drew, read as a person would. */
import {Cfa635Emulator} from "./cfa635-emulator.ts";
import {openPty} from "./pty.ts";
import {Vt100Glass} from "./vt100-glass.ts";

export type GlassKind = "cfa635" | "vt100";

interface Surface {
    lines(): readonly string[];
    lit(): boolean;
    onChange(listener: () => void): void;
    close(): void;
}

function cfa635(path: string): Surface {
    const module = new Cfa635Emulator(path);
    return {
        lines: () => module.lines,
        lit: () => module.backlight.display > 0,
        onChange: (listener) => module.onChange(listener),
        close: () => module.close(),
    };
}

function vt100(path: string): Surface {
    const glass = new Vt100Glass(40, 12);
    const pty = openPty(path);
    const listeners: (() => void)[] = [];
    pty.onData((chunk) => {
        glass.write(chunk);
        for (const listener of listeners) listener();
    });
    return {
        lines: () => glass.lines,
        lit: () => true,
        onChange: (listener) => listeners.push(listener),
        close: () => pty.close(),
    };
}

export class Glass {
    readonly #surface: Surface;
    readonly #watchers = new Set<() => void>();

    /** `path` becomes a symbolic link to the line's device file. */
    constructor(kind: GlassKind, path: string) {
        this.#surface = kind === "cfa635" ? cfa635(path) : vt100(path);
        this.#surface.onChange(() => {
            for (const watcher of [...this.#watchers]) watcher();
        });
    }

    get lines(): readonly string[] {
        return this.#surface.lines();
    }

    get lit(): boolean {
        return this.#surface.lit();
    }

    onChange(watcher: () => void): void {
        this.#watchers.add(watcher);
    }

    /** Resolves when the text can be read; rejects after `ms` with what can be read then. */
    shows(text: string | RegExp, ms = 10_000): Promise<void> {
        const readable = (): boolean => {
            const all = this.lines.join("\n");
            return typeof text === "string" ? all.includes(text) : text.test(all);
        };
        if (readable()) return Promise.resolve();
        return new Promise((resolve, reject) => {
            const finish = (then: () => void): void => {
                clearTimeout(timer);
                this.#watchers.delete(look);
                then();
            };
            const look = (): void => {
                if (readable()) finish(resolve);
            };
            const timer = setTimeout(
                () => finish(() => reject(new Error(`${text} was not shown in ${ms} ms:\n${this.lines.join("\n")}`))),
                ms,
            );
            this.#watchers.add(look);
        });
    }

    /** Pulls the cable. */
    close(): void {
        this.#surface.close();
    }
}
