/** The words of the console: how a line becomes a command, and how it may go on (completion). */
import {isSettingName, type SettingName, settingNames, settingOf} from "../config/schema.ts";

export type Command =
    | {readonly type: "nothing"}
    | {readonly type: "help"; readonly topic: string}
    | {readonly type: "show"; readonly prefix: string}
    | {readonly type: "set"; readonly name: SettingName; readonly value: string | null}
    | {readonly type: "unset"; readonly name: SettingName}
    | {readonly type: "diff"}
    | {readonly type: "apply"}
    | {readonly type: "discard"}
    | {readonly type: "status"}
    | {readonly type: "events"}
    | {readonly type: "calls"}
    | {readonly type: "contacts"; readonly action: "list"}
    | {readonly type: "contacts"; readonly action: "add"; readonly name: string; readonly numbers: readonly string[]}
    | {readonly type: "contacts"; readonly action: "remove"; readonly id: number}
    | {readonly type: "error"; readonly what: string};

/** Every command with what stands behind it and one sentence, for `help`. */
export const commandHelp: Readonly<Record<string, readonly [usage: string, sentence: string]>> = {
    help: ["help [COMMAND or SETTING]", "Says what can be done, or what a setting is."],
    show: ["show [PREFIX]", "Lists settings with their values; secrets as ***."],
    set: ["set NAME VALUE", "Stages a change; a secret without a value is asked for unseen."],
    unset: ["unset NAME", "Stages the return to the default."],
    diff: ["diff", "Lists what is staged, and what of it was changed elsewhere meanwhile."],
    apply: [
        "apply",
        "Checks all that is staged and puts it into force, or names every error and what was changed elsewhere.",
    ],
    discard: ["discard", "Forgets what is staged."],
    status: ["status", "Registration, addresses, versions."],
    events: ["events", "The last thousand events of the phone, without numbers and names."],
    calls: ["calls", "Lists the recent calls."],
    contacts: ['contacts [list | add "NAME" NUMBER… | remove ID]', "The names shown for callers."],
};

/** Splits a line into words; double quotes keep spaces together, a backslash quotes `"` and itself. */
export function wordsOf(line: string): string[] {
    return [...line.matchAll(/"((?:[^"\\]|\\.)*)"?|[^\s"]+/g)].map((match) =>
        match[1] === undefined ? match[0] : match[1].replaceAll(/\\(["\\])/g, "$1"),
    );
}

/** ModemManager on the host probes every new port with AT commands (ITU-T V.250); they get no answer. */
export const isModemProbe = (line: string): boolean => /^AT([+&EZIVQHD].*)?$/.test(line);

export function parseCommand(line: string): Command {
    const text = line.trim();
    if (text === "" || isModemProbe(text)) return {type: "nothing"};
    const [verb = "", ...rest] = wordsOf(text);
    switch (verb) {
        case "help":
        case "?": {
            return {type: "help", topic: rest[0] ?? ""};
        }
        case "show": {
            return {type: "show", prefix: rest[0] ?? ""};
        }
        case "set": {
            return parseSet(text, rest);
        }
        case "unset": {
            return parseUnset(rest[0] ?? "");
        }
        case "contacts": {
            return parseContacts(rest);
        }
        case "diff":
        case "apply":
        case "discard":
        case "status":
        case "events":
        case "calls": {
            return rest.length === 0 ? {type: verb} : {type: "error", what: `${verb} takes nothing behind it`};
        }
        default: {
            return {type: "error", what: `there is no command ${JSON.stringify(verb.slice(0, 40))}; help lists them`};
        }
    }
}

/** The value is the rest of the line as it stands, so that it needs quotes only for spaces at its ends. */
function parseSet(text: string, rest: readonly string[]): Command {
    const name = rest[0] ?? "";
    if (!isSettingName(name)) return noSuchSetting(name);
    if (rest.length === 1) {
        if (settingOf(name).secret) return {type: "set", name, value: null};
        return {type: "error", what: `${name} needs a value: ${settingOf(name).kind.range}`};
    }
    const written = text.slice(text.indexOf(name) + name.length).trim();
    const value = rest.length === 2 && written.startsWith('"') ? (rest[1] ?? "") : written;
    return {type: "set", name, value};
}

function parseUnset(name: string): Command {
    return isSettingName(name) ? {type: "unset", name} : noSuchSetting(name);
}

function noSuchSetting(name: string): Command {
    if (name === "") return {type: "error", what: "the name of a setting is missing; show lists them"};
    return {type: "error", what: `there is no setting ${JSON.stringify(name.slice(0, 40))}; show lists them`};
}

function parseContacts([action = "list", ...rest]: readonly string[]): Command {
    switch (action) {
        case "list": {
            return {type: "contacts", action: "list"};
        }
        case "add": {
            const [name = "", ...numbers] = rest;
            if (name !== "" && numbers.length > 0) return {type: "contacts", action: "add", name, numbers};
            return {type: "error", what: 'a name and a number are wanted: contacts add "Ada Lovelace" 601'};
        }
        case "remove": {
            const id = Number(rest[0]);
            if (Number.isSafeInteger(id) && rest.length === 1) return {type: "contacts", action: "remove", id};
            return {type: "error", what: "the number in front of a contact is wanted: contacts remove 3"};
        }
        default: {
            return {type: "error", what: "contacts list, contacts add or contacts remove is wanted"};
        }
    }
}

/** All words that may stand where the line ends, and the part of it that is already there. */
export function completionsOf(line: string): {readonly typed: string; readonly candidates: readonly string[]} {
    const typed = /\S*$/.exec(line)?.[0] ?? "";
    const before = line
        .slice(0, line.length - typed.length)
        .trim()
        .split(/\s+/);
    const candidates = (words: readonly string[]): {typed: string; candidates: string[]} => ({
        typed,
        candidates: words.filter((word) => word.startsWith(typed)),
    });
    const [verb = "", name = ""] = before;
    if (verb === "") return candidates(Object.keys(commandHelp));
    if (before.length === 1) {
        if (["set", "unset", "show"].includes(verb)) return candidates(settingNames);
        if (verb === "help" || verb === "?") return candidates([...Object.keys(commandHelp), ...settingNames]);
        return candidates(verb === "contacts" ? ["list", "add", "remove"] : []);
    }
    const choices = verb === "set" && before.length === 2 && isSettingName(name) ? settingOf(name).kind.choices : [];
    return candidates(choices);
}
