/**
 * The messages of the NBD protocol ("The NBD protocol", doc/proto.md of the Network Block Device project) as values:
 * readers of what a client says, writers of what a server says. Names are that document's, numbers are big-endian.
 *
 *   C: option    IHAVEOPT 8 | option 4 | length 4 | data
 *   S: reply     magic 8 | option 4 | reply type 4 | length 4 | data
 *   C: request   magic 4 | command flags 2 | type 2 | cookie 8 | offset 8 | length 4 | data of NBD_CMD_WRITE
 *   S: reply     magic 4 | error 4 | cookie 8 | data of NBD_CMD_READ         ("simple reply message")
 */

/** `IHAVEOPT`, before the handshake flags and before each option. */
const OPTION_MAGIC = Buffer.from("IHAVEOPT", "latin1");
const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
const REQUEST_MAGIC = 0x25609513;
const SIMPLE_REPLY_MAGIC = 0x67446698;

/** Handshake flags of the server; the client flags answer with the same bits. */
const NBD_FLAG_FIXED_NEWSTYLE = 1;
const NBD_FLAG_NO_ZEROES = 2;

/** Transmission flags: `NBD_FLAG_HAS_FLAGS`, `NBD_FLAG_SEND_FLUSH`, `NBD_FLAG_SEND_FUA`. */
const TRANSMISSION_FLAGS = 1 | 4 | 8;

const NBD_INFO_EXPORT = 0;

export const CLIENT_FLAGS_LENGTH = 4;
export const OPTION_HEADER_LENGTH = 16;
export const REQUEST_HEADER_LENGTH = 28;

/** Options, in the "option" field. */
export const NBD_OPT = {exportName: 1, abort: 2, list: 3, info: 6, go: 7} as const;

/** Option reply types; errors have bit 31 set. */
export const NBD_REP = {
    ack: 1,
    server: 2,
    info: 3,
    errUnsupported: 0x80000001,
    errInvalid: 0x80000003,
    errUnknown: 0x80000006,
    errTooBig: 0x80000009,
} as const;

/** Request types. */
export const NBD_CMD = {read: 0, write: 1, disconnect: 2, flush: 3} as const;

/** "Force unit access": the reply waits until the data is on non-volatile storage. */
export const NBD_CMD_FLAG_FUA = 1;

/** Error values of a simple reply. */
export const NBD_ERROR = {none: 0, eio: 5, einval: 22, enospc: 28} as const;
export type NbdError = (typeof NBD_ERROR)[keyof typeof NBD_ERROR];

export interface ClientFlags {
    readonly noZeroes: boolean;
}

export interface OptionHeader {
    readonly option: number;
    /** Octets of data that follow. */
    readonly length: number;
}

export interface RequestHeader {
    readonly flags: number;
    readonly type: number;
    /** What the client knows the reply by, 8 octets; "handle" in older editions. */
    readonly cookie: Buffer;
    /** Octets from the start of the export. */
    readonly offset: bigint;
    /** Octets to read or write. */
    readonly length: number;
}

/** What the server says first: `NBDMAGIC`, `IHAVEOPT` and the handshake flags. */
export function greeting(): Buffer {
    const flags = Buffer.from([0, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES]);
    return Buffer.concat([Buffer.from("NBDMAGIC", "latin1"), OPTION_MAGIC, flags]);
}

/** Null for a flag that the server did not offer, upon which it must drop the connection. */
export function readClientFlags(octets: Buffer): ClientFlags | null {
    const flags = octets.readUInt32BE(0);
    if ((flags & ~(NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES)) !== 0) return null;
    return {noZeroes: (flags & NBD_FLAG_NO_ZEROES) !== 0};
}

/** Null if the magic is wrong: the two sides have lost each other. */
export function readOptionHeader(octets: Buffer): OptionHeader | null {
    if (!octets.subarray(0, 8).equals(OPTION_MAGIC)) return null;
    return {option: octets.readUInt32BE(8), length: octets.readUInt32BE(12)};
}

/** The export name in the data of `NBD_OPT_INFO` and `NBD_OPT_GO`; null if the lengths in it contradict each other. */
export function readInfoRequest(data: Buffer): string | null {
    if (data.length < 6) return null;
    const nameLength = data.readUInt32BE(0);
    if (nameLength > data.length - 6) return null;
    const informationRequests = data.readUInt16BE(4 + nameLength);
    if (data.length !== 6 + nameLength + 2 * informationRequests) return null;
    return data.toString("utf8", 4, 4 + nameLength);
}

/** Null if the magic is wrong: the two sides have lost each other. */
export function readRequestHeader(octets: Buffer): RequestHeader | null {
    if (octets.readUInt32BE(0) !== REQUEST_MAGIC) return null;
    return {
        flags: octets.readUInt16BE(4),
        type: octets.readUInt16BE(6),
        cookie: octets.subarray(8, 16),
        offset: octets.readBigUInt64BE(16),
        length: octets.readUInt32BE(24),
    };
}

export function optionReply(option: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer {
    const header = Buffer.alloc(20);
    header.writeBigUInt64BE(OPTION_REPLY_MAGIC, 0);
    header.writeUInt32BE(option, 8);
    header.writeUInt32BE(type, 12);
    header.writeUInt32BE(data.length, 16);
    return Buffer.concat([header, data]);
}

/** The data of `NBD_REP_SERVER`: an export's name. */
export function serverDescription(name: string): Buffer {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(name), 0);
    return Buffer.concat([length, Buffer.from(name, "utf8")]);
}

/** The data of `NBD_REP_INFO` of type `NBD_INFO_EXPORT`: what `NBD_OPT_EXPORT_NAME` is answered, with its type before. */
export function exportInformation(exportBytes: number): Buffer {
    const type = Buffer.alloc(2);
    type.writeUInt16BE(NBD_INFO_EXPORT, 0);
    return Buffer.concat([type, exportSizeAndFlags(exportBytes)]);
}

/** The answer to `NBD_OPT_EXPORT_NAME`, the last of the handshake. */
export function exportNameReply(exportBytes: number, client: ClientFlags): Buffer {
    const zeroes = Buffer.alloc(client.noZeroes ? 0 : 124);
    return Buffer.concat([exportSizeAndFlags(exportBytes), zeroes]);
}

function exportSizeAndFlags(exportBytes: number): Buffer {
    const octets = Buffer.alloc(10);
    octets.writeBigUInt64BE(BigInt(exportBytes), 0);
    octets.writeUInt16BE(TRANSMISSION_FLAGS, 8);
    return octets;
}

export function simpleReply(cookie: Buffer, error: NbdError, data: Buffer = Buffer.alloc(0)): Buffer {
    const header = Buffer.alloc(8);
    header.writeUInt32BE(SIMPLE_REPLY_MAGIC, 0);
    header.writeUInt32BE(error, 4);
    return Buffer.concat([header, cookie, data]);
}
