/**
 * One client's conversation with an NBD server, as octets in and octets out: no socket, no clock. What it says follows
 * the phases of the protocol's document.
 *
 *   greeting --> client flags --> option haggling --> transmission --> over
 *                     |                  |   ^--+          |   ^--+     ^
 *                     +------------------+-----------------+------------+   a violation, NBD_OPT_ABORT, NBD_CMD_DISC
 */
import {
    CLIENT_FLAGS_LENGTH,
    type ClientFlags,
    exportInformation,
    exportNameReply,
    greeting,
    NBD_CMD,
    NBD_CMD_FLAG_FUA,
    NBD_ERROR,
    NBD_OPT,
    NBD_REP,
    type NbdError,
    OPTION_HEADER_LENGTH,
    optionReply,
    REQUEST_HEADER_LENGTH,
    type RequestHeader,
    readClientFlags,
    readInfoRequest,
    readOptionHeader,
    readRequestHeader,
    serverDescription,
    simpleReply,
} from "./nbd-messages.ts";
import {OctetQueue} from "./nbd-octets.ts";

/** What a client may ask of the disk: within its range and at most `LONGEST_REQUEST` octets. */
export type BlockRequest =
    | {readonly kind: "read"; readonly offset: number; readonly length: number}
    | {readonly kind: "write"; readonly offset: number; readonly data: Buffer; readonly forceUnitAccess: boolean}
    | {readonly kind: "flush"};

export interface BlockAnswer {
    readonly error: NbdError;
    /** What was read; empty in other answers. */
    readonly data: Buffer;
}

/** What is exported, under the empty name, the protocol's default export. */
export interface BlockExport {
    readonly bytes: number;
    readonly answer: (request: BlockRequest) => BlockAnswer;
}

/** What to do next: wait for more octets, say some, or say some and end the connection. */
export type SessionStep =
    | {readonly kind: "wait"}
    | {readonly kind: "say"; readonly octets: Buffer}
    | {readonly kind: "end"; readonly octets: Buffer};

/** Octets; what a client may count on without being told ("Size constraints": 32 MiB). */
export const LONGEST_REQUEST = 32 * 2 ** 20;
/** Octets of an option's data: a name of 4096, the longest string of the protocol, and all kinds of information. */
const LONGEST_OPTION = 16_384;
const DEFAULT_EXPORT = "";
const NOTHING = Buffer.alloc(0);
const WAIT: SessionStep = {kind: "wait"};
const END: SessionStep = {kind: "end", octets: NOTHING};

type Phase = "greeting" | "client flags" | "option haggling" | "transmission" | "over";

export class NbdSession {
    readonly #export: BlockExport;
    readonly #received = new OctetQueue();
    #phase: Phase = "greeting";
    #client: ClientFlags = {noZeroes: false};

    constructor(exported: BlockExport) {
        this.#export = exported;
    }

    /** Takes what the client sent, in any pieces. */
    receive(octets: Buffer): void {
        if (this.#phase !== "over") this.#received.push(octets);
    }

    /** Handles at most one message; to be asked again until it says `wait` or `end`. Never throws. */
    step(): SessionStep {
        switch (this.#phase) {
            case "greeting": {
                this.#phase = "client flags";
                return {kind: "say", octets: greeting()};
            }
            case "client flags": {
                return this.#readClientFlags();
            }
            case "option haggling": {
                return this.#readOption();
            }
            case "transmission": {
                return this.#readRequest();
            }
            case "over": {
                return END;
            }
        }
    }

    #readClientFlags(): SessionStep {
        const octets = this.#received.take(CLIENT_FLAGS_LENGTH);
        if (octets === null) return WAIT;
        const flags = readClientFlags(octets);
        if (flags === null) return this.#end();
        this.#client = flags;
        this.#phase = "option haggling";
        return this.#readOption();
    }

