/**
 * What is inside the emulated CFA635: its memory and its command table, as the data sheet lists them. No line, no time.
 */
import {seenAs} from "./cfa635-emulator-rom.ts";

export const COLUMNS = 20;
export const ROWS = 4;
export const VERSION = [...Buffer.from("CFA635:h1.2,s2.0", "latin1")];
const CELLS = COLUMNS * ROWS;

/** Key numbers in reports (data sheet: key legends); pressed is the number, released is the number + 6. */
const KEY_REPORT = {up: 1, down: 2, left: 3, right: 4, enter: 5, exit: 6} as const;
/** Key bits in masks (data sheet: KP_UP 0x01 ... KP_DOWN 0x20). */
const KEY_BIT = {up: 1, enter: 2, exit: 4, left: 8, right: 16, down: 32} as const;

export type EmulatedKey = keyof typeof KEY_REPORT;

interface Settings {
    text: Uint8Array;
    glyphs: Uint8Array[];
    cursor: {column: number; row: number; style: number};
    contrast: number;
    backlight: {display: number; keypad: number};
    pressMask: number;
    releaseMask: number;
    gpio: number[];
}

function factorySettings(): Settings {
    const text = new Uint8Array(CELLS).fill(0x20);
    text.set(Buffer.from("Crystalfontz 635", "latin1"));
    return {
        text,
        glyphs: Array.from({length: 8}, () => new Uint8Array(8)),
        cursor: {column: 0, row: 0, style: 0},
        contrast: 95,
        backlight: {display: 100, keypad: 100},
        pressMask: 0x3f,
        releaseMask: 0x3f,
        gpio: new Array<number>(13).fill(0),
    };
}

/** Carries a command out and gives the answer's data; null where the data sheet does not allow it. */
type Command = (data: Uint8Array) => readonly number[] | null;

export class Cfa635Module {
    settings = factorySettings();
    #stored = factorySettings();
    #flash: Uint8Array = new Uint8Array(16);
    #down = 0;
    #pressed = 0;
    #released = 0;

    /** What a person reads, four strings of 20. */
    get lines(): readonly string[] {
        return Array.from({length: ROWS}, (_, row) =>
            [...this.settings.text.subarray(row * COLUMNS, (row + 1) * COLUMNS)]
                .map((code) => seenAs(code, this.settings.glyphs))
                .join(""),
        );
    }

    /** Back to the stored boot state, as after a loss of power. */
    boot(): void {
        this.settings = structuredClone(this.#stored);
    }

    /** Moves a key; the report's number, or null when its mask keeps it quiet. */
    key(key: EmulatedKey, down: boolean): number | null {
        const bit = KEY_BIT[key];
        if (down) {
            this.#down |= bit;
            this.#pressed |= bit;
            return this.settings.pressMask & bit ? KEY_REPORT[key] : null;
        }
        this.#down &= ~bit;
        this.#released |= bit;
        return this.settings.releaseMask & bit ? KEY_REPORT[key] + 6 : null;
    }

    obey(code: number, data: Uint8Array): readonly number[] | null {
        return this.#commands[code]?.(data) ?? null;
    }

    readonly #commands: Readonly<Record<number, Command>> = {
        // Ping.
        0: (data) => (data.length <= 16 ? [...data] : null),
        // Version.
        1: (data) => (data.length === 0 ? VERSION : null),
        // Write and read the user's flash.
        2: (data) => this.#change(data.length === 16, () => (this.#flash = data.slice())),
        3: (data) => (data.length === 0 ? [...this.#flash] : null),
        // Store the present state as boot state.
        4: (data) => this.#change(data.length === 0, () => (this.#stored = structuredClone(this.settings))),
        // Reboot: the caller does it after the answer.
        5: (data) => (Buffer.from(data).equals(Buffer.from([8, 18, 99])) ? [] : null),
        6: (data) => this.#change(data.length === 0, () => this.#clear()),
        // Glyph.
        9: (data) => this.#change(data.length === 9 && at(data, 0) < 8, () => this.#glyph(data)),
        // Cursor position and style.
        11: (data) => this.#change(data.length === 2 && isCell(data), () => this.#cursor(at(data, 0), at(data, 1))),
        12: (data) => this.#change(data.length === 1 && at(data, 0) <= 3, () => this.#cursorStyle(at(data, 0))),
        13: (data) =>
            this.#change(data.length === 1 && at(data, 0) < 255, () => (this.settings.contrast = at(data, 0))),
        14: (data) => this.#backlight(data),
        // Key reporting.
        23: (data) => this.#change(data.length === 2 && Math.max(...data) <= 0x3f, () => this.#masks(data)),
        24: (data) => (data.length === 0 ? this.#pollKeys() : null),
        // Watchdog: taken, and nothing to reset here.
        29: (data) => (data.length === 1 ? [] : null),
        30: (data) => (data.length === 0 ? this.#status() : null),
        31: (data) => this.#change(data.length >= 3 && isCell(data), () => this.#write(data)),
        // Baud rate.
        33: (data) => (data.length === 1 && at(data, 0) <= 1 ? [] : null),
        34: (data) => this.#led(data),
        35: (data) =>
            data.length === 1 && at(data, 0) <= 12 ? [at(data, 0), this.settings.gpio[at(data, 0)] ?? 0] : null,
    };

    #change(allowed: boolean, change: () => unknown): readonly number[] | null {
        if (!allowed) return null;
        change();
        return [];
    }

    #clear(): void {
        this.settings.text.fill(0x20);
        this.#cursor(0, 0);
    }

    #glyph(data: Uint8Array): void {
        this.settings.glyphs[at(data, 0)] = data.slice(1);
    }

    #cursor(column: number, row: number): void {
        this.settings.cursor = {...this.settings.cursor, column, row};
    }

    #cursorStyle(style: number): void {
        this.settings.cursor = {...this.settings.cursor, style};
    }

    #backlight(data: Uint8Array): readonly number[] | null {
        if (data.length < 1 || data.length > 2 || Math.max(...data) > 100) return null;
        this.settings.backlight = {display: at(data, 0), keypad: data.length === 2 ? at(data, 1) : at(data, 0)};
        return [];
    }

    #masks(data: Uint8Array): void {
        this.settings.pressMask = at(data, 0);
        this.settings.releaseMask = at(data, 1);
    }

    #pollKeys(): readonly number[] {
        const answer = [this.#down, this.#pressed, this.#released];
        this.#pressed = 0;
        this.#released = 0;
        return answer;
    }

    /** Text runs on into the next row, and past the last cell it is lost. */
    #write(data: Uint8Array): void {
        const first = at(data, 1) * COLUMNS + at(data, 0);
        this.settings.text.set(data.slice(2, 2 + CELLS - first), first);
    }

    #led(data: Uint8Array): readonly number[] | null {
        if (data.length !== 2 || at(data, 0) > 12 || at(data, 1) > 100) return null;
        this.settings.gpio[at(data, 0)] = at(data, 1);
        return [];
    }

    #status(): readonly number[] {
        const status = new Array<number>(15).fill(0);
        status[5] = this.settings.pressMask;
        status[6] = this.settings.releaseMask;
        status[13] = this.settings.contrast;
        status[14] = this.settings.backlight.display;
        return status;
    }
}

function at(data: Uint8Array, index: number): number {
    return data[index] ?? 0;
}

function isCell(data: Uint8Array): boolean {
    return at(data, 0) < COLUMNS && at(data, 1) < ROWS;
}
