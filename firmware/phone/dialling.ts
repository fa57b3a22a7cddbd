/** Digits before a call: collected, corrected, sent. */
import type {Digit, Key} from "../../hal/board.ts";
import {placeCall, reasonOf} from "./calls.ts";
import type {DigitMatch} from "./digit-map.ts";
import {matchDigits, parseDigitMap} from "./digit-map.ts";
import {longPressOfDigit, withHeldBack} from "./long-press.ts";
import {dialAtOf} from "./settle.ts";
import {isListening, liveCalls} from "./standing.ts";
import type {PhoneState, Step} from "./state.ts";
import {andThen, stepOf} from "./step.ts";

/** A telephone-event of ours and the tone of it in our own ear, ms (W3C insertDTMF's default). */
export const digitMs = 100;
/** More digits than any number has (E.164: 15) and any feature code needs. */
const mostDigits = 64;

const digits: ReadonlySet<string> = new Set("0123456789*#");

export function isDigit(key: Key): key is Digit {
    return digits.has(key);
}

/** The key's tone in the own ear; none where no ear listens. */
export function withFeedback(state: PhoneState, digit: Digit): PhoneState {
    return isListening(state) ? {...state, feedback: {digit, until: state.now + digitMs}} : state;
}

/** Inside a feature code such as *21*600# the # is a digit. */
function isFeatureCode(number: string): boolean {
    return number.startsWith("*") || number.startsWith("#");
}

/** What a digit map, which knows the numbers of one country, need not know; a 0 may be held and become a +. */
const isBeyondMap = (number: string): boolean => isFeatureCode(number) || number === "0" || number.startsWith("+");

const isEmergency = (state: PhoneState, number: string): boolean => state.settings.emergencyNumbers.includes(number);

/** With an ear at it, over a ringing call, or where the hook switch cannot be believed. */
const sendsAtOnce = (state: PhoneState): boolean =>
    isListening(state) || liveCalls(state).length > 0 || state.faults.includes("hook");

/** What the map says. It neither excludes nor cuts short what may become an emergency number. */
function matchOf(state: PhoneState, number: string): DigitMatch {
    const map = mapOf(state.settings.digitMap);
    const mayBecome = state.settings.emergencyNumbers.some((emergency) => emergency.startsWith(number));
    if (map.length === 0 || mayBecome) return "partial";
    const match = matchDigits(map, number);
    return match === "none" && isBeyondMap(number) ? "partial" : match;
}

/** A map that cannot be read is no map: the timer and # still send. */
function mapOf(text: string): ReturnType<typeof parseDigitMap> {
    try {
        return parseDigitMap(text);
    } catch {
        // The settings refuse a bad map; one that an older version kept must not keep the phone from dialling.
        return [];
    }
}

/** No country code begins with 0 (E.164): the + before one was a slow finger, and the number may be 000. */
const beforeDigit = (typed: string, digit: Digit): string => (typed === "+" && digit === "0" ? "0" : typed);

/**
 * One more digit. With an ear listening an emergency number is sent as soon as it is complete, and of others the digit
 * map decides. On the hook digits collect for a lift, OK or # to send; an emergency number is sent by the timer as well,
 * so that a longer number that begins like one can be typed.
 */
export function pressDigit(state: PhoneState, digit: Digit): Step {
    const before = beforeDigit(state.dialling?.digits ?? "", digit);
    const rings = liveCalls(state).length > 0;
    if (digit === "#" && before !== "" && !isFeatureCode(before)) return rings ? stepOf(state) : sendDigits(state);
    if (before.length >= mostDigits) return stepOf(state);
    const number = before + digit;
    const heard = withFeedback(state, digit);
    if (isEmergency(state, number) && sendsAtOnce(state)) return placeCall(heard, number);
    const collected: PhoneState = {
        ...heard,
        notice: null,
        dialling: {digits: number, dialAt: dialAtOf(state)},
        longPress: longPressOfDigit(state, number),
    };
    if (rings || !isListening(state)) return stepOf(collected);
    switch (matchOf(state, number)) {
        case "complete": {
            return placeCall(heard, number);
        }
        case "none": {
            return placeCall(heard, number, reasonOf("notFound"));
        }
        default: {
            return stepOf(collected);
        }
    }
}

/** Sends the digits as they stand; what the owner sends by hand needs no match. */
export function sendDigits(state: PhoneState): Step {
    return state.dialling === null ? stepOf(state) : placeCall(state, state.dialling.digits);
}

/** Takes the last digit away; without digits the dial tone is back. */
export function deleteDigit(state: PhoneState): Step {
    const rest = state.dialling?.digits.slice(0, -1) ?? "";
    return stepOf({...state, dialling: rest === "" ? null : {digits: rest, dialAt: dialAtOf(state)}});
}

/** Keys while digits stand on the glass. */
export function diallingKey(state: PhoneState, key: Key): Step {
    switch (key) {
        case "ok": {
            return sendDigits(state);
        }
        case "back": {
            return andThen(deleteDigit(state), (next) => stepOf(withHeldBack(next)));
        }
        case "left": {
            return deleteDigit(state);
        }
        default: {
            return stepOf(state);
        }
    }
}
