/** The virtual board's lines that the terminal has to ask: lamps on GPIO, the microphone, the scanning of the keypad. */
import {setTimeout as sleep} from "node:timers/promises";
import type {Key, LampName, Lamps} from "../hal/board.ts";
import {LAMP_NAMES} from "../hal/lamps.ts";
import type {BoardProfile} from "../hal/profile.ts";
import type {BoardPhone} from "../test/board/board-phone.ts";
import type {Guest} from "../test/board/guest.ts";
import type {Glass} from "../test/support/glass.ts";

/** The GPIO chip, bit 0 for line 0. */
export interface ChipLines {
    /** Driven by the board. */
    readonly outputs: number;
    readonly level: number;
    /** Times that a line was read. */
    readonly reads: number;
}

export interface Lines {
    readonly chip: ChipLines;
    readonly microphoneOpen: boolean;
    /** Sample of the voice that is at the microphone. */
    readonly spoken: number;
}

/** What a finger needs of a board. */
export type PressedBoard = Pick<BoardPhone, "guest" | "contacts" | "profile">;

export const restingLines: Lines = {chip: {outputs: 0, level: 0, reads: 0}, microphoneOpen: false, spoken: 0};

/** A key is down, and then up, at least so long, in ms; at most so long if nobody looks. */
const tapMs = 60;
const longestMs = 2_000;
const againMs = 10;
/** Reads of lines that tell that a key was seen: four scans of the reference board's matrix. */
const readsOfKey = 80;

export async function linesOf(guest: Guest): Promise<Lines> {
    const [chip, capture, voice] = await Promise.all([
        chipOf(guest),
        guest.read("/proc/asound/handset/pcm0c/sub0/status"),
        guest.read("/proc/asound/handset/pcm1p/sub0/status"),
    ]);
    return {
        chip,
        microphoneOpen: capture.text.trim() !== "closed",
        spoken: Number(/^hw_ptr\s*: (\d+)/m.exec(voice.text)?.[1] ?? 0),
    };
}

async function chipOf(guest: Guest): Promise<ChipLines> {
    return parseChip((await guest.read("/sys/devices/platform/boardgpio/state")).text);
}

/** Reads what the chip's test side says. */
export function parseChip(text: string): ChipLines {
    const value = (name: string): string => new RegExp(`^${name} (\\w+)$`, "m").exec(text)?.[1] ?? "0";
    return {
        outputs: Number.parseInt(value("out"), 16),
        level: Number.parseInt(value("level"), 16),
        reads: Number(value("reads")),
    };
}

/** Which lamps are lit, from the lines that they hang on. Pure; blinking ones are lit or not at the moment. */
export function lampsSeen(
    {gpioLamps, displayLeds}: Pick<BoardProfile, "gpioLamps" | "displayLeds">,
    leds: Glass["leds"],
    {outputs, level}: Pick<ChipLines, "outputs" | "level">,
): Lamps {
    const isLit = (name: LampName): boolean => {
        const led = displayLeds[name];
        if (led !== undefined) return (leds[led.led]?.[led.colour] ?? 0) > 0;
        const line = gpioLamps[name];
        if (line === undefined || ((outputs >>> line.offset) & 1) === 0) return false;
        return ((level >>> line.offset) & 1) === (line.active === "high" ? 1 : 0);
    };
    const lamps = LAMP_NAMES.map((name) => [name, isLit(name) ? "on" : "off"]);
    return Object.fromEntries(lamps) as Record<LampName, "on" | "off">;
}

/**
 * A finger on a key of the matrix that waits until the keypad has looked, as a person does who sees that a phone is
 * slow: a machine that emulates another beside others may leave it no time for a while. The keypad scans while a key is
 * down; with all keys up it drives all columns and sleeps. A key that is held stays down for `heldMs` more.
 */
export async function pressUntilSeen({guest, contacts, profile}: PressedBoard, key: Key, heldMs = 0): Promise<void> {
    const columns = (profile.keypad?.columns ?? []).reduce((mask, {offset}) => mask | (1 << offset), 0);
    const {reads} = await chipOf(guest);
    await contacts.press(key);
    try {
        await until(guest, (chip) => chip.reads - reads >= readsOfKey);
        await sleep(heldMs);
    } finally {
        await contacts.release(key);
    }
    await until(guest, ({outputs}) => (outputs & columns) === columns);
}

async function until(guest: Guest, holds: (chip: ChipLines) => boolean): Promise<void> {
    const from = performance.now();
    await sleep(tapMs);
    while (performance.now() - from < longestMs && !holds(await chipOf(guest))) await sleep(againMs);
}
