/** The kinds of settings: how text from a person or a tool becomes a value, or a sentence that says what is wrong. */
import {messageOf} from "../errors.ts";
import {parseDigitMap} from "../phone/digit-map.ts";

export type Parsed<T> = {readonly ok: true; readonly value: T} | {readonly ok: false; readonly what: string};

export interface Kind<T> {
    /** Reads the text of a value; the error completes the sentence `NAME: …`. */
    readonly parse: (text: string) => Parsed<T>;
    /** The text that `parse` would read back. */
    readonly print: (value: T) => string;
    /** The range, for `help`. */
    readonly range: string;
    /** Values to complete, where they can be listed. */
    readonly choices: readonly string[];
    /** The value as a tool sees it: a fragment of JSON Schema 2020-12. */
    readonly json: JsonSchema;
}

/**
 * What of JSON Schema we need. A value of JSON is a boolean or a whole number as it is, a list as an array of texts, and
 * anything else the text that `parse` reads.
 */
export interface JsonSchema {
    readonly type?: "string" | "integer" | "boolean" | "array";
    readonly const?: string;
    readonly enum?: readonly string[];
    readonly pattern?: string;
    readonly maxLength?: number;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly items?: JsonSchema;
    readonly minItems?: number;
    readonly uniqueItems?: boolean;
    readonly anyOf?: readonly JsonSchema[];
}

const good = <T>(value: T): Parsed<T> => ({ok: true, value});
const bad = <T>(what: string): Parsed<T> => ({ok: false, what});

/** Text without control characters, of at most `most` characters. */
export function textKind(most: number): Kind<string> {
    return {
        parse: (text) => {
            if (text.length > most) return bad(`at most ${most} characters, not ${text.length}`);
            const control = [...text].findIndex((character) => character < " " || character === "\u007f");
            return control < 0 ? good(text) : bad(`a control character stands at place ${control + 1}`);
        },
        print: (value) => value,
        range: `text, up to ${most} characters`,
        choices: [],
        json: {type: "string", maxLength: most},
    };
}

/** Text that matches `pattern` as a whole. */
export function patternKind(pattern: RegExp, range: string): Kind<string> {
    return {
        parse: (text) => (pattern.test(text) ? good(text) : bad(`${range} is wanted`)),
        print: (value) => value,
        range,
        choices: [],
        json: {type: "string", pattern: pattern.source},
    };
}

/** A whole number with a unit in words, within the bounds. */
export function numberKind(least: number, most: number, unit: string): Kind<number> {
    return {
        parse: (text) => {
            if (!/^-?\d{1,9}$/.test(text))
                return bad(`a whole number is wanted, not ${JSON.stringify(text.slice(0, 20))}`);
            const value = Number(text);
            return value < least || value > most ? bad(`${least} to ${most}${unit}, not ${value}`) : good(value);
        },
        print: String,
        range: `${least} to ${most}${unit}`,
        choices: [],
        json: {type: "integer", minimum: least, maximum: most},
    };
}

export function choiceKind<const T extends string>(choices: readonly T[]): Kind<T> {
    return {
        parse: (text) => {
            const found = choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
            return found === undefined ? bad(`one of ${choices.join(", ")} is wanted`) : good(found);
        },
        print: (value) => value,
        range: choices.join(" | "),
        choices,
        json: {type: "string", enum: choices},
    };
}

export const switchKind: Kind<boolean> = {
    parse: (text) => {
        if (/^(on|yes|true|1)$/i.test(text)) return good(true);
        return /^(off|no|false|0)$/i.test(text) ? good(false) : bad("on or off is wanted");
    },
    print: (value) => (value ? "on" : "off"),
    range: "on | off",
    choices: ["on", "off"],
    json: {type: "boolean"},
};

