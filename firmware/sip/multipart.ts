/** SDP among other parts of a body (RFC 5621 §3.1 asks every user agent for it; JsSIP answers 415). */
import {headerOf, parameterOf, parseHeaders} from "./sip-message.ts";

/** So many parts are looked at; a call has two or three (SDP, a location, ISUP). */
const MAX_PARTS = 16;

interface Part {
    readonly type: string;
    /** Whether the sender insists that this part is understood (RFC 3261 §20.11). */
    readonly isRequired: boolean;
    readonly body: string;
}

function partOf(text: string): Part {
    // A part may begin with its empty line: no header fields at all (RFC 2046 §5.1).
    const end = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n");
    const head = text.slice(0, Math.max(end, 0)).split("\r\n");
    const part = {startLine: "", headers: parseHeaders(head), body: ""};
    const disposition = headerOf(part, "content-disposition") ?? "";
    return {
        type: (headerOf(part, "content-type") ?? "text/plain").split(";", 1)[0]?.trim().toLowerCase() ?? "",
        isRequired: parameterOf(disposition, "handling")?.toLowerCase() === "required",
        body: end < 0 ? "" : text.slice(end === 0 ? 2 : end + 4),
    };
}

/**
 * The SDP of a multipart body; null where the type is another, there is no SDP in it, or another part is required and
 * is nothing that we understand.
 */
export function sdpOfMultipart(contentType: string, body: string): string | null {
    if (!/^multipart\/(mixed|alternative|related)\b/i.test(contentType)) return null;
    const boundary = parameterOf(contentType, "boundary")?.replace(/^"|"$/g, "") ?? "";
    if (boundary === "") return null;
    const [, ...sections] = `\r\n${body}`.split(`\r\n--${boundary}`);
    const parts = sections
        .slice(0, MAX_PARTS)
        .filter((section) => !section.startsWith("--"))
        .map((section) => partOf(section.slice(section.indexOf("\r\n") + 2)));
    const sdp = parts.find(({type}) => type === "application/sdp");
    if (sdp === undefined || parts.some((part) => part.isRequired && part.type !== "application/sdp")) return null;
    // The line break before a boundary belongs to the boundary; the last line of SDP needs its own.
    return `${sdp.body.trimEnd()}\r\n`;
}
