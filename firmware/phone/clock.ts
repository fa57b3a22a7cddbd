/** The clock: whatever is due happens, and after it nothing is overdue. */
import type {Call} from "./call.ts";
import {endOfCall, giveUpCall, hangUpCall, reasonOf, rejectCall} from "./calls.ts";
import {sendDigits} from "./dialling.ts";
import {closeEar} from "./hook.ts";
import {dueLongPress} from "./long-press.ts";
import {selfTestMs} from "./self-test.ts";
import {warningMs} from "./settle.ts";
import type {PhoneState, Step} from "./state.ts";
import {andThen, stepOf, withCall} from "./step.ts";
import {saveVolume} from "./volume.ts";

/** A clock that differs by less, ms, is the same clock read at another moment. */
const clockNoise = 100;

const isDue = (state: PhoneState, at: number | null): boolean => at !== null && at <= state.now;

/** Sets the wall clock and does what is due. */
export function clock(state: PhoneState, wall: number): Step {
    const offset = wall - state.now;
    const steady = state.wallOffset !== null && Math.abs(state.wallOffset - offset) < clockNoise;
    const told: PhoneState = {...state, wallOffset: steady ? state.wallOffset : offset};
    // A held key first: it changes the digits, which then wait anew.
    return [dueLongPress, dueDigits, dueCalls, dueNotice, dueOffHook, dueSmallThings, dueVolume].reduce(
        andThen,
        stepOf(told),
    );
}

function dueDigits(state: PhoneState): Step {
    return isDue(state, state.dialling?.dialAt ?? null) ? sendDigits(state) : stepOf(state);
}

function dueCalls(state: PhoneState): Step {
    return state.calls
        .filter((call) => isDue(state, call.deadline))
        .reduce((step, call) => andThen(step, (next) => outOfPatience(next, call)), stepOf(state));
}

/** What happens to a call whose phase has lasted too long. */
function outOfPatience(state: PhoneState, call: Call): Step {
    switch (call.phase) {
        case "calling":
        case "alerting":
        case "earlyMedia": {
            return giveUpCall(state, call, "noAnswer");
        }
        case "ringing": {
            return rejectCall(state, call, 480, "noAnswer");
        }
        case "answering": {
            return giveUpCall(state, call, "connectionLost");
        }
        case "talking": {
            if (call.pending === null) return hangUpCall(state, call);
            return stepOf(withCall(state, {...call, pending: null, deadline: null}));
        }
        case "ending": {
            return endOfCall(state, call, reasonOf("failed"));
        }
    }
}

/** A notice that has been read, or heard to its end; hands-free ends with it. */
function dueNotice(state: PhoneState): Step {
    if (!isDue(state, state.notice?.until ?? null)) return stepOf(state);
    if (state.hook === "on" && state.speaker) return closeEar(state);
    return stepOf({...state, notice: null});
}

function dueOffHook(state: PhoneState): Step {
    if (!isDue(state, state.offHook?.until ?? null)) return stepOf(state);
    if (state.hook === "on") return closeEar(state);
    const warned = state.offHook?.stage === "warning";
    const offHook = warned
        ? ({stage: "silent", until: null} as const)
        : ({stage: "warning", until: state.now + warningMs} as const);
    return stepOf({...state, offHook});
}

function dueSmallThings(state: PhoneState): Step {
    const {view} = state;
    const testOver = view.type === "selfTest" && isDue(state, view.since + selfTestMs);
    return stepOf({
        ...state,
        feedback: isDue(state, state.feedback?.until ?? null) ? null : state.feedback,
        view: testOver ? {type: "idle"} : view,
    });
}

function dueVolume(state: PhoneState): Step {
    return isDue(state, state.volumeShownUntil) ? saveVolume(state) : stepOf(state);
}
