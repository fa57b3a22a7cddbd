import {describe, expect, it} from "vitest";
import {type BlockAnswer, type BlockRequest, NbdSession} from "../../board/nbd-session.ts";
import {seededRandom} from "../../support/random.ts";
import {
    COMMAND,
    clientFlags,
    FUA,
    GREETING,
    infoData,
    OPTION,
    option,
    reply,
    request,
    u16,
    u32,
    u64,
} from "./nbd-client.ts";

const BYTES = 4096;
const EINVAL = 22;
const MEBIBYTE = 2 ** 20;

interface Heard {
    /** All that the server said behind its greeting. */
    readonly said: Buffer;
    readonly ended: boolean;
    /** What reached the disk, which answers reads with the low octet of each place. */
    readonly requests: readonly BlockRequest[];
}

/** Lets a session hear `pieces` one after the other, asking it for all it has to say after each. */
function hear(pieces: readonly Buffer[], bytes = BYTES): Heard {
    const requests: BlockRequest[] = [];
    const answer = (asked: BlockRequest): BlockAnswer => {
        requests.push(asked);
        if (asked.kind !== "read") return {error: 0, data: Buffer.alloc(0)};
        return {error: 0, data: Buffer.from(Array.from({length: asked.length}, (_, index) => asked.offset + index))};
    };
    const session = new NbdSession({bytes, answer});
    const said: Buffer[] = [];
    let ended = false;
    for (const piece of [Buffer.alloc(0), ...pieces]) {
        session.receive(piece);
        for (let step = session.step(); step.kind !== "wait"; step = session.step()) {
            said.push(step.octets);
            ended = step.kind === "end";
            if (ended) break;
        }
    }
    const all = Buffer.concat(said);
    expect(all.subarray(0, GREETING.length)).toEqual(GREETING);
    return {said: all.subarray(GREETING.length), ended, requests};
}

