/**
 * A page is what a screen says, a frame what the glass has room for.
 *
 *   20x4:  body line          40x12:  header: account or fault         date and time
 *          body line                  (blank)
 *          body line                  body lines, up to eight, the details among them
 *          hints of the keys          (blank)
 *                                     hints of the keys
 */
import type {Frame} from "../hal/board.ts";
import {cellsOf, padRight, spread} from "./layout.ts";

/** Columns and rows of the glass, 1 and more of each. */
export interface Size {
    readonly columns: number;
    readonly rows: number;
}

/** One line of a page. Where the glass has too few rows, the lines of the highest rank go first. */
export interface PageLine {
    readonly rank: number;
    readonly left: string;
    readonly right: string;
    /** Column of the text cursor, null without one. */
    readonly cursor: number | null;
}

/** What a key does now: the key as it is drawn, and a short word. */
export interface Hint {
    readonly key: string;
    readonly word: string;
}

export interface Page {
    readonly body: readonly PageLine[];
    /** In the order in which they stand; the last is the most important and stands at the right. */
    readonly hints: readonly Hint[];
    readonly backlight: boolean;
    /** Monotonic ms at which the page differs by time alone, null: never. */
    readonly changesAt: number | null;
}

/** Ranks: the thing itself, what it is about, its state, what is wrong, what the keys do, details. */
export const RANK = {thing: 0, about: 1, state: 2, fault: 3, minorFault: 4, hints: 5, detail: 6, extra: 7} as const;

/** From so many rows on there is a header, and room for details. */
const LARGE_ROWS = 8;

export function isLarge(size: Size): boolean {
    return size.rows >= LARGE_ROWS;
}

/** Rows that a list of choices may take, one line of it a row, when its page has only that list. */
export function listRoom(size: Size): number {
    return Math.max(1, isLarge(size) ? size.rows - 6 : size.rows - 1);
}

export function line(rank: number, left: string, right = "", cursor: number | null = null): PageLine {
    return {rank, left, right, cursor};
}

/** The earliest of several times, null when none is known. */
export function earliest(times: readonly (number | null)[]): number | null {
    return times.reduce((first, time) => (first === null || (time !== null && time < first) ? time : first), null);
}

/** Fits a page to the glass: exactly `rows` lines of exactly `columns` cells. */
export function frameOf(page: Page, header: PageLine, size: Size): Frame {
    const large = isLarge(size);
    const hints = page.hints.length > 0 ? [line(RANK.hints, hintLine(page.hints, size.columns))] : [];
    const top = large ? [header, line(RANK.extra, "")] : [];
    const bottom = large ? [line(RANK.extra, ""), ...hints] : hints;
    const room = size.rows - top.length - (large ? bottom.length : 0);
    const kept = large ? keepRanks(page.body, room) : keepRanks([...page.body, ...bottom], room);
    const last = kept.at(-1);
    const hintKept = !large && hints.length > 0 && last === hints[0];
    const body = hintKept ? kept.slice(0, -1) : kept;
    const end = large ? bottom : hintKept ? hints : [];
    const blank = Array.from({length: size.rows - top.length - body.length - end.length}, () => line(RANK.extra, ""));
    const lines = [...top, ...body, ...blank, ...end];
    const row = lines.findIndex(({cursor}) => cursor !== null);
    const column = lines[row]?.cursor ?? 0;
    return {
        lines: lines.map(({left, right}) => spread(cellsOf(left), cellsOf(right), size.columns)),
        cursor: row < 0 ? null : {column: Math.min(column, size.columns - 1), row},
        backlight: page.backlight,
    };
}

/** Drops lines of the highest rank, the lowest on the page first, until the rest fits. */
function keepRanks(lines: readonly PageLine[], room: number): readonly PageLine[] {
    if (lines.length <= room) return lines;
    const highest = Math.max(...lines.map(({rank}) => rank));
    const drop = lines.findLastIndex(({rank}) => rank === highest);
    return keepRanks(lines.toSpliced(drop, 1), room);
}

/** The hints over the whole width: the first at the left, the last at the right; what does not fit is left out. */
export function hintLine(hints: readonly Hint[], columns: number): string {
    const words = hints.map(({key, word}) => cellsOf(word === "" ? key : `${key} ${word}`));
    const gaps = words.length - 1;
    const taken = words.reduce((sum, word) => sum + word.length, 0);
    if (taken + gaps > columns && words.length > 1) return hintLine(leastImportantLeftOut(hints), columns);
    if (gaps === 0) return padRight(words[0] ?? "", columns);
    const free = columns - taken;
    return words.reduce((text, word, index) => {
        const gap = Math.floor((free * index) / gaps) - Math.floor((free * (index - 1)) / gaps);
        return `${text}${" ".repeat(gap)}${word}`;
    });
}

function leastImportantLeftOut(hints: readonly Hint[]): readonly Hint[] {
    return hints.length > 2 ? hints.toSpliced(1, 1) : hints.slice(1);
}
