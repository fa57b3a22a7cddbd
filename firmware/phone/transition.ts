/** The one place with telephony rules: `transition(state, event)`, spread over a file for each family of events. */
import type {BoardEvent} from "../../hal/board.ts";
import {clock} from "./clock.ts";
import {moveHook} from "./hook.ts";
import {moveKey} from "./keys.ts";
import {media, takeFacts} from "./media.ts";
import {withRecents} from "./menu.ts";
import {microphoneLevel} from "./self-test.ts";
import {settle} from "./settle.ts";
import {signal} from "./signals.ts";
import type {InsideEvent, PhoneEvent, PhoneState, Step} from "./state.ts";
import {stepOf, withCall} from "./step.ts";
import {withSettings} from "./volume.ts";

/**
 * What the event makes of the phone. Pure: the same state and event give the same step. Throws `IllegalMoveError` only
 * for a mistake in the rules.
 */
export function transition(state: PhoneState, event: PhoneEvent): Step {
    const step = apply({...state, now: Math.max(state.now, event.at)}, event);
    return {state: settle(step.state), effects: step.effects};
}

function apply(state: PhoneState, event: PhoneEvent): Step {
    switch (event.type) {
        case "key":
        case "hook":
        case "cellular":
        case "fault": {
            return board(state, event);
        }
        case "registration":
        case "incoming":
        case "security":
        case "progress":
        case "session":
        case "confirmed":
        case "hold":
        case "holdFailed":
        case "ended": {
            return signal(state, event);
        }
        case "capture":
        case "firstPacket":
        case "digit":
        case "bye":
        case "silent":
        case "device": {
            return media(state, event);
        }
        default: {
            return inside(state, event);
        }
    }
}

function board(state: PhoneState, event: BoardEvent): Step {
    switch (event.type) {
        case "key": {
            return moveKey(state, event.key, event.down);
        }
        case "hook": {
            return moveHook(state, event.hook);
        }
        case "cellular": {
            return stepOf({...state, cellularBusy: event.busy});
        }
        case "fault": {
            const others = state.faults.filter((part) => part !== event.part);
            // A keypad that is gone will not tell that its keys came up.
            const keysDown = event.part === "keypad" ? [] : state.keysDown;
            return stepOf({...state, keysDown, faults: event.lost ? [...others, event.part] : others});
        }
    }
}

function inside(state: PhoneState, event: InsideEvent): Step {
    switch (event.type) {
        case "clock": {
            return clock(state, event.wall);
        }
        case "settings": {
            return stepOf(changedSettings(state, event.settings));
        }
        case "accounts": {
            return stepOf({...state, accounts: event.accounts});
        }
        case "recents": {
            return stepOf(withRecents(state, event.recents, event.missed));
        }
        case "named": {
            return stepOf(named(state, event.call, event.name));
        }
        case "storeFault": {
            return stepOf({...state, storeFault: event.fault});
        }
        case "testCapture": {
            return stepOf({...state, testCaptureOpen: event.open});
        }
        case "microphoneLevel": {
            return microphoneLevel(state, event.level);
        }
        case "facts": {
            return takeFacts(state, event.status);
        }
    }
}

/** A language that comes by provisioning ends the question for one. */
function changedSettings(state: PhoneState, settings: PhoneState["settings"]): PhoneState {
    const answered = state.settings.language === null && settings.language !== null;
    const view = answered && state.view.type === "firstStart" ? ({type: "idle"} as const) : state.view;
    return {...withSettings(state, settings), view};
}

/** The contact's name goes over what the network said. */
function named(state: PhoneState, id: string, name: string): PhoneState {
    const call = state.calls.find((known) => known.id === id);
    return call === undefined ? state : withCall(state, {...call, party: {...call.party, name}});
}
