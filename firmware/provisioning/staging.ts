/** What one console has staged, each change with what its person knew of the setting. Pure. */
import type {Known} from "../config/history.ts";
import type {SettingName} from "../config/schema.ts";
import type {Changes} from "../config/validate.ts";

export interface StagedChange {
    /** Null goes back to the default. */
    readonly text: string | null;
    /** The revision of the settings when it was staged. */
    readonly stagedAt: number;
    /** The newest revision of which the person was told: at the staging, by `diff` or by a refused `apply`. */
    readonly knownAt: number;
}

export type Staged = ReadonlyMap<SettingName, StagedChange>;

export const nothingStaged: Staged = new Map();

/** Stages a change, or another value for one that is staged. */
export function stage(staged: Staged, name: SettingName, text: string | null, revision: number): Staged {
    return new Map([...staged, [name, {text, stagedAt: revision, knownAt: revision}]]);
}

/** The person has been told of all that changed up to this revision. */
export function told(staged: Staged, revision: number): Staged {
    return new Map([...staged].map(([name, change]) => [name, {...change, knownAt: revision}]));
}

export const changesOf = (staged: Staged): Changes => new Map([...staged].map(([name, {text}]) => [name, text]));

/** What was known when each change was staged, and what is known now. */
export const knownAtStaging = (staged: Staged): Known =>
    new Map([...staged].map(([name, {stagedAt}]) => [name, stagedAt]));
export const knownNow = (staged: Staged): Known => new Map([...staged].map(([name, {knownAt}]) => [name, knownAt]));
