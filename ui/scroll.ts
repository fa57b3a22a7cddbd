/** Long text in a narrow place: it scrolls once, rests at its end, and then stands with its beginning (row 93). */
import {clip} from "./layout.ts";

/** How long the beginning and the end stand still, in ms. */
const REST = 1_500;
/** One cell further each, in ms. */
const STEP = 300;

/** What a place shows now, and the monotonic ms at which time alone changes it (null: never). */
export interface Scrolled {
    readonly text: string;
    readonly changesAt: number | null;
}

/** `since` is the monotonic ms at which the text came into its place. */
export function scrolled(text: string, width: number, since: number, now: number): Scrolled {
    const over = text.length - width;
    const elapsed = now - since;
    const restsFrom = REST + over * STEP;
    if (over <= 0 || width <= 0 || elapsed >= restsFrom + REST) return {text: clip(text, width), changesAt: null};
    if (elapsed < REST) return {text: clip(text, width), changesAt: since + REST};
    const offset = Math.min(over, Math.floor((elapsed - REST) / STEP) + 1);
    const changesAt = offset < over ? since + REST + offset * STEP : since + restsFrom + REST;
    return {text: text.slice(offset, offset + width), changesAt};
}
