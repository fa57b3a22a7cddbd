import {describe, expect, it} from "vitest";
import {duration, partyLines, relativeDay, relativeDayAndTime, wallTime} from "../../../ui/format.ts";
import {bar, cellsOf, clip, clipStart, firstShown, spread, wrap} from "../../../ui/layout.ts";
import {hintLine} from "../../../ui/page.ts";
import {scrolled} from "../../../ui/scroll.ts";
import {de} from "../../../ui/text/de.ts";
import {en} from "../../../ui/text/en.ts";
import {seededRandom} from "../../support/random.ts";
import {MORNING} from "./states.ts";

describe("text in cells", () => {
    it.each([
        ["composes a letter and its accent into one cell", "Zoe\u0308", "Zoë"],
        ["shows one question mark for a character beyond the plane", "a🙂b", "a?b"],
        ["shows one for half of such a character", "a\ud83db", "a?b"],
        ["drops controls and marks of direction", "a\u0000\u202eb", "ab"],
        ["makes a space of a line break and a tab", "a\nb\tc", "a b c"],
    ])("%s", (_, text, cells) => {
        expect(cellsOf(text)).toBe(cells);
    });

    it("is clipped with an ellipsis, never after a space", () => {
        expect(clip("Anna Schmidt", 12)).toBe("Anna Schmidt");
        expect(clip("Anna Schmidt", 8)).toBe("Anna Sc…");
        expect(clip("Anna Schmidt", 6)).toBe("Anna…");
        expect(clip("Anna", 0)).toBe("");
        expect(clipStart("0123456789", 5)).toBe("…6789");
        expect(clipStart("0123", 0)).toBe("");
    });

    it("keeps the right side whole as long as it fits", () => {
        expect(spread("Bérénice Müller", "09:41", 14)).toBe("Bérénic… 09:41");
        expect(spread("left", "", 6)).toBe("left  ");
        expect(spread("left", "right", 5)).toBe("right");
        expect(spread("alice", "right", 7)).toBe("  right");
        expect(spread("left", "right", 3)).toBe("ri…");
    });

    it("always has the width that was asked for", () => {
        const random = seededRandom(7);
        for (let round = 0; round < 2_000; round += 1) {
            const width = random.below(45);
            const [left, right] = ["x".repeat(random.below(60)), "y z ".repeat(random.below(12))];
            expect(spread(left, right, width)).toHaveLength(width);
        }
    });

    it("wraps at words and breaks what is longer than a row", () => {
        expect(wrap("Connect the USB cable and set up an account.", 20)).toEqual([
            "Connect the USB",
            "cable and set up an",
            "account.",
        ]);
        expect(wrap("a abcdefghij b", 4)).toEqual(["a", "abcd", "efgh", "ij b"]);
        expect(wrap("", 4)).toEqual([]);
    });

    it("draws a bar and bounds what cannot be", () => {
        expect([bar(0, 4), bar(0.5, 4), bar(1, 4), bar(9, 4), bar(-1, 4), bar(Number.NaN, 4)]).toEqual([
            "----",
            "■■--",
            "■■■■",
            "■■■■",
            "----",
            "----",
        ]);
    });

    it("shows the selected row of a list, and never a blank one for lack of scrolling", () => {
        expect([0, 1, 2, 3, 9].map((selected) => firstShown(selected, 10, 3))).toEqual([0, 0, 1, 2, 7]);
        expect(firstShown(0, 2, 3)).toBe(0);
    });

    it("leaves out the hint in the middle first, then the first", () => {
        const hints = [
            {key: "X", word: "Back"},
            {key: "↑↓", word: "Select"},
            {key: "OK", word: "Call"},
        ];
        expect(hintLine(hints, 30)).toBe("X Back    ↑↓ Select    OK Call");
        expect(hintLine(hints, 20)).toBe("X Back       OK Call");
        expect(hintLine(hints, 10)).toBe("OK Call   ");
        expect(hintLine(hints, 4)).toBe("OK… ");
    });
});

