/** What stands on every page without hiding it: the volume while it is being set, and what is broken. */
import {bar} from "./layout.ts";
import {isLarge, line, type PageLine, RANK} from "./page.ts";
import type {Scene} from "./scene.ts";

/** Ends of the scales in dB, as the settings have them. */
const CALL_VOLUME = {least: -24, most: 12};
const RING_VOLUME = {least: -30, most: 0};
const BAR_CELLS = 8;

export interface Notes {
    readonly lines: readonly PageLine[];
    readonly changesAt: number | null;
}

export function notesOf(scene: Scene): Notes {
    const {state} = scene;
    const shown = state.volumeShownUntil !== null && state.volumeShownUntil > state.now;
    const volume = shown && !setsRingVolume(scene) ? [line(RANK.about, ...volumeWords(scene))] : [];
    return {lines: [...volume, ...faultLines(scene)], changesAt: shown ? state.volumeShownUntil : null};
}

/** The screen of the ringer's volume has its bar already. */
function setsRingVolume({state}: Scene): boolean {
    const covered =
        state.calls.length > 0 || state.dialling !== null || state.notice !== null || state.offHook !== null;
    return state.view.type === "ringVolume" && !covered;
}

function volumeWords(scene: Scene): readonly [string, string] {
    const {volumeShown, settings} = scene.state;
    return volumeShown === "volume"
        ? [scene.text.volume.call, callVolumeBar(settings.volume)]
        : [scene.text.volume.ring, ringVolumeBar(scene)];
}

function callVolumeBar(decibels: number): string {
    return bar((decibels - CALL_VOLUME.least) / (CALL_VOLUME.most - CALL_VOLUME.least), BAR_CELLS);
}

/** The bar of the ringer, or the word for silence. */
export function ringVolumeBar({state, text}: Scene): string {
    const decibels = state.settings.ringVolume;
    if (decibels === null) return text.volume.silent;
    // The lowest step still rings: it is one cell, so that an empty bar never means a bell.
    const share = (decibels - RING_VOLUME.least) / (RING_VOLUME.most - RING_VOLUME.least);
    return bar(Math.max(1 / BAR_CELLS, share), BAR_CELLS);
}

/** Faults in words; with room, the reason behind them too. */
function faultLines({state, text, size}: Scene): readonly PageLine[] {
    const reason = (fault: string): string => (isLarge(size) ? fault : "");
    const sound = state.soundFault === null ? [] : [line(RANK.fault, text.fault.sound, reason(state.soundFault))];
    const store = state.storeFault === null ? [] : [line(RANK.minorFault, text.fault.store, reason(state.storeFault))];
    // A display that is lost shows nothing; one that came back has no fault.
    const parts = state.faults
        .filter((part) => part !== "display")
        .map((part) => line(RANK.minorFault, text.fault[part]));
    return [...sound, ...store, ...parts];
}
