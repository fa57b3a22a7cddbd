import {describe, expect, it} from "vitest";
import {GLYPHS, romCodeOf, romCodesOf} from "../../../hal/cfa635-rom.ts";

const QUESTION_MARK = 0x3f;

describe("the character ROM of the CFA635", () => {
    it.each([
        ["$", 162],
        ["@", 160],
        ["[", 250],
        ["\\", 251],
        ["]", 252],
        ["_", 196],
        ["{", 253],
        ["|", 254],
        ["}", 255],
        ["~", 206],
        ["é", 0xa5],
        ["Č", 0xf0],
        ["ß", 0xbe],
    ])("has %s at its own place, not where ASCII has it", (character, code) => {
        expect(romCodeOf(character)).toBe(code);
    });

    it("keeps the rest of ASCII", () => {
        const same = " !\"#%&'()*+,-./0123456789:;<=>?ABCXYZabcxyz";
        expect(Buffer.from(romCodesOf(same)).toString("latin1")).toBe(same);
    });

    it("never shows a question mark for a Latin, Greek or Cyrillic letter", () => {
        const failed: string[] = [];
        for (let code = 0x20; code <= 0xffff; code += 1) {
            const character = String.fromCharCode(code);
            const mustShow =
                /\p{Script=Latin}/u.test(character) || (/[\u0370-\u045f]/u.test(character) && /\p{L}/u.test(character));
            if (mustShow && romCodeOf(character) === QUESTION_MARK) failed.push(character);
        }
        // Archaic Greek letters have no stand-in.
        expect(failed.filter((character) => !/[\u0370-\u037f\u03ca-\u03ff]/u.test(character))).toEqual([]);
    });

    it("shows the base letter of an accent that the ROM lacks", () => {
        const shown = (text: string): string => Buffer.from(romCodesOf(text)).toString("latin1");
        expect(shown("Łódź")).toBe(`L${String.fromCharCode(0xe9)}dz`);
        expect(shown("Dvořák")).toBe(`Dvo${String.fromCharCode(0xf7)}${String.fromCharCode(0xe7)}k`);
        expect(shown("Nguyễn Őr")).toBe("Nguyen Or");
        expect(shown("Сергей")).toBe("Sergej");
    });

    it("gives one code for each UTF-16 unit, blanks for what cannot be seen", () => {
        expect(romCodesOf("a\u0301\u00a0\x07z")).toEqual(Uint8Array.from([97, 32, 32, 32, 122]));
        expect(romCodesOf("東京")).toHaveLength(2);
        expect(romCodesOf("…")).toHaveLength(1);
    });

    it("draws the marks of protection itself: three padlocks that differ from each other", () => {
        expect([...romCodesOf("○◐◉")]).toEqual([0, 1, 2]);
        expect(GLYPHS.every(([, rows]) => rows.length === 8 && rows.every((row) => row <= 0x1f))).toBe(true);
        expect(new Set(GLYPHS.map(([, rows]) => rows.join(" "))).size).toBe(3);
    });

    it("answers for every unit of the basic plane", () => {
        for (let code = 0; code <= 0xffff; code += 1) {
            const rom = romCodeOf(String.fromCharCode(code));
            expect((rom >= 0x10 && rom <= 0xff) || rom < GLYPHS.length).toBe(true);
        }
    });
});
