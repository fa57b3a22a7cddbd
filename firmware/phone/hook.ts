/** The handset and the loudspeaker: what lifting and putting down mean. */
import {answerCall, hangUpCall, placeCall} from "./calls.ts";
import {sendDigits} from "./dialling.ts";
import {currentCall, ringingCall, selectedNumber} from "./standing.ts";
import type {PhoneState, Step} from "./state.ts";
import {andThen, stepOf} from "./step.ts";

/** The hook switch moved. A report that repeats the known position changes nothing. */
export function moveHook(state: PhoneState, hook: "on" | "off"): Step {
    if (hook === state.hook) return stepOf(state);
    const selfTest = state.view.type === "selfTest" ? {...state.selfTest, hookSeen: true} : state.selfTest;
    const moved: PhoneState = {...state, hook, selfTest, feedback: null};
    return hook === "off" ? openEar({...moved, speaker: false}) : putDown(moved);
}

/** An ear opens: it answers what rings, joins the call, sends the digits or the selected number, or gets a new dial tone. */
export function openEar(state: PhoneState): Step {
    const ringing = ringingCall(state);
    if (ringing !== undefined) return answerCall(state, ringing);
    if (currentCall(state) !== undefined) return stepOf(state);
    if (state.dialling !== null) return sendDigits(state);
    const number = state.notice === null ? selectedNumber(state) : null;
    return number === null ? stepOf({...state, notice: null, offHook: null}) : placeCall(state, number);
}

/**
 * The handset lies on the hook. Over the loudspeaker the call goes on, and a call that only rings goes on ringing. A
 * broken hook switch must not end an emergency call.
 */
function putDown(state: PhoneState): Step {
    if (state.speaker) return stepOf(state);
    const call = currentCall(state);
    const doubtful = call?.emergency === true && state.faults.includes("hook");
    return doubtful ? stepOf(state) : closeEar(state);
}

/** Nobody listens any more: the call ends within this step, with digits and notice. */
export function closeEar(state: PhoneState): Step {
    const closed: PhoneState = {...state, speaker: false, dialling: null, notice: null, feedback: null};
    return state.calls.reduce(
        (step, call) =>
            call.phase === "ringing" || call.phase === "ending"
                ? step
                : andThen(step, (next) => hangUpCall(next, call)),
        stepOf(closed),
    );
}

/** The speaker key: to the loudspeaker, back to the handset, or an end of it all. */
export function toggleSpeaker(state: PhoneState): Step {
    if (!state.handsFree) return stepOf(state);
    if (!state.speaker)
        return state.hook === "off" ? stepOf({...state, speaker: true}) : openEar({...state, speaker: true});
    return state.hook === "off" ? stepOf({...state, speaker: false}) : closeEar(state);
}
