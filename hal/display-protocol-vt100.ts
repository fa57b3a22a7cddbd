/**
 * A VT100 (ECMA-48) screen as a display, pure: the difference between two frames as escape sequences, in UTF-8.
 * Source: ECMA-48 §8.3 (CUP, ED, SGR) and DEC VT100 User Guide (DECTCEM as of VT220, DECAWM).
 */
import type {Frame} from "./board.ts";

const ESC = "\x1b";
const HIDE_CURSOR = `${ESC}[?25l`;
const SHOW_CURSOR = `${ESC}[?25h`;
/** Soft reset of what we rely on: normal attributes, no auto-wrap, whole screen cleared. */
const BEGIN = `${ESC}[0m${ESC}[?7l${ESC}[2J${HIDE_CURSOR}`;

/** Characters that a terminal would not draw in exactly one cell; most East Asian letters take two. */
const NOT_ONE_CELL =
    /[\p{C}\p{M}\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** One line as the terminal shows it: a character that would shift its neighbours becomes a blank or "?". */
export function cellsOf(line: string): string {
    let cells = "";
    for (let index = 0; index < line.length; index += 1) {
        const unit = line[index] ?? " ";
        if (!NOT_ONE_CELL.test(unit)) cells += unit;
        else cells += /[\p{Cc}\p{Cf}\p{Zs}\p{M}]/u.test(unit) ? " " : "?";
    }
    return cells;
}

/** What the screen shows; null before anything is known of it. */
export interface Screen {
    readonly lines: readonly string[];
    readonly cursor: Frame["cursor"];
}

/** The screen that a frame asks for. */
export function screenOfFrame(frame: Frame): Screen {
    return {lines: frame.lines.map(cellsOf), cursor: frame.cursor};
}

/**
 * The sequences that turn `shown` into `wanted`; empty when nothing differs. Only the changed middle of each row is
 * sent. Unknown screens are cleared and painted whole.
 */
export function difference(shown: Screen | null, wanted: Screen): string {
    let out = shown === null ? BEGIN : "";
    wanted.lines.forEach((line, row) => {
        out += rowDifference(shown?.lines[row] ?? " ".repeat(line.length), line, row);
    });
    const cursorMoved = !sameCursor(shown?.cursor ?? null, wanted.cursor);
    if (out === "" && !cursorMoved) return "";
    if (wanted.cursor === null) return shown?.cursor ? out + HIDE_CURSOR : out;
    // Writing has moved the cursor: it is always put back.
    return out + moveTo(wanted.cursor.column, wanted.cursor.row) + (shown?.cursor ? "" : SHOW_CURSOR);
}

function rowDifference(shown: string, wanted: string, row: number): string {
    if (shown === wanted) return "";
    let first = 0;
    while (first < wanted.length && shown[first] === wanted[first]) first += 1;
    let end = wanted.length;
    while (end > first && shown[end - 1] === wanted[end - 1]) end -= 1;
    return moveTo(first, row) + wanted.slice(first, end);
}

function moveTo(column: number, row: number): string {
    return `${ESC}[${row + 1};${column + 1}H`;
}

function sameCursor(a: Frame["cursor"], b: Frame["cursor"]): boolean {
    return a === b || (a !== null && b !== null && a.column === b.column && a.row === b.row);
}