/** Values separated by commas, each of the given kind, none twice; at least `least` of them. */
export function listKind<T extends string>(item: Kind<T>, least: number): Kind<readonly T[]> {
    return {
        parse: (text) => {
            const parts = text.split(/[\s,]+/).filter((part) => part !== "");
            if (parts.length < least) return bad(`at least ${least} of ${item.range}`);
            const values: T[] = [];
            for (const part of parts) {
                const parsed = item.parse(part);
                if (!parsed.ok) return bad(`${JSON.stringify(part)}: ${parsed.what}`);
                if (values.includes(parsed.value)) return bad(`${parsed.value} stands twice`);
                values.push(parsed.value);
            }
            return good(values);
        },
        print: (values) => values.join(","),
        range: `${item.range}, separated by commas`,
        choices: item.choices,
        json: {type: "array", items: item.json, minItems: least, uniqueItems: true},
    };
}

/** A kind whose empty text means "none". */
export function optionalKind<T>(kind: Kind<T>): Kind<T | null> {
    return {
        parse: (text) => (text === "" ? good(null) : kind.parse(text)),
        print: (value) => (value === null ? "" : kind.print(value)),
        range: `${kind.range}, or empty`,
        choices: kind.choices,
        json: {anyOf: [kind.json, {type: "string", const: ""}]},
    };
}

/** A digit map (RFC 3435 §2.1.5); the error names the place. */
export const digitMapKind: Kind<string> = {
    parse: (text) => {
        try {
            parseDigitMap(text);
            return good(text);
        } catch (thrown) {
            return bad(messageOf(thrown));
        }
    },
    print: (value) => value,
    range: "a digit map such as 0T|00xxx.T|[1-9]xx",
    choices: [],
    json: {type: "string"},
};

/** The IANA names that this runtime knows. */
export const timeZoneKind: Kind<string> = {
    parse: (text) => {
        try {
            return good(
                new Intl.DateTimeFormat("en", {timeZone: text}).resolvedOptions().timeZone === "" ? "UTC" : text,
            );
        } catch {
            // The runtime throws RangeError for a zone it does not know: that is the answer.
            return bad(`${JSON.stringify(text.slice(0, 40))} is no time zone; Europe/Berlin would be one`);
        }
    },
    print: (value) => value,
    range: "an IANA time zone such as Europe/Berlin",
    choices: Intl.supportedValuesOf("timeZone"),
    json: {type: "string"},
};

/** Two UDP ports, `first-last`, with room for at least four calls of two ports each. */
export const portsKind: Kind<readonly [number, number]> = {
    parse: (text) => {
        const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
        const [first, last] = [Number(match?.[1]), Number(match?.[2])];
        if (match === null || first < 1024 || last > 65535)
            return bad("two ports from 1024 to 65535, such as 16384-16484");
        return last - first < 8 ? bad("at least eight ports are needed for four calls") : good([first, last] as const);
    },
    print: ([first, last]) => `${first}-${last}`,
    range: "first-last, 1024 to 65535",
    choices: [],
    json: {type: "string"},
};

/**
 * PEM certificates on one line: line ends written as `\n` or left out, as a console line cannot hold them.
 * The printed form is one line again.
 */
export const certificatesKind: Kind<string> = {
    parse: (text) => {
        if (text === "") return good("");
        const blocks = [
            ...text
                .replaceAll("\\n", "\n")
                .matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g),
        ];
        if (blocks.length === 0)
            return bad("PEM from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, on one line");
        return good(blocks.map((block) => pem((block[1] ?? "").replaceAll(/\s/g, ""))).join(""));
    },
    print: (value) => value.replaceAll("\n", "\\n"),
    range: "PEM certificates on one line, line ends as \\n, or empty for the public authorities",
    choices: [],
    json: {type: "string"},
};

const pem = (base64: string): string =>
    `-----BEGIN CERTIFICATE-----\n${(base64.match(/.{1,64}/g) ?? []).join("\n")}\n-----END CERTIFICATE-----\n`;
