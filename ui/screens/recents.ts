/** Recent calls, newest first (row 93): a mark, the name, when; the selected row scrolls once when it is too long. */
import type {RecentCall, RecentsFilter, View} from "../../firmware/phone/state.ts";
import {duration, partyLines, relativeDay, relativeDayAndTime, wallTime} from "../format.ts";
import {cellsOf, firstShown} from "../layout.ts";
import {earliest, type Hint, isLarge, line, listRoom, type Page, type PageLine, RANK} from "../page.ts";
import {hint, nextMinute, type Scene} from "../scene.ts";
import {type Scrolled, scrolled} from "../scroll.ts";
import {recentDetailsScreen} from "./recent-details.ts";

type Recents = Extract<View, {type: "recents"}>;

/** Out, in, not answered, answered on another phone, cut off by a power failure. */
const MARKS: Readonly<Record<RecentCall["outcome"], string>> = {
    placed: "→",
    received: "←",
    missed: "!",
    elsewhere: "=",
    interrupted: "~",
};

/** The rows that a filter leaves, in the order of the log. */
export function recentsShown(recents: readonly RecentCall[], filter: RecentsFilter): readonly RecentCall[] {
    switch (filter) {
        case "all": {
            return recents;
        }
        case "missed": {
            return recents.filter(({outcome}) => outcome === "missed");
        }
        case "received": {
            return recents.filter(({direction, outcome}) => direction === "incoming" && outcome !== "missed");
        }
        case "placed": {
            return recents.filter(({direction}) => direction === "outgoing");
        }
    }
}

export function recentsScreen(scene: Scene, view: Recents): Page {
    const {state, text, size} = scene;
    const shown = recentsShown(state.recents, view.filter);
    const selected = Math.max(0, Math.min(view.selected, shown.length - 1));
    const detailed = view.page === null ? undefined : shown[selected];
    if (detailed !== undefined) return recentDetailsScreen(scene, detailed, view.page ?? 0);
    // With room, two rows tell more of the selected call.
    const room = listRoom(size) - (isLarge(size) ? 2 : 0);
    const first = firstShown(selected, shown.length, Math.max(1, room));
    const rows = shown.slice(first, first + Math.max(1, room)).map((recent, index) => {
        return recentRow(scene, recent, first + index === selected ? view.since : null);
    });
    const title = `${text.recents[view.filter]} ${shown.length === 0 ? 0 : selected + 1}/${shown.length}`;
    return {
        body: [
            ...(isLarge(size) ? [line(RANK.about, title)] : []),
            ...(rows.length === 0 ? [line(RANK.thing, text.recents.empty)] : rows.map(({row}) => row)),
            ...(isLarge(size) ? detailLines(scene, shown[selected]) : []),
        ],
        hints: recentsHints(scene, view, shown[selected], shown.length > 1),
        backlight: true,
        changesAt: earliest([nextMinute(state), nextTurn(view.since, state.now), ...rows.map((row) => row.changesAt)]),
    };
}

/** How long the filter and the details each have their place on a narrow glass, in ms. */
const TURN = 4_000;

function nextTurn(since: number, now: number): number {
    const next = since + (Math.floor((now - since) / TURN) + 1) * TURN;
    // Sums of fractions may round to now itself.
    return next > now ? next : next + TURN;
}

/** Nobody can be called back who gave no number. */
function recentsHints(
    scene: Scene,
    {filter, since}: Recents,
    selected: RecentCall | undefined,
    several: boolean,
): readonly Hint[] {
    const back = hint(scene, "back", "back");
    const canCall = (selected?.party.number ?? "") !== "";
    const last = canCall ? hint(scene, "ok", "call") : back;
    const next = {key: `${scene.text.recents[filter]}→`, word: ""};
    const details = hint(scene, "left", "details");
    if (selected === undefined) return [next, last];
    if (isLarge(scene.size)) {
        return [next, ...(several ? [hint(scene, "upDown", "select")] : []), details, ...(canCall ? [back] : []), last];
    }
    return [Math.floor((scene.state.now - since) / TURN) % 2 === 0 ? next : details, last];
}

/** `►!Anna Schmidt   09:41`; the name of the selected row moves from `since` on. */
function recentRow(
    {state, text, size, wall}: Scene,
    recent: RecentCall,
    since: number | null,
): {readonly row: PageLine; readonly changesAt: number | null} {
    const [name] = partyLines(recent.party, text);
    const at = wallTime(recent.startedAt, state.settings.timeZone, text);
    const when = isLarge(size) ? relativeDayAndTime(at, wall, text) : relativeDay(at, wall);
    const width = size.columns - 3 - when.length;
    const moving: Scrolled =
        since === null ? {text: cellsOf(name), changesAt: null} : scrolled(cellsOf(name), width, since, state.now);
    const row = line(
        since === null ? RANK.state : RANK.thing,
        `${since === null ? " " : "►"}${MARKS[recent.outcome]}${moving.text}`,
        when,
    );
    return {row, changesAt: moving.changesAt};
}

function detailLines({text}: Scene, recent: RecentCall | undefined): readonly PageLine[] {
    if (recent === undefined) return [];
    const [, number] = partyLines(recent.party, text);
    const length = recent.talkSeconds === null ? "" : duration(recent.talkSeconds);
    const why = recent.reason === null ? text.recents.outcome[recent.outcome] : text.reason[recent.reason];
    return [line(RANK.extra, number ?? ""), line(RANK.detail, why, length)];
}
