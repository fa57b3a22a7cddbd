/** Small arithmetic of steps: a rule takes a state and gives a state with what happens once. */
import type {Call, CallId} from "./call.ts";
import type {Effect, PhoneState, Step} from "./state.ts";

/** A step with these effects, or none. */
export function stepOf(state: PhoneState, effects: readonly Effect[] = []): Step {
    return {state, effects};
}

/** The rule applied to where the step led; its effects follow those of the step. */
export function andThen(step: Step, rule: (state: PhoneState) => Step): Step {
    const next = rule(step.state);
    return {state: next.state, effects: [...step.effects, ...next.effects]};
}

/** The state with this call in the place of the one of the same id. */
export function withCall(state: PhoneState, call: Call): PhoneState {
    return {...state, calls: state.calls.map((other) => (other.id === call.id ? call : other))};
}

/** The state without this call. */
export function withoutCall(state: PhoneState, id: CallId): PhoneState {
    return {...state, calls: state.calls.filter((other) => other.id !== id)};
}

/** UTC ms of now, null while no clock is known. */
export function wallOf(state: PhoneState): number | null {
    return state.wallOffset === null ? null : state.now + state.wallOffset;
}
