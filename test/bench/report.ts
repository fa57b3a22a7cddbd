/** The table, its footnotes and the JSON of a run. Pure. */
import {type FigureDefinition, type FigureId, figures, type Summary, summaryOf, type Values} from "./figures.ts";
import type {PhoneName} from "./phone-under-test.ts";
import type {Disturbance} from "./visit.ts";

export interface Run {
    readonly values: Readonly<Record<PhoneName, Values>>;
    readonly disturbances: Readonly<Record<PhoneName, readonly Disturbance[]>>;
    /** What went wrong, in words. */
    readonly failures: readonly string[];
    readonly machine: Machine;
}

export interface Machine {
    readonly processor: string;
    readonly cores: number;
    readonly realTime: boolean;
    /** Mean number of processes that wanted to run in the minute before the begin and before the end. */
    readonly load: readonly [number, number];
    /** Longest that the bench itself was kept waiting for the processor while it only waited, in ms. */
    readonly stall: number;
    readonly seconds: number;
    readonly visits: number;
}

export interface Row {
    readonly id: FigureId;
    readonly unit: string;
    readonly offhook: Summary | null;
    readonly baresip: Summary | null;
    /** Ours divided by baresip's: below 1 ours is the smaller. */
    readonly ratio: number | null;
}

export function rowsOf({values}: Run): readonly Row[] {
    return figures.map(({id, unit}) => {
        const [offhook, baresip] = [summaryOf(values.offhook[id]), summaryOf(values.baresip[id])];
        const ratio = offhook === null || baresip === null ? null : offhook.median / baresip.median;
        return {id, unit, offhook, baresip, ratio};
    });
}

function cells(summary: Summary | null, digits: number): readonly [string, string] {
    if (summary === null) return ["-", ""];
    const {median, least, most} = summary;
    return [median.toFixed(digits), `${least.toFixed(digits)}..${most.toFixed(digits)}`];
}

/** The first column to the left, the others to the right. */
function aligned(lines: readonly (readonly string[])[]): readonly string[] {
    const width = (column: number): number => Math.max(...lines.map((line) => line[column]?.length ?? 0));
    return lines.map((line) =>
        line
            .map((cell, column) => (column === 0 ? cell.padEnd(width(column)) : cell.padStart(width(column))))
            .join("  ")
            .trimEnd(),
    );
}

/** Figures of one definition share a note. */
function notesOf(): ReadonlyMap<string, number> {
    const notes = new Map<string, number>();
    for (const {definition} of figures) if (!notes.has(definition)) notes.set(definition, notes.size + 1);
    return notes;
}

function wrapped(text: string, width: number, indent: string): string {
    const lines: string[] = [""];
    for (const word of text.split(" ")) {
        const last = lines.at(-1) ?? "";
        if (last.length > 0 && last.length + 1 + word.length > width) lines.push(word);
        else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
    }
    return lines.join(`\n${indent}`);
}

function disturbanceLine(name: PhoneName, all: readonly Disturbance[]): string {
    const sum = (of: (one: Disturbance) => number): number => all.reduce((total, one) => total + of(one), 0);
    const late = Math.max(0, ...all.map(({farEndLate}) => farEndLate));
    return (
        `${name}: ${all.length} calls, ${sum(({xruns}) => xruns)} xruns, ` +
        `${sum(({lateSound}) => lateSound).toFixed(0)} ms of sound late for the card, ` +
        `${sum(({unheard}) => unheard)} windows of speech not found again; ` +
        `the far end's latest packet left ${late.toFixed(1)} ms after its time`
    );
}

function machineLines({processor, cores, realTime, load, stall, seconds}: Machine): readonly string[] {
    const busy = load.some((value) => value > cores) || stall > 50;
    return [
        `machine: ${cores} cores of ${processor}; load ${load.map((value) => value.toFixed(1)).join(" at the begin, ")} ` +
            `at the end; longest stall of the bench ${stall.toFixed(0)} ms; ${seconds.toFixed(0)} s in all`,
        ...(busy
            ? ["THE MACHINE WAS BUSY WITH OTHER WORK: delays are longer and wider here than on an idle one."]
            : []),
        ...(realTime ? [] : ["No real-time class may be taken here: every phone ran under the ordinary one."]),
    ];
}

/** What is printed. */
export function textOf(run: Run): string {
    const notes = notesOf();
    const heads = ["", "unit", "Offhook", "least..most", "baresip", "least..most", "ratio", "note"];
    const lines = rowsOf(run).map(({offhook, baresip, ratio}, i) => {
        const {words, unit, digits, definition}: FigureDefinition = figures[i] ?? figures[0];
        const ours = cells(offhook, digits);
        const theirs = cells(baresip, digits);
        return [words, unit, ...ours, ...theirs, ratio === null ? "" : ratio.toFixed(2), `${notes.get(definition)}`];
    });
    const footnotes = [...notes].map(([text, number]) => `${`${number}`.padStart(2)}  ${wrapped(text, 108, "    ")}`);
    return [
        ...aligned([heads, ...lines]),
        "",
        "Medians of the visits (a new process and one call each) with the least and the most; ratio: Offhook / baresip.",
        ...footnotes,
        "",
        ...(["offhook", "baresip"] as const).map((name) => disturbanceLine(name, run.disturbances[name])),
        ...machineLines(run.machine),
        ...run.failures.map((failure) => `failed: ${failure}`),
    ].join("\n");
}

/** What `--json` writes. */
export function jsonOf(run: Run): string {
    const definitions = Object.fromEntries(figures.map(({id, definition}) => [id, definition]));
    const {machine, disturbances, failures} = run;
    return `${JSON.stringify({machine, definitions, figures: rowsOf(run), disturbances, failures}, null, 4)}\n`;
}
