/** What is continuously true of the phone: derived, never commanded, so that no stop can be forgotten. */
import type {Lamps} from "../../hal/board.ts";
import type {MicrophoneGate, Ring, Tone} from "../../native/index.ts";
import type {Call, CallId, EndReason} from "./call.ts";
import {selfTestMs} from "./self-test.ts";
import {currentCall, hasService, isListening, liveCalls, ringingCall} from "./standing.ts";
import type {Outputs, PhoneState, SelfTestStep} from "./state.ts";
import {digitTones, earpieceTestTone, tonesOf} from "./tone-plan.ts";

/** Everything that the ports should do now. */
export function outputsOf(state: PhoneState): Outputs {
    const mix = mixOf(state);
    return {
        ring: ringOf(state),
        earTone: earToneOf(state),
        route: state.speaker ? "speaker" : "handset",
        mix,
        microphone: microphoneOf(state, mix),
        volume: state.settings.volume,
        lamps: lampsOf(state),
        microphoneTest: isTesting(state, "microphone") && state.consent && !state.cellularBusy,
        wakeAt: wakeAtOf(state),
    };
}

/** A call that appears ends the self-test (see `settle`), so that the step alone tells. */
function isTesting(state: PhoneState, step: SelfTestStep): boolean {
    return state.view.type === "selfTest" && state.view.step === step;
}

/** Sound both ways: talking, or early media; not while we hold it or are about to. */
function hasSound(call: Call): boolean {
    const sounds = call.phase === "talking" || call.phase === "earlyMedia";
    return sounds && !call.hold.local && call.pending !== "hold";
}

/** Heard and hearing: where an ear listens; an emergency call always. */
function mixOf(state: PhoneState): readonly CallId[] {
    const listening = isListening(state);
    return state.calls.filter((call) => hasSound(call) && (listening || call.emergency)).map((call) => call.id);
}

/** The privacy rule in one place: open only for a call in the mix that may be heard (ARCHITECTURE.md §6, 1). */
function microphoneOf(state: PhoneState, mix: readonly CallId[]): MicrophoneGate {
    if (mix.length === 0) return "closed";
    const emergency = state.calls.some((call) => call.emergency && mix.includes(call.id));
    const allowed = emergency || (state.consent && !state.cellularBusy);
    if (!allowed) return "closed";
    return state.muted ? "muted" : "open";
}

/** The bell rings for a call that is alone; over another call the ear gets the waiting tone instead. */
function ringOf(state: PhoneState): Ring | null {
    const {ring} = tonesOf(state.settings.country);
    const volume = state.settings.ringVolume;
    const ringing = ringingCall(state);
    if (ringing !== undefined) {
        const alone = currentCall(state) === undefined && state.silenced !== ringing.id;
        return alone ? {tone: ring, volume} : null;
    }
    const sampled =
        state.view.type === "ringVolume" && state.volumeShownUntil !== null && state.volumeShown === "ringVolume";
    return sampled && !isListening(state) && liveCalls(state).length === 0 ? {tone: ring, volume} : null;
}

function earToneOf(state: PhoneState): Tone | null {
    if (!isListening(state)) return null;
    if (state.feedback !== null) return digitTones[state.feedback.digit];
    const tones = tonesOf(state.settings.country);
    const call = currentCall(state);
    if (call !== undefined) return ringingCall(state) === undefined ? callToneOf(call, state) : tones.waiting;
    if (ringingCall(state) !== undefined || state.dialling !== null) return null;
    if (state.notice !== null) return reasonToneOf(state.notice.reason, state);
    if (isTesting(state, "earpiece")) return earpieceTestTone;
    return offHookToneOf(state);
}

/** Local ringback until the far end itself is heard (RFC 3960 §3.2). */
function callToneOf(call: Call, state: PhoneState): Tone | null {
    const waits = call.phase === "alerting" || (call.phase === "earlyMedia" && !call.hearing);
    return waits ? tonesOf(state.settings.country).ringback : null;
}

/** A dial tone promises that a number can be sent: without service it is the congestion tone. */
function offHookToneOf(state: PhoneState): Tone | null {
    const tones = tonesOf(state.settings.country);
    switch (state.offHook?.stage) {
        case "dialTone": {
            return hasService(state) ? tones.dial : tones.congestion;
        }
        case "warning": {
            return tones.congestion;
        }
        default: {
            return null;
        }
    }
}

/** What the ear gets with each reason (E.180; the Q.850 causes behind SIP's codes: RFC 3398 §8.2.6). */
function reasonToneOf(reason: EndReason, state: PhoneState): Tone | null {
    const tones = tonesOf(state.settings.country);
    switch (reason.code) {
        case "localHangUp":
        case "cancelled": {
            return null;
        }
        case "remoteHangUp":
        case "busy":
        case "declined":
        case "noAnswer":
        case "answeredElsewhere":
        case "declinedElsewhere": {
            return tones.busy;
        }
        case "notFound":
        case "incomplete": {
            return tones.information;
        }
        case "unavailable":
        case "congestion":
        case "forbidden":
        case "notAcceptable":
        case "notSecure":
        case "openSignalling":
        case "notAuthentic":
        case "noPath":
        case "noService":
        case "connectionLost":
        case "mediaLost":
        case "failed": {
            return tones.congestion;
        }
    }
}

function lampsOf(state: PhoneState): Lamps {
    const microphone = state.captureOpen || state.testCaptureOpen ? "on" : "off";
    if (isTesting(state, "lamps")) {
        return {microphone, ringing: "on", call: "on", mute: "on", message: "on", service: "on"};
    }
    const call = currentCall(state);
    const held = call !== undefined && (call.hold.local || call.hold.remote);
    return {
        microphone,
        ringing: ringingCall(state) === undefined ? "off" : "blinking",
        call: call === undefined ? "off" : held ? "blinking" : "on",
        mute: state.muted ? "on" : "off",
        message: state.missed > 0 ? "on" : "off",
        service: hasService(state) ? "on" : "blinking",
    };
}

/** The earliest deadline that stands anywhere in the state. */
function wakeAtOf(state: PhoneState): number | null {
    const times = [
        ...state.calls.map((call) => call.deadline),
        state.dialling?.dialAt ?? null,
        state.longPress?.at ?? null,
        state.notice?.until ?? null,
        state.offHook?.until ?? null,
        state.feedback?.until ?? null,
        state.volumeShownUntil,
        state.view.type === "selfTest" ? state.view.since + selfTestMs : null,
    ].filter((time) => time !== null);
    return times.length === 0 ? null : Math.min(...times);
}
