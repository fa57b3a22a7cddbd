import {describe, expect, it} from "vitest";
import type {CallPhase} from "../../../firmware/phone/call.ts";
import {languages, menuItems, recentsFilters} from "../../../firmware/phone/menu.ts";
import {selfTestSteps} from "../../../firmware/phone/self-test.ts";
import {filteredRecents} from "../../../firmware/phone/standing.ts";
import type {PhoneState, View} from "../../../firmware/phone/state.ts";
import {romCodeOf} from "../../../hal/cfa635-rom.ts";
import {LANGUAGES, MENU_ITEMS, RECENTS_FILTERS, SELF_TEST_STEPS} from "../../../ui/choices.ts";
import type {Size} from "../../../ui/page.ts";
import {screenOf} from "../../../ui/screen.ts";
import {recentsShown} from "../../../ui/screens/recents.ts";
import {screenWakeAt} from "../../../ui/wake.ts";
import {REASONS, randomState, SERVICE_FAULTS} from "./random-states.ts";
import {incoming, LARGE, media, NOW, outgoing, quality, quiet, recents, SMALL, talking} from "./states.ts";

/** Not a cell: half of a character beyond the plane, a control, a combining or an invisible character. */
const NOT_A_CELL = /[\p{Cs}\p{Cc}\p{Cf}\p{M}]/u;

function faultOf(state: PhoneState, size: Size): string | null {
    const frame = screenOf(state, size);
    if (frame.lines.length !== size.rows) return `${frame.lines.length} rows`;
    const wrong = frame.lines.find((line) => line.length !== size.columns || NOT_A_CELL.test(line));
    if (wrong !== undefined) return `row ${JSON.stringify(wrong)}`;
    const {cursor} = frame;
    const inside = cursor === null || (cursor.column < size.columns && cursor.row < size.rows && cursor.column >= 0);
    return inside ? null : `cursor at ${JSON.stringify(cursor)}`;
}

/** Every screen once. */
const SCREENS: readonly PhoneState[] = [
    quiet,
    {...quiet, hook: "off", offHook: {stage: "dialTone", until: null}, recents},
    {...quiet, hook: "off", offHook: {stage: "silent", until: null}},
    {...quiet, dialling: {digits: "112", dialAt: null}},
    ...(["calling", "alerting", "earlyMedia", "answering"] as const).map(
        (phase: CallPhase): PhoneState => ({...quiet, hook: "off", calls: [{...outgoing, phase}]}),
    ),
    {...quiet, calls: [incoming]},
    {...quiet, hook: "off", calls: [talking], muted: true, status: {...quiet.status, media}},
    ...[null, quality].flatMap((known) =>
        [0, 1, 2].flatMap((details) =>
            (["none", "hop", "end"] as const).map((security): PhoneState => {
                const suite = security === "none" ? null : "AES_CM_128_HMAC_SHA1_80";
                return {...quiet, hook: "off", details, calls: [{...talking, security, suite, quality: known}]};
            }),
        ),
    ),
    {...quiet, hook: "off", calls: [{...talking, hold: {local: true, remote: true}}], volumeShownUntil: NOW + 1},
    ...REASONS.map((code): PhoneState => {
        const notice = {reason: {code, sip: null}, party: incoming.party, talkSeconds: 75, since: NOW, until: NOW};
        return {...quiet, notice};
    }),
    ...SERVICE_FAULTS.map((fault): PhoneState => {
        const account = {id: 0, label: "Anna 201", registered: false, fault, detail: "", retryAt: NOW + 725_000};
        return {...quiet, accounts: [account], soundFault: "x", storeFault: "x", faults: ["keypad", "hook"]};
    }),
    ...(
        [
            {type: "menu", selected: 2},
            {type: "language", selected: 7},
            {type: "ringVolume"},
            ...([0, 1, 2] as const).map((selected): View => ({type: "firstStart", step: "language", selected})),
            {type: "firstStart", step: "country", selected: 5},
            {type: "firstStart", step: "next", selected: 0},
            ...RECENTS_FILTERS.map((filter): View => ({type: "recents", filter, selected: 0, since: NOW, page: null})),
            ...[0, 1, 2].map((page): View => ({type: "recents", filter: "all", selected: 1, since: NOW, page})),
            ...[0, 1, 2, 3, 4, 5, 6].map((page): View => ({type: "status", page})),
            ...SELF_TEST_STEPS.map((step): View => ({type: "selfTest", step, since: NOW})),
        ] as const
    ).map((view): PhoneState => ({...quiet, recents, view, status: {...quiet.status, media}})),
];

