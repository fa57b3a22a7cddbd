/** Idle, the menu and what it opens. Keys of a phone that nobody uses for a call just now. */
import type {Key} from "../../hal/board.ts";
import {placeCall} from "./calls.ts";
import {startSelfTest} from "./self-test.ts";
import {filteredRecents, selectedNumber} from "./standing.ts";
import type {LanguageCode, PhoneState, RecentsFilter, Step, View} from "./state.ts";
import {andThen, stepOf} from "./step.ts";
import {changeVolume, saveVolume} from "./volume.ts";

export const menuItems = ["recents", "status", "ringVolume", "language", "selfTest"] as const;
export const languages: readonly LanguageCode[] = ["en", "de", "fr", "es", "it", "nl", "pt", "pl"];
export const recentsFilters: readonly RecentsFilter[] = ["all", "missed", "received", "placed"];

type ViewOf<T extends View["type"]> = View & {readonly type: T};

export function viewKey(state: PhoneState, key: Key): Step {
    const {view} = state;
    switch (view.type) {
        case "idle": {
            return idleKey(state, key);
        }
        case "firstStart": {
            return firstStartKey(state, view, key);
        }
        case "menu": {
            return menuKey(state, view, key);
        }
        case "recents": {
            return recentsKey(state, view, key);
        }
        case "status": {
            return statusKey(state, view, key);
        }
        case "language": {
            return languageKey(state, view, key);
        }
        case "ringVolume": {
            return ringVolumeKey(state, key);
        }
        case "selfTest": {
            return stepOf(state);
        }
    }
}

function show(state: PhoneState, view: View): Step {
    return stepOf({...state, view});
}

/** `selected` moved by up or down within `count` rows, without going round; null for another key. */
function moved(key: Key, selected: number, count: number): number | null {
    if (key === "up") return Math.max(0, selected - 1);
    if (key === "down") return Math.max(0, Math.min(count - 1, selected + 1));
    return null;
}

/** Recent calls are one key away: up shows what was missed if anything was, else all. */
function idleKey(state: PhoneState, key: Key): Step {
    switch (key) {
        case "ok":
        case "down": {
            return show(state, {type: "menu", selected: 0});
        }
        case "up": {
            return openRecents(state, state.missed > 0 ? "missed" : "all");
        }
        case "left": {
            return openRecents(state, "missed");
        }
        case "right": {
            return openRecents(state, "placed");
        }
        default: {
            return stepOf(state);
        }
    }
}

/** Whoever opens a list with the missed calls in it has seen them. */
export function openRecents(state: PhoneState, filter: RecentsFilter): Step {
    const view: View = {type: "recents", filter, selected: 0, since: state.now, page: null};
    const seen = state.missed > 0 && (filter === "missed" || filter === "all");
    return seen ? stepOf({...state, view, missed: 0}, [{type: "markMissedSeen"}]) : show(state, view);
}

/** Right is the next filter, left the details of the selected call. */
function recentsKey(state: PhoneState, view: ViewOf<"recents">, key: Key): Step {
    const count = filteredRecents(state, view.filter).length;
    const selected = moved(key, view.selected, count);
    if (selected !== null) return show(state, {...view, selected, since: state.now});
    if (view.page !== null) return recentDetailsKey(state, view, view.page, key);
    switch (key) {
        case "right": {
            const next = recentsFilters[(recentsFilters.indexOf(view.filter) + 1) % recentsFilters.length];
            return openRecents(state, next ?? "all");
        }
        case "left": {
            return count === 0 ? stepOf(state) : show(state, {...view, page: 0});
        }
        case "ok": {
            return dialSelected(state);
        }
        case "back": {
            return show(state, {type: "idle"});
        }
        default: {
            return stepOf(state);
        }
    }
}

function recentDetailsKey(state: PhoneState, view: ViewOf<"recents">, page: number, key: Key): Step {
    switch (key) {
        case "right": {
            return show(state, {...view, page: page + 1});
        }
        case "left": {
            return show(state, {...view, page: page - 1});
        }
        case "ok": {
            return dialSelected(state);
        }
        case "back": {
            return show(state, {...view, page: null, since: state.now});
        }
        default: {
            return stepOf(state);
        }
    }
}

function dialSelected(state: PhoneState): Step {
    const number = selectedNumber(state);
    return number === null ? stepOf(state) : placeCall(state, number);
}

/** The selection stays within the rows when the log changes under it. */
export function withRecents(state: PhoneState, recents: PhoneState["recents"], missed: number): PhoneState {
    const next: PhoneState = {...state, recents, missed};
    if (next.view.type !== "recents") return next;
    const count = filteredRecents(next, next.view.filter).length;
    const selected = Math.min(next.view.selected, Math.max(0, count - 1));
    return {...next, view: {...next.view, selected, page: count === 0 ? null : next.view.page}};
}

