import {describe, expect, it} from "vitest";
import {outputsOf} from "../../../firmware/phone/outputs.ts";
import {focusOf} from "../../../firmware/phone/standing.ts";
import type {Effect, PhoneEvent, PhoneState} from "../../../firmware/phone/state.ts";
import {transition} from "../../../firmware/phone/transition.ts";
import type {Key} from "../../../hal/board.ts";
import {screenOf} from "../../../ui/screen.ts";
import {breachOf, LogBook} from "./invariants.ts";
import {randomFrom, Walk} from "./walk.ts";

const walks = 220;
const events = 1000;
/** A machine that is busy otherwise may take its time, ms; the walk's own time is measured. */
const patient = 120_000;

interface Walked {
    readonly failure: string | null;
    readonly state: PhoneState;
    readonly seen: ReadonlySet<string>;
}

/** Walks one seed; the failure names the seed, the step and the last events. */
function walk(seed: number, events: number): Walked {
    const source = new Walk(seed);
    const book = new LogBook();
    const seen = new Set<string>();
    const last: PhoneEvent[] = [];
    let state = source.state();
    for (let step = 0; step < events; step += 1) {
        const event = source.event(state);
        last.push(event);
        const told = (what: string): Walked => {
            const tail = last.slice(-8).map((each) => JSON.stringify(each));
            return {failure: `seed ${seed}, event ${step}: ${what}\n${tail.join("\n")}`, state, seen};
        };
        try {
            const next = transition(state, event);
            for (const {type} of next.effects) if (type === "noteLog") seen.add(type);
            const breach = breachOf(state, event, next.state, next.effects) ?? book.breach(next.effects, next.state);
            if (event.type === "clock" && next.state.longPress === null && state.longPress !== null) {
                seen.add(`${state.longPress.key} held`);
            }
            state = next.state;
            if (breach !== null) return told(breach);
            const misfit = step % 50 === 0 ? frameBreach(state) : null;
            if (misfit !== null) return told(misfit);
        } catch (thrown) {
            return told(`threw ${String(thrown)}`);
        }
        seen.add(focusOf(state)).add(state.view.type);
        if (state.details !== null) seen.add("details");
        if (state.view.type === "recents" && state.view.page !== null) seen.add("recent details");
        for (const call of state.calls) seen.add(`${call.phase}${call.emergency ? " emergency" : ""}`);
    }
    return {failure: null, state, seen};
}

/** The owner hangs up by every means, nothing else happens, and the clock alone must bring the phone to rest. */
function rest(state: PhoneState): PhoneState {
    const at = state.now;
    const hangUps: PhoneEvent[] = [
        {type: "fault", part: "keypad", lost: false, reason: "", at},
        {type: "hook", hook: "on", at},
        {type: "key", key: "back", down: true, at},
        {type: "fault", part: "keypad", lost: false, reason: "", at},
        {type: "key", key: "back", down: true, at},
        // Over the loudspeaker the first one only put the details away.
        {type: "fault", part: "keypad", lost: false, reason: "", at},
        {type: "key", key: "back", down: true, at},
    ];
    let now = hangUps.reduce((still, event) => transition(still, event).state, state);
    for (let turn = 0; turn < 40; turn += 1) {
        const {wakeAt} = outputsOf(now);
        if (wakeAt === null) return now;
        now = transition(now, {type: "clock", at: Math.max(wakeAt, now.now), wall: 0}).state;
    }
    return now;
}

/** A frame that is not exactly as large as the glass. */
function frameBreach(state: PhoneState): string | null {
    for (const size of [
        {columns: 20, rows: 4},
        {columns: 40, rows: 12},
    ]) {
        const {lines} = screenOf(state, size);
        const fits = lines.length === size.rows && lines.every((line) => line.length === size.columns);
        if (!fits) return `a frame that does not fit ${size.columns} x ${size.rows}: ${JSON.stringify(lines)}`;
    }
    return null;
}

/** Hangs up, puts away what stands on the glass, and dials; the effects of the last key. */
function dialFrom(state: PhoneState, number: string): readonly Effect[] {
    const at = state.now;
    const free: PhoneEvent = {type: "fault", part: "keypad", lost: false, reason: "", at};
    const press = (key: Key): PhoneEvent[] => [{type: "key", key, down: true, at}, free];
    const putDown: PhoneEvent = {type: "hook", hook: "on", at};
    const away = Array.from({length: 70}, () => press("back")).flat();
    const keys = [...number].flatMap((digit) => press(digit as Key));
    let step: {state: PhoneState; effects: readonly Effect[]} = {state, effects: []};
    const effects: Effect[] = [];
    // On the hook it waits for the timer, in case that a longer number is meant.
    const timer: PhoneEvent = {type: "clock", at: at + 60_000, wall: 0};
    for (const event of [free, putDown, ...away, ...keys, timer]) {
        step = transition(step.state, event);
        effects.push(...step.effects);
    }
    return effects;
}

describe("a random walk", () => {
    it(
        "leaves the phone where an emergency number dials, however it stands",
        () => {
            for (let seed = 1; seed <= 300; seed += 1) {
                const {state} = walk(seed, 200);
                const settings = {...state.settings, emergencyNumbers: ["112"]};
                const dials = dialFrom({...state, settings}, "112").filter((effect) => effect.type === "dial");
                expect(dials.at(-1), `seed ${seed}`).toMatchObject({number: "112", emergency: true});
            }
        },
        patient,
    );

    it(
        `keeps every invariant over ${walks * events} events of any kind in any state`,
        () => {
            const first = 1 + Math.floor(randomFrom(Date.now())() * 1_000_000);
            const started = process.threadCpuUsage().user;
            const seen = new Set<string>();
            for (let seed = first; seed < first + walks; seed += 1) {
                const walked = walk(seed, events);
                if (walked.failure !== null) expect.fail(walked.failure);
                for (const place of walked.seen) seen.add(place);
                const rested = rest(walked.state);
                expect(rested.calls, `seed ${seed}: calls that never end`).toEqual([]);
                expect(outputsOf(rested).wakeAt, `seed ${seed}: the phone does not come to rest`).toBeNull();
            }
            expect((process.threadCpuUsage().user - started) / 1000, "CPU ms for the walk").toBeLessThan(20_000);
            // A walk that never came there proves nothing about it.
            for (const place of [
                ...["call", "dialling", "notice", "selfTest", "offHook", "view"],
                ...["idle", "firstStart", "menu", "recents", "status", "language", "ringVolume"],
                ...["calling", "alerting", "earlyMedia", "ringing", "answering", "talking", "ending"],
                ...["0 held", "back held", "details", "recent details", "noteLog"],
                ...["calling emergency", "earlyMedia emergency", "talking emergency"],
            ]) {
                expect([...seen], `seeds from ${first}`).toContain(place);
            }
        },
        patient,
    );
});
