/**
 * Digit maps of RFC 3435 §2.1.5: which numbers are complete, and when.
 *
 *   map         = alternative *("|" alternative), all of it in parentheses if one likes, blanks ignored
 *   alternative = 1*(position ["."]) ["T"]
 *   position    = 0-9 | A-D | "*" | "#" | "+" | "x" (any of 0-9) | "[" letters and ranges "]"
 *
 * `+` (a 0 that was held) is ours. `.` is zero or more of the position before it; `T` asks for the inter-digit timer.
 */

export interface DigitPosition {
    readonly symbols: string;
    /** Zero or more of them. */
    readonly repeated: boolean;
}

export interface DigitAlternative {
    readonly positions: readonly DigitPosition[];
    readonly timed: boolean;
}

export type DigitMap = readonly DigitAlternative[];

/** What is wrong with a digit map, and at which character of it (from 0). */
export class DigitMapError extends Error {
    readonly place: number;

    constructor(what: string, place: number) {
        super(`digit map, character ${place + 1}: ${what}`);
        this.name = "DigitMapError";
        this.place = place;
    }
}

/**
 * `none`: no number begins so. `partial`: digits are missing. `timed`: enough, but more may follow.
 * `complete`: this number and no other.
 */
export type DigitMatch = "none" | "partial" | "timed" | "complete";

const anyDigit = "0123456789";
const letters = `${anyDigit}ABCD*#+`;
/** Beyond this a map is a mistake, and its matching would cost time at each key. */
const longestMap = 2048;

interface Reader {
    readonly text: string;
    readonly at: number;
}

interface Read<T> {
    readonly value: T;
    readonly at: number;
}

function skipBlanks({text, at}: Reader): number {
    let next = at;
    while (next < text.length && /\s/.test(text.charAt(next))) next += 1;
    return next;
}

/** The digits of a range such as 2-7; both ends are digits, the first not above the second. */
function rangeOf(text: string, at: number): string {
    const first = anyDigit.indexOf(text.charAt(at));
    const last = anyDigit.indexOf(text.charAt(at + 2));
    if (text.charAt(at + 2) === "" || first < 0 || last < 0) {
        throw new DigitMapError("a range goes from one digit to another", at);
    }
    if (first > last) throw new DigitMapError("a range goes upwards", at);
    return anyDigit.slice(first, last + 1);
}

function readSet(text: string, open: number): Read<string> {
    let symbols = "";
    let at = open + 1;
    while (at < text.length && text.charAt(at) !== "]") {
        const symbol = text.charAt(at).toUpperCase();
        if (!letters.includes(symbol)) throw new DigitMapError(`"${text.charAt(at)}" is no digit`, at);
        const ranged = text.charAt(at + 1) === "-";
        symbols += ranged ? rangeOf(text, at) : symbol;
        at += ranged ? 3 : 1;
    }
    if (at >= text.length) throw new DigitMapError("this [ is never closed", open);
    if (symbols === "") throw new DigitMapError("a [ ] without digits", open);
    return {value: symbols, at: at + 1};
}

function readSymbols({text, at}: Reader): Read<string> {
    const symbol = text.charAt(at).toUpperCase();
    if (symbol === "X") return {value: anyDigit, at: at + 1};
    if (symbol === "[") return readSet(text, at);
    if (symbol === ".") throw new DigitMapError("nothing stands before the .", at);
    if (!letters.includes(symbol)) throw new DigitMapError(`"${text.charAt(at)}" means nothing here`, at);
    return {value: symbol, at: at + 1};
}

function readAlternative(text: string, start: number): Read<DigitAlternative> {
    const positions: DigitPosition[] = [];
    let timed = false;
    let at = skipBlanks({text, at: start});
    while (at < text.length && text.charAt(at) !== "|") {
        if (timed) throw new DigitMapError("nothing may follow T", at);
        if (text.charAt(at).toUpperCase() === "T") {
            timed = true;
            at = skipBlanks({text, at: at + 1});
            continue;
        }
        const read = readSymbols({text, at});
        const repeated = text.charAt(read.at) === ".";
        positions.push({symbols: read.value, repeated});
        at = skipBlanks({text, at: repeated ? read.at + 1 : read.at});
    }
    if (positions.length === 0) throw new DigitMapError("an alternative without digits", start);
    return {value: {positions, timed}, at};
}

/** Blanks in the place of the parentheses around the map, so that places stay. */
function withoutParentheses(text: string): string {
    const open = text.search(/\S/);
    if (text.charAt(open) !== "(") return text;
    const close = text.trimEnd().length - 1;
    if (text.charAt(close) !== ")") throw new DigitMapError("this ( is never closed", open);
    return `${text.slice(0, open)} ${text.slice(open + 1, close)} `;
}

/** Reads a digit map; an empty text is the map without alternatives. Throws `DigitMapError`. */
export function parseDigitMap(source: string): DigitMap {
    if (source.length > longestMap) throw new DigitMapError(`longer than ${longestMap} characters`, longestMap);
    if (source.trim() === "") return [];
    const text = withoutParentheses(source);
    const map: DigitAlternative[] = [];
    let at = 0;
    while (at <= text.length) {
        const read = readAlternative(text, at);
        map.push(read.value);
        at = read.at + 1;
    }
    return map;
}

/** Positions where an alternative may stand after `from`, stepping over what may be absent. */
function reachable(alternative: DigitAlternative, from: number): readonly number[] {
    const position = alternative.positions[from];
    return position?.repeated === true ? [from, ...reachable(alternative, from + 1)] : [from];
}

function advance(alternative: DigitAlternative, places: ReadonlySet<number>, digit: string): ReadonlySet<number> {
    const next = [...places].flatMap((place) => {
        const position = alternative.positions[place];
        if (position === undefined || !position.symbols.includes(digit)) return [];
        return reachable(alternative, position.repeated ? place : place + 1);
    });
    return new Set(next);
}

interface Standing {
    readonly alive: boolean;
    readonly accepts: boolean;
    readonly goesOn: boolean;
    readonly timed: boolean;
}

function standingOf(alternative: DigitAlternative, digits: string): Standing {
    let places: ReadonlySet<number> = new Set(reachable(alternative, 0));
    for (const digit of digits) places = advance(alternative, places, digit);
    const end = alternative.positions.length;
    const goesOn = [...places].some((place) => place < end);
    return {alive: places.size > 0, accepts: places.has(end), goesOn, timed: alternative.timed};
}

/** Where these digits stand in the map. */
export function matchDigits(map: DigitMap, digits: string): DigitMatch {
    const alive = map.map((alternative) => standingOf(alternative, digits)).filter((standing) => standing.alive);
    if (alive.length === 0) return "none";
    if (!alive.some(({accepts}) => accepts)) return "partial";
    const certain = alive.some(({accepts, timed}) => accepts && !timed) && !alive.some(({goesOn}) => goesOn);
    return certain ? "complete" : "timed";
}
