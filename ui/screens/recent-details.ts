/** The details of a call that is over: who and when, what became of it, and how it sounded. */
import type {RecentCall} from "../../firmware/phone/state.ts";
import {duration, partyLines, relativeDayAndTime, wallTime} from "../format.ts";
import {type Hint, isLarge, line, type Page, type PageLine, RANK} from "../page.ts";
import {hint, nextMinute, type Scene} from "../scene.ts";
import {leafed, soundLines, wayLines} from "./quality.ts";

export function recentDetailsScreen(scene: Scene, recent: RecentCall, page: number): Page {
    const {quality, security} = recent;
    // What rang out has no sound to tell of.
    const sounded = quality !== null || security !== null;
    const pages = sounded
        ? [
              whoLines(scene, recent),
              [...endLines(scene, recent), ...wayLines(scene, quality, security)],
              soundLines(scene, quality),
          ]
        : [[...whoLines(scene, recent), ...endLines(scene, recent)]];
    const {body, hints} = leafed(scene, pages, page);
    return {
        body,
        hints: detailsHints(scene, recent, hints),
        backlight: true,
        changesAt: isLarge(scene.size) ? nextMinute(scene.state) : null,
    };
}

/** A narrow glass gives the date, which is never too long. */
function whoLines({state, text, size, wall}: Scene, {party, startedAt}: RecentCall): readonly PageLine[] {
    const [name, number] = partyLines(party, text);
    const at = wallTime(startedAt, state.settings.timeZone, text);
    const row = number === null ? [] : [line(RANK.about, number)];
    if (isLarge(size)) return [line(RANK.thing, name, relativeDayAndTime(at, wall, text)), ...row];
    return [line(RANK.thing, name), ...row, line(RANK.detail, at.shortDate, at.time)];
}

function endLines({text}: Scene, {outcome, reason, talkSeconds}: RecentCall): readonly PageLine[] {
    const why = reason === null ? text.recents.outcome[outcome] : text.reason[reason];
    return [line(RANK.state, why, talkSeconds === null ? "" : duration(talkSeconds))];
}

/** The middle one goes first on a narrow glass; what is left names the keys that are not plain. */
function detailsHints(scene: Scene, {party}: RecentCall, pages: readonly Hint[]): readonly Hint[] {
    const back = hint(scene, "back", "back");
    const call = party.number === "" ? [] : [hint(scene, "ok", "call")];
    if (isLarge(scene.size)) return [back, ...call];
    return pages.length > 0 && call.length > 0 ? [...pages, ...call] : [back, ...pages, ...call];
}
