/** The self-test (row 132): what to do now, and at once what came of it. */

import type {View} from "../../firmware/phone/state.ts";
import type {Key} from "../../hal/board.ts";
import {SELF_TEST_STEPS} from "../choices.ts";
import {bar, wrap} from "../layout.ts";
import {isLarge, line, type Page, type PageLine, RANK} from "../page.ts";
import {hint, type Scene} from "../scene.ts";

type SelfTest = Extract<View, {type: "selfTest"}>;

/** The quietest level that moves the bar, in dBFS. */
const FLOOR = -60;
const BAR_CELLS = 10;
/** What silence is shown as, in dBFS. */
const LOWEST = -99;

const KEY_SIGNS: Readonly<Partial<Record<Key, string>>> = {
    up: "↑",
    down: "↓",
    left: "←",
    right: "→",
    ok: "OK",
    back: "X",
};

export function selfTestScreen(scene: Scene, view: SelfTest): Page {
    const {text, size} = scene;
    const number = `${SELF_TEST_STEPS.indexOf(view.step) + 1}/${SELF_TEST_STEPS.length}`;
    const task = wrap(text.selfTest[view.step], size.columns);
    return {
        body: [
            line(RANK.extra, text.selfTest.title, number),
            ...task.map((row) => line(RANK.about, row)),
            ...resultLines(scene, view),
        ],
        hints: [hint(scene, "back", "quit"), hint(scene, "ok", "next")],
        backlight: true,
        changesAt: null,
    };
}

function resultLines(scene: Scene, view: SelfTest): readonly PageLine[] {
    const {state, text, size} = scene;
    switch (view.step) {
        case "microphone": {
            const {level} = state.selfTest;
            if (level === null) return [line(RANK.thing, text.selfTest.waiting)];
            const measured = `${Math.round(Math.max(LOWEST, level))} dBFS`;
            const label = isLarge(size) ? `${text.selfTest.level} ${measured}` : measured;
            return [line(RANK.thing, label, bar(1 - level / FLOOR, BAR_CELLS))];
        }
        case "keys": {
            const {keysSeen} = state.selfTest;
            const newest = keysSeen.at(-1);
            const name = newest === undefined ? "" : (KEY_SIGNS[newest] ?? newest);
            return [line(RANK.thing, `${text.selfTest.pressed} ${keysSeen.length}`, name)];
        }
        case "hook": {
            const position = state.hook === "off" ? text.selfTest.offHook : text.selfTest.onHook;
            return [line(RANK.thing, position, state.selfTest.hookSeen ? text.selfTest.seen : "")];
        }
        case "display": {
            const rows = Array.from({length: size.rows}, () => "■".repeat(size.columns));
            return rows.map((row) => line(RANK.extra, row));
        }
        case "earpiece":
        case "lamps": {
            return [];
        }
    }
}
