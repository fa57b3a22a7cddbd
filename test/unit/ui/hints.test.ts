/** The last row is a promise: a key that it names does something, in every state that the rules reach. */
import {describe, expect, it} from "vitest";
import type {PhoneState} from "../../../firmware/phone/state.ts";
import {transition} from "../../../firmware/phone/transition.ts";
import type {Key} from "../../../hal/board.ts";
import {hintLine} from "../../../ui/page.ts";
import {screenOf, shownPage} from "../../../ui/screen.ts";
import {Walk} from "../phone/walk.ts";
import {LARGE, SMALL} from "./states.ts";

const SIGNS: readonly (readonly [sign: RegExp, keys: readonly Key[]])[] = [
    [/^OK$/, ["ok"]],
    [/^X$/, ["back"]],
    [/^↑$/, ["up"]],
    [/^↑↓$/, ["up", "down"]],
    [/^←$/, ["left"]],
    [/^←→$/, ["left", "right"]],
    [/^[^←]*→$/, ["right"]],
];

/** What of a state a person can notice: all but the time, the finger on the key and how long it is there. */
function noticed(state: PhoneState): string {
    return JSON.stringify({...state, now: 0, keysDown: [], longPress: null});
}

function does(state: PhoneState, key: Key): boolean {
    const {state: next, effects} = transition(state, {type: "key", key, down: true, at: state.now});
    return effects.length > 0 || noticed(next) !== noticed(state);
}

function emptyPromises(state: PhoneState): readonly string[] {
    const free = {...state, keysDown: []};
    return shownPage(free, LARGE)
        .page.hints.map(({key}) => ({key, keys: SIGNS.find(([sign]) => sign.test(key))?.[1] ?? []}))
        .filter(({keys}) => keys.length > 0 && !keys.some((key) => does(free, key)))
        .map(({key}) => key);
}

describe("the hints", () => {
    it("name no key that does nothing", () => {
        let hinted = 0;
        for (let seed = 1; seed <= 60; seed += 1) {
            const walk = new Walk(seed);
            let state = walk.state();
            for (let step = 0; step < 120; step += 1) {
                ({state} = transition(state, walk.event(state)));
                const screen = screenOf(state, SMALL).lines.join("|");
                expect(emptyPromises(state), `seed ${seed}, step ${step}: ${screen}`).toEqual([]);
                hinted += shownPage(state, SMALL).page.hints.length;
            }
        }
        expect(hinted).toBeGreaterThan(1_000);
    });

    it("stand whole in the last row of a glass with a header", () => {
        for (let seed = 1; seed <= 60; seed += 1) {
            const walk = new Walk(seed);
            let state = walk.state();
            for (let step = 0; step < 60; step += 1) {
                ({state} = transition(state, walk.event(state)));
                const {hints} = shownPage(state, LARGE).page;
                const expected = hints.length === 0 ? " ".repeat(LARGE.columns) : hintLine(hints, LARGE.columns);
                expect(screenOf(state, LARGE).lines.at(-1)).toBe(expected);
            }
        }
    });
});
