/** Lamps that can blink, all by one timer, so that they blink together and nothing runs while none does. */
import type {LampName, LampState, Lamps} from "./board.ts";
import {LED_HALVES} from "./cfa635-glass.ts";
import {ledIndex} from "./display-protocol-cfa635.ts";

const HALF_PERIOD_MS = 250;

export const LAMP_NAMES: readonly LampName[] = ["microphone", "ringing", "call", "mute", "message", "service"];

export const LAMPS_OFF: Lamps = {
    microphone: "off",
    ringing: "off",
    call: "off",
    mute: "off",
    message: "off",
    service: "off",
};

/** Whether a lamp is lit in the lit or dark half of the blinking, pure. */
export function isLit(state: LampState, litHalf: boolean): boolean {
    return state === "on" || (state === "blinking" && litHalf);
}

/** A lamp that is one half of a two-coloured LED of the display, 0 at the top. */
export interface DisplayLed {
    readonly led: 0 | 1 | 2 | 3;
    readonly colour: "green" | "red";
}

/** Levels in % for the display's LEDs (GPIO 5 to 12) that light the given lamps, pure. */
export function ledLevels(
    wiring: Readonly<Partial<Record<LampName, DisplayLed>>>,
    lit: ReadonlySet<LampName>,
): readonly number[] {
    const levels = new Array<number>(LED_HALVES).fill(0);
    for (const name of LAMP_NAMES) {
        const place = wiring[name];
        if (place !== undefined && lit.has(name)) levels[ledIndex(place.led, place.colour) - 5] = 100;
    }
    return levels;
}

export class LampBlinker {
    readonly #light: (lit: ReadonlySet<LampName>) => void;
    #lamps: Lamps = LAMPS_OFF;
    #litHalf = true;
    #timer: NodeJS.Timeout | null = null;

    /** `light` is told the lamps that are lit now, at each change. */
    constructor(light: (lit: ReadonlySet<LampName>) => void) {
        this.#light = light;
    }

    set(lamps: Lamps): void {
        const blinks = LAMP_NAMES.some((name) => lamps[name] === "blinking");
        this.#lamps = lamps;
        if (blinks && this.#timer === null) {
            this.#litHalf = true;
            this.#timer = setInterval(() => {
                this.#litHalf = !this.#litHalf;
                this.#show();
            }, HALF_PERIOD_MS);
        } else if (!blinks) {
            this.#stop();
        }
        this.#show();
    }

    /** Puts all lamps out. */
    close(): void {
        this.#lamps = LAMPS_OFF;
        this.#stop();
        this.#show();
    }

    #stop(): void {
        if (this.#timer !== null) clearInterval(this.#timer);
        this.#timer = null;
        this.#litHalf = true;
    }

    #show(): void {
        this.#light(new Set(LAMP_NAMES.filter((name) => isLit(this.#lamps[name], this.#litHalf))));
    }
}
