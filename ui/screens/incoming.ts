/** Somebody calls: name and number, and how to answer or refuse. A silent bell blinks the glass instead (row 15). */
import type {Call} from "../../firmware/phone/call.ts";
import {line, type Page, RANK} from "../page.ts";
import {accountOf, hint, type Scene} from "../scene.ts";
import {partyBody} from "./party.ts";

/** Half a period of the blinking light, in ms. */
const BLINK = 500;

export function incomingScreen(scene: Scene, call: Call): Page {
    const {state, text} = scene;
    const silent = state.settings.ringVolume === null;
    const blinks = Math.floor(Math.max(0, state.now - call.appearedAt) / BLINK);
    const label = accountOf(state, call.account)?.label ?? "";
    const how = state.hook === "on" ? [line(RANK.state, text.call.lift)] : [];
    return {
        body: [
            line(RANK.detail, text.call.incoming, state.accounts.length > 1 ? label : ""),
            ...partyBody(scene, call),
            ...how,
        ],
        hints: [hint(scene, "back", "reject"), hint(scene, "ok", "answer")],
        backlight: !silent || blinks % 2 === 0,
        changesAt: silent ? call.appearedAt + (blinks + 1) * BLINK : null,
    };
}
