/** The menu, and the lists and scales behind it. */
import {LANGUAGES, MENU_ITEMS} from "../choices.ts";
import {ringVolumeBar} from "../notes.ts";
import {line, type Page, RANK} from "../page.ts";
import {hint, type Scene} from "../scene.ts";
import {textOf} from "../text/languages.ts";
import {listLines} from "./list.ts";

export function menuScreen(scene: Scene, selected: number): Page {
    const {title, items} = scene.text.menu;
    return {
        body: listLines(
            scene,
            title,
            MENU_ITEMS.map((item) => items[item]),
            selected,
        ),
        hints: [hint(scene, "back", "back"), hint(scene, "ok", "open")],
        backlight: true,
        changesAt: null,
    };
}

/** Each language by its own name, so that a stranger finds the way back. */
export function languageScreen(scene: Scene, selected: number): Page {
    return {
        body: listLines(
            scene,
            scene.text.menu.items.language,
            LANGUAGES.map((language) => textOf(language).name),
            selected,
        ),
        hints: [hint(scene, "back", "back"), hint(scene, "ok", "select")],
        backlight: true,
        changesAt: null,
    };
}

export function ringVolumeScreen(scene: Scene): Page {
    return {
        body: [line(RANK.thing, scene.text.menu.items.ringVolume), line(RANK.about, ringVolumeBar(scene))],
        hints: [hint(scene, "upDown", "change"), hint(scene, "ok", "close")],
        backlight: true,
        changesAt: null,
    };
}
