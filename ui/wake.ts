/** When the glass changes though nothing happens. */
import type {PhoneState} from "../firmware/phone/state.ts";
import type {Size} from "./page.ts";
import {shownPage} from "./screen.ts";

/** Monotonic ms, after `state.now`, at which the frame next changes by time alone; null: never. */
export function screenWakeAt(state: PhoneState, size: Size): number | null {
    return shownPage(state, size).page.changesAt;
}
