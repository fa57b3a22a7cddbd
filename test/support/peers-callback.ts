/** A far end that declines who calls it and calls back: how an incoming call comes to a phone without a second person. */
import {type Baresip, type BaresipOptions, startBaresip} from "./peers-baresip.ts";
import type {BaresipEvent} from "./peers-control.ts";

export interface CallbackOptions extends Omit<BaresipOptions, "mode" | "sourceWav" | "sinkWav"> {
    /** From the declined call to the call back, in ms. Default 2000. */
    readonly waitMs?: number;
    /** How often it tries while the line is busy or nobody answers. Default 5. */
    readonly attempts?: number;
}

/**
 * Starts a baresip that refuses each call with 486 and then calls the caller. It tries again, `attempts` times at most,
 * until one call is taken; in that call it sends back what it hears.
 */
export async function startCallback(options: CallbackOptions): Promise<Baresip> {
    const baresip = await startBaresip({...options, mode: "loop"});
    const caller = new Caller(baresip, options.waitMs ?? 2_000, options.attempts ?? 5);
    return {
        ...baresip,
        stop: async (): Promise<void> => {
            caller.stop();
            await baresip.stop();
        },
    };
}

/** Whom to call and how often still; null while nobody is to be called. */
class Caller {
    readonly #baresip: Baresip;
    readonly #waitMs: number;
    readonly #attempts: number;
    readonly #forget: () => void;
    #pending: {readonly to: string; readonly left: number} | null = null;
    #timer: NodeJS.Timeout | null = null;

    constructor(baresip: Baresip, waitMs: number, attempts: number) {
        this.#baresip = baresip;
        this.#waitMs = waitMs;
        this.#attempts = attempts;
        this.#forget = baresip.control.onEvent((event) => this.#take(event));
    }

    stop(): void {
        this.#forget();
        if (this.#timer !== null) {
            clearTimeout(this.#timer);
        }
    }

    #take(event: BaresipEvent): void {
        switch (event.type) {
            case "CALL_INCOMING": {
                this.#pending = {to: event.peerUri, left: this.#attempts};
                this.#run(this.#baresip.control.hangUp());
                break;
            }
            case "CALL_ESTABLISHED": {
                this.#pending = null;
                break;
            }
            case "CALL_CLOSED": {
                this.#callSoon();
                break;
            }
        }
    }

    #callSoon(): void {
        if (this.#pending !== null && this.#pending.left > 0 && this.#timer === null) {
            const {to, left} = this.#pending;
            this.#pending = {to, left: left - 1};
            this.#timer = setTimeout(() => {
                this.#timer = null;
                this.#run(this.#baresip.control.dial(to));
            }, this.#waitMs);
        }
    }

    /** A command that fails, for instance since baresip has just been stopped, belongs in the log that tests print. */
    #run(command: Promise<void>): void {
        command.catch((error: unknown) => this.#baresip.process.log.push(`callback: ${String(error)}`));
    }
}
