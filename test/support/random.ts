/** Pseudo-random numbers that a seed repeats exactly (mulberry32), for fuzzing and random walks. */
export interface SeededRandom {
    /** A number from 0 up to 1. */
    next(): number;
    /** A whole number from 0 up to `bound`, without it. */
    below(bound: number): number;
    /** One of the values. Throws RangeError for none. */
    pick<T>(values: readonly T[]): T;
}

export function seededRandom(seed: number): SeededRandom {
    let state = seed >>> 0;
    const next = (): number => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
    const below = (bound: number): number => Math.floor(next() * bound);
    return {
        next,
        below,
        pick: (values) => {
            const value = values[below(values.length)];
            if (value === undefined) throw new RangeError("nothing to pick from");
            return value;
        },
    };
}
