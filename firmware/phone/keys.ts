/** Keys: down counts, and whoever owns them now (see `focusOf`) gives them their meaning. */
import type {Key} from "../../hal/board.ts";
import {callKey} from "./call-keys.ts";
import {placeCall} from "./calls.ts";
import {diallingKey, isDigit, pressDigit} from "./dialling.ts";
import {toggleSpeaker} from "./hook.ts";
import {viewKey} from "./menu.ts";
import {selfTestKey} from "./self-test.ts";
import {dialToneMs} from "./settle.ts";
import {focusOf, lastDialled} from "./standing.ts";
import type {PhoneState, Step} from "./state.ts";
import {stepOf} from "./step.ts";
import {changeVolume, volumeInPlay} from "./volume.ts";

/** A key went down or came up; a second report of the same is none. */
export function moveKey(state: PhoneState, key: Key, down: boolean): Step {
    const known = state.keysDown.includes(key);
    if (known === down) return stepOf(state);
    if (!down) return stepOf({...state, keysDown: state.keysDown.filter((other) => other !== key)});
    return pressKey({...state, keysDown: [...state.keysDown, key]}, key);
}

function pressKey(state: PhoneState, key: Key): Step {
    const focus = focusOf(state);
    if (focus === "selfTest") return selfTestKey(state, key);
    switch (key) {
        case "speaker": {
            return toggleSpeaker(state);
        }
        case "louder": {
            return changeVolume(state, volumeInPlay(state), 1);
        }
        case "softer": {
            return changeVolume(state, volumeInPlay(state), -1);
        }
        default: {
            break;
        }
    }
    if (focus === "call") return callKey(state, key);
    if (isDigit(key)) return pressDigit(state, key);
    switch (focus) {
        case "dialling": {
            return diallingKey(state, key);
        }
        case "notice": {
            return noticeKey(state, key);
        }
        case "offHook": {
            return offHookKey(state, key);
        }
        case "view": {
            return viewKey(state, key);
        }
    }
}

/** Any key puts a notice away; off hook the dial tone is back, as after a tap on the hook. */
function noticeKey(state: PhoneState, key: Key): Step {
    if (state.offHook !== null && (key === "up" || key === "down")) return offHookKey(state, key);
    const offHook = state.offHook === null ? null : ({stage: "dialTone", until: state.now + dialToneMs} as const);
    return stepOf({...state, notice: null, offHook});
}

/** At the dial tone OK dials the last number again. */
function offHookKey(state: PhoneState, key: Key): Step {
    switch (key) {
        case "ok": {
            const number = lastDialled(state);
            return number === null ? stepOf(state) : placeCall(state, number);
        }
        case "back": {
            return stepOf({...state, offHook: {stage: "dialTone", until: state.now + dialToneMs}});
        }
        case "up": {
            return changeVolume(state, "volume", 1);
        }
        case "down": {
            return changeVolume(state, "volume", -1);
        }
        default: {
            return stepOf(state);
        }
    }
}
