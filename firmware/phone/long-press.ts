/** Keys that mean more when they are held: 0 is the international prefix, back clears the number. */
import {dialAtOf} from "./settle.ts";
import type {LongPress, PhoneState, Step} from "./state.ts";
import {stepOf} from "./step.ts";

/** A key held so long, ms, is a long press: well above the half second of a slow finger, short enough to be waited for. */
export const longPressMs = 700;
/** A clock that is later than this, ms, was held up, and with it the news that the key is up: longer than a debounce. */
const stallMs = 100;

/**
 * What a 0 at the end of `number` becomes when it is held: the + of E.123, where a number begins, which in a feature
 * code is behind a * or # (`*21*+49…`). Elsewhere a + means nothing, and a slow finger must not spoil a number, least of
 * all one for emergencies.
 */
export function longPressOfDigit(state: PhoneState, number: string): LongPress | null {
    const begins = /(?:^|[*#])0$/.test(number) && !state.settings.emergencyNumbers.includes(number);
    return begins ? {key: "0", at: state.now + longPressMs} : null;
}

/** Back took the last digit away; held it takes the others too, which `settle` forgets where there are none. */
export function withHeldBack(state: PhoneState): PhoneState {
    return {...state, longPress: {key: "back", at: state.now + longPressMs}};
}

/** The key is held long enough; after a stall it gets the time to tell that it is up. */
export function dueLongPress(state: PhoneState): Step {
    const {longPress} = state;
    if (longPress === null || longPress.at > state.now) return stepOf(state);
    if (state.now - longPress.at <= stallMs) return stepOf({...pressLong(state, longPress), longPress: null});
    return stepOf({...state, longPress: {...longPress, at: state.now + stallMs}});
}

function pressLong(state: PhoneState, {key}: LongPress): PhoneState {
    switch (key) {
        case "0": {
            const before = state.dialling?.digits.slice(0, -1) ?? "";
            return {...state, dialling: {digits: `${before}+`, dialAt: dialAtOf(state)}};
        }
        case "back": {
            return {...state, dialling: null};
        }
    }
}
