import type {Parsed} from "./kinds.ts";
import {accountNumbers, isSettingName, type Scope, type Settings, settingOf} from "./schema.ts";

export interface SettingError {
    readonly name: string;
    /** Completes the sentence `NAME: …`; never holds the value of a secret. */
    readonly what: string;
}

/** Text by name; null goes back to the default. */
export type Changes = ReadonlyMap<string, string | null>;

export type Validated =
    | {readonly ok: true; readonly settings: Settings}
    | {readonly ok: false; readonly errors: readonly SettingError[]};

/** Rules that need more than one setting to be judged. */
function crossErrors(settings: Settings): SettingError[] {
    const errors: SettingError[] = [];
    for (const number of accountNumbers) {
        if (!settings[`account${number}.enabled`]) continue;
        if (settings[`account${number}.user`] === "") {
            errors.push({name: `account${number}.user`, what: "an enabled account needs a user"});
        }
        if (settings[`account${number}.domain`] === "") {
            errors.push({name: `account${number}.domain`, what: "an enabled account needs a domain"});
        }
    }
    if (![10, 20, 30, 40, 60].includes(settings["audio.ptime"])) {
        errors.push({name: "audio.ptime", what: "10, 20, 30, 40 or 60 ms is wanted"});
    }
    return errors;
}

/** Judges all changes against the present settings and answers all errors at once, or the settings that would be. */
export function validate(changes: Changes, current: Settings): Validated {
    const errors: SettingError[] = [];
    const next: Record<string, unknown> = {...current};
    for (const [name, text] of changes) {
        const parsed = parseSetting(name, text);
        if (parsed.ok) next[name] = parsed.value;
        else errors.push({name, what: parsed.what});
    }
    const settings = next as unknown as Settings;
    const all = [...errors, ...crossErrors(settings)];
    return all.length === 0 ? {ok: true, settings} : {ok: false, errors: all};
}

/** Reads one value by itself, without the rules that need other settings. A secret's value becomes `secretMark`. */
export function parseSetting(name: string, text: string | null): Parsed<unknown> {
    if (!isSettingName(name)) return {ok: false, what: "there is no such setting"};
    const setting = settingOf(name);
    if (text === null) return {ok: true, value: setting.initial};
    const parsed = setting.kind.parse(text);
    if (parsed.ok && setting.secret) return {ok: true, value: text === "" ? "" : secretMark};
    return parsed;
}

/** What stands for a secret in `Settings`. */
export const secretMark = "set";

/** The scopes that a set of changed names touches. */
export function scopesOf(names: Iterable<string>): ReadonlySet<Scope> {
    const scopes = new Set<Scope>();
    for (const name of names) if (isSettingName(name)) scopes.add(settingOf(name).scope);
    return scopes;
}
