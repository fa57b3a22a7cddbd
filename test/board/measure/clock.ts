/** The board's monotonic clock, in ms. */
export function monotonicMs(): number {
    return Number(process.hrtime.bigint()) / 1e6;
}
