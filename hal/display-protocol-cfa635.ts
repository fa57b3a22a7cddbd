/**
 * The packet protocol of Crystalfontz CFA635 and its kin (735, 835), pure: values to bytes and bytes to values.
 *
 *   | type (1) | length (1) | data (length) | CRC-16/X-25 over type, length and data (2, low byte first) |
 *   type: bits 7-6: 00 command, 01 response, 10 report, 11 error; bits 5-0: the command's code
 *
 * Source: data sheet CFA635-xxx-KU, "Host Communications".
 */

/** Most data bytes in a packet of the 635. */
export const MAX_DATA = 22;

/** Highest command code that the 635 knows. */
const MAX_CODE = 35;

/** Answers come within this, or they do not come (data sheet: 250 ms). */
export const ANSWER_MS = 250;

/** The command codes that the phone uses. */
export const COMMAND = {
    ping: 0,
    version: 1,
    clear: 6,
    glyph: 9,
    cursorPosition: 11,
    cursorStyle: 12,
    contrast: 13,
    backlight: 14,
    keyReporting: 23,
    readKeys: 24,
    text: 31,
    led: 34,
} as const;

/** Bit of each key in the masks of commands 23 and 24; not in the order of the report codes. */
export const KEY_MASK = {up: 0x01, ok: 0x02, back: 0x04, left: 0x08, right: 0x10, down: 0x20} as const;
export const ALL_KEYS = 0x3f;

/** A key of the module, named as the board's vocabulary names it: enter is `ok`, exit is `back`. */
export type ModuleKey = keyof typeof KEY_MASK;

/** Key reports: code 1 to 6 pressed, 7 to 12 released, in this order. */
const REPORTED_KEYS: readonly ModuleKey[] = ["up", "down", "left", "right", "ok", "back"];

/** GPIO index of an LED: 0 is the top one; each has a green and a red half (data sheet: indexes 5 to 12). */
export function ledIndex(led: 0 | 1 | 2 | 3, colour: "green" | "red"): number {
    return 11 - 2 * led + (colour === "red" ? 1 : 0);
}

/** What the module says. `response` carries the command's code, `error` too. */
export type CfaPacket =
    | {readonly type: "command"; readonly code: number; readonly data: Uint8Array}
    | {readonly type: "response"; readonly code: number; readonly data: Uint8Array}
    | {readonly type: "report"; readonly code: number; readonly data: Uint8Array}
    | {readonly type: "error"; readonly code: number; readonly data: Uint8Array};

const PACKET_TYPES = ["command", "response", "report", "error"] as const;

/** CRC-16/X-25: polynomial 0x1021 reflected, start 0xFFFF, complemented at the end. */
export function crc16(bytes: Uint8Array): number {
    let crc = 0xffff;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >> 1) ^ 0x8408 : crc >> 1;
    }
    return ~crc & 0xffff;
}

/** Builds a packet. Throws RangeError for data that the module would not take. */
export function encodePacket(code: number, data: Uint8Array | readonly number[]): Uint8Array {
    if (!Number.isInteger(code) || code < 0 || code > 0xff) throw new RangeError(`no packet type ${code}`);
    if (data.length > MAX_DATA) throw new RangeError(`${data.length} bytes of data, at most ${MAX_DATA} fit a packet`);
    const packet = new Uint8Array(data.length + 4);
    packet[0] = code;
    packet[1] = data.length;
    packet.set(data, 2);
    const crc = crc16(packet.subarray(0, data.length + 2));
    packet[data.length + 2] = crc & 0xff;
    packet[data.length + 3] = crc >> 8;
    return packet;
}

/** What a buffer held: whole packets, bytes dropped while looking for one, and the rest to keep for the next chunk. */
export interface Parsed {
    readonly packets: readonly CfaPacket[];
    readonly dropped: number;
    readonly rest: Uint8Array;
}

/** Takes all packets from a buffer. Garbage and bad checksums cost one byte each, so that no true packet is missed. */
export function parsePackets(buffer: Uint8Array): Parsed {
    const packets: CfaPacket[] = [];
    let dropped = 0;
    let at = 0;
    while (buffer.length - at >= 4) {
        const type = buffer[at] ?? 0;
        const length = buffer[at + 1] ?? 0;
        if ((type & 0x3f) > MAX_CODE || length > MAX_DATA) {
            at += 1;
            dropped += 1;
            continue;
        }
        const end = at + length + 4;
        if (end > buffer.length) break;
        const crc = (buffer[end - 2] ?? 0) | ((buffer[end - 1] ?? 0) << 8);
        if (crc !== crc16(buffer.subarray(at, end - 2))) {
            at += 1;
            dropped += 1;
            continue;
        }
        packets.push({
            type: PACKET_TYPES[(type >> 6) as 0 | 1 | 2 | 3],
            code: type & 0x3f,
            data: Uint8Array.from(buffer.subarray(at + 2, end - 2)),
        });
        at = end;
    }
    return {packets, dropped, rest: Uint8Array.from(buffer.subarray(at))};
}

/** Reads a key report (0x80); null for anything else. */
export function keyOfReport(packet: CfaPacket): {readonly key: ModuleKey; readonly down: boolean} | null {
    const code = packet.data[0];
    if (packet.type !== "report" || packet.code !== 0 || packet.data.length !== 1 || code === undefined) return null;
    const key = REPORTED_KEYS[(code - 1) % 6];
    if (code < 1 || code > 12 || key === undefined) return null;
    return {key, down: code <= 6};
}

/** The keys that are down now, from the answer to `readKeys` (command 24). */
export function keysDown(data: Uint8Array): readonly ModuleKey[] {
    const mask = data[0] ?? 0;
    return REPORTED_KEYS.filter((key) => (mask & KEY_MASK[key]) !== 0);
}
