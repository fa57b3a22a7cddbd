/** A call on its way: calling, ringing there, an announcement before it is answered, or our answer on its way. */
import type {Call} from "../../firmware/phone/call.ts";
import {line, type Page, RANK} from "../page.ts";
import {accountOf, type Scene} from "../scene.ts";
import {partyBody} from "./party.ts";

export function outgoingScreen(scene: Scene, call: Call): Page {
    const {state, text} = scene;
    const label = accountOf(state, call.account)?.label ?? "";
    return {
        body: [...partyBody(scene, call), line(RANK.about, phaseWord(scene, call)), line(RANK.detail, label)],
        hints: [{key: text.call.putDown, word: ""}],
        backlight: true,
        changesAt: null,
    };
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
