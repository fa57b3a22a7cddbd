/** Settings as a tool sees them: JSON in the place of the console's text, by the same registry. Pure. */
import type {JsonSchema} from "../config/kinds.ts";
import {isSettingName, type SettingName, settingNames, settingOf} from "../config/schema.ts";
import type {Changes, SettingError} from "../config/validate.ts";
import {type Members, shortName} from "./rpc-message.ts";

/** The value as JSON; a text that `parse` would read where JSON has nothing nearer. Not for secrets. */
export function jsonOf(name: SettingName, value: unknown): unknown {
    const {kind} = settingOf(name);
    return typeof value === "number" || typeof value === "boolean" || kind.json.type === "array"
        ? value
        : kind.print(value);
}

/** JSON Schema 2020-12 of all settings. `x-scope` says when a change takes effect, `x-range` the range in words. */
export function settingsSchema(): object {
    const properties = settingNames.map((name) => {
        const {kind, help, initial, scope, secret} = settingOf(name);
        const value = secret ? {writeOnly: true} : {default: jsonOf(name, initial)};
        return [name, {...kind.json, description: help, ...value, "x-scope": scope, "x-range": kind.range}];
    });
    return {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        properties: Object.fromEntries(properties),
        additionalProperties: false,
    };
}

export interface ReadChanges {
    readonly changes: Changes;
    /** What could not become text at all. */
    readonly errors: readonly SettingError[];
}

/** JSON values by name, as text for the one place that judges them; null goes back to the default. */
export function readChanges(members: Members): ReadChanges {
    const changes = new Map<string, string | null>();
    const errors: SettingError[] = [];
    for (const [name, value] of members) {
        const text = textOf(name, value);
        if (text === undefined) errors.push({name: shortName(name), what: `${rangeOf(name)} is wanted`});
        else changes.set(isSettingName(name) ? name : shortName(name), text);
    }
    return {changes, errors};
}

const rangeOf = (name: string): string => (isSettingName(name) ? settingOf(name).kind.range : "a text");

/** Undefined where the JSON is of no type that the setting has. A text as at the console is always taken. */
function textOf(name: string, value: unknown): string | null | undefined {
    if (value === null || typeof value === "string") return value;
    // That there is no such setting is said by the one place that judges.
    if (!isSettingName(name)) return "";
    const {json} = settingOf(name).kind;
    if (typeof value === "number") return has(json, "integer") ? String(value) : undefined;
    if (typeof value === "boolean") return has(json, "boolean") ? (value ? "on" : "off") : undefined;
    if (!Array.isArray(value) || !has(json, "array")) return undefined;
    return value.every((item) => typeof item === "string") ? value.join(",") : undefined;
}

function has(json: JsonSchema, type: JsonSchema["type"]): boolean {
    return json.type === type || (json.anyOf?.some((each) => has(each, type)) ?? false);
}
