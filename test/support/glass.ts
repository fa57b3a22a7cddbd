/** The far end of the display's line: what the bytes of the real driver drew, read as a person would. */
import {Cfa635Emulator} from "./cfa635-emulator.ts";
import type {EmulatedKey} from "./cfa635-emulator-module.ts";
import type {SerialEnd} from "./pty.ts";
import {Vt100Glass} from "./vt100-glass.ts";

export type GlassKind = "cfa635" | "vt100";

type Lamp = {readonly green: number; readonly red: number};

interface Surface {
    /** What stands behind the glass, for a fault or a value that no person can see. */
    readonly module: Cfa635Emulator | Vt100Glass;
    lines(): readonly string[];
    lit(): boolean;
    leds(): readonly Lamp[];
    onChange(listener: () => void): void;
    press(key: EmulatedKey): void;
    release(key: EmulatedKey): void;
    reboot(): void;
    close(): void;
}

function cfa635(line: SerialEnd): Surface {
    const module = new Cfa635Emulator(line);
    return {
        module,
        lines: () => module.lines,
        lit: () => module.backlight.display > 0,
        leds: () => module.leds,
        onChange: (listener) => module.onChange(listener),
        press: (key) => module.press(key),
        release: (key) => module.release(key),
        reboot: () => module.reboot(),
        close: () => module.close(),
    };
}

/** A terminal has neither lamps nor keys of the phone. */
function vt100(line: SerialEnd): Surface {
    const glass = new Vt100Glass(40, 12);
    const listeners: (() => void)[] = [];
    line.onData((chunk) => {
        glass.write(chunk);
        for (const listener of listeners) listener();
    });
    return {
        module: glass,
        lines: () => glass.lines,
        lit: () => true,
        leds: () => [],
        onChange: (listener) => listeners.push(listener),
        press: () => undefined,
        release: () => undefined,
        // What a terminal shows that has just been switched on.
        reboot: () => glass.write(Buffer.from("\u001b[2J\u001b[H")),
        close: () => line.close(),
    };
}

export class Glass {
    readonly #surface: Surface;
    readonly #watchers = new Set<() => void>();

    constructor(kind: GlassKind, line: SerialEnd) {
        this.#surface = kind === "cfa635" ? cfa635(line) : vt100(line);
        this.#surface.onChange(() => {
            for (const watcher of [...this.#watchers]) watcher();
        });
    }

    get lines(): readonly string[] {
        return this.#surface.lines();
    }

    /** The emulated CFA635. Throws RangeError for a terminal. */
    get module(): Cfa635Emulator {
        const {module} = this.#surface;
        if (module instanceof Cfa635Emulator) return module;
        throw new RangeError("this glass is no CFA635");
    }

    /** The emulated terminal. Throws RangeError for a CFA635. */
    get terminal(): Vt100Glass {
        const {module} = this.#surface;
        if (module instanceof Vt100Glass) return module;
        throw new RangeError("this glass is no terminal");
    }

    get lit(): boolean {
        return this.#surface.lit();
    }

    /** LEDs of a CFA635 from the top, in %. */
    get leds(): readonly Lamp[] {
        return this.#surface.leds();
    }

    onChange(watcher: () => void): void {
        this.#watchers.add(watcher);
    }

    /** The six keys of a CFA635. */
    press(key: EmulatedKey): void {
        this.#surface.press(key);
    }

    release(key: EmulatedKey): void {
        this.#surface.release(key);
    }

    /** The display loses its power for a moment, and with it all that it was told. */
    reboot(): void {
        this.#surface.reboot();
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