const optionReply = (code: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer =>
    Buffer.concat([Buffer.from("0003e889045565a9", "hex"), u32(code), u32(type), u32(data.length), data]);

const SIZE_AND_FLAGS = Buffer.concat([u64(BYTES), u16(0b1101)]);
const ACK = 1;
const START = Buffer.concat([clientFlags, option(OPTION.go, infoData(""))]);
const STARTED = Buffer.concat([
    optionReply(OPTION.go, 3, Buffer.concat([u16(0), SIZE_AND_FLAGS])),
    optionReply(OPTION.go, ACK),
]);

/** What is said to `octets` in transmission. */
function inTransmission(octets: Buffer): Heard {
    const heard = hear([START, octets]);
    expect(heard.said.subarray(0, STARTED.length)).toEqual(STARTED);
    return {...heard, said: heard.said.subarray(STARTED.length)};
}

describe("the handshake", () => {
    it("tells size and flags to NBD_OPT_EXPORT_NAME, with 124 zeroes to clients that want them", () => {
        const name = option(OPTION.exportName);
        expect(hear([u32(3), name]).said).toEqual(SIZE_AND_FLAGS);
        expect(hear([u32(1), name]).said).toEqual(Buffer.concat([SIZE_AND_FLAGS, Buffer.alloc(124)]));
    });

    it("tells the same to NBD_OPT_GO, whatever information is asked for, and goes on to transmission", () => {
        const go = option(OPTION.go, infoData("", 0, 3, 77));
        const heard = hear([clientFlags, go, request({type: COMMAND.flush, cookie: 5})]);
        expect(heard.said).toEqual(Buffer.concat([STARTED, reply(5)]));
    });

    it("tells the same to NBD_OPT_INFO and stays in option haggling", () => {
        const info = option(OPTION.info, infoData(""));
        const heard = hear([clientFlags, info, option(OPTION.list)]);
        const exports = [optionReply(OPTION.list, 2, u32(0)), optionReply(OPTION.list, ACK)];
        const information = optionReply(OPTION.info, 3, Buffer.concat([u16(0), SIZE_AND_FLAGS]));
        expect(heard.said).toEqual(Buffer.concat([information, optionReply(OPTION.info, ACK), ...exports]));
    });

    it("acknowledges NBD_OPT_ABORT and ends", () => {
        const heard = hear([clientFlags, option(OPTION.abort), option(OPTION.list)]);
        expect(heard).toMatchObject({said: optionReply(OPTION.abort, ACK), ended: true});
    });

    it.each([
        ["an option that it does not have", OPTION.startTls, Buffer.alloc(0), 0x80000001],
        ["a list of something", OPTION.list, Buffer.from("x"), 0x80000003],
        ["another export's name", OPTION.go, infoData("other"), 0x80000006],
        ["a name longer than its data", OPTION.go, Buffer.concat([u32(9), Buffer.from("name"), u16(0)]), 0x80000003],
        ["a name of 4 GiB", OPTION.info, Buffer.concat([u32(0xffffffff), u16(0)]), 0x80000003],
        ["fewer information requests than announced", OPTION.info, Buffer.concat([u32(0), u16(2), u16(0)]), 0x80000003],
        ["too little to hold a length", OPTION.go, Buffer.alloc(3), 0x80000003],
        ["an option that is too big", OPTION.info, Buffer.alloc(70_000), 0x80000009],
    ])("refuses %s and goes on", (_, code, data, error) => {
        const refused = hear([clientFlags, option(code, data), option(OPTION.go, infoData(""))]);
        expect(refused.said).toEqual(Buffer.concat([optionReply(code, error), STARTED]));
    });

    it.each([
        ["client flags that were not offered", [u32(7)]],
        ["an option without its magic", [clientFlags, Buffer.from("IHAVENOT"), u32(OPTION.go), u32(0)]],
        [
            "another export's name, where no error can be told",
            [clientFlags, option(OPTION.exportName, Buffer.from("x"))],
        ],
        ["an export name that is too big", [clientFlags, option(OPTION.exportName, Buffer.alloc(70_000))]],
    ])("ends for %s", (_, pieces) => {
        const heard = hear([...pieces, START]);
        expect(heard).toEqual({said: Buffer.alloc(0), ended: true, requests: []});
    });
});

const CONVERSATION = Buffer.concat([
    clientFlags,
    option(OPTION.list),
    option(OPTION.go, infoData("", 3)),
    request({type: COMMAND.write, cookie: 1, offset: 512, data: Buffer.from("octets"), flags: FUA}),
    request({type: COMMAND.read, cookie: 2, offset: 10, length: 3}),
    request({type: COMMAND.read, cookie: 3, offset: BYTES, length: 1}),
    request({type: COMMAND.write, cookie: 4, data: Buffer.from("more")}),
    request({type: COMMAND.flush, cookie: 5}),
    request({type: COMMAND.disconnect, cookie: 6}),
]);

describe("transmission", () => {
    it("hands requests on as they are and answers each by its cookie, in order", () => {
        const {said, requests, ended} = hear([CONVERSATION]);
        const answers = [reply(1), reply(2, 0, Buffer.from([10, 11, 12])), reply(3, EINVAL), reply(4), reply(5)];
        expect(said.subarray(-Buffer.concat(answers).length)).toEqual(Buffer.concat(answers));
        expect(requests).toEqual([
            {kind: "write", offset: 512, data: Buffer.from("octets"), forceUnitAccess: true},
            {kind: "read", offset: 10, length: 3},
            {kind: "write", offset: 0, data: Buffer.from("more"), forceUnitAccess: false},
            {kind: "flush"},
        ]);
        expect(ended).toBe(true);
    });

    it("understands a conversation cut in two anywhere", () => {
        const whole = hear([CONVERSATION]);
        for (let at = 1; at < CONVERSATION.length; at += 1) {
            const pieces = [CONVERSATION.subarray(0, at), CONVERSATION.subarray(at)];
            expect(hear(pieces), `cut at ${at}`).toEqual(whole);
        }
    });

    it("understands a conversation that comes octet by octet", () => {
        expect(hear([...CONVERSATION].map((octet) => Buffer.from([octet])))).toEqual(hear([CONVERSATION]));
    });

    it("handles nothing behind NBD_CMD_DISC", () => {
        const octets = Buffer.concat([request({type: COMMAND.disconnect}), request({type: COMMAND.flush})]);
        expect(inTransmission(octets)).toEqual({said: Buffer.alloc(0), ended: true, requests: []});
    });

    it("ends for a request without its magic", () => {
        const heard = inTransmission(Buffer.concat([u32(0x25609514), request({type: COMMAND.flush})]));
        expect(heard).toEqual({said: Buffer.alloc(0), ended: true, requests: []});
    });

    it.each([
        ["a read over the end", {type: COMMAND.read, offset: BYTES - 1, length: 2}],
        ["a read behind the end", {type: COMMAND.read, offset: BYTES + 1, length: 0}],
        ["a read at the end of all numbers", {type: COMMAND.read, offset: 2n ** 64n - 1n, length: 2}],
        ["a read that is too long", {type: COMMAND.read, length: 0xffffffff}],
        ["a write over the end", {type: COMMAND.write, offset: BYTES - 1, data: Buffer.from("ab")}],
        [
            "a write behind all that a number holds exactly",
            {type: COMMAND.write, offset: 2n ** 53n, data: Buffer.from("a")},
        ],
        ["a write that is too long", {type: COMMAND.write, data: Buffer.alloc(33 * MEBIBYTE)}],
        ["a command that was not offered", {type: COMMAND.trim, length: 512}],
        ["a command that is none", {type: 0xffff}],
        ["a command flag that was not offered", {type: COMMAND.write, flags: 2, data: Buffer.from("a")}],
    ])("answers EINVAL to %s and stays in step", (_, wrong) => {
        const heard = inTransmission(Buffer.concat([request({...wrong, cookie: 7}), request({type: COMMAND.flush})]));
        expect(heard.said).toEqual(Buffer.concat([reply(7, EINVAL), reply(1)]));
        expect(heard.requests).toEqual([{kind: "flush"}]);
    });

    it("skips a write that is too long as it comes, before and behind its answer", () => {
        const tooLong = request({type: COMMAND.write, cookie: 7, data: Buffer.alloc(33 * MEBIBYTE, 0x25)});
        const octets = Buffer.concat([START, tooLong, request({type: COMMAND.flush, cookie: 8})]);
        const pieces = Array.from({length: 34}, (_, index) =>
            octets.subarray(index * MEBIBYTE, (index + 1) * MEBIBYTE),
        );
        expect(hear(pieces).said).toEqual(Buffer.concat([STARTED, reply(7, EINVAL), reply(8)]));
    });

    it("answers EINVAL to more than 32 MiB, however large the disk", () => {
        const read = request({type: COMMAND.read, cookie: 7, length: 32 * MEBIBYTE + 1});
        const heard = hear([clientFlags, option(OPTION.exportName), read], 64 * MEBIBYTE);
        expect(heard.said.subarray(10)).toEqual(reply(7, EINVAL));
        expect(heard.requests).toEqual([]);
    });

    it("takes the whole export, and nothing at its very end", () => {
        const all = request({type: COMMAND.write, cookie: 1, data: Buffer.alloc(BYTES, 7)});
        const nothing = request({type: COMMAND.read, cookie: 2, offset: BYTES, length: 0});
        expect(inTransmission(Buffer.concat([all, nothing])).said).toEqual(Buffer.concat([reply(1), reply(2)]));
    });
});

describe("octets that nobody meant", () => {
    it("lets no garbage reach the disk and never throws, at any point of the handshake", () => {
        for (let seed = 1; seed <= 300; seed += 1) {
            const random = seededRandom(seed);
            const garbage = Buffer.from(Array.from({length: random.below(400)}, () => random.below(256)));
            const before = random.pick([[], [clientFlags], [START]]);
            expect(hear([...before, garbage]).requests, `seed ${seed}`).toEqual([]);
        }
    });

    it("hands on requests within the disk only, from conversations with wrong, lost and doubled octets", () => {
        let ended = 0;
        for (let seed = 1; seed <= 2000; seed += 1) {
            const random = seededRandom(seed);
            const heard = hear(piecesOf(damaged(CONVERSATION, random), random));
            const outside = heard.requests.filter((asked) => !isWithin(asked));
            expect(outside, `seed ${seed}`).toEqual([]);
            ended += Number(heard.ended);
        }
        expect(ended).toBeGreaterThan(500);
    });
});

function isWithin(asked: BlockRequest): boolean {
    switch (asked.kind) {
        case "read": {
            return asked.offset >= 0 && asked.offset + asked.length <= BYTES;
        }
        case "write": {
            return asked.offset >= 0 && asked.offset + asked.data.length <= BYTES;
        }
        case "flush": {
            return true;
        }
    }
}

type Random = ReturnType<typeof seededRandom>;

function damaged(octets: Buffer, random: Random): Buffer {
    const list = [...octets];
    for (let left = 1 + random.below(4); left > 0; left -= 1) {
        const at = random.below(list.length);
        const inserted = random.pick([[], [random.below(256)], list.slice(at, at + random.below(40))]);
        list.splice(at, random.below(2), ...inserted);
    }
    return Buffer.from(list);
}

function piecesOf(octets: Buffer, random: Random): Buffer[] {
    const pieces: Buffer[] = [];
    for (let from = 0; from < octets.length; ) {
        const to = from + 1 + random.below(60);
        pieces.push(octets.subarray(from, to));
        from = to;
    }
    return pieces;
}
