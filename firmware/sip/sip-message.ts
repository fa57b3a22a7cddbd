/**
 * A SIP message as its start line, its header fields in order and its body: what the framer and the filter work on.
 * Every function is linear in the length of the text; nothing here judges what a value means.
 */

/** A header field. `key` is the long name in lower case (RFC 3261 §7.3.3), empty for a line that is no header field. */
export interface HeaderField {
    readonly name: string;
    readonly key: string;
    readonly value: string;
}

export interface SipMessage {
    readonly startLine: string;
    readonly headers: readonly HeaderField[];
    readonly body: string;
}

/** Compact forms: RFC 3261 §20, and the header fields of RFC 3515, 3892, 4028, 6665. */
const compactForms: Readonly<Record<string, string>> = {
    b: "Referred-By",
    c: "Content-Type",
    e: "Content-Encoding",
    f: "From",
    i: "Call-ID",
    k: "Supported",
    l: "Content-Length",
    m: "Contact",
    o: "Event",
    r: "Refer-To",
    s: "Subject",
    t: "To",
    u: "Allow-Events",
    v: "Via",
    x: "Session-Expires",
};

const TOKEN = /^[A-Za-z0-9.!%*_+`'~-]+$/;

/** Whether `text` is a token of RFC 3261 §25.1. */
export function isToken(text: string): boolean {
    return TOKEN.test(text);
}

function headerField(line: string): HeaderField {
    const colon = line.indexOf(":");
    const written = colon < 0 ? "" : line.slice(0, colon).trim();
    if (!isToken(written)) return {name: "", key: "", value: line};
    const lower = written.toLowerCase();
    const name = compactForms[lower] ?? written;
    return {name, key: name.toLowerCase(), value: line.slice(colon + 1).trim()};
}

/** The header fields of a head without its start line; folded lines (RFC 3261 §7.3.1) are joined by one space. */
export function parseHeaders(lines: readonly string[]): readonly HeaderField[] {
    const logical: string[][] = [];
    for (const line of lines) {
        const last = logical.at(-1);
        if (last !== undefined && (line.startsWith(" ") || line.startsWith("\t"))) last.push(line.trim());
        else logical.push([line]);
    }
    return logical.map((parts) => headerField(parts.join(" ")));
}

/** Takes a whole message apart; null when its header fields never end. */
export function parseMessage(text: string): SipMessage | null {
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return null;
    const [startLine = "", ...lines] = text.slice(0, end).split("\r\n");
    return {startLine, headers: parseHeaders(lines), body: text.slice(end + 4)};
}

/** The text of a message, compact names written out. */
export function formatMessage(message: SipMessage): string {
    const lines = message.headers.map(({name, value}) => (name === "" ? value : `${name}: ${value}`));
    return `${[message.startLine, ...lines].join("\r\n")}\r\n\r\n${message.body}`;
}

/** The value of the first header field of that key, undefined if there is none. */
export function headerOf(message: SipMessage, key: string): string | undefined {
    return message.headers.find((field) => field.key === key)?.value;
}

/** All values of that key, in order. */
export function headersOf(message: SipMessage, key: string): readonly string[] {
    return message.headers.filter((field) => field.key === key).map((field) => field.value);
}

/** The message with each header field of these keys rewritten; null takes the field away. */
export function mapHeaders(
    message: SipMessage,
    keys: readonly string[],
    change: (value: string, field: HeaderField) => string | null,
): SipMessage {
    let changed = false;
    const headers = message.headers.flatMap((field) => {
        if (!keys.includes(field.key)) return [field];
        const value = change(field.value, field);
        if (value === field.value) return [field];
        changed = true;
        return value === null ? [] : [{...field, value}];
    });
    return changed ? {...message, headers} : message;
}

/** The message with one more header field at the end. */
export function addHeader(message: SipMessage, name: string, value: string): SipMessage {
    return {...message, headers: [...message.headers, {name, key: name.toLowerCase(), value}]};
}

export function isRequest(message: SipMessage): boolean {
    return !/^SIP\/\d/i.test(message.startLine);
}

/** The status code of a response, NaN for a request. */
export function statusOf(message: SipMessage): number {
    return isRequest(message) ? Number.NaN : Number(message.startLine.split(" ")[1]);
}

/** The method of a request, or of the request that a response answers (from CSeq); empty if neither is there. */
export function methodOf(message: SipMessage): string {
    if (isRequest(message)) return message.startLine.split(" ")[0] ?? "";
    return (
        headerOf(message, "cseq")
            ?.split(/[ \t]+/)
            .at(1) ?? ""
    );
}

/** The parameter `;name=value` of a header value, without looking into quoted strings or `<…>`; undefined if absent. */
export function parameterOf(value: string, name: string): string | undefined {
    for (const part of splitOutside(value, ";").slice(1)) {
        const equals = part.indexOf("=");
        const key = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
        if (key === name) return equals < 0 ? "" : part.slice(equals + 1).trim();
    }
    return undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x3c;
const CLOSE = 0x3e;

/** Splits at a separator of one character that stands outside of quoted strings and of `<…>`; one pass. */
export function splitOutside(value: string, separator: string): string[] {
    if (!value.includes(separator)) return [value];
    const wanted = separator.charCodeAt(0);
    const parts: string[] = [];
    let start = 0;
    let quoted = false;
    let bracketed = false;
    for (let at = 0; at < value.length; at += 1) {
        const code = value.charCodeAt(at);
        if (quoted) {
            if (code === BACKSLASH) at += 1;
            else if (code === QUOTE) quoted = false;
        } else if (code === QUOTE && !bracketed) quoted = true;
        else if (code === OPEN) bracketed = true;
        else if (code === CLOSE) bracketed = false;
        else if (code === wanted && !bracketed) {
            parts.push(value.slice(start, at));
            start = at + 1;
        }
    }
    parts.push(value.slice(start));
    return parts;
}
