import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {type GpioChip, GpioLine, gpioNumberOf, readGpioChips} from "../../../hal/gpio.ts";
import {gpioKeypad, type MatrixLine} from "../../../hal/gpio-keypad.ts";
import {onHookLevel} from "../../../hal/linux-board.ts";

let root = "";

beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "offhook-gpio-"));
});

afterEach(() => {
    rmSync(root, {recursive: true});
});

function chip(name: string, files: Readonly<Record<string, string>>): void {
    mkdirSync(join(root, name));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(root, name, file), text);
}

const CHIPS: readonly GpioChip[] = [
    {label: "pinctrl-bcm2711", base: 512, lines: 58},
    {label: "expander", base: 570, lines: 8},
    {label: "twin", base: 578, lines: 8},
    {label: "twin", base: 586, lines: 8},
];

describe("the GPIO chips", () => {
    it("are read from sysfs with the base that this kernel gave them", () => {
        chip("gpiochip512", {label: "pinctrl-bcm2711\n", base: "512\n", ngpio: "58\n"});
        chip("gpiochip570", {label: "expander\n", base: "570\n", ngpio: "8\n"});
        writeFileSync(join(root, "export"), "");
        const chips = readGpioChips(root);
        expect(chips.toSorted((a, b) => a.base - b.base)).toEqual(CHIPS.slice(0, 2));
        expect(gpioNumberOf(chips, {chip: "expander", offset: 3})).toBe(573);
    });

    it("say what is wrong with a line's place", () => {
        expect(() => gpioNumberOf(CHIPS, {chip: "pinctrl", offset: 1})).toThrow(
            'no GPIO chip is labelled "pinctrl"; there: pinctrl-bcm2711, expander, twin, twin',
        );
        expect(() => gpioNumberOf(CHIPS, {chip: "expander", offset: 8})).toThrow('"expander" has 8 lines');
        expect(() => gpioNumberOf(CHIPS, {chip: "twin", offset: 0})).toThrow('2 GPIO chips are labelled "twin"');
        expect(() => gpioNumberOf([], {chip: "twin", offset: 0})).toThrow("there: none");
    });

    it("say when sysfs has none, or a broken one", () => {
        expect(() => readGpioChips(join(root, "nowhere"))).toThrow("no GPIO here: ENOENT");
        chip("gpiochip0", {label: "half"});
        expect(() => readGpioChips(root)).toThrow("ENOENT");
    });

    it("name the line that cannot be claimed, and why", () => {
        // No machine has this number: the kernel refuses the export, or has no sysfs GPIO at all.
        expect(() => GpioLine.open("keypad row 2", 999_999, "in")).toThrow(/^keypad row 2 \(GPIO 999999\): E/);
    });
});

describe("the hook's contact", () => {
    it.each([
        ["NO", "up", 0],
        ["NO", "down", 1],
        ["NC", "up", 1],
        ["NC", "down", 0],
    ] as const)("%s with pull-%s reads %i on hook", (contact, pull, level) => {
        expect(onHookLevel({contact, pull})).toBe(level);
    });
});

describe("the keypad's lines", () => {
    /** Lines that record what is done to them; rows read what `levels` says. */
    function lines(prefix: string, count: number, log: string[], levels: readonly (0 | 1)[]): readonly MatrixLine[] {
        return Array.from({length: count}, (_, index) => ({
            read: () => levels[index] ?? 1,
            write: (level) => log.push(`${prefix}${index}=${level}`),
            setDirection: (direction) => log.push(`${prefix}${index}:${direction}`),
            watch: (listener) => log.push(`${prefix}${index}${listener === null ? " rest" : " watch"}`),
        }));
    }

    it("leave idle columns floating under hi-z, and let one go before driving the next", () => {
        const log: string[] = [];
        const wires = gpioKeypad({
            columns: lines("c", 3, log, []),
            rows: [],
            drive: "hi-z",
            active: "low",
            settleUs: 0,
        });
        wires.driveColumn(0);
        wires.driveColumn(1);
        wires.driveColumn("all");
        wires.driveColumn("none");
        expect(log).toEqual(["c0:low", "c0:in", "c1:low", "c0:low", "c2:low", "c0:in", "c1:in", "c2:in"]);
    });

    it("drive idle columns to the other level under push-pull", () => {
        const log: string[] = [];
        const wires = gpioKeypad({
            columns: lines("c", 2, log, []),
            rows: [],
            drive: "push-pull",
            active: "high",
            settleUs: 0,
        });
        wires.driveColumn(1);
        wires.driveColumn(0);
        expect(log).toEqual(["c1=1", "c1=0", "c0=1"]);
    });

    it("read a row as active at the driven level", () => {
        const options = {columns: [], drive: "hi-z", settleUs: 20} as const;
        const rows = lines("r", 3, [], [0, 1, 0]);
        expect(gpioKeypad({...options, rows, active: "low"}).readRows()).toBe(0b101);
        expect(gpioKeypad({...options, rows, active: "high"}).readRows()).toBe(0b010);
    });

    it("are watched only while armed", () => {
        const log: string[] = [];
        const wires = gpioKeypad({
            columns: [],
            rows: lines("r", 2, log, []),
            drive: "hi-z",
            active: "low",
            settleUs: 0,
        });
        wires.arm(null);
        wires.arm(() => undefined);
        wires.arm(null);
        wires.arm(null);
        expect(log).toEqual(["r0 watch", "r1 watch", "r0 rest", "r1 rest"]);
    });
});
