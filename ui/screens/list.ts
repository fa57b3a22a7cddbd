/** A list of choices, the selected one marked and in sight. */
import {firstShown} from "../layout.ts";
import {isLarge, line, listRoom, type PageLine, RANK} from "../page.ts";
import type {Scene} from "../scene.ts";

/** One row a choice, `►` before the selected; with room, the title above. */
export function listLines(scene: Scene, title: string, choices: readonly string[], selected: number): PageLine[] {
    const room = listRoom(scene.size);
    const bounded = Math.max(0, Math.min(selected, choices.length - 1));
    const first = firstShown(bounded, choices.length, room);
    const rows = choices.slice(first, first + room).map((choice, index) => {
        const here = first + index === bounded;
        return line(here ? RANK.thing : RANK.state, `${here ? "►" : " "}${choice}`);
    });
    return isLarge(scene.size) ? [line(RANK.about, title), ...rows] : rows;
}
