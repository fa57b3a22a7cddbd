/** The log of a virtual sound card, as `virtual-card/card_log.h` describes it. Pure. Instants are ns of CLOCK_MONOTONIC. */

export type CardDirection = "playback" | "capture";
export type CardEventName = "open" | "refuse" | "params" | "start" | "stop" | "drain" | "xrun" | "unplug" | "close";

/** One line. `stream` names one opening of one PCM: process id and a count. */
export interface CardEvent {
    readonly at: number;
    readonly stream: string;
    readonly direction: CardDirection;
    readonly name: CardEventName;
    readonly values: Readonly<Record<string, number>>;
}

/** How a run ended: by the program, by an xrun, by unplugging; "lost": the program died; "running": not yet. */
export type RunEnd = "stop" | "drain" | "xrun" | "unplug" | "lost" | "running";

/** From a start of a stream to its end. */
export interface CardRun {
    readonly stream: string;
    readonly startedAt: number;
    /** Nominal rate in Hz; the converter's own is `rate * (1 + ppm / 1e6)`. */
    readonly rate: number;
    readonly ppm: number;
    readonly channels: number;
    readonly periodSize: number;
    readonly bufferSize: number;
    /** Number of the first sample in the recording (playback). */
    readonly firstSample: number;
    /** Frames at the converter until the end; null while it runs or if the program died. */
    readonly heard: number | null;
    readonly ended: RunEnd;
    readonly endedAt: number | null;
}

/** The time that one PCM was open: `closedAt` null means that it still is, or that its program died unheard. */
export interface OpenSpan {
    readonly stream: string;
    readonly openedAt: number;
    readonly closedAt: number | null;
}

const NAMES: ReadonlySet<string> = new Set<CardEventName>([
    "open",
    "refuse",
    "params",
    "start",
    "stop",
    "drain",
    "xrun",
    "unplug",
    "close",
]);
const ENDS: ReadonlySet<string> = new Set<CardEventName>(["stop", "drain", "xrun", "unplug"]);

function isName(word: string | undefined): word is CardEventName {
    return word !== undefined && NAMES.has(word);
}

function eventOf(line: string): CardEvent | null {
    const [at, stream, direction, name, ...pairs] = line.split(" ");
    if (stream === undefined || (direction !== "playback" && direction !== "capture") || !isName(name)) {
        return null;
    }
    const values = pairs.map((pair) => pair.split("=")).map(([key, value]) => [key, Number(value)]);
    return {at: Number(at), stream, direction, name, values: Object.fromEntries(values)};
}

/** The events in a log's text; a last line without its end is left for the next reading. */
export function eventsOf(text: string): readonly CardEvent[] {
    const lines = text.split("\n").slice(0, -1);
    return lines.map(eventOf).filter((event) => event !== null);
}

function runOf(start: CardEvent, params: CardEvent | undefined): CardRun {
    const setup = params?.values ?? {};
    return {
        stream: start.stream,
        startedAt: start.at,
        rate: setup["rate"] ?? 0,
        ppm: setup["ppm"] ?? 0,
        channels: setup["channels"] ?? 1,
        periodSize: setup["period"] ?? 0,
        bufferSize: setup["buffer"] ?? 0,
        firstSample: start.values["sample"] ?? 0,
        heard: null,
        ended: "running",
        endedAt: null,
    };
}

function isEnd(name: CardEventName): name is "stop" | "drain" | "xrun" | "unplug" {
    return ENDS.has(name);
}

/** All runs of one direction, oldest first. A stream that another opening followed without a word was lost. */
export function runsOf(events: readonly CardEvent[], direction: CardDirection): readonly CardRun[] {
    const runs: CardRun[] = [];
    const params = new Map<string, CardEvent>();
    for (const event of events.filter((one) => one.direction === direction)) {
        const last = runs.at(-1);
        if (event.name === "params") {
            params.set(event.stream, event);
        } else if (event.name === "start") {
            runs.push(runOf(event, params.get(event.stream)));
        } else if (event.name === "open" && last?.ended === "running") {
            runs.splice(-1, 1, {...last, ended: "lost"});
        } else if (isEnd(event.name) && last?.ended === "running" && last.stream === event.stream) {
            runs.splice(-1, 1, {...last, ended: event.name, endedAt: event.at, heard: event.values["heard"] ?? 0});
        }
    }
    return runs;
}

/** When one direction was open, oldest first. */
export function spansOf(events: readonly CardEvent[], direction: CardDirection): readonly OpenSpan[] {
    const own = events.filter((event) => event.direction === direction);
    return own
        .filter((event) => event.name === "open")
        .map((open) => ({
            stream: open.stream,
            openedAt: open.at,
            closedAt: own.find((event) => event.name === "close" && event.stream === open.stream)?.at ?? null,
        }));
}
