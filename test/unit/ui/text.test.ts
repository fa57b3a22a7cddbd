import {describe, expect, it} from "vitest";
import type {LanguageCode} from "../../../firmware/phone/state.ts";
import {romCodeOf} from "../../../hal/cfa635-rom.ts";
import {LANGUAGES} from "../../../ui/choices.ts";
import {cellsOf, wrap} from "../../../ui/layout.ts";
import {textOf} from "../../../ui/text/languages.ts";

/** Cells that a word may take on a glass of 20 columns, beside what shares its row with it. The first that fits. */
const PLACES: readonly (readonly [place: RegExp, cells: number, rows?: number])[] = [
    [/^(name|call\.anonymous)$/, 18],
    [/^locale$/, 5],
    [/^dateSeparator$/, 1],
    [/^yesterday$/, 12],
    [/^hint\./, 8],
    [/^idle\.ready$/, 8],
    [/^idle\.missed$/, 16],
    [/^idle\.noService$/, 14],
    // A time of `12:34` stands behind it.
    [/^nextTry$/, 14],
    [/^dial\.title$/, 10],
    // Behind the clock of a call, `1:02:03`.
    [/^call\.muted$/, 12],
    [/^call\.waiting$/, 9],
    [/^call\.talked$/, 12],
    [/^recents\.(all|missed|received|placed)$/, 9],
    [/^menu\.items\./, 19],
    [/^firstStart\.next$/, 20, 3],
    [/^firstStart\.support$/, 8],
    // A bar of eight cells stands beside it.
    [/^volume\./, 11],
    [/^status\.(answer|codec|lost|late|jitter|delay|roundTrip)$/, 12],
    [/^status\.(version|serial)$/, 9],
    [/^status\.(yes|no|unknown)$/, 9],
    [/^selfTest\.(earpiece|lamps)$/, 20, 3],
    [/^selfTest\.(microphone|keys|hook)$/, 20, 2],
    [/^selfTest\.level$/, 9],
    [/^selfTest\.pressed$/, 13],
    [/./, 20],
];

type Words = {readonly [key: string]: string | Words};

function wordsOf(words: Words, path = ""): [string, string][] {
    return Object.entries(words).flatMap(([key, value]): [string, string][] =>
        typeof value === "string" ? [[`${path}${key}`, value]] : wordsOf(value, `${path}${key}.`),
    );
}

const words = (language: LanguageCode): [string, string][] => wordsOf(textOf(language) as unknown as Words);

describe.each(LANGUAGES)("the words of %s", (language) => {
    it("fit their places at 20 columns", () => {
        const tooLong = words(language).filter(([path, word]) => {
            const [, cells, rows = 1] = PLACES.find(([place]) => place.test(path)) ?? [/./, 0];
            return wrap(word, cells).length > rows;
        });
        expect(tooLong).toEqual([]);
    });

    it("leave room for each other where two share a row", () => {
        const {call, hint, recents, status, selfTest} = textOf(language);
        const pairs = [
            [hint.reject, hint.answer, 14],
            [hint.reject, hint.silence, 14],
            [hint.volume, hint.redial, 13],
            [hint.hangUp, hint.mute, 14],
            [hint.hangUp, hint.unmute, 14],
            [hint.delete, hint.call, 14],
            [hint.recents, hint.menu, 14],
            [hint.back, hint.select, 14],
            [hint.back, hint.open, 14],
            [hint.quit, hint.next, 14],
            [hint.volume, hint.mute, 13],
            [hint.volume, hint.unmute, 13],
            [hint.change, hint.close, 13],
            ...[recents.all, recents.missed, recents.received, recents.placed].map(
                (filter) => [filter, hint.call, 14] as const,
            ),
            ...[status.yes, status.no, status.unknown].map((answer) => [status.realTime, answer, 19] as const),
            [status.roundTrip, status.unknown, 19],
            [call.microphone, call.microphoneOn, 19],
            [call.microphone, call.microphoneOff, 19],
            [call.microphone, call.muted, 19],
            [selfTest.offHook, selfTest.seen, 19],
            [selfTest.onHook, selfTest.seen, 19],
        ] as const;
        expect(pairs.filter(([left, right, cells]) => left.length + right.length > cells)).toEqual([]);
    });

    it("are none of them empty, and no cell of them is a question mark on the glass that stands for nothing", () => {
        const odd = words(language).filter(([, word]) => {
            const unknown = [...word].filter((character) => character !== "?" && romCodeOf(character) === 0x3f);
            return word.trim() !== word || word === "" || cellsOf(word) !== word || unknown.length > 0;
        });
        expect(odd).toEqual([]);
    });
});

it("has a table of its own for each language", () => {
    expect(new Set(LANGUAGES.map((language) => textOf(language).name)).size).toBe(LANGUAGES.length);
    const shared = LANGUAGES.filter((language) => language !== "en").map((language) => {
        const english = new Map(words("en"));
        return words(language).filter(([path, word]) => english.get(path) === word).length / english.size;
    });
    // Some words are the same in several languages (Menu, Codec, Jitter), most are not.
    expect(Math.max(...shared)).toBeLessThan(0.15);
});
