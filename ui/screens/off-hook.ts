/** The handset is off hook and nothing was dialled yet; or it was left lying (row 4). */
import {line, type Page, RANK} from "../page.ts";
import {defaultAccount, hint, nextRetrySecond, type Scene, serviceFaultOf} from "../scene.ts";
import {serviceLines} from "./idle.ts";

export function offHookScreen(scene: Scene): Page {
    const {state, text} = scene;
    const account = defaultAccount(state);
    if (state.offHook?.stage !== "dialTone") {
        return {
            body: [line(RANK.thing, text.offHook.lying), line(RANK.about, text.offHook.putDown)],
            hints: [],
            backlight: true,
            changesAt: null,
        };
    }
    const canRedial = state.recents.some(({direction, party}) => direction === "outgoing" && party.number !== "");
    const noService = serviceFaultOf(account) !== null;
    return {
        body: [
            line(RANK.thing, noService ? text.idle.noService : text.dial.enter),
            ...(noService ? serviceLines(scene, account) : [line(RANK.about, account?.label ?? "")]),
        ],
        hints: [hint(scene, "upDown", "volume"), ...(canRedial ? [hint(scene, "ok", "redial")] : [])],
        backlight: true,
        changesAt: noService ? nextRetrySecond(state) : null,
    };
}
