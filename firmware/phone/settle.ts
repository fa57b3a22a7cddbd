/**
 * What follows from the calls, the hook and the digits alone. Every step ends here, so that no rule has to remember to
 * clear a mute, a notice or a dial tone.
 */
import type {Call} from "./call.ts";
import {currentCall, focusOf, isListening, liveCalls} from "./standing.ts";
import type {Dialling, LongPress, OffHook, PhoneState} from "./state.ts";

/** Dial tone of a handset that was lifted, ms (permanent signal, ITU-T E.180 §3 leaves the time to the plan). */
export const dialToneMs = 20_000;
/** Congestion tone after it, ms; then silence. */
export const warningMs = 30_000;
/** No inter-digit time is shorter, ms: nothing may be due at once again. */
const shortestInterDigit = 100;

/** A call that talks to nobody, dialled on the hook and never listened to, ends after this, ms. */
const abandonedMs = 60_000;

/** When digits that stand now are sent by themselves, monotonic ms. */
export function dialAtOf(state: PhoneState): number {
    return state.now + Math.max(shortestInterDigit, state.settings.interDigit);
}

function diallingOf(state: PhoneState): Dialling | null {
    const {dialling} = state;
    const live = liveCalls(state);
    if (dialling === null || live.some((call) => call.phase !== "ringing")) return null;
    const emergency = state.settings.emergencyNumbers.includes(dialling.digits);
    const waits = live.length > 0 || !(isListening(state) || emergency);
    return {digits: dialling.digits, dialAt: waits ? null : (dialling.dialAt ?? dialAtOf(state))};
}

/** A talking call has a deadline while a re-INVITE is under way, and while nobody listens; an emergency call never. */
function withDeadline(state: PhoneState, call: Call): Call {
    if (call.phase !== "talking" || call.pending !== null) return call;
    const kept = isListening(state) || call.emergency;
    return {...call, deadline: kept ? null : (call.deadline ?? state.now + abandonedMs)};
}

/** A handset that lies off hook after a notice has had its tone: silence, not a dial tone. */
function offHookOf(state: PhoneState): OffHook | null {
    const lies =
        isListening(state) &&
        state.dialling === null &&
        state.view.type !== "selfTest" &&
        liveCalls(state).length === 0;
    if (!lies) return null;
    if (state.notice !== null) return {stage: "silent", until: null};
    return state.offHook ?? {stage: "dialTone", until: state.now + dialToneMs};
}

/** A long press outlives neither its key nor what it is about: a newer key, a call, the end of the digits take it away. */
function longPressOf(state: PhoneState): LongPress | null {
    const held = state.longPress !== null && state.keysDown.at(-1) === state.longPress.key;
    return held && focusOf(state) === "dialling" ? state.longPress : null;
}

/** Whether the call has details to show: nothing ever hides an emergency call. */
export function isDetailed(call: Call | undefined): boolean {
    return call?.phase === "talking" && !call.emergency;
}

/** The state with everything that follows from it. */
export function settle(state: PhoneState): PhoneState {
    const inCall = liveCalls(state).length > 0;
    const counted: PhoneState = {
        ...state,
        calls: state.calls.map((call) => withDeadline(state, call)),
        muted: inCall && state.muted,
        details: isDetailed(currentCall(state)) ? state.details : null,
        silenced: state.calls.some((call) => call.id === state.silenced && call.phase === "ringing")
            ? state.silenced
            : null,
        view: inCall && state.view.type === "selfTest" ? {type: "idle"} : state.view,
        dialling: diallingOf(state),
        notice: inCall || state.dialling !== null ? null : state.notice,
        // The figures of a call that is over say nothing of the next one.
        status: inCall || state.status.media === null ? state.status : {...state.status, media: null},
    };
    return {...counted, offHook: offHookOf(counted), longPress: longPressOf(counted)};
}
