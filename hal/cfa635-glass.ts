/**
 * What a CFA635 shows against what it should show, pure. There is no queue of commands: the next command always follows
 * from the difference, so the newest frame wins and whatever got lost is sent again by itself.
 */
import type {Frame} from "./board.ts";
import {GLYPHS, romCodesOf} from "./cfa635-rom.ts";
import {ALL_KEYS, COMMAND} from "./display-protocol-cfa635.ts";

/** A value of the module that nobody knows: after power-up, a reboot or an unanswered command. */
export const UNKNOWN = -1;
const CURSOR_OFF = 0;
const CURSOR_BLINKING_UNDERSCORE = 3;
/** LED halves are GPIO 5 to 12 of the module (data sheet, command 34). */
const FIRST_LED = 5;
export const LED_HALVES = 8;
const GLYPH_ROWS = 8;

/** All that the phone sets in the module, as numbers; `UNKNOWN` where it is not known. */
export interface Glass {
    /** ROM codes by row. */
    readonly cells: readonly (readonly number[])[];
    /** Column and row; without meaning while the style is 0. */
    readonly cursorAt: readonly [column: number, row: number];
    readonly cursorStyle: number;
    /** 0 to 100 %. */
    readonly backlight: number;
    /** 0 to 254; UNKNOWN in a wanted glass: leave it as it is. */
    readonly contrast: number;
    /** 0 to 100 % for GPIO 5 to 12. */
    readonly leds: readonly number[];
    readonly keyMask: number;
    /** The glyphs that were drawn into the module, eight rows each, by number. */
    readonly glyphs: readonly (readonly number[])[];
}

export interface Command {
    readonly code: number;
    readonly data: readonly number[];
}

/** A glass of which nothing is known: its difference to any other is a full repaint. */
export function unknownGlass(columns: number, rows: number): Glass {
    return {
        cells: Array.from({length: rows}, () => new Array<number>(columns).fill(UNKNOWN)),
        cursorAt: [UNKNOWN, UNKNOWN],
        cursorStyle: UNKNOWN,
        backlight: UNKNOWN,
        contrast: UNKNOWN,
        leds: new Array<number>(LED_HALVES).fill(UNKNOWN),
        keyMask: UNKNOWN,
        glyphs: GLYPHS.map(() => new Array<number>(GLYPH_ROWS).fill(UNKNOWN)),
    };
}

/** Settings of the module that do not come with a frame. */
export interface Lights {
    /** Backlight in % for a frame that wants it on, and for one that does not. */
    readonly bright: number;
    readonly dim: number;
    readonly contrast: number | null;
    readonly leds: readonly number[];
}

/** The glass that a frame asks for. */
export function wantedGlass(frame: Frame, lights: Lights): Glass {
    return {
        cells: frame.lines.map((line) => [...romCodesOf(line)]),
        cursorAt: frame.cursor === null ? [0, 0] : [frame.cursor.column, frame.cursor.row],
        cursorStyle: frame.cursor === null ? CURSOR_OFF : CURSOR_BLINKING_UNDERSCORE,
        backlight: frame.backlight ? lights.bright : lights.dim,
        contrast: lights.contrast ?? UNKNOWN,
        leds: lights.leds,
        keyMask: ALL_KEYS,
        glyphs: GLYPHS.map(([, rows]) => rows),
    };
}

/** The next command on the way from what is shown to what is wanted; null when they agree. */
export function nextCommand(shown: Glass, wanted: Glass): Command | null {
    if (shown.keyMask !== wanted.keyMask) {
        return {code: COMMAND.keyReporting, data: [wanted.keyMask, wanted.keyMask]};
    }
    if (shown.backlight !== wanted.backlight) return {code: COMMAND.backlight, data: [wanted.backlight]};
    // Before any text: a cell that shows a glyph follows it at once.
    const glyph = wanted.glyphs.findIndex((rows, number) => rows.some((row, at) => row !== shown.glyphs[number]?.[at]));
    if (glyph >= 0) return {code: COMMAND.glyph, data: [glyph, ...(wanted.glyphs[glyph] ?? [])]};
    for (const [row, cells] of wanted.cells.entries()) {
        const text = changedText(shown.cells[row] ?? [], cells, row);
        if (text !== null) return text;
    }
    return nextCursor(shown, wanted) ?? nextLight(shown, wanted);
}

function nextCursor(shown: Glass, wanted: Glass): Command | null {
    const moved = shown.cursorAt[0] !== wanted.cursorAt[0] || shown.cursorAt[1] !== wanted.cursorAt[1];
    if (wanted.cursorStyle !== CURSOR_OFF && moved) return {code: COMMAND.cursorPosition, data: wanted.cursorAt};
    if (shown.cursorStyle !== wanted.cursorStyle) return {code: COMMAND.cursorStyle, data: [wanted.cursorStyle]};
    return null;
}

function nextLight(shown: Glass, wanted: Glass): Command | null {
    const led = wanted.leds.findIndex((level, index) => level !== shown.leds[index]);
    if (led >= 0) return {code: COMMAND.led, data: [FIRST_LED + led, wanted.leds[led] ?? 0]};
    if (wanted.contrast !== UNKNOWN && shown.contrast !== wanted.contrast) {
        return {code: COMMAND.contrast, data: [wanted.contrast]};
    }
    return null;
}

/** One packet for the changed middle of a row; its equal ends are not sent. */
function changedText(shown: readonly number[], wanted: readonly number[], row: number): Command | null {
    const first = wanted.findIndex((code, column) => code !== shown[column]);
    if (first < 0) return null;
    const last = wanted.findLastIndex((code, column) => code !== shown[column]);
    return {code: COMMAND.text, data: [first, row, ...wanted.slice(first, last + 1)]};
}

/** The glass after the module has answered a command. Commands that change nothing give the same glass. */
export function afterCommand(shown: Glass, command: Command): Glass {
    return changedGlass(shown, command, (value) => value);
}

/** The glass after a command got no answer: what it would have changed may or may not have changed. */
export function afterSilence(shown: Glass, command: Command): Glass {
    return changedGlass(shown, command, () => UNKNOWN);
}

function changedGlass(shown: Glass, command: Command, known: (value: number) => number): Glass {
    const [first = 0, second = 0] = command.data;
    switch (command.code) {
        case COMMAND.keyReporting: {
            return {...shown, keyMask: known(first)};
        }
        case COMMAND.backlight: {
            return {...shown, backlight: known(first)};
        }
        case COMMAND.contrast: {
            return {...shown, contrast: known(first)};
        }
        case COMMAND.cursorPosition: {
            return {...shown, cursorAt: [known(first), known(second)]};
        }
        case COMMAND.cursorStyle: {
            return {...shown, cursorStyle: known(first)};
        }
        case COMMAND.glyph: {
            return {...shown, glyphs: shown.glyphs.with(first, command.data.slice(1).map(known))};
        }
        case COMMAND.led: {
            return {...shown, leds: shown.leds.with(first - FIRST_LED, known(second))};
        }
        case COMMAND.text: {
            const cells = [...(shown.cells[second] ?? [])];
            command.data.slice(2).forEach((code, index) => {
                cells[first + index] = known(code);
            });
            return {...shown, cells: shown.cells.with(second, cells)};
        }
        default: {
            return shown;
        }
    }
}

/** Forgets one row, so that it is sent anew: heals a glass that was disturbed without the phone knowing. */
export function forgetRow(shown: Glass, row: number): Glass {
    return {...shown, cells: shown.cells.with(row, new Array<number>(shown.cells[row]?.length ?? 0).fill(UNKNOWN))};
}