function menuKey(state: PhoneState, view: ViewOf<"menu">, key: Key): Step {
    const selected = moved(key, view.selected, menuItems.length);
    if (selected !== null) return show(state, {...view, selected});
    switch (key) {
        case "ok": {
            return openItem(state, menuItems[view.selected] ?? "recents");
        }
        case "back": {
            return show(state, {type: "idle"});
        }
        default: {
            return stepOf(state);
        }
    }
}

function openItem(state: PhoneState, item: (typeof menuItems)[number]): Step {
    switch (item) {
        case "recents": {
            return openRecents(state, state.missed > 0 ? "missed" : "all");
        }
        case "status": {
            return stepOf({...state, view: {type: "status", page: 0}}, [{type: "readFacts"}]);
        }
        case "ringVolume": {
            return show(state, {type: "ringVolume"});
        }
        case "language": {
            const selected = Math.max(0, languages.indexOf(state.settings.language ?? "en"));
            return show(state, {type: "language", selected});
        }
        case "selfTest": {
            return stepOf(startSelfTest(state));
        }
    }
}

function backToMenu(state: PhoneState, item: (typeof menuItems)[number]): Step {
    return show(state, {type: "menu", selected: menuItems.indexOf(item)});
}

function statusKey(state: PhoneState, view: ViewOf<"status">, key: Key): Step {
    // The page only counts; the screen knows how many pages there are and goes round.
    const turn = (by: number): Step =>
        stepOf({...state, view: {type: "status", page: view.page + by}}, [{type: "readFacts"}]);
    switch (key) {
        case "right":
        case "down":
        case "ok": {
            return turn(1);
        }
        case "left":
        case "up": {
            return turn(-1);
        }
        case "back": {
            return backToMenu(state, "status");
        }
        default: {
            return stepOf(state);
        }
    }
}

/** The chosen language holds at once; the settings hear of it. */
function chooseLanguage(state: PhoneState, selected: number): Step {
    const language = languages[selected] ?? "en";
    return stepOf({...state, settings: {...state.settings, language}}, [
        {type: "saveSetting", name: "language", value: language},
    ]);
}

function languageKey(state: PhoneState, view: ViewOf<"language">, key: Key): Step {
    const selected = moved(key, view.selected, languages.length);
    if (selected !== null) return show(state, {...view, selected});
    switch (key) {
        case "ok": {
            return andThen(chooseLanguage(state, view.selected), (next) => backToMenu(next, "language"));
        }
        case "back": {
            return backToMenu(state, "language");
        }
        default: {
            return stepOf(state);
        }
    }
}

function ringVolumeKey(state: PhoneState, key: Key): Step {
    switch (key) {
        case "up":
        case "right": {
            return changeVolume(state, "ringVolume", 1);
        }
        case "down":
        case "left": {
            return changeVolume(state, "ringVolume", -1);
        }
        case "ok":
        case "back": {
            return andThen(saveVolume(state), (saved) => backToMenu(saved, "ringVolume"));
        }
        default: {
            return stepOf(state);
        }
    }
}

/** The first start: a language, a country for the tones, and what to do next. */
function firstStartKey(state: PhoneState, view: ViewOf<"firstStart">, key: Key): Step {
    const count = view.step === "language" ? languages.length : state.countries.length;
    const selected = view.step === "next" ? null : moved(key, view.selected, count);
    if (selected !== null) return show(state, {...view, selected});
    switch (key) {
        case "ok": {
            return firstStartNext(state, view);
        }
        case "back": {
            return show(state, firstStartBack(state, view));
        }
        default: {
            return stepOf(state);
        }
    }
}

function countryStep(state: PhoneState): View {
    const selected = Math.max(0, state.countries.indexOf(state.settings.country));
    return {type: "firstStart", step: "country", selected};
}

function firstStartNext(state: PhoneState, view: ViewOf<"firstStart">): Step {
    switch (view.step) {
        case "language": {
            return andThen(chooseLanguage(state, view.selected), (next) => show(next, countryStep(next)));
        }
        case "country": {
            const country = state.countries[view.selected] ?? state.settings.country;
            return stepOf(
                {
                    ...state,
                    settings: {...state.settings, country},
                    view: {type: "firstStart", step: "next", selected: 0},
                },
                [{type: "saveSetting", name: "country", value: country}],
            );
        }
        case "next": {
            return show(state, {type: "idle"});
        }
    }
}

function firstStartBack(state: PhoneState, view: ViewOf<"firstStart">): View {
    switch (view.step) {
        case "language": {
            return view;
        }
        case "country": {
            const selected = Math.max(0, languages.indexOf(state.settings.language ?? "en"));
            return {type: "firstStart", step: "language", selected};
        }
        case "next": {
            return countryStep(state);
        }
    }
}
