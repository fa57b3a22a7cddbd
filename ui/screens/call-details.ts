/** The details of the call that is on: how it sounds, and how it is protected. New with each reading of the facts. */
import type {Call} from "../../firmware/phone/call.ts";
import {partyLines} from "../format.ts";
import {isLarge, line, type Page, RANK} from "../page.ts";
import {hint, type Scene} from "../scene.ts";
import {leafed, securityLines, soundLines, wayLines} from "./quality.ts";

export function callDetailsScreen(scene: Scene, call: Call, page: number): Page {
    const [name] = partyLines(call.party, scene.text);
    const title = isLarge(scene.size) ? [line(RANK.thing, name)] : [];
    const pages = [
        [...title, ...soundLines(scene, call.quality)],
        wayLines(scene, call.quality, call.security),
        securityLines(scene, call),
    ];
    const {body, hints} = leafed(scene, pages, page);
    const mute = hint(scene, "ok", scene.state.muted ? "unmute" : "mute");
    return {body, hints: [hint(scene, "back", "back"), mute, ...hints], backlight: true, changesAt: null};
}
