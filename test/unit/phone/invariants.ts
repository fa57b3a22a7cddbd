/** What must hold after every event in every state (ARCHITECTURE.md §6). A breach is a sentence; none is null. */
import {isDeepStrictEqual} from "node:util";
import type {Call, CallId} from "../../../firmware/phone/call.ts";
import {outputsOf} from "../../../firmware/phone/outputs.ts";
import {focusOf, isListening, liveCalls} from "../../../firmware/phone/standing.ts";
import type {Effect, Outputs, PhoneEvent, PhoneState} from "../../../firmware/phone/state.ts";

type Named = Effect & {readonly call: CallId | Call};

const idOf = (effect: Named): CallId => (typeof effect.call === "string" ? effect.call : effect.call.id);
const namesCall = (effect: Effect): effect is Named => "call" in effect;

type OfLog = Effect & {readonly type: "openLog" | "answerLog" | "noteLog" | "closeLog"};

const isOfLog = (effect: Effect): effect is OfLog =>
    ["openLog", "answerLog", "noteLog", "closeLog"].includes(effect.type);

/** Rows of the log over a whole walk: opened once, closed once, in this order. */
export class LogBook {
    readonly #rows = new Map<CallId, "open" | "closed">();

    breach(effects: readonly Effect[], after: PhoneState): string | null {
        for (const effect of effects) {
            if (!isOfLog(effect)) continue;
            const {id} = effect.call;
            const row = this.#rows.get(id);
            if (effect.type === "openLog" && row !== undefined) return `${id} was logged twice`;
            if (effect.type !== "openLog" && row !== "open") return `${effect.type} for ${id}, whose row is ${row}`;
            if (effect.type === "closeLog" && effect.call.reason === null) return `${id} was closed without a reason`;
            this.#rows.set(id, effect.type === "closeLog" ? "closed" : "open");
        }
        const open = [...this.#rows].filter(([, row]) => row === "open").map(([id]) => id);
        const calls = after.calls.map(({id}) => id);
        const lost = open.find((id) => !calls.includes(id)) ?? calls.find((id) => this.#rows.get(id) !== "open");
        return lost === undefined ? null : `${lost} is in the log or among the calls, but not in both`;
    }
}

/** The capture device is open only for a call in which somebody may be heard, or for a test that the user started. */
export function microphoneBreach(state: PhoneState, out: Outputs): string | null {
    const sounding = state.calls.filter(({phase}) => phase === "talking" || phase === "earlyMedia");
    const emergency = sounding.some((call) => call.emergency);
    const ordinary = isListening(state) && sounding.length > 0 && !state.cellularBusy && state.consent;
    if (out.microphone !== "closed" && !emergency && !ordinary) return "the microphone is open without a reason";
    if (out.microphoneTest && liveCalls(state).length > 0) return "the microphone test runs beside a call";
    if (out.microphoneTest && state.view.type !== "selfTest") return "a microphone test that nobody started";
    if (out.microphoneTest && out.microphone !== "closed") return "two owners of one capture device";
    if (out.microphone === "open" && state.muted) return "a muted microphone is open";
    const held = sounding.some(({hold, pending}) => hold.local || pending === "hold");
    const reachable = emergency && !held && !state.muted;
    if (reachable && out.microphone !== "open") return "an emergency call without a microphone";
    const lit = out.lamps.microphone === "on";
    return lit === (state.captureOpen || state.testCaptureOpen)
        ? null
        : "the microphone lamp does not tell whether capture is open";
}

function effectsBreach(before: PhoneState, after: PhoneState, effects: readonly Effect[]): string | null {
    const known = new Set([...before.calls, ...after.calls].map(({id}) => id));
    for (const effect of effects.filter(namesCall)) {
        const id = idOf(effect);
        if (!known.has(id)) return `${effect.type} names ${id}, which no state knows`;
        if (effect.type !== "reject") continue;
        if (after.calls.some((call) => call.id === id && call.phase !== "ending")) return `live ${id} was rejected`;
    }
    return null;
}

function mixBreach(state: PhoneState, out: Outputs): string | null {
    if (out.mix.length > 1) return "two calls are in the mix without a conference";
    const held = state.calls.some((call) => call.hold.local && out.mix.includes(call.id));
    return held ? "a call that we hold is in the mix" : null;
}

function quietBreach(state: PhoneState, out: Outputs): string | null {
    const quiet = state.hook === "on" && !state.speaker;
    if (!quiet) return null;
    if (out.earTone !== null) return "a tone in the ear of a handset on the hook";
    if (liveCalls(state).length > 0) return null;
    return out.mix.length === 0 && state.offHook === null ? null : "something sounds on the hook without a call";
}

function shapeBreach(state: PhoneState): string | null {
    const live = liveCalls(state);
    if (live.length > 1) return "two live calls";
    if (state.speaker && !state.handsFree) return "hands-free without a loudspeaker";
    const lies = isListening(state) && live.length === 0 && state.dialling === null && state.view.type !== "selfTest";
    if (lies !== (state.offHook !== null)) return "off hook or not: the state contradicts itself";
    if (live.length > 0 && (state.notice !== null || state.view.type === "selfTest")) return "something covers a call";
    const detailed = live.some(({phase, emergency}) => phase === "talking" && !emergency);
    if (state.details !== null && !detailed) return "details of a call that is not talked in, or that nothing may hide";
    if (live.length === 0 && state.muted) return "mute outlived its call";
    if (state.dialling?.digits === "") return "dialling without digits";
    const timed = state.dialling !== null && state.dialling.dialAt !== null;
    const sent = isListening(state) || state.settings.emergencyNumbers.includes(state.dialling?.digits ?? "");
    if (timed && (focusOf(state) !== "dialling" || !sent)) return "digits would be sent behind the back";
    const ids = new Set(state.calls.map(({id}) => id));
    return ids.size === state.calls.length ? null : "two calls of one name";
}

function hangUpBreach(before: PhoneState, event: PhoneEvent, after: PhoneState): string | null {
    if (event.type !== "hook" || event.hook !== "on" || before.hook === "on" || before.speaker) return null;
    const left = liveCalls(after).filter((call) => call.phase !== "ringing");
    const doubted = before.faults.includes("hook") && left.every((call) => call.emergency);
    return left.length === 0 || doubted ? null : "a call outlived the handset";
}

/** A long press is of the newest key that is down, is about digits, begins with that key, and ends by the clock. */
function longPressBreach(before: PhoneState, event: PhoneEvent, after: PhoneState): string | null {
    const held = after.longPress;
    const typed = after.dialling?.digits ?? "";
    if (/[0-9+]\+/.test(typed)) return "a + within a number";
    const turned = before.longPress?.key === "0" && event.type === "clock";
    if (
        typed.endsWith("+") &&
        before.dialling?.digits !== typed &&
        !turned &&
        !before.dialling?.digits.startsWith(typed)
    )
        return "a + that no 0 was held for";
    if (held === null) return null;
    if (after.keysDown.at(-1) !== held.key) return `a long press of ${held.key} outlived its key`;
    if (focusOf(after) !== "dialling") return "a long press that is about no digits";
    if (held.key === "0" && !typed.endsWith("0")) return "a long press of a 0 that is not the last digit";
    if (held.at > after.now + 700) return "a long press that is too long";
    const begins = event.type === "key" && event.down && event.key === held.key;
    return before.longPress === null && !begins ? "a long press without a key that went down" : null;
}

/** What is agreed below the level that the owner wants is never talked in nor listened to, but for an emergency. */
function securityBreach(event: PhoneEvent, after: PhoneState): string | null {
    if (event.type !== "security" && event.type !== "confirmed" && event.type !== "progress") return null;
    const call = after.calls.find(({id}) => id === event.call);
    if (call === undefined || call.emergency || call.phase === "ending") return null;
    const levels = ["none", "hop", "end"];
    if (levels.indexOf(call.security) >= levels.indexOf(after.settings.leastSecurity)) return null;
    // A talk goes on when the settings change in the middle of it.
    const begins = event.type === "confirmed" && call.talkingSince === after.now;
    const sounds = event.type === "progress" && event.media && call.phase === "earlyMedia";
    return event.type === "security" || begins || sounds ? `${call.id} goes on, protected as ${call.security}` : null;
}

/** The clock does what is due, all of it, and nothing else. */
function clockBreach(before: PhoneState, event: PhoneEvent, after: PhoneState, out: Outputs): string | null {
    if (event.type !== "clock") return null;
    if (out.wakeAt !== null && out.wakeAt <= after.now) return `overdue since ${out.wakeAt} at ${after.now}`;
    const {wakeAt} = outputsOf(before);
    if (wakeAt !== null && wakeAt <= after.now) return null;
    const same = isDeepStrictEqual({...before, now: 0, wallOffset: 0}, {...after, now: 0, wallOffset: 0});
    return same ? null : "the clock changed what was not due";
}

/** The first breach that this step shows. */
export function breachOf(
    before: PhoneState,
    event: PhoneEvent,
    after: PhoneState,
    effects: readonly Effect[],
): string | null {
    const out = outputsOf(after);
    if (after.now < before.now) return "time went back";
    return (
        microphoneBreach(after, out) ??
        effectsBreach(before, after, effects) ??
        mixBreach(after, out) ??
        quietBreach(after, out) ??
        shapeBreach(after) ??
        hangUpBreach(before, event, after) ??
        longPressBreach(before, event, after) ??
        securityBreach(event, after) ??
        clockBreach(before, event, after, out)
    );
}
