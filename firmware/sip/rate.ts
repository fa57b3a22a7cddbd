/** A token bucket as a value. */

export interface Rate {
    /** How many may come at once. */
    readonly capacity: number;
    readonly perSecond: number;
}

export interface Bucket {
    readonly tokens: number;
    /** Monotonic ms of the last look. */
    readonly at: number;
}

/** Fills the bucket up to `now` (monotonic ms) and takes one token if there is one. */
export function takeToken(
    bucket: Bucket,
    rate: Rate,
    now: number,
): {readonly bucket: Bucket; readonly granted: boolean} {
    const grown = bucket.tokens + (Math.max(0, now - bucket.at) * rate.perSecond) / 1000;
    const tokens = Math.min(rate.capacity, grown);
    return tokens >= 1
        ? {bucket: {tokens: tokens - 1, at: now}, granted: true}
        : {bucket: {tokens, at: now}, granted: false};
}
