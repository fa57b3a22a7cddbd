/** The lines that a simulated board takes from its socket, read and checked, pure. */
import type {Key} from "./board.ts";
import {isKey} from "./keys.ts";

/** The installer's cables, in the order of the board's. */
export const PROVISIONING_PARTS = ["provisioning", "provisioning2", "provisioning3", "provisioning4"] as const;
const PARTS = ["display", ...PROVISIONING_PARTS] as const;

export type SimulatedPart = (typeof PARTS)[number];

export type SimulatedCommand = {readonly id?: string | number | undefined} & (
    | {readonly do: "press" | "release" | "tap"; readonly key: Key}
    | {readonly do: "hook"; readonly position: "on" | "off"}
    | {readonly do: "plug" | "unplug"; readonly part: SimulatedPart}
    | {readonly do: "cellular"; readonly busy: boolean}
);

/** Reads one value; says in words what is wrong with it. */
export function parseCommand(value: unknown): SimulatedCommand | {readonly error: string} {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return {error: "an object is wanted"};
    const {id, ...rest} = value as Readonly<Record<string, unknown>>;
    if (id !== undefined && typeof id !== "string" && typeof id !== "number") return {error: "id: text or number"};
    const [entry, ...more] = Object.entries(rest);
    if (entry === undefined || more.length > 0) return {error: "exactly one command is wanted"};
    const command = commandOf(entry[0], entry[1]);
    return "error" in command ? command : {...command, id};
}

function commandOf(name: string, argument: unknown): SimulatedCommand | {readonly error: string} {
    switch (name) {
        case "press":
        case "release":
        case "tap": {
            return isKey(argument) ? {do: name, key: argument} : {error: `${name}: no such key`};
        }
        case "lift":
        case "putDown": {
            if (argument !== true) return {error: `${name}: true is wanted`};
            return {do: "hook", position: name === "lift" ? "off" : "on"};
        }
        case "plug":
        case "unplug": {
            const part = PARTS.find((one) => one === argument);
            return part === undefined ? {error: `${name}: no such part`} : {do: name, part};
        }
        case "cellular": {
            if (typeof argument !== "boolean") return {error: "cellular: true or false is wanted"};
            return {do: "cellular", busy: argument};
        }
        default: {
            return {error: `no command "${name.slice(0, 40)}"`};
        }
    }
}
