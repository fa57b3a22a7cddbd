/** Digits are being collected: the line that will be used, the digits with the cursor behind them, what sends them. */
import {clipStart} from "../layout.ts";
import {line, type Page, RANK} from "../page.ts";
import {defaultAccount, hint, type Scene, serviceFaultOf} from "../scene.ts";

export function diallingScreen(scene: Scene): Page {
    const {state, text, size} = scene;
    const digits = state.dialling?.digits ?? "";
    const shown = clipStart(digits, size.columns - 1);
    const account = defaultAccount(state);
    const fault = serviceFaultOf(account);
    const emergency = state.settings.emergencyNumbers.includes(digits);
    const below = emergency ? text.call.emergency : fault === null ? "" : text.service[fault].why;
    return {
        body: [
            line(RANK.about, text.dial.title, account?.label ?? ""),
            line(RANK.thing, shown, "", shown.length),
            ...(below === "" ? [] : [line(emergency ? RANK.about : RANK.state, below)]),
            ...(state.hook === "on" && !state.speaker ? [line(RANK.detail, text.dial.hookHint)] : []),
        ],
        hints: [hint(scene, "back", "delete"), hint(scene, "ok", "call")],
        backlight: true,
        changesAt: null,
    };
}
