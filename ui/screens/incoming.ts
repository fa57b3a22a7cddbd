/** Somebody calls: name and number, and how to answer or refuse. A silent bell blinks the glass instead (row 15). */
import type {Call} from "../../firmware/phone/call.ts";
import {type Hint, line, type Page, RANK} from "../page.ts";
import {accountOf, hint, type Scene} from "../scene.ts";
import {partyBody} from "./party.ts";

/** Half a period of the blinking light, in ms. */
const BLINK = 500;

export function incomingScreen(scene: Scene, call: Call): Page {
    const {state, text} = scene;
    const silent = state.settings.ringVolume === null;
    const blinks = Math.floor(Math.max(0, state.now - call.appearedAt) / BLINK);
    const label = accountOf(state, call.account)?.label ?? "";
    // Digits collect behind the call, for an emergency number.
    const digits = state.dialling === null ? [] : [line(RANK.state, state.dialling.digits)];
    const how = state.hook === "on" ? [line(RANK.state, text.call.lift)] : [];
    return {
        body: [
            line(RANK.extra, text.call.incoming, state.accounts.length > 1 ? label : ""),
            ...partyBody(scene, call),
            ...how,
            ...digits,
        ],
        hints: [hint(scene, "back", "reject"), ...okHints(scene, call)],
        backlight: !silent || blinks % 2 === 0,
        changesAt: silent ? call.appearedAt + (blinks + 1) * BLINK : null,
    };
}

/** OK answers where there is an ear to answer to, else it silences the bell, once. */
function okHints(scene: Scene, call: Call): readonly Hint[] {
    const {hook, speaker, handsFree, silenced} = scene.state;
    if (hook === "off" || speaker || handsFree) return [hint(scene, "ok", "answer")];
    return silenced === call.id ? [] : [hint(scene, "ok", "silence")];
}
