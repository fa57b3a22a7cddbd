/**
 * Which settings changed while somebody had changes of them in mind. Pure. Time is counted in commits since the start:
 * changes in mind do not outlive the process.
 */
import {type SettingName, type Settings, settingOf} from "./schema.ts";

export interface History {
    /** The number of commits so far. */
    readonly revision: number;
    /** The revision that gave a setting its present value; what is not there has kept its value since the start. */
    readonly changedAt: ReadonlyMap<SettingName, number>;
}

/** For each setting that somebody is about to change, the revision at which its value was known to him. */
export type Known = ReadonlyMap<SettingName, number>;

export const emptyHistory: History = {revision: 0, changedAt: new Map()};

/** The history after a commit that changed these settings. */
export function recorded({revision, changedAt}: History, changed: readonly SettingName[]): History {
    const next = revision + 1;
    return {revision: next, changedAt: new Map([...changedAt, ...changed.map((name) => [name, next] as const)])};
}

/** The settings that changed after they were known, in the order of `known`. */
export function changedSince({changedAt}: History, known: Known): readonly SettingName[] {
    return [...known].filter(([name, revision]) => (changedAt.get(name) ?? 0) > revision).map(([name]) => name);
}

/** Those of the committed settings that have another value than before. A secret has one, as nobody can compare it. */
export function differing(committed: readonly SettingName[], before: Settings, after: Settings): SettingName[] {
    return committed.filter((name) => {
        const {kind, secret} = settingOf(name);
        return secret || kind.print(before[name]) !== kind.print(after[name]);
    });
}
