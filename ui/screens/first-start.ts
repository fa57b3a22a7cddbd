/** The first start: the language, the country of the tones, what to do next. */
import type {View} from "../../firmware/phone/state.ts";
import {LANGUAGES} from "../choices.ts";
import {countryName} from "../format.ts";
import {wrap} from "../layout.ts";
import {isLarge, line, type Page, type PageLine, RANK} from "../page.ts";
import {hint, type Scene} from "../scene.ts";
import {textOf} from "../text/languages.ts";
import {listLines} from "./list.ts";

type FirstStart = Extract<View, {type: "firstStart"}>;

/** How long each takes its turn, in ms. */
const TURN = 4_000;

export function firstStartScreen(scene: Scene, view: FirstStart): Page {
    switch (view.step) {
        case "language": {
            return languageStep(scene, view.selected);
        }
        case "country": {
            return countryStep(scene, view.selected);
        }
        case "next": {
            return nextStep(scene);
        }
    }
}

/** The words around the list are of the language under the mark, for nobody has chosen one yet. */
function languageStep(scene: Scene, selected: number): Page {
    const spoken = {...scene, text: textOf(LANGUAGES[selected] ?? null)};
    const names = LANGUAGES.map((language) => textOf(language).name);
    return {
        body: listLines(spoken, spoken.text.firstStart.language, names, selected),
        hints: [hint(spoken, "upDown", null), hint(spoken, "ok", "select")],
        backlight: true,
        changesAt: null,
    };
}

function countryStep(scene: Scene, selected: number): Page {
    const names = scene.state.countries.map((country) => countryName(country, scene.text));
    return {
        body: listLines(scene, scene.text.firstStart.country, names, selected),
        hints: [hint(scene, "back", "back"), hint(scene, "ok", "select")],
        backlight: true,
        changesAt: null,
    };
}

/** With few rows what to do and who helps take turns. */
function nextStep(scene: Scene): Page {
    const {state, size} = scene;
    const contact = state.settings.supportContact;
    const turn = Math.floor(state.now / TURN);
    const takesTurns = !isLarge(size) && contact !== "";
    const blank = isLarge(size) && contact !== "" ? [line(RANK.extra, "")] : [];
    const both = [...whatToDo(scene), ...blank, ...whoHelps(scene)];
    return {
        body: takesTurns ? (turn % 2 === 0 ? whatToDo(scene) : whoHelps(scene)) : both,
        hints: [hint(scene, "back", "back"), hint(scene, "ok", "next")],
        backlight: true,
        changesAt: takesTurns ? (turn + 1) * TURN : null,
    };
}

function whatToDo({text, size}: Scene): readonly PageLine[] {
    return wrap(text.firstStart.next, size.columns).map((row) => line(RANK.thing, row));
}

function whoHelps({text, size, state}: Scene): readonly PageLine[] {
    const contact = state.settings.supportContact;
    if (contact === "") return [];
    return [
        line(RANK.about, text.firstStart.support),
        ...wrap(contact, size.columns).map((row) => line(RANK.state, row)),
    ];
}
