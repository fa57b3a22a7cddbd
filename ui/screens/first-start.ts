/** The first start: the language, the country of the tones, what to do next. */
import type {View} from "../../firmware/phone/state.ts";
import {LANGUAGES} from "../choices.ts";
import {countryName} from "../format.ts";
import {wrap} from "../layout.ts";
import {isLarge, line, type Page, RANK} from "../page.ts";
import {hint, type Scene} from "../scene.ts";
import {textOf} from "../text/languages.ts";
import {listLines} from "./list.ts";

type FirstStart = Extract<View, {type: "firstStart"}>;

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

function nextStep(scene: Scene): Page {
    const {text, size, state} = scene;
    const contact = state.settings.supportContact;
    const what = wrap(text.firstStart.next, size.columns).map((row) => line(RANK.thing, row));
    const blank = isLarge(size) ? [line(RANK.extra, "")] : [];
    const help = contact === "" ? [] : [...blank, line(RANK.detail, text.firstStart.support, contact)];
    return {
        body: [...what, ...help],
        hints: [hint(scene, "back", "back"), hint(scene, "ok", "next")],
        backlight: true,
        changesAt: null,
    };
}
