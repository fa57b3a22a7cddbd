/** The tables of a run. Pure. */
import {type Summary, summaryOf} from "../../bench/figures.ts";
import type {AudioWindow, InsideFigures, Scene} from "./figures.ts";

/** A power-on with the handset lifted, in ms of the kernel's monotonic clock. */
export interface PowerOn {
    /** The first tone in the ear. The phone is not registered yet, so that it is the congestion tone. */
    readonly tone: number;
    readonly dialTone: number;
}

export interface BoardRun {
    readonly inside: InsideFigures;
    readonly powerOns: readonly PowerOn[];
}

const scenes: readonly Scene[] = ["idle", "blocked", "beside two busy programs", "blocked, beside two busy programs"];

export function textOf({inside, powerOns}: BoardRun): string {
    const {dialTone, glass, module, debounce} = inside;
    const less = (values: readonly number[], ms: number): readonly number[] => values.map((value) => value - ms);
    const rows: readonly (readonly [string, readonly number[]])[] = [
        ["power to the first tone", powerOns.map(({tone}) => tone)],
        ["power to dial tone", powerOns.map((powerOn) => powerOn.dialTone)],
        ["lift to dial tone", dialTone],
        [`  less the debounce of ${debounce.hook} ms`, less(dialTone, debounce.hook)],
        ["key to glass", glass],
        [`  less the debounce of ${debounce.key} ms`, less(glass, debounce.key)],
        ["  the display's own computing in it", module],
    ];
    return [
        ...aligned([["ms of virtual time", "median", "least", "most", "times"], ...rows.map(rowOf)]),
        "",
        ...aligned([audioHead, ...scenes.map((scene) => audioRow(scene, inside.audio))]),
        "",
        ...notes(inside),
    ].join("\n");
}

function rowOf([words, values]: readonly [string, readonly number[]]): readonly string[] {
    const summary: Summary | null = summaryOf(values);
    if (summary === null) return [words, "-", "-", "-", "0"];
    const {median, least, most} = summary;
    return [words, ...[median, least, most].map((value) => value.toFixed(1)), String(values.length)];
}

const audioHead = ["audio in a call", "s", "interval p50", "p95", "longest", "lost", "gaps", "longest", "xruns"];

function audioRow(scene: Scene, all: readonly AudioWindow[]): readonly string[] {
    const windows = all.filter((window) => window.scene === scene);
    const intervals = windows.flatMap((window) => window.intervals).toSorted((a, b) => a - b);
    const gaps = windows.flatMap((window) => window.gaps);
    const sum = (of: (window: AudioWindow) => number): number =>
        windows.reduce((total, window) => total + of(window), 0);
    const seconds = intervals.reduce((total, interval) => total + interval, 0) / 1_000;
    return [
        scene,
        seconds.toFixed(1),
        ...[0.5, 0.95, 1].map((share) => atShare(intervals, share).toFixed(1)),
        String(sum(({lost}) => lost)),
        String(gaps.length),
        Math.max(0, ...gaps).toFixed(0),
        String(sum(({xruns}) => xruns)),
    ];
}

/** The least value that is not exceeded by this share of sorted values. NaN for none. */
export function atShare(sorted: readonly number[], share: number): number {
    return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

function notes({audio, realTime}: InsideFigures): readonly string[] {
    const blocked = audio.flatMap((window) => (window.blocked > 0 ? [window.blocked / 1_000] : []));
    return [
        "One core of 250 million instructions a second, no cache and no memory that is waited for; time is instructions.",
        "Power: the kernel's monotonic clock, which starts with the kernel. While the board waits for its disk, which is",
        "this machine, the clock goes with the wall's: here alone a busy machine shows. No display is connected then, and",
        "the board's own registrar accepts the phone at once. First tone: congestion, as no number can be sent yet.",
        "Lift and key: from just before the contact moves; the longest is the first, when nothing is compiled yet. Sound",
        "is uncertain by the 4 ms of the loopback card. Glass: the CFA635 has understood the packet that shows the digit;",
        "its line is paced. Interval: between packets (20 ms) at a far end on the same core. Gap: 8 ms or more of silence",
        `in the ear instead of the far end's tone. JavaScript was blocked for ${blocked.map((s) => s.toFixed(1)).join(", ")} s of 3 s each.`,
        ...(realTime ? [] : ["The audio thread had no real-time priority."]),
    ];
}

/** The first column to the left, the others to the right. */
function aligned(lines: readonly (readonly string[])[]): readonly string[] {
    const width = (column: number): number => Math.max(...lines.map((line) => line[column]?.length ?? 0));
    const cell = (text: string, column: number): string =>
        column === 0 ? text.padEnd(width(column)) : text.padStart(width(column));
    return lines.map((line) => line.map(cell).join("  "));
}
