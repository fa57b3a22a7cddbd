/** Loudness of the ear and of the bell: changed by keys, shown for a while, saved once it rests. */
import {currentCall, isListening} from "./standing.ts";
import type {PhoneSettings, PhoneState, Step} from "./state.ts";
import {andThen, stepOf} from "./step.ts";

export type VolumeName = PhoneState["volumeShown"];

/** How long the bar is shown after the last change, ms. */
const barMs = 3_000;
/** Receive volume, dB: the range of `PhoneSettings`; at least 12 dB above nominal (47 CFR 68.317). */
const receive = {least: -24, most: 12, step: 3};
/** Bell, dB; below the least it is silent. */
const bell = {least: -30, most: 0, step: 5};

/** The loudness that the keys mean now: of the ear while one listens, else of the bell. */
export function volumeInPlay(state: PhoneState): VolumeName {
    return currentCall(state) !== undefined || isListening(state) ? "volume" : "ringVolume";
}

function louderBell(now: number | null, steps: number): number | null {
    const next = (now ?? bell.least - bell.step) + steps * bell.step;
    return next < bell.least ? null : Math.min(bell.most, next);
}

function changed(settings: PhoneSettings, name: VolumeName, steps: number): PhoneSettings {
    if (name === "ringVolume") return {...settings, ringVolume: louderBell(settings.ringVolume, steps)};
    const next = settings.volume + steps * receive.step;
    return {...settings, volume: Math.min(receive.most, Math.max(receive.least, next))};
}

/** Louder by so many steps (negative: softer), with the bar shown. */
export function changeVolume(state: PhoneState, name: VolumeName, steps: number): Step {
    const settled = state.volumeShown === name ? stepOf(state) : saveVolume(state);
    return andThen(settled, (saved) =>
        stepOf({
            ...saved,
            settings: changed(saved.settings, name, steps),
            volumeShown: name,
            volumeShownUntil: saved.now + barMs,
        }),
    );
}

/** The bar goes and what it showed is saved; nothing where no bar is shown. */
export function saveVolume(state: PhoneState): Step {
    if (state.volumeShownUntil === null) return stepOf(state);
    const name = state.volumeShown;
    return stepOf({...state, volumeShownUntil: null}, [{type: "saveSetting", name, value: state.settings[name]}]);
}

/** New settings from outside do not move a volume that is being turned. */
export function withSettings(state: PhoneState, settings: PhoneSettings): PhoneState {
    if (state.volumeShownUntil === null) return {...state, settings};
    return {...state, settings: {...settings, [state.volumeShown]: state.settings[state.volumeShown]}};
}
