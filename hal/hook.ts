/**
 * The hook switch. A break shorter than 80 ms is the contact's bounce or a knock and is not told; what a longer one
 * means (a flash, hanging up) is for the phone to say. Lifting is told sooner, so that the dial tone is not late.
 */

export type HookPosition = "on" | "off";

export interface HookTiming {
    /** Ms that the contact must steadily say "on" or "off" before it counts. */
    readonly onMs: number;
    readonly offMs: number;
}

/** What the contact said last, since when (monotonic ms), and what the phone was told. */
export interface HookState {
    readonly told: HookPosition;
    readonly raw: HookPosition;
    readonly since: number;
}

export interface HookStep {
    readonly state: HookState;
    /** The new position to tell, or null. */
    readonly changed: HookPosition | null;
    /** When to read again if no edge comes before; null when nothing is settling. */
    readonly wakeAt: number | null;
}

/** Takes one reading of the contact, pure. */
export function stepHook(timing: HookTiming, state: HookState, raw: HookPosition, now: number): HookStep {
    const since = raw === state.raw ? state.since : now;
    if (raw === state.told) return {state: {told: state.told, raw, since}, changed: null, wakeAt: null};
    const due = since + (raw === "on" ? timing.onMs : timing.offMs);
    if (now >= due) return {state: {told: raw, raw, since}, changed: raw, wakeAt: null};
    return {state: {told: state.told, raw, since}, changed: null, wakeAt: due};
}

/** The contact: a GPIO line or a file. `read` may throw when it is gone. */
export interface HookContact {
    read(): HookPosition;
    /** Calls the listener at each edge. */
    watch(listener: () => void): void;
}

export interface HookOptions {
    readonly contact: HookContact;
    readonly timing: HookTiming;
    readonly onHook: (position: HookPosition, at: number) => void;
    readonly onFault: (lost: boolean, reason: string) => void;
}

/** An edge may get lost; the microphone's rule rests on this switch, so it is read now and then without one. */
const REREAD_MS = 1_000;

export class Hook {
    readonly #options: HookOptions;
    #state: HookState | null = null;
    #timer: NodeJS.Timeout | null = null;
    #reread: NodeJS.Timeout | null = null;
    #lost = false;

    constructor(options: HookOptions) {
        this.#options = options;
    }

    /** Tells the present position at once, then changes. A contact that cannot be read counts as on hook. */
    start(): void {
        const now = performance.now();
        const raw = this.#read() ?? "on";
        this.#state = {told: raw, raw, since: now};
        this.#options.onHook(raw, now);
        this.#options.contact.watch(() => this.#step());
        this.#reread = setInterval(() => this.#step(), REREAD_MS);
    }

    close(): void {
        if (this.#timer !== null) clearTimeout(this.#timer);
        if (this.#reread !== null) clearInterval(this.#reread);
        this.#state = null;
    }

    #step(): void {
        const raw = this.#read();
        if (this.#state === null || raw === null) return;
        const now = performance.now();
        const step = stepHook(this.#options.timing, this.#state, raw, now);
        this.#state = step.state;
        if (this.#timer !== null) clearTimeout(this.#timer);
        this.#timer =
            step.wakeAt === null ? null : setTimeout(() => this.#step(), Math.max(1, Math.ceil(step.wakeAt - now)));
        if (step.changed !== null) this.#options.onHook(step.changed, now);
    }

    #read(): HookPosition | null {
        try {
            const position = this.#options.contact.read();
            this.#tell(false, "its line can be read");
            return position;
        } catch (error) {
            this.#tell(true, error instanceof Error ? error.message : String(error));
            return null;
        }
    }

    #tell(lost: boolean, reason: string): void {
        if (lost === this.#lost) return;
        this.#lost = lost;
        this.#options.onFault(lost, reason);
    }
}
