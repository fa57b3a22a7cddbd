/** Keys while a call rings or lives. */
import type {Digit, Key} from "../../hal/board.ts";
import type {Call} from "./call.ts";
import {answerCall, hangUpCall, rejectCall} from "./calls.ts";
import {digitMs, isDigit, pressDigit, withFeedback} from "./dialling.ts";
import {openEar} from "./hook.ts";
import {isDetailed} from "./settle.ts";
import {currentCall, isListening, ringingCall} from "./standing.ts";
import type {PhoneState, Step} from "./state.ts";
import {stepOf, withCall} from "./step.ts";
import {changeVolume} from "./volume.ts";

export function callKey(state: PhoneState, key: Key): Step {
    const call = currentCall(state);
    if (call !== undefined) return talkKey(state, call, key);
    const ringing = ringingCall(state);
    return ringing === undefined ? stepOf(state) : ringKey(state, ringing, key);
}

/** Digits collect behind the ringing call, so that an emergency number can be dialled over it. */
function ringKey(state: PhoneState, call: Call, key: Key): Step {
    if (isDigit(key)) return pressDigit(state, key);
    switch (key) {
        case "ok": {
            return answerByKey(state, call);
        }
        case "back": {
            return rejectCall(state, call, 486, "declined");
        }
        case "mute": {
            return stepOf({...state, silenced: call.id});
        }
        case "up": {
            return changeVolume(state, "ringVolume", 1);
        }
        case "down": {
            return changeVolume(state, "ringVolume", -1);
        }
        default: {
            return stepOf(state);
        }
    }
}

/** With no ear to answer to, the key silences the bell. */
function answerByKey(state: PhoneState, call: Call): Step {
    if (isListening(state)) return answerCall(state, call);
    if (state.handsFree) return openEar({...state, speaker: true});
    return stepOf({...state, silenced: call.id});
}

/** With the details on the glass, left and right turn their pages and back puts them away; all else is as without. */
function detailsKey(state: PhoneState, details: number, key: Key): Step | null {
    switch (key) {
        case "right": {
            return stepOf({...state, details: details + 1});
        }
        case "left": {
            return stepOf({...state, details: details - 1});
        }
        case "back": {
            return stepOf({...state, details: null});
        }
        default: {
            return null;
        }
    }
}

function talkKey(state: PhoneState, call: Call, key: Key): Step {
    if (isDigit(key)) return callDigit(state, call, key);
    const turned = state.details === null ? null : detailsKey(state, state.details, key);
    if (turned !== null) return turned;
    switch (key) {
        case "left": {
            return isDetailed(call) ? stepOf({...state, details: 0}, [{type: "readFacts"}]) : stepOf(state);
        }
        case "ok": {
            return call.phase === "talking" ? stepOf({...state, muted: !state.muted}) : stepOf(state);
        }
        case "mute": {
            return stepOf({...state, muted: !state.muted});
        }
        case "back": {
            return endByKey(state, call);
        }
        case "up": {
            return changeVolume(state, "volume", 1);
        }
        case "down": {
            return changeVolume(state, "volume", -1);
        }
        case "right":
        case "hold": {
            return toggleHold(state, call);
        }
        default: {
            return stepOf(state);
        }
    }
}

/** An emergency call ends by the handset alone, never by a key that was brushed. */
function endByKey(state: PhoneState, call: Call): Step {
    if (call.emergency && state.hook === "off") return stepOf(state);
    const speaker = state.speaker && state.hook === "off";
    return hangUpCall({...state, speaker}, call);
}

/** A digit goes to whoever can hear it: in a call that talks or sounds, and is not held by us. */
function callDigit(state: PhoneState, call: Call, digit: Digit): Step {
    const sounds =
        (call.phase === "talking" || call.phase === "earlyMedia") && !call.hold.local && call.pending === null;
    if (!sounds) return stepOf(state);
    return stepOf(withFeedback(state, digit), [{type: "sendDigit", call: call.id, digit, ms: digitMs}]);
}

/** A re-INVITE that is never answered is forgotten after this, ms (RFC 3261 §17.1.1.2: timer B is 32 s). */
const pendingMs = 40_000;

function toggleHold(state: PhoneState, call: Call): Step {
    if (call.phase !== "talking" || call.pending !== null) return stepOf(state);
    const held = !call.hold.local;
    const asked: Call = {...call, pending: held ? "hold" : "resume", deadline: state.now + pendingMs};
    return stepOf(withCall(state, asked), [{type: "setHold", call: call.id, held}]);
}
