/**
 * Finds messages in a byte stream (RFC 3261 §18.3) and the CRLFs between them (RFC 5626 §4.4.1).
 *
 *   CRLF CRLF   start line CRLF   header CRLF … CRLF   Content-Length bytes   CRLF …
 *   `- crlf -'  `------------------ message ------------------------------'  `-- crlf
 *
 * What is found does not depend on how the stream was cut into chunks.
 */
import {parseHeaders} from "./sip-message.ts";

/** Most bytes of start line and header fields together. JsSIP's grammar needs 63 ms for 60 kB on one header line. */
export const MAX_HEAD = 16 * 1024;
/** Most bytes of one line. */
export const MAX_LINE = 4 * 1024;
/** Most bytes of a body: a full resource list (RFC 4662) of a hundred dialogs is about 80 kB. */
export const MAX_BODY = 256 * 1024;

/** Why a stream cannot be read on. After it the connection must go: nobody knows where the next message begins. */
export type FramingFault =
    | "headTooLong"
    | "lineTooLong"
    | "notSip"
    | "noContentLength"
    | "badContentLength"
    | "bodyTooLong";

export type Frame =
    | {readonly type: "message"; readonly text: string}
    | {readonly type: "crlf"}
    | {readonly type: "fault"; readonly fault: FramingFault};

const CR = 13;
const LF = 10;
const REQUEST_LINE = /^[A-Za-z0-9.!%*_+`'~-]+ .*SIP\/\d+\.\d+$/i;
const STATUS_LINE = /^SIP\/\d+\.\d+ \d{3}( |$)/i;

/** What is wrong with the head of a message, or null. `head` has no CRLF CRLF at its end; lengths are in characters. */
export function headFault(head: string): FramingFault | null {
    if (head.length > MAX_HEAD) return "headTooLong";
    const lines = head.split("\r\n");
    if (lines.some((line) => line.length > MAX_LINE)) return "lineTooLong";
    const [startLine = ""] = lines;
    return REQUEST_LINE.test(startLine) || STATUS_LINE.test(startLine) ? null : "notSip";
}

/** The length of the body that follows a head, in bytes, or what is wrong with the head. */
function lengthOf(head: string): number | FramingFault {
    const fault = headFault(head);
    if (fault !== null) return fault;
    const headers = parseHeaders(head.split("\r\n").slice(1));
    const values = new Set(headers.filter(({key}) => key === "content-length").map(({value}) => value));
    const [value] = values;
    if (value === undefined) return "noContentLength";
    if (values.size > 1 || !/^\d{1,9}$/.test(value)) return "badContentLength";
    return Number(value) > MAX_BODY ? "bodyTooLong" : Number(value);
}

/** Owns the bytes of one connection that do not make a whole message yet. */
export class Framer {
    #head: Buffer = Buffer.alloc(0);
    /** The head that waits for its body, and the body's chunks so far. */
    #waiting: {readonly head: string; readonly length: number} | null = null;
    #body: Buffer[] = [];
    #bodyBytes = 0;
    #dead = false;

    /** Takes the next bytes; returns what they complete. After a fault everything is ignored. */
    push(chunk: Uint8Array): readonly Frame[] {
        const frames: Frame[] = [];
        let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
        while (!this.#dead && rest.length > 0) {
            rest = this.#waiting === null ? this.#takeHead(rest, frames) : this.#takeBody(rest, frames);
        }
        return frames;
    }

    /** Adds bytes to the head until it is whole; returns the bytes after it. */
    #takeHead(chunk: Buffer, frames: Frame[]): Buffer {
        const before = this.#head.length;
        const bytes = before === 0 ? chunk : Buffer.concat([this.#head, chunk]);
        let start = 0;
        while (bytes[start] === CR && bytes[start + 1] === LF) {
            frames.push({type: "crlf"});
            start += 2;
        }
        const end = bytes.indexOf("\r\n\r\n", Math.max(start, before - 3));
        if (end < 0) {
            this.#head = Buffer.from(bytes.subarray(start));
            // Three bytes may be the beginning of the empty line.
            if (this.#head.length > MAX_HEAD + 3) this.#fail("headTooLong", frames);
            return Buffer.alloc(0);
        }
        this.#head = Buffer.alloc(0);
        const head = bytes.toString("utf8", start, end);
        const length = end - start > MAX_HEAD ? "headTooLong" : lengthOf(head);
        if (typeof length !== "number") {
            this.#fail(length, frames);
            return Buffer.alloc(0);
        }
        this.#waiting = {head, length};
        this.#finishBody(frames);
        return bytes.subarray(end + 4);
    }

    /** Adds bytes to the body until it is whole; returns the bytes after it. */
    #takeBody(chunk: Buffer, frames: Frame[]): Buffer {
        const lacking = (this.#waiting?.length ?? 0) - this.#bodyBytes;
        // A copy: the socket's buffer is not ours to keep.
        const part = Buffer.from(chunk.subarray(0, lacking));
        this.#body.push(part);
        this.#bodyBytes += part.length;
        this.#finishBody(frames);
        return chunk.subarray(part.length);
    }

    #finishBody(frames: Frame[]): void {
        if (this.#waiting === null || this.#bodyBytes < this.#waiting.length) return;
        const body = Buffer.concat(this.#body).toString("utf8");
        frames.push({type: "message", text: `${this.#waiting.head}\r\n\r\n${body}`});
        this.#waiting = null;
        this.#body = [];
        this.#bodyBytes = 0;
    }

    #fail(fault: FramingFault, frames: Frame[]): void {
        this.#dead = true;
        this.#head = Buffer.alloc(0);
        this.#body = [];
        frames.push({type: "fault", fault});
    }
}
