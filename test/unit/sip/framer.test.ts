import {describe, expect, it} from "vitest";
import {type Frame, Framer, MAX_BODY, MAX_HEAD, MAX_LINE} from "../../../firmware/sip/framer.ts";
import {type SeededRandom, seededRandom} from "../../support/random.ts";
import {requestText, sdpBody} from "../../support/sip-peer.ts";

const options = requestText("OPTIONS", {branch: "z9hG4bK1", callId: "a"});
const invite = requestText("INVITE", {branch: "z9hG4bK2", callId: "b", body: `${sdpBody()}a=note:Zoë\r\n`});

function framesOf(chunks: readonly Uint8Array[]): Frame[] {
    const framer = new Framer();
    return chunks.flatMap((chunk) => framer.push(chunk));
}

/** Neighbouring frames do not merge, so the list is the same whatever the chunks were. */
const whole = (text: string | Uint8Array): Frame[] => framesOf([Buffer.from(text)]);
const message = (text: string): Frame => ({type: "message", text});
const crlf: Frame = {type: "crlf"};

function withLength(value: string): string {
    return options.replace("Content-Length: 0", value);
}

describe("the framer", () => {
    it("finds one message", () => {
        expect(whole(options)).toEqual([message(options)]);
    });

    it("finds messages that came in one chunk, with and without a body", () => {
        expect(whole(invite + options + invite)).toEqual([message(invite), message(options), message(invite)]);
    });

    it("finds the same in a stream that is split at any byte", () => {
        const bytes = Buffer.from(`\r\n\r\n${invite}\r\n${options}`);
        const expected = [crlf, crlf, message(invite), crlf, message(options)];
        for (let at = 0; at <= bytes.length; at += 1) {
            expect(framesOf([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected);
        }
    });

    it("finds the same byte by byte", () => {
        const bytes = Buffer.from(`${options}\r\n\r\n${invite}`);
        const chunks = [...bytes].map((byte) => Uint8Array.of(byte));
        expect(framesOf(chunks)).toEqual([message(options), crlf, crlf, message(invite)]);
    });

    it("counts the body in bytes, not in characters", () => {
        const body = "Zoë ☎";
        const text = `MESSAGE sip:a@b SIP/2.0\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
        expect(whole(text + options)).toEqual([message(text), message(options)]);
    });

    it.each([
        ["compact", "l: 0"],
        ["folded", "Content-Length:\r\n 0"],
        ["spaced", "CONTENT-LENGTH \t:  0  "],
        ["said twice alike", "Content-Length: 0\r\nl: 0"],
    ])("reads a Content-Length that is %s", (_, value) => {
        const text = withLength(value);
        expect(whole(text)).toEqual([message(text)]);
    });

    it("takes a chunk's bytes before the socket writes over them", () => {
        const framer = new Framer();
        const chunk = Buffer.from(invite.slice(0, -20));
        framer.push(chunk);
        chunk.fill(0);
        expect(framer.push(Buffer.from(invite.slice(-20)))).toEqual([message(invite)]);
    });

    it.each([
        ["a missing length", withLength("X: 0"), "noContentLength"],
        ["a length in words", withLength("Content-Length: abc"), "badContentLength"],
        ["a negative length", withLength("Content-Length: -1"), "badContentLength"],
        ["a length with an exponent", withLength("Content-Length: 1e3"), "badContentLength"],
        ["two lengths", withLength("Content-Length: 1\r\nl: 0"), "badContentLength"],
        ["a body beyond the cap", withLength(`Content-Length: ${MAX_BODY + 1}`), "bodyTooLong"],
        ["HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "notSip"],
        ["garbage before a message", `\0\x01\xff${options}`, "notSip"],
        ["a line beyond the cap", withLength(`X: ${"a".repeat(MAX_LINE)}`), "lineTooLong"],
        ["a head beyond the cap", withLength("X: a\r\n".repeat(MAX_HEAD / 6)), "headTooLong"],
        ["a head without an end", "a".repeat(MAX_HEAD + 4), "headTooLong"],
    ])("gives up at %s", (_, text, fault) => {
        expect(whole(text)).toEqual([{type: "fault", fault}]);
    });

    it("ignores everything after a fault", () => {
        const framer = new Framer();
        framer.push(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
        expect(framer.push(Buffer.from(options))).toEqual([]);
    });

    it("takes the longest head and the longest body that it allows", () => {
        const head = `MESSAGE sip:a@b SIP/2.0\r\nContent-Length: ${MAX_BODY}\r\n`;
        const filling = `X: ${"a".repeat(MAX_LINE - 3)}\r\n`.repeat(3);
        const rest = MAX_HEAD - head.length - filling.length - "Y: ".length;
        const text = `${head}${filling}Y: ${"b".repeat(rest)}\r\n\r\n${"c".repeat(MAX_BODY)}`;
        expect(whole(text)).toEqual([message(text)]);
    });

    it("reads a long body that comes in single bytes without copying it again and again", () => {
        const body = Buffer.alloc(MAX_BODY, "c");
        const head = Buffer.from(`MESSAGE sip:a@b SIP/2.0\r\nContent-Length: ${MAX_BODY}\r\n\r\n`);
        const framer = new Framer();
        framer.push(head);
        const before = process.threadCpuUsage();
        let frames: readonly Frame[] = [];
        for (let at = 0; at < body.length; at += 1) frames = framer.push(body.subarray(at, at + 1));
        expect(frames).toHaveLength(1);
        // Copying the body for each byte would be 34 GB. CPU time: others want the processor too.
        expect(process.threadCpuUsage(before).user).toBeLessThan(2_500_000);
    });
});

function mutate(random: SeededRandom, bytes: Buffer): Buffer {
    const mutated = Buffer.from(bytes);
    for (let count = random.below(4); count >= 0; count -= 1) mutated[random.below(mutated.length)] = random.below(256);
    const from = random.below(mutated.length);
    return random.below(3) === 0 ? Buffer.concat([mutated.subarray(0, from), mutated.subarray(from + 1)]) : mutated;
}

function cut(random: SeededRandom, bytes: Buffer): Buffer[] {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
        const size = 1 + random.below(random.below(4) === 0 ? 400 : 5);
        chunks.push(bytes.subarray(at, at + size));
        at += size;
    }
    return chunks;
}

describe("the framer under mutated streams", () => {
    it("finds the same whatever the chunks, and never throws", () => {
        const random = seededRandom(0x51f0);
        let faults = 0;
        for (let round = 0; round < 2_000; round += 1) {
            const bytes = mutate(random, Buffer.from(`${invite}\r\n\r\n${options}${invite}`));
            const expected = framesOf([bytes]);
            expect(framesOf(cut(random, bytes))).toEqual(expected);
            if (expected.some(({type}) => type === "fault")) faults += 1;
        }
        // The mutations reach both outcomes.
        expect(faults).toBeGreaterThan(100);
        expect(faults).toBeLessThan(1_900);
    });
});
