/** What is measured: the names, units and definitions of the table, and what many values say. Pure. */

export interface FigureDefinition {
    readonly id: string;
    readonly words: string;
    readonly unit: "ms" | "s/min" | "MB";
    /** Digits behind the point. */
    readonly digits: number;
    /** Printed below the table. */
    readonly definition: string;
}

const delayDefinitions = {
    send:
        "Packet in the far end's hands minus the microphone instant of the first sample of its frame, median of a " +
        "call's packets. Floor: the packet time of 20 ms; with Opus 6.5 ms of look-ahead on top.",
    receive:
        "Speaker instant of a sample minus the nominal instant at which its packet was sent, found by cross-correlation " +
        "with a clean decoder's sound in windows of 0.6 s of active speech, median of a call's windows. No impairment.",
};
const cost = {
    cpu:
        "User and system time of the phone's whole process during a call, a minute (/proc/PID/stat). The virtual card " +
        "runs in the process: its system calls, some five a period, count too (our periods: 5 ms; baresip's: 20 ms).",
    memory: "Peak resident set of the phone's process from its start to the end of its one call (VmHWM).",
};

export const figures = [
    {id: "send-PCMA", words: "send delay, PCMA", unit: "ms", digits: 1, definition: delayDefinitions.send},
    {id: "send-opus", words: "send delay, Opus", unit: "ms", digits: 1, definition: delayDefinitions.send},
    {id: "receive-PCMA", words: "receive delay, PCMA", unit: "ms", digits: 1, definition: delayDefinitions.receive},
    {id: "receive-opus", words: "receive delay, Opus", unit: "ms", digits: 1, definition: delayDefinitions.receive},
    {id: "cpu-PCMA", words: "CPU in a call, PCMA", unit: "s/min", digits: 2, definition: cost.cpu},
    {id: "cpu-opus", words: "CPU in a call, Opus", unit: "s/min", digits: 2, definition: cost.cpu},
    {id: "memory-PCMA", words: "peak memory, PCMA", unit: "MB", digits: 0, definition: cost.memory},
    {id: "memory-opus", words: "peak memory, Opus", unit: "MB", digits: 0, definition: cost.memory},
    {
        id: "registered",
        words: "start to registered",
        unit: "ms",
        digits: 0,
        definition:
            "From before the process is made to the 200 of its REGISTER at the registrar, which challenges once. " +
            "Our phone has its settings in its data folder; baresip's start holds that of setpriv, chrt, stdbuf and env.",
    },
    {
        id: "ringing",
        words: "INVITE to 180",
        unit: "ms",
        digits: 1,
        definition:
            "From the INVITE written by the far end to the first 180 read by it; the first call of the process.",
    },
    {
        id: "answer",
        words: "lift (or command) to 200 OK",
        unit: "ms",
        digits: 1,
        definition:
            "From lifting the handset, its debounce of 20 ms included, to the 200 read by the far end; with baresip from " +
            "the command `accept`.",
    },
    {
        id: "first-sound",
        words: "200 OK to far sound in ear",
        unit: "ms",
        digits: 1,
        definition:
            "From the 200 read by the far end, which sends sound at once, to the first sample above -50 dBFS at the " +
            "speaker.",
    },
    {
        id: "glass",
        words: "key to glass",
        unit: "ms",
        digits: 1,
        definition:
            "From the press at the simulated board, its debounce of 8 ms included, to the digit on the CFA635 emulator, " +
            "which takes bytes as slowly as the module's line at 115200 baud.",
    },
    {
        id: "dial-tone",
        words: "lift to dial tone",
        unit: "ms",
        digits: 1,
        definition:
            "From lifting the handset, its debounce of 20 ms included, to the first sample above -50 dBFS at the speaker.",
    },
] as const satisfies readonly FigureDefinition[];

export type FigureId = (typeof figures)[number]["id"];

/** Values of figures, as they came. */
export type Values = Readonly<Partial<Record<FigureId, readonly number[]>>>;

export function joined(all: readonly Values[]): Values {
    const entries = figures.map(({id}) => [id, all.flatMap((values) => values[id] ?? [])] as const);
    return Object.fromEntries(entries.filter(([, values]) => values.length > 0));
}

export interface Summary {
    readonly median: number;
    readonly least: number;
    readonly most: number;
    readonly values: readonly number[];
}

/** The value in the middle; of an even number of them, the mean of the two in the middle. NaN for none. */
export function medianOf(values: readonly number[]): number {
    const sorted = values.toSorted((a, b) => a - b);
    const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
    return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** Null where nothing was measured. */
export function summaryOf(values: readonly number[] | undefined): Summary | null {
    if (values === undefined || values.length === 0) return null;
    return {median: medianOf(values), least: Math.min(...values), most: Math.max(...values), values};
}
