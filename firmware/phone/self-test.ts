/** The self-test: microphone, earpiece, keys, hook, lamps, display. It runs only while no call exists. */
import type {Key} from "../../hal/board.ts";
import {isDigit, pressDigit} from "./dialling.ts";
import type {PhoneState, SelfTestStep, Step, View} from "./state.ts";
import {stepOf} from "./step.ts";

/** A step left alone for so long, ms, ends the test: the microphone must not stay open. */
export const selfTestMs = 120_000;

export const selfTestSteps: readonly SelfTestStep[] = ["microphone", "earpiece", "keys", "hook", "lamps", "display"];

type SelfTestView = View & {readonly type: "selfTest"};

export function startSelfTest(state: PhoneState): PhoneState {
    return {
        ...state,
        view: {type: "selfTest", step: "microphone", since: state.now},
        selfTest: {level: null, keysSeen: [], hookSeen: false},
    };
}

function nextStep(state: PhoneState, view: SelfTestView): PhoneState {
    const step = selfTestSteps[selfTestSteps.indexOf(view.step) + 1];
    const next: View = step === undefined ? {type: "idle"} : {type: "selfTest", step, since: state.now};
    return {...state, view: next, selfTest: {...state.selfTest, level: null}};
}

/** In the step of the keys, the first press of a key is its test; OK and back act when pressed again. */
export function selfTestKey(state: PhoneState, key: Key): Step {
    if (state.view.type !== "selfTest") return stepOf(state);
    const fresh = state.view.step === "keys" && !state.selfTest.keysSeen.includes(key);
    if (fresh) {
        const keysSeen = [...state.selfTest.keysSeen, key];
        return stepOf({...state, selfTest: {...state.selfTest, keysSeen}, view: {...state.view, since: state.now}});
    }
    if (isDigit(key)) return digitOf(state, state.view, key);
    switch (key) {
        case "ok": {
            return stepOf(nextStep(state, state.view));
        }
        case "back": {
            return stepOf({...state, view: {type: "idle"}});
        }
        default: {
            return stepOf(state);
        }
    }
}

/** Whoever dials wants to call (it may be an emergency) and leaves the test, but for the step that is about keys. */
function digitOf(state: PhoneState, view: SelfTestView, key: Key): Step {
    if (view.step === "keys" || !isDigit(key)) return stepOf(state);
    return pressDigit({...state, view: {type: "idle"}}, key);
}

/** A level of the microphone test, in dBFS, counts only while that step is shown. */
export function microphoneLevel(state: PhoneState, level: number): Step {
    const shown = state.view.type === "selfTest" && state.view.step === "microphone";
    return stepOf(shown ? {...state, selfTest: {...state.selfTest, level}} : state);
}