describe("long text in a narrow place", () => {
    const at = (now: number): string => scrolled("0123456789", 6, 1_000, now).text;

    it("rests, moves cell by cell, rests at its end, then stands with its beginning", () => {
        expect([1_000, 2_499, 2_500, 2_799, 2_800, 3_400, 5_199, 5_200, 99_999].map(at)).toEqual([
            "01234…",
            "01234…",
            "123456",
            "123456",
            "234567",
            "456789",
            "456789",
            "01234…",
            "01234…",
        ]);
    });

    it("says when it moves next, to the millisecond, until it stands for ever", () => {
        const changes: number[] = [];
        for (let now: number | null = 1_000; now !== null; ) {
            const {changesAt} = scrolled("0123456789", 6, 1_000, now);
            if (changesAt !== null) {
                expect(at(changesAt - 1)).toBe(at(now));
                expect(at(changesAt)).not.toBe(at(now));
                changes.push(changesAt);
            }
            now = changesAt;
        }
        expect(changes).toEqual([2_500, 2_800, 3_100, 3_400, 5_200]);
    });

    it("never moves what fits", () => {
        expect(scrolled("0123", 6, 0, 5_000)).toEqual({text: "0123", changesAt: null});
    });
});

describe("times", () => {
    it("run as minutes and seconds, with hours once there are any", () => {
        expect([0, 7.9, 75, 3_599, 3_600, 90_061, -5].map(duration)).toEqual([
            "0:00",
            "0:07",
            "1:15",
            "59:59",
            "1:00:00",
            "25:01:01",
            "0:00",
        ]);
    });

    it("are those of the zone and the language", () => {
        expect(wallTime(MORNING, "Europe/Berlin", de)).toMatchObject({
            time: "09:41",
            date: "Di 24 Nov",
            longDate: "Dienstag 24 November",
            shortDate: "24.11",
        });
        expect(wallTime(MORNING, "Asia/Kathmandu", en)).toMatchObject({time: "14:26", date: "Tue 24 Nov"});
        expect(wallTime(MORNING, "America/Los_Angeles", en).time).toBe("00:41");
        expect(wallTime(MORNING, "Nowhere/Atlantis", en).time).toBe("08:41");
    });

    it("name the day as seen from today, across the end of a year and of summer time", () => {
        const zone = "Europe/Berlin";
        const seen = (at: number, today: number): readonly string[] => {
            const days = [wallTime(at, zone, en), wallTime(today, zone, en)] as const;
            return [relativeDay(...days), relativeDayAndTime(...days, en)];
        };
        const newYear = Date.UTC(2026, 11, 31, 23, 30);
        expect(seen(newYear - 3_600_000, newYear)).toEqual(["Thu", "yesterday 23:30"]);
        const winter = Date.UTC(2026, 9, 25, 12, 0);
        expect(seen(winter - 24 * 3_600_000, winter)).toEqual(["Sat", "yesterday 14:00"]);
        expect(seen(winter - 6 * 24 * 3_600_000, winter)).toEqual(["Mon", "Mon 14:00"]);
        expect(seen(winter - 7 * 24 * 3_600_000, winter)).toEqual(["18/10", "18/10 14:00"]);
        expect(seen(winter + 24 * 3_600_000, winter)).toEqual(["26/10", "26/10 13:00"]);
    });
});

describe("a party", () => {
    it.each([
        [{number: "601", name: "Zoë"}, ["Zoë", "601"]],
        [{number: "601", name: null}, ["601", null]],
        [{number: "601", name: "601"}, ["601", null]],
        [{number: "601", name: " \u0000 "}, ["601", null]],
        [{number: "", name: "Zoë"}, ["Zoë", null]],
        [{number: "", name: null}, ["Number withheld", null]],
    ])("%j is shown as %j", (party, lines) => {
        expect(partyLines(party, en)).toEqual(lines);
    });
});