    #readOption(): SessionStep {
        const octets = this.#received.peek(OPTION_HEADER_LENGTH);
        if (octets === null) return WAIT;
        const header = readOptionHeader(octets);
        if (header === null) return this.#end();
        if (header.length > LONGEST_OPTION) {
            this.#received.skip(OPTION_HEADER_LENGTH + header.length);
            return this.#refuseOption(header.option, NBD_REP.errTooBig);
        }
        const message = this.#received.take(OPTION_HEADER_LENGTH + header.length);
        return message === null ? WAIT : this.#answerOption(header.option, message.subarray(OPTION_HEADER_LENGTH));
    }

    #answerOption(option: number, data: Buffer): SessionStep {
        switch (option) {
            case NBD_OPT.exportName: {
                if (data.toString("utf8") !== DEFAULT_EXPORT) return this.#end();
                this.#phase = "transmission";
                return {kind: "say", octets: exportNameReply(this.#export.bytes, this.#client)};
            }
            case NBD_OPT.abort: {
                return this.#end(optionReply(option, NBD_REP.ack));
            }
            case NBD_OPT.list: {
                if (data.length > 0) return this.#refuseOption(option, NBD_REP.errInvalid);
                return accept(option, NBD_REP.server, serverDescription(DEFAULT_EXPORT));
            }
            case NBD_OPT.info:
            case NBD_OPT.go: {
                return this.#answerInfo(option, data);
            }
            default: {
                return this.#refuseOption(option, NBD_REP.errUnsupported);
            }
        }
    }

    /** `NBD_OPT_INFO`, and `NBD_OPT_GO`, which asks the same and goes on to transmission. */
    #answerInfo(option: number, data: Buffer): SessionStep {
        const name = readInfoRequest(data);
        if (name === null) return this.#refuseOption(option, NBD_REP.errInvalid);
        if (name !== DEFAULT_EXPORT) return this.#refuseOption(option, NBD_REP.errUnknown);
        if (option === NBD_OPT.go) this.#phase = "transmission";
        return accept(option, NBD_REP.info, exportInformation(this.#export.bytes));
    }

    /** `NBD_OPT_EXPORT_NAME` alone has no error reply: the connection ends instead. */
    #refuseOption(option: number, type: number): SessionStep {
        if (option === NBD_OPT.exportName) return this.#end();
        return {kind: "say", octets: optionReply(option, type)};
    }

    #readRequest(): SessionStep {
        const octets = this.#received.peek(REQUEST_HEADER_LENGTH);
        if (octets === null) return WAIT;
        const header = readRequestHeader(octets);
        if (header === null) return this.#end();
        const payload = header.type === NBD_CMD.write ? header.length : 0;
        if (payload > LONGEST_REQUEST) {
            this.#received.skip(REQUEST_HEADER_LENGTH + payload);
            return {kind: "say", octets: simpleReply(header.cookie, NBD_ERROR.einval)};
        }
        const message = this.#received.take(REQUEST_HEADER_LENGTH + payload);
        if (message === null) return WAIT;
        if (header.type === NBD_CMD.disconnect) return this.#end();
        return {kind: "say", octets: this.#answerRequest(header, message.subarray(REQUEST_HEADER_LENGTH))};
    }

    #answerRequest(header: RequestHeader, data: Buffer): Buffer {
        const request = blockRequestOf(header, data, this.#export.bytes);
        if (request === null) return simpleReply(header.cookie, NBD_ERROR.einval);
        const answer = this.#export.answer(request);
        return simpleReply(header.cookie, answer.error, answer.data);
    }

    #end(octets: Buffer = NOTHING): SessionStep {
        this.#phase = "over";
        return {kind: "end", octets};
    }
}

function accept(option: number, type: number, data: Buffer): SessionStep {
    return {kind: "say", octets: Buffer.concat([optionReply(option, type, data), optionReply(option, NBD_REP.ack)])};
}

/**
 * Null for what is answered EINVAL: an unknown type or command flag, more than `LONGEST_REQUEST`, a range that leaves
 * the export. (The document prefers ENOSPC for a write behind the end; that is kept for a disk that is full.)
 */
function blockRequestOf(header: RequestHeader, data: Buffer, exportBytes: number): BlockRequest | null {
    const {flags, type, length} = header;
    if ((flags & ~NBD_CMD_FLAG_FUA) !== 0) return null;
    if (type === NBD_CMD.flush) return {kind: "flush"};
    if (length > LONGEST_REQUEST || header.offset + BigInt(length) > BigInt(exportBytes)) return null;
    const offset = Number(header.offset);
    if (type === NBD_CMD.read) return {kind: "read", offset, length};
    if (type !== NBD_CMD.write) return null;
    return {kind: "write", offset, data, forceUnitAccess: (flags & NBD_CMD_FLAG_FUA) !== 0};
}
