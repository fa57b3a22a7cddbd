/**
 * What protects the phone on a real board, and how each is taken out of the bundle: the tests that fail then are the
 * ones that prove it. `node test/board/without.ts` takes out one after the other.
 */

/** A piece of the bundle and what stands there instead. */
export interface Change {
    readonly from: string;
    readonly to: string;
}

export interface Protection {
    readonly name: string;
    readonly takenOutBy: readonly Change[];
    /** The tests that look at it: a file of this folder, and what the names of its tests match. */
    readonly tests: {readonly file: string; readonly named: string};
}

export const protections: readonly Protection[] = [
    {
        name: "debounce",
        takenOutBy: [
            {
                from: "if (raw !== key.raw) return { stable: key.stable, raw, steadyMs: 0 };",
                to: "if (raw !== key.raw) return { stable: raw, raw, steadyMs: 0 };",
            },
        ],
        tests: {file: "keypad.test.ts", named: "pattern 1|electrical glitches"},
    },
    {
        name: "ghost check",
        takenOutBy: [{from: "return (shared & shared - 1) !== 0;", to: "return false;"}],
        tests: {file: "keypad.test.ts", named: "124 make no 5"},
    },
    {
        name: "polling while a key is down",
        takenOutBy: [
            {
                from: "if (!step.idle || !this.#fellAsleep()) this.#again(this.#options.pollMs);",
                to: "this.#fellAsleep();",
            },
        ],
        tests: {file: "keypad.test.ts", named: "overlap .*in one row|is one digit, and another"},
    },
    {
        name: "debounce of the hook switch",
        takenOutBy: [{from: '(raw === "on" ? timing.onMs : timing.offMs)', to: "0"}],
        tests: {file: "keypad.test.ts", named: "bounces when the handset|knocked open"},
    },
    {
        name: "re-init of the display",
        takenOutBy: [
            {
                from: '      this.#shown = unknownGlass(this.columns, this.rows);\n      this.#tell(false, "it answers");',
                to: '      this.#tell(false, "it answers");',
            },
        ],
        tests: {file: "display.test.ts", named: "silent for seconds"},
    },
    {
        name: "reopening of serial ports",
        takenOutBy: [
            {
                from: "    this.#timer = setTimeout(() => {\n      this.#timer = null;\n      this.open();\n    }, this.#waitMs);",
                to: "    this.#timer = null;",
            },
        ],
        tests: {file: "provisioning.test.ts", named: "leaves a call alone"},
    },
    {
        name: "synchronous FULL",
        takenOutBy: [{from: "PRAGMA synchronous = FULL", to: "PRAGMA synchronous = OFF"}],
        tests: {file: "power.test.ts", named: "with a share of 0 kept"},
    },
];

/** The protection that the environment asks to be left out of the firmware under test. */
export function leftOut(): readonly Change[] {
    const {OFFHOOK_WITHOUT: name} = process.env;
    if (name === undefined) return [];
    const protection = protections.find((one) => one.name === name);
    if (protection === undefined) throw new RangeError(`no protection is called ${name}`);
    return protection.takenOutBy;
}
