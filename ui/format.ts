/** Times, durations and numbers as a person reads them. UTC ms in, text out; the zone is an IANA name. */
import {cellsOf} from "./layout.ts";
import type {Text} from "./text/text.ts";

const HOUR = 3_600;
const DAY_MS = 86_400_000;

/** A running clock: `0:07`, `12:34`, `1:02:03`. Whole seconds. */
export function duration(seconds: number): string {
    const whole = Math.max(0, Math.floor(seconds));
    const two = (value: number): string => String(value).padStart(2, "0");
    const minutes = Math.floor((whole % HOUR) / 60);
    if (whole < HOUR) return `${minutes}:${two(whole % 60)}`;
    return `${Math.floor(whole / HOUR)}:${two(minutes)}:${two(whole % 60)}`;
}

/** A day and a time in a zone, as text of the table's language. */
export interface WallTime {
    /** `09:41`. */
    readonly time: string;
    /** `Tue`. */
    readonly weekday: string;
    /** `Tue 24 Nov`. */
    readonly date: string;
    /** `Tuesday 24 November`. */
    readonly longDate: string;
    /** `24/11`, separated as the language does. */
    readonly shortDate: string;
    /** Days since 1970-01-01 of the calendar in the zone. */
    readonly day: number;
}

/** Formatters cost a tenth of a millisecond each, and a frame needs several: they are kept by language and zone. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(locale: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const key = `${locale} ${zone} ${options.month}`;
    const kept = formatters.get(key);
    if (kept !== undefined) return kept;
    const made = new Intl.DateTimeFormat(locale, {...options, timeZone: knownZone(zone), calendar: "gregory"});
    formatters.set(key, made);
    return made;
}

/** A zone that the runtime does not know is shown as UTC: a wrong hour is better than no screen. */
function knownZone(zone: string): string {
    try {
        return new Intl.DateTimeFormat("en", {timeZone: zone}).resolvedOptions().timeZone;
    } catch {
        // The settings check the zone; a name that an older tzdata lacks arrives here.
        return "UTC";
    }
}

function partsOf(format: Intl.DateTimeFormat, at: number): Readonly<Record<string, string>> {
    const parts = format.formatToParts(at).map(({type, value}) => [type, value.replace(/\.$/, "")] as const);
    return Object.fromEntries(parts);
}

const NUMERIC: Intl.DateTimeFormatOptions = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
};

/** Dates beyond what a calendar can hold are shown as its beginning. */
export function wallTime(at: number, zone: string, text: Text): WallTime {
    const moment = Math.abs(at) <= 8.64e15 ? at : 0;
    const numeric = partsOf(formatter("en", zone, NUMERIC), moment);
    const short = partsOf(formatter(text.locale, zone, {weekday: "short", day: "numeric", month: "short"}), moment);
    const long = partsOf(formatter(text.locale, zone, {weekday: "long", day: "numeric", month: "long"}), moment);
    const {year = "", month = "", day = "", hour = "", minute = ""} = numeric;
    return {
        time: `${hour}:${minute}`,
        weekday: short["weekday"] ?? "",
        date: `${short["weekday"]} ${short["day"]} ${short["month"]}`,
        longDate: `${long["weekday"]} ${long["day"]} ${long["month"]}`,
        shortDate: `${day}${text.dateSeparator}${month}`,
        day: Math.floor(Date.UTC(Number(year), Number(month) - 1, Number(day)) / DAY_MS),
    };
}

/** When a call was, in at most six cells: its time today, else its weekday within a week, else its date. */
export function relativeDay(at: WallTime, today: WallTime | null): string {
    if (today === null) return at.shortDate;
    const ago = today.day - at.day;
    if (ago === 0) return at.time;
    return ago > 0 && ago < 7 ? at.weekday : at.shortDate;
}

/** The same with more room: `09:41`, `yesterday 09:41`, `Tue 09:41`, `24/11 09:41`. */
export function relativeDayAndTime(at: WallTime, today: WallTime | null, text: Text): string {
    const ago = today === null ? null : today.day - at.day;
    if (ago === 0) return at.time;
    if (ago === 1) return `${text.yesterday} ${at.time}`;
    return `${relativeDay(at, today)} ${at.time}`;
}

/** The two lines of a party: its name and number, or its number alone, or the words for a hidden one. */
export function partyLines(
    party: {readonly number: string; readonly name: string | null},
    text: Text,
): readonly [string, string | null] {
    const name = cellsOf(party.name ?? "").trim();
    if (name === "" || name === party.number) return [party.number === "" ? text.call.anonymous : party.number, null];
    return [name, party.number === "" ? null : party.number];
}

/** Names of countries come from the runtime's data (CLDR), in every language of the tables. */
const countryNames = new Map<string, Intl.DisplayNames>();

/** The name of a country by its ISO 3166-1 alpha-2 code, or the code in capitals where none is known. */
export function countryName(country: string, text: Text): string {
    const code = country.toUpperCase();
    if (!/^[A-Z]{2}$/.test(code)) return code;
    const kept = countryNames.get(text.locale) ?? new Intl.DisplayNames(text.locale, {type: "region"});
    countryNames.set(text.locale, kept);
    return kept.of(code) ?? code;
}

/** A share of 0 to 1. */
export function percent(share: number): string {
    return `${(share * 100).toFixed(1)} %`;
}

export function milliseconds(value: number): string {
    return `${Math.round(value)} ms`;
}
