/** A call or an attempt is over: why, with whom, how long. */
import type {EndReason} from "../../firmware/phone/call.ts";
import type {Notice} from "../../firmware/phone/state.ts";
import {duration, partyLines} from "../format.ts";
import {line, type Page, type PageLine, RANK} from "../page.ts";
import {defaultAccount, hint, nextRetrySecond, type Scene} from "../scene.ts";
import {limitLines, serviceLines} from "./idle.ts";

export function endedScreen(scene: Scene, notice: Notice): Page {
    const {state, text} = scene;
    const [first, second] = partyLines(notice.party, text);
    const why = reasonWords(scene, notice.reason);
    const because = causeLines(scene, notice.reason);
    const nobody = notice.party.number === "" && notice.party.name === null;
    return {
        body: [
            line(RANK.thing, why),
            ...because,
            ...(nobody ? [] : [line(RANK.detail, first)]),
            ...(second === null ? [] : [line(RANK.detail, second)]),
            ...(notice.talkSeconds === null ? [] : [line(RANK.state, text.call.talked, duration(notice.talkSeconds))]),
        ],
        hints: state.hook === "off" ? [{key: text.offHook.putDown, word: ""}] : [hint(scene, "back", "close")],
        backlight: true,
        changesAt: notice.reason.code === "noService" ? nextRetrySecond(state) : null,
    };
}

/** What the far end cannot accept is our sound; without its word it was something here that forbade the call. */
function reasonWords({text}: Scene, {code, sip}: EndReason): string {
    return code === "notAcceptable" && sip !== null ? text.noCodec : text.reason[code];
}

/** What forbade the call and still does. */
function causeLines(scene: Scene, {code, sip}: EndReason): readonly PageLine[] {
    if (code === "noService") return serviceLines(scene, defaultAccount(scene.state));
    return code === "notAcceptable" && sip === null ? limitLines(scene) : [];
}
