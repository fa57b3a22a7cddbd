import {describe, expect, it} from "vitest";
import type {Frame} from "../../../hal/board.ts";
import {cellsOf, difference, type Screen, screenOfFrame} from "../../../hal/display-protocol-vt100.ts";
import {Vt100Glass} from "../../support/vt100-glass.ts";

function frame(lines: readonly string[], cursor: Frame["cursor"] = null): Frame {
    return {lines, cursor, backlight: true};
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a VT100 frame difference", () => {
    it("paints an unknown screen whole, whatever stood on it", () => {
        const glass = new Vt100Glass(5, 2);
        glass.write(bytes("rubbish\r\nmore rubbish\n\n"));
        glass.write(bytes(difference(null, screenOfFrame(frame(["Hello", "World"])))));
        expect(glass.lines).toEqual(["Hello", "World"]);
        expect(glass.cursor).toBeNull();
    });

    it("sends only the changed middle of a row", () => {
        const before = screenOfFrame(frame(["12:59 Offhook", "             "]));
        const after = screenOfFrame(frame(["13:00 Offhook", "             "]));
        expect(difference(before, after)).toBe("\x1b[1;2H3:00");
    });

    it("sends nothing when nothing changed", () => {
        const screen = screenOfFrame(frame(["same"], {column: 1, row: 0}));
        expect(difference(screen, screenOfFrame(frame(["same"], {column: 1, row: 0})))).toBe("");
    });

    it("puts the cursor back after writing and hides it when it goes", () => {
        const glass = new Vt100Glass(8, 2);
        const first = screenOfFrame(frame(["Number: ", "        "], {column: 0, row: 1}));
        const second = screenOfFrame(frame(["Number: ", "6       "], {column: 1, row: 1}));
        const third = screenOfFrame(frame(["Calling ", "6       "]));
        glass.write(bytes(difference(null, first)));
        expect(glass.cursor).toEqual({column: 0, row: 1});
        glass.write(bytes(difference(first, second)));
        expect(glass.cursor).toEqual({column: 1, row: 1});
        glass.write(bytes(difference(second, third)));
        expect(glass.cursor).toBeNull();
        expect(glass.lines).toEqual(["Calling ", "6       "]);
    });

    it("keeps columns columns: what takes no cell or two is replaced", () => {
        expect(cellsOf("Zoë Ωmega")).toBe("Zoë Ωmega");
        expect(cellsOf("東京 x")).toBe("?? x");
        expect(cellsOf("a\u0301b\x1b[2J")).toBe("a b [2J");
        expect(cellsOf("\u{1f600}!")).toBe("??!");
    });

    it("follows any sequence of frames exactly, and scrolls never", () => {
        let seed = 3;
        const random = (below: number): number => {
            seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
            return (seed >> 16) % below;
        };
        const glass = new Vt100Glass(12, 4);
        let shown: Screen | null = null;
        const lines = ["            ", "            ", "            ", "            "];
        for (let round = 0; round < 2_000; round += 1) {
            for (let change = random(4); change > 0; change -= 1) {
                const row = random(4);
                const at = random(12);
                const cells = [...(lines[row] ?? "")];
                for (let column = at; column < Math.min(12, at + random(6)); column += 1) {
                    cells[column] = "ab čЖ7"[random(6)] ?? " ";
                }
                lines[row] = cells.join("");
            }
            const cursor = random(3) === 0 ? {column: random(12), row: random(4)} : null;
            const wanted = screenOfFrame(frame([...lines], cursor));
            if (random(50) === 0) shown = null;
            const data = bytes(difference(shown, wanted));
            const cut = random(data.length + 1);
            glass.write(data.subarray(0, cut));
            glass.write(data.subarray(cut));
            shown = wanted;
            expect(glass.lines).toEqual(lines);
            expect(glass.cursor).toEqual(cursor);
        }
        expect(glass.unknown).toBe(0);
        expect(glass.scrolled).toBe(0);
    });
});
