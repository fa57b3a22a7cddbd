/**
 * A keypad matrix, pure: scans in, key events out. Each key is debounced by itself; a scan that cannot be told apart
 * from one with a ghost changes nothing.
 *
 *            column 0   column 1        Three keys held at the corners of a rectangle close a path to the fourth:
 *   row 0  ----[a]---------[b]----      with a, b and c down, current also flows column 1 -> b -> row 0 -> a ->
 *                                       column 0 -> c -> row 1, so that d reads down too. Nobody can say which of the
 *   row 1  ----[c]---------[d]----      four are real until one is let go.
 */

/** What a matrix is like. */
export interface MatrixShape {
    readonly columns: number;
    readonly rows: number;
    /** Per column the rows that have a key, bit 0 for row 0: a place without a switch can be no ghost's corner. */
    readonly wired: readonly number[];
    /** Ms that a key must be steadily down or up before it counts. */
    readonly pressMs: number;
    readonly releaseMs: number;
}

interface KeyTrack {
    /** As reported. */
    readonly stable: boolean;
    /** As read last. */
    readonly raw: boolean;
    /** How long the raw value has been seen to be what it is, in ms. */
    readonly steadyMs: number;
}

/** One track for each place, column by column. */
export interface MatrixState {
    readonly keys: readonly KeyTrack[];
    /** When the last scan was, monotonic ms. */
    readonly scannedAt: number;
}

export interface MatrixEvent {
    readonly column: number;
    readonly row: number;
    readonly down: boolean;
}

export interface MatrixStep {
    readonly state: MatrixState;
    readonly events: readonly MatrixEvent[];
    /** Nothing is down and nothing is settling: the scanner may sleep until an edge. */
    readonly idle: boolean;
}

/** A matrix with no key down. */
export function restingMatrix(shape: MatrixShape): MatrixState {
    const key: KeyTrack = {stable: false, raw: false, steadyMs: 0};
    return {keys: new Array<KeyTrack>(shape.columns * shape.rows).fill(key), scannedAt: Number.NEGATIVE_INFINITY};
}

/** Takes one scan: per column the rows that read active, bit 0 for row 0. `now` is monotonic ms. */
export function stepMatrix(shape: MatrixShape, state: MatrixState, scan: readonly number[], now: number): MatrixStep {
    const rows = scan.map((mask, column) => mask & (shape.wired[column] ?? 0));
    if (hasGhost(rows)) return {state: restart(state, now), events: [], idle: false};
    const passed = now - state.scannedAt;
    const events: MatrixEvent[] = [];
    const keys = state.keys.map((key, index) => {
        const column = Math.floor(index / shape.rows);
        const row = index % shape.rows;
        const next = stepKey(shape, key, (((rows[column] ?? 0) >> row) & 1) === 1, passed);
        if (next.stable !== key.stable) events.push({column, row, down: next.stable});
        return next;
    });
    return {state: {keys, scannedAt: now}, events, idle: keys.every((key) => !key.raw && !key.stable)};
}

/** Lets go of all keys, for a keypad that can no longer be read. */
export function releaseAll(shape: MatrixShape, state: MatrixState): MatrixStep {
    const events = state.keys.flatMap((key, index) =>
        key.stable ? [{column: Math.floor(index / shape.rows), row: index % shape.rows, down: false}] : [],
    );
    return {state: restingMatrix(shape), events, idle: true};
}

/**
 * A scan that comes late says nothing of the time before it, in which the contact may have bounced unseen: between two
 * scans at most half the patience passes, so that three readings in a row are the least that counts.
 */
function stepKey(shape: MatrixShape, key: KeyTrack, raw: boolean, passed: number): KeyTrack {
    if (raw !== key.raw) return {stable: key.stable, raw, steadyMs: 0};
    if (raw === key.stable) return key;
    const patience = raw ? shape.pressMs : shape.releaseMs;
    const steadyMs = key.steadyMs + Math.min(passed, patience / 2);
    return {stable: steadyMs >= patience ? raw : key.stable, raw, steadyMs};
}

/** Two columns that share two rows: with three of the four down the fourth reads down too. */
function hasGhost(rows: readonly number[]): boolean {
    return rows.some((mask, column) =>
        rows.slice(column + 1).some((other) => {
            const shared = mask & other;
            return (shared & (shared - 1)) !== 0;
        }),
    );
}

/** Whatever was settling begins again with the next clear scan: a ghost may have hidden its bounces. */
function restart(state: MatrixState, now: number): MatrixState {
    const restarted = (key: KeyTrack): KeyTrack =>
        key.raw === key.stable ? key : {...key, raw: key.stable, steadyMs: 0};
    return {keys: state.keys.map(restarted), scannedAt: now};
}