describe.each(LANGUAGES)("every screen in %s", (language) => {
    const states = SCREENS.map((state) => ({...state, settings: {...state.settings, language}}));

    it.each([SMALL, LARGE])("is exactly $columns x $rows cells", (size) => {
        expect(states.map((state) => faultOf(state, size)).filter((fault) => fault !== null)).toEqual([]);
    });

    it("shows on the character display what it says, never a question mark for a letter", () => {
        const rows = states.flatMap((state) => screenOf(state, SMALL).lines);
        const unknown = rows.filter((row) => [...row].some((cell) => cell !== "?" && romCodeOf(cell) === 0x3f));
        expect(unknown).toEqual([]);
    });

    it("clips none of its own words at 20 columns", () => {
        const known = new Set(["Bérénice Müller-Lüdenscheidt"]);
        const clipped = states
            .filter(({view}) => view.type !== "recents" && !(view.type === "firstStart" && view.step === "country"))
            .flatMap((state) => screenOf(state, SMALL).lines)
            .filter((row) => row.includes("…") && !known.has(row));
        expect(clipped).toEqual([]);
    });
});

describe("any state at all", () => {
    const sizes: readonly Size[] = [
        SMALL,
        LARGE,
        {columns: 16, rows: 2},
        {columns: 8, rows: 1},
        {columns: 1, rows: 1},
        {columns: 24, rows: 7},
        {columns: 132, rows: 50},
    ];

    it("fills the glass exactly, whatever its size", () => {
        for (let seed = 1; seed <= 4_000; seed += 1) {
            const state = randomState(seed);
            const size = sizes[seed % sizes.length] ?? SMALL;
            expect(faultOf(state, size), `seed ${seed} at ${size.columns} x ${size.rows}`).toBeNull();
        }
    });

    it("changes by time alone only when the screen said so", () => {
        for (let seed = 1; seed <= 3_000; seed += 1) {
            const state = randomState(seed);
            const size = seed % 2 === 0 ? SMALL : LARGE;
            const wakeAt = screenWakeAt(state, size);
            expect(wakeAt ?? Number.POSITIVE_INFINITY, `seed ${seed}`).toBeGreaterThan(state.now);
            const until = Math.min(wakeAt ?? Number.POSITIVE_INFINITY, state.now + 3_600_000);
            const frame = screenOf(state, size);
            for (const share of [0.01, 0.5, 0.99]) {
                const later = {...state, now: state.now + (until - state.now) * share};
                expect(screenOf(later, size), `seed ${seed} at ${share}`).toEqual(frame);
            }
        }
    });

    it("shows an emergency call, a call in its talk and its party whatever else is wrong", () => {
        for (let seed = 1; seed <= 500; seed += 1) {
            const call = {...talking, party: {number: "112", name: null}, emergency: true};
            const shown = screenOf({...randomState(seed), calls: [call]}, SMALL).lines.join("\n");
            expect(shown, `seed ${seed}`).toContain("112");
        }
    });

    it("has the same frame for the same state", () => {
        for (let seed = 1; seed <= 200; seed += 1) {
            const state = randomState(seed);
            expect(screenOf(state, LARGE)).toEqual(screenOf(structuredClone(state), LARGE));
        }
    });
});

it("refuses a glass that cannot be", () => {
    for (const size of [
        {columns: 0, rows: 4},
        {columns: 20, rows: -1},
        {columns: 19.5, rows: 4},
        {columns: Number.NaN, rows: 4},
    ]) {
        expect(() => screenOf(quiet, size)).toThrow(RangeError);
    }
});

describe("what the screen lists", () => {
    it("is what the core counts", () => {
        expect(MENU_ITEMS).toEqual(menuItems);
        expect(LANGUAGES).toEqual(languages);
        expect(RECENTS_FILTERS).toEqual(recentsFilters);
        expect(SELF_TEST_STEPS).toEqual(selfTestSteps);
    });

    it("is, under each filter of the recent calls, what the core would dial from", () => {
        for (let seed = 1; seed <= 200; seed += 1) {
            const state = randomState(seed);
            for (const filter of RECENTS_FILTERS) {
                expect(recentsShown(state.recents, filter)).toEqual(filteredRecents(state, filter));
            }
        }
    });
});
