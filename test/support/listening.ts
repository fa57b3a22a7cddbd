/**
 * Sound on a bench, heard and measured on the cards' own time axis. A test decides by what the samples say and never by
 * how long something took on a busy machine; what the machine itself spoilt (an xrun, a program kept waiting) is
 * measured again, a few times at most.
 */
import {setTimeout as sleep} from "node:timers/promises";
import {findGaps, findPhaseJumps, findTone, type PhaseJump, type Segment} from "./sound-analysis.ts";
import {monotonicNow, type VirtualCard} from "./sound-card.ts";
import {cut, levelAt} from "./sound-signal.ts";
import type {Wav} from "./sound-wav.ts";

const MILLI = 1e6;
/** What a program waits for the processor on a machine that keeps up, in ms. */
const USUAL_STALL = 15;
const ATTEMPTS = 4;

/** Resolves when CLOCK_MONOTONIC has passed `instant` ns. */
async function passed(instant: number): Promise<void> {
    for (let now = monotonicNow(); now < instant; now = monotonicNow()) {
        await sleep(Math.ceil((instant - now) / MILLI));
    }
}

/** What a card's loudspeaker plays for `ms` from `from` ns on; default: from now. */
export async function listen(card: VirtualCard, ms: number, from: number = monotonicNow()): Promise<Wav> {
    const to = from + ms * MILLI;
    await passed(to + MILLI);
    return card.heard(from, to);
}

/** Instant of the card's newest xrun, 0 where there was none. */
function lastXrun(card: VirtualCard): number {
    return Math.max(0, ...card.events().flatMap(({name, at}) => (name === "xrun" ? [at] : [])));
}

/**
 * The first `ms` from `from` ns on in which the card had no xrun: after one, it begins anew when sound has settled. A
 * virtual machine may halt even a real-time thread for longer than a sound card waits. Throws RangeError when the card
 * gives no such stretch within six times as long.
 */
export async function listenUnbroken(card: VirtualCard, ms: number, from: number = monotonicNow()): Promise<Wav> {
    const settling = 500 * MILLI;
    const giveUp = from + 6 * ms * MILLI;
    for (let start = from; start < giveUp; ) {
        await passed(start + (ms + 1) * MILLI);
        const broken = lastXrun(card);
        if (broken < start) return card.heard(start, start + ms * MILLI);
        start = broken + settling;
    }
    throw new RangeError(`${card.pcm} had no ${ms} ms without an xrun`);
}

/** What a tone that should be steady is like. */
export interface Steadiness {
    /** dBFS. */
    readonly level: number;
    /** Silent for 2 ms or more. */
    readonly gaps: readonly Segment[];
    /** Samples lost or added: 20 degrees or more. */
    readonly phaseJumps: readonly PhaseJump[];
}

/** The steady tone of `frequency` Hz that fills the signal. */
export function steadinessOf({rate, samples}: Wav, frequency: number): Steadiness {
    return {
        level: levelAt(samples, rate, frequency),
        gaps: findGaps(samples, rate, frequency, 2),
        phaseJumps: findPhaseJumps(samples, rate, frequency),
    };
}

/** The last `ms` of a tone in a recording, without the `edge` ms at its end. Throws RangeError where it is shorter. */
export function lastOfTone({rate, samples}: Wav, frequency: number, ms: number, edge = 200): Wav {
    const segments = findTone(samples, rate, frequency);
    const first = segments[0]?.from ?? 0;
    const end = (segments.at(-1)?.to ?? 0) - edge;
    // Gaps inside are the test's to find: the tone goes from its first to its last sound.
    if (end - ms < first) {
        throw new RangeError(`the tone of ${frequency} Hz lasts from ${first} to ${end + edge} ms only`);
    }
    return {rate, samples: cut(samples, rate, end - ms, end)};
}

/** Watches how long this program is kept from running while it only waits. */
class StallWatch {
    readonly #timer: NodeJS.Timeout;
    #last = performance.now();
    worst = 0;

    constructor() {
        const every = 5;
        this.#timer = setInterval(() => {
            const now = performance.now();
            this.worst = Math.max(this.worst, now - this.#last - every);
            this.#last = now;
        }, every);
    }

    stop(): void {
        clearInterval(this.#timer);
    }
}

function xrunsOf(cards: readonly VirtualCard[]): number {
    return cards.flatMap((card) => card.events()).filter(({name}) => name === "xrun").length;
}

/**
 * Records, then judges. A judgement that throws stands, unless a card logged an xrun or programs were kept waiting while
 * it was recorded: then all is done again, up to four times. `record` MUST only wait, `judge` only compute.
 */
export async function undisturbed<T>(
    cards: readonly VirtualCard[],
    record: () => Promise<T>,
    judge: (recorded: T) => void,
): Promise<void> {
    for (let attempt = 1; ; attempt++) {
        const before = xrunsOf(cards);
        const watch = new StallWatch();
        const recorded = await record().finally(() => watch.stop());
        try {
            judge(recorded);
            return;
        } catch (thrown) {
            const xruns = xrunsOf(cards) - before;
            const disturbed = xruns > 0 || watch.worst > USUAL_STALL;
            if (!disturbed || attempt === ATTEMPTS) throw thrown;
            console.log(`measured again: ${xruns} xruns, programs kept waiting up to ${Math.round(watch.worst)} ms`);
        }
    }
}
