/** Text in cells: every function here takes and gives strings whose length is their width on the glass. */

/** One cell on a character display; the CFA635's ROM shows a full stop for it, which reads as an abbreviation. */
export const ELLIPSIS = "…";

/**
 * Makes any text safe for one line of cells: composed (NFC), without control, format and combining characters,
 * and of the Basic Multilingual Plane only; what lies beyond is shown as a question mark, one cell each.
 */
export function cellsOf(text: string): string {
    return text
        .normalize("NFC")
        .replace(/\s/gu, " ")
        .replace(/[\p{Cc}\p{Cf}\p{M}]/gu, "")
        .replace(/[\u{10000}-\u{10ffff}]|\p{Cs}/gu, "?");
}

/** At most `width` cells; what is cut off leaves an ellipsis. */
export function clip(text: string, width: number): string {
    if (text.length <= width) return text;
    return width <= 0 ? "" : `${text.slice(0, width - 1).trimEnd()}${ELLIPSIS}`;
}

/** At most `width` cells of the end of the text, for digits that are being typed. */
export function clipStart(text: string, width: number): string {
    if (text.length <= width) return text;
    return width <= 0 ? "" : `${ELLIPSIS}${text.slice(text.length - width + 1)}`;
}

/** Exactly `width` cells, the text at the left. */
export function padRight(text: string, width: number): string {
    return clip(text, width).padEnd(Math.max(0, width));
}

/** Exactly `width` cells, `left` and `right` at the edges; `right` is kept whole as long as it fits. */
export function spread(left: string, right: string, width: number): string {
    const end = clip(right, width);
    if (end === "") return padRight(left, width);
    const room = width - end.length - 1;
    // An ellipsis alone says nothing.
    const none = room <= 0 || (room === 1 && left.length > 1);
    return none ? end.padStart(width) : `${padRight(left, room)} ${end}`;
}

/** Words over lines of `width` cells; a word longer than a line is broken. */
export function wrap(text: string, width: number): string[] {
    const lines: string[] = [];
    let line = "";
    for (const word of text.split(" ").flatMap((long) => pieces(long, width))) {
        if (line === "") line = word;
        else if (line.length + 1 + word.length <= width) line = `${line} ${word}`;
        else {
            lines.push(line);
            line = word;
        }
    }
    return line === "" ? lines : [...lines, line];
}

function pieces(word: string, width: number): string[] {
    if (word.length <= width) return [word];
    return [word.slice(0, width), ...pieces(word.slice(width), width)];
}

/** A bar of `width` cells, `share` of them (0 to 1) filled. */
export function bar(share: number, width: number): string {
    const bounded = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
    const filled = Math.round(bounded * Math.max(0, width));
    return "■".repeat(filled).padEnd(Math.max(0, width), "-");
}

/** Which of `count` rows are shown in `room` rows so that the selected one is among them: index of the first. */
export function firstShown(selected: number, count: number, room: number): number {
    return Math.max(0, Math.min(selected - Math.floor(room / 2), count - room));
}
