/** A call on its way: calling, ringing there, an announcement before it is answered, or our answer on its way. */
import type {Call} from "../../firmware/phone/call.ts";
import {type Hint, line, type Page, RANK} from "../page.ts";
import {accountOf, hint, type Scene} from "../scene.ts";
import {partyBody} from "./party.ts";

export function outgoingScreen(scene: Scene, call: Call): Page {
    const {state} = scene;
    const label = accountOf(state, call.account)?.label ?? "";
    return {
        body: [...partyBody(scene, call), line(RANK.about, phaseWord(scene, call)), line(RANK.detail, label)],
        hints: endHints(scene, call),
        backlight: true,
        changesAt: null,
    };
}

/** With the handset in the hand, putting it down; an emergency call then ends by nothing else. */
function endHints(scene: Scene, call: Call): readonly Hint[] {
    if (scene.state.hook === "on") return [hint(scene, "back", "hangUp")];
    const putDown = {key: scene.text.call.putDown, word: ""};
    return call.emergency ? [putDown] : [hint(scene, "back", "hangUp"), putDown];
}

function phaseWord({text}: Scene, call: Call): string {
    switch (call.phase) {
        case "calling": {
            return text.call.calling;
        }
        case "alerting": {
            return text.call.alerting;
        }
        case "earlyMedia": {
            return text.call.earlyMedia;
        }
        case "answering": {
            return text.call.answering;
        }
        case "ringing": {
            return text.call.incoming;
        }
        case "talking": {
            return text.call.talking;
        }
        case "ending": {
            return text.call.ending;
        }
    }
}
