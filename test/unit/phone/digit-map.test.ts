import {describe, expect, it} from "vitest";
import {DigitMapError, type DigitMatch, matchDigits, parseDigitMap} from "../../../firmware/phone/digit-map.ts";
import {randomFrom} from "./walk.ts";

/** The example of RFC 3435 §2.1.5. */
const example = "(0T|00T|[1-7]xxx|8xxxxxxx|#xxxxxxx|*xx|91xxxxxxxxxx|9011x.T)";

describe("a digit map", () => {
    const cases: readonly (readonly [map: string, digits: string, match: DigitMatch])[] = [
        [example, "", "partial"],
        [example, "0", "timed"],
        [example, "00", "timed"],
        [example, "01", "none"],
        [example, "123", "partial"],
        [example, "1234", "complete"],
        [example, "12345", "none"],
        [example, "8123456", "partial"],
        [example, "81234567", "complete"],
        [example, "#1234567", "complete"],
        [example, "*69", "complete"],
        [example, "9011", "timed"],
        [example, "90114930", "timed"],
        [example, "92", "none"],
        ["112", "11", "partial"],
        ["112", "112", "complete"],
        ["112|1121", "112", "timed"],
        ["112|112x.", "112", "timed"],
        ["6xx", "600", "complete"],
        ["6xx|6x.T", "600", "timed"],
        ["xxT", "60", "timed"],
        ["xx|xxT", "60", "complete"],
        ["x.", "", "timed"],
        ["x.T", "123456789012345", "timed"],
        ["xx.", "1", "timed"],
        ["1x.9", "19", "timed"],
        ["1x.9", "12", "partial"],
        ["[2-49#]x", "31", "complete"],
        ["[2-49#]x", "91", "complete"],
        ["[2-49#]x", "#1", "complete"],
        ["[2-49#]x", "5", "none"],
        [" ( 1 1 0 | 1 1 2 ) ", "110", "complete"],
        ["X", "7", "complete"],
        ["x", "*", "none"],
        ["x.x.x.", "12", "timed"],
        ["A", "1", "none"],
        ["6xx|x.T", "+", "none"],
        ["6xx|+x.T", "+", "timed"],
        ["6xx|+x.T", "+4930", "timed"],
        ["+49xx", "+4930", "complete"],
        ["[0+]1x", "+12", "complete"],
    ];
    it.each(cases)("%s reads %s as %s", (map, digits, match) => {
        expect(matchDigits(parseDigitMap(map), digits)).toBe(match);
    });

    it("has no alternatives when it is empty", () => {
        expect(parseDigitMap("  ")).toEqual([]);
    });

    const faults: readonly (readonly [map: string, place: number, what: string])[] = [
        ["12y", 2, '"y" means nothing here'],
        ["1|", 2, "an alternative without digits"],
        ["|1", 0, "an alternative without digits"],
        ["()", 0, "an alternative without digits"],
        ["12[34", 2, "this [ is never closed"],
        ["12[]", 2, "a [ ] without digits"],
        ["[x]", 1, '"x" is no digit'],
        ["[7-2]", 1, "a range goes upwards"],
        ["[1-]", 1, "a range goes from one digit to another"],
        ["[*-#]", 1, "a range goes from one digit to another"],
        [".1", 0, "nothing stands before the ."],
        ["1..", 2, "nothing stands before the ."],
        ["1T2", 2, "nothing may follow T"],
        ["T", 0, "an alternative without digits"],
        ["(1|2", 0, "this ( is never closed"],
        ["1)", 1, '")" means nothing here'],
        ["9".repeat(3000), 2048, "longer than 2048 characters"],
    ];
    it.each(faults)("that reads %s is refused at character %d (from 0): %s", (map, place, what) => {
        let thrown: unknown;
        try {
            parseDigitMap(map);
        } catch (error) {
            thrown = error;
        }
        expect(thrown).toBeInstanceOf(DigitMapError);
        expect(thrown).toMatchObject({place, message: expect.stringContaining(what)});
    });

    it("of any characters is read or refused with a place within it, and matches in bounded time", () => {
        const random = randomFrom(3435);
        const pick = (text: string): string => text.charAt(Math.floor(random() * text.length));
        const alphabet = "0123459xxxX[]--..T|()*#+ \n\tAZé";
        for (let round = 0; round < 20_000; round += 1) {
            const text = Array.from({length: Math.floor(random() * 24)}, () => pick(alphabet)).join("");
            try {
                const map = parseDigitMap(text);
                matchDigits(map, Array.from({length: 8}, () => pick("0123456789*#+")).join(""));
            } catch (thrown) {
                if (!(thrown instanceof DigitMapError)) throw thrown;
                expect(thrown.place).toBeGreaterThanOrEqual(0);
                expect(thrown.place).toBeLessThanOrEqual(text.length);
            }
        }
    });

    it("agrees with a regular expression that says the same", () => {
        const random = randomFrom(2805);
        const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
        const parts = ["x", "1", "2", "[12]", "x.", "1.", "[2-4]."];
        for (let round = 0; round < 4000; round += 1) {
            const map = Array.from({length: 1 + Math.floor(random() * 4)}, () => pick(parts)).join("");
            const digits = Array.from({length: Math.floor(random() * 6)}, () => pick(["1", "2", "3", "9"])).join("");
            const whole = new RegExp(`^${map.replaceAll(".", "*").replaceAll("x", "\\d")}$`);
            const match = matchDigits(parseDigitMap(map), digits);
            expect([map, digits, match === "complete" || match === "timed"]).toEqual([map, digits, whole.test(digits)]);
        }
    });
});
