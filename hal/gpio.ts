/**
 * GPIO lines through sysfs, the only importer of onoff. A line is named by its chip's label and its offset there; the
 * kernel's number for it is looked up, because it changes from kernel to kernel (6.6 begins to count at 512).
 */
import {readdirSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {Gpio} from "onoff";
import type {LineWiring} from "./profile.ts";

const SYSFS = "/sys/class/gpio";

/** A GPIO chip as sysfs shows it: its lines have the numbers from `base` on. */
export interface GpioChip {
    readonly label: string;
    readonly base: number;
    readonly lines: number;
}

/** A line that cannot be used; the message names it and the cause. */
export class GpioError extends Error {
    readonly code = "gpio";
}

/** The chips under a sysfs folder. Throws GpioError when there is none to read. */
export function readGpioChips(root: string = SYSFS): readonly GpioChip[] {
    let names: readonly string[];
    try {
        names = readdirSync(root);
    } catch (error) {
        throw new GpioError(`no GPIO here: ${messageOf(error)}`, {cause: error});
    }
    return names.filter((name) => name.startsWith("gpiochip")).map((name) => readChip(join(root, name)));
}

function readChip(folder: string): GpioChip {
    const read = (name: string): string => {
        try {
            return readFileSync(join(folder, name), "utf8").trim();
        } catch (error) {
            throw new GpioError(`${folder}: ${messageOf(error)}`, {cause: error});
        }
    };
    return {label: read("label"), base: Number(read("base")), lines: Number(read("ngpio"))};
}

/** The kernel's number of a line, pure. Throws GpioError when its chip is not there, is there twice or is too small. */
export function gpioNumberOf(chips: readonly GpioChip[], {chip, offset}: LineWiring): number {
    const [found, ...others] = chips.filter(({label}) => label === chip);
    if (found === undefined) {
        const there = chips.map(({label}) => label).join(", ") || "none";
        throw new GpioError(`no GPIO chip is labelled "${chip}"; there: ${there}`);
    }
    if (others.length > 0) throw new GpioError(`${others.length + 1} GPIO chips are labelled "${chip}"`);
    if (offset >= found.lines) throw new GpioError(`"${chip}" has ${found.lines} lines, none with offset ${offset}`);
    return found.base + offset;
}

export type Level = 0 | 1;

/**
 * onoff never closes the poller of a Gpio, and epoll crashes the process when such a poller is collected (seen on
 * Node 20 to 26). So every Gpio stays referenced for the life of the process, also after its line was closed.
 */
const kept: Gpio[] = [];

/** One line of a board. Every method throws GpioError with the line's name in front of the cause. */
export class GpioLine {
    /** What the line is for, in words for messages. */
    readonly name: string;
    readonly number: number;
    readonly #gpio: Gpio;
    #open = true;

    private constructor(name: string, number: number, gpio: Gpio) {
        this.name = name;
        this.number = number;
        this.#gpio = gpio;
    }

    /** Claims a line as an input that can tell its edges, or as an output at a level. */
    static open(name: string, number: number, direction: "in" | "low" | "high"): GpioLine {
        try {
            const gpio = direction === "in" ? new Gpio(number, "in", "both") : new Gpio(number, direction);
            kept.push(gpio);
            return new GpioLine(name, number, gpio);
        } catch (error) {
            throw lineError(name, number, error);
        }
    }

    /** The file in which the level can be read as "0" or "1". */
    get valuePath(): string {
        return `${SYSFS}/gpio${this.number}/value`;
    }

    read(): Level {
        return this.#do(() => this.#gpio.readSync());
    }

    write(level: Level): void {
        this.#do(() => this.#gpio.writeSync(level));
    }

    /** Drives the line at a level, or lets it go. */
    setDirection(direction: "in" | "low" | "high"): void {
        this.#do(() => this.#gpio.setDirection(direction));
    }

    /** Calls the listener at each edge; null stops that. */
    watch(listener: (() => void) | null): void {
        this.#do(() => {
            this.#gpio.unwatchAll();
            if (listener !== null) this.#gpio.watch(() => listener());
        });
    }

    /** Gives the line back to the kernel. A second call does nothing. */
    close(): void {
        if (!this.#open) return;
        this.#open = false;
        this.#do(() => this.#gpio.unexport());
    }

    #do<T>(step: () => T): T {
        try {
            return step();
        } catch (error) {
            throw lineError(this.name, this.number, error);
        }
    }
}

function lineError(name: string, number: number, cause: unknown): GpioError {
    return new GpioError(`${name} (GPIO ${number}): ${messageOf(cause)}`, {cause});
}

function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
