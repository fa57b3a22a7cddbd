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
}

export const protections: readonly Protection[] = [
    {
        name: "debounce of the keys",
        takenOutBy: [],
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
