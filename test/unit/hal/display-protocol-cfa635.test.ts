import {describe, expect, it} from "vitest";
import {
    type CfaPacket,
    crc16,
    encodePacket,
    keyOfReport,
    keysDown,
    ledIndex,
    parsePackets,
} from "../../../hal/display-protocol-cfa635.ts";

/** Vectors of the data sheet's tables and of two independent implementations. */
const VECTORS: readonly (readonly [what: string, type: number, data: readonly number[], bytes: string])[] = [
    ["ping", 0x00, [], "0000470f"],
    ["ping with data", 0x00, [0xff, 0xff], "0002ffffdeb9"],
    ["answer to ping", 0x40, [0xff, 0xff], "4002ffff69af"],
    ["version", 0x01, [], "01009f16"],
    ["clear", 0x06, [], "0600975b"],
    ["answer to clear", 0x46, [], "4600f11d"],
    ["text Hi at 0,0", 0x1f, [0, 0, 0x48, 0x69], "1f0400004869c7d3"],
    ["backlight 50", 0x0e, [50], "0e01329edd"],
    ["LED 0 green full", 0x22, [11, 100], "22020b64c93e"],
    ["answer to LED", 0x62, [], "6200a259"],
    ["all keys reported", 0x17, [0x3f, 0x3f], "17023f3ff821"],
    ["reboot", 0x05, [8, 18, 99], "050308126390fd"],
    ["key up pressed", 0x80, [1], "80010171c2"],
    ["key left released", 0x80, [9], "800109394e"],
    ["key right pressed", 0x80, [4], "800104dc95"],
    ["key down released", 0x80, [8], "800108b05f"],
    ["error to text", 0xdf, [], "df00b4d3"],
];

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const types = ["command", "response", "report", "error"];

function packetOf(type: number, data: readonly number[]): CfaPacket {
    return {type: types[type >> 6], code: type & 0x3f, data: Uint8Array.from(data)} as CfaPacket;
}

const stream = hex("800101 71c2 1f0400004869c7d3 df00b4d3 0000470f".replaceAll(" ", ""));
const streamPackets = [packetOf(0x80, [1]), packetOf(0x1f, [0, 0, 0x48, 0x69]), packetOf(0xdf, []), packetOf(0x00, [])];

function parseChunks(chunks: readonly Uint8Array[]): {packets: CfaPacket[]; dropped: number; rest: Uint8Array} {
    const packets: CfaPacket[] = [];
    let dropped = 0;
    let rest: Uint8Array = new Uint8Array();
    for (const chunk of chunks) {
        const parsed = parsePackets(Buffer.concat([rest, chunk]));
        packets.push(...parsed.packets);
        dropped += parsed.dropped;
        rest = parsed.rest;
    }
    return {packets, dropped, rest};
}

describe("CFA635 packets", () => {
    it("checks by CRC-16/X-25", () => {
        expect(crc16(Buffer.from("123456789"))).toBe(0x906e);
        expect(crc16(Buffer.from("This is a test. "))).toBe(0xe478);
    });

    it.each(VECTORS)("are built as the data sheet has them: %s", (_what, type, data, bytes) => {
        expect(Buffer.from(encodePacket(type, data)).toString("hex")).toBe(bytes);
    });

    it.each(VECTORS)("are read as the data sheet has them: %s", (_what, type, data, bytes) => {
        const parsed = parsePackets(hex(bytes));
        expect(parsed.packets).toEqual([packetOf(type, data)]);
        expect(parsed.dropped).toBe(0);
        expect(parsed.rest).toHaveLength(0);
    });

    it("refuses to build what the module would not take", () => {
        expect(() => encodePacket(31, new Uint8Array(23))).toThrow(RangeError);
        expect(() => encodePacket(-1, [])).toThrow(RangeError);
    });

    it("are found however the stream is split", () => {
        for (let cut = 0; cut <= stream.length; cut += 1) {
            const parsed = parseChunks([stream.subarray(0, cut), stream.subarray(cut)]);
            expect(parsed.packets).toEqual(streamPackets);
        }
        expect(parseChunks([...stream].map((byte) => Uint8Array.of(byte))).packets).toEqual(streamPackets);
    });

    it("are found after garbage, which costs only itself", () => {
        const garbage = hex("ff7fffff3a");
        const parsed = parsePackets(Buffer.concat([garbage, stream]));
        expect(parsed.packets).toEqual(streamPackets);
        expect(parsed.dropped).toBe(garbage.length);
    });

    it("are found around one with a bad checksum", () => {
        const bad = hex("80010171c3");
        const parsed = parsePackets(Buffer.concat([stream, bad, stream]));
        expect(parsed.packets).toEqual([...streamPackets, ...streamPackets]);
        expect(parsed.dropped).toBe(bad.length);
    });

    it("are found when one loses any one of its bytes", () => {
        for (let lost = 0; lost < 8; lost += 1) {
            const text = hex("1f0400004869c7d3");
            const broken = Buffer.concat([text.subarray(0, lost), text.subarray(lost + 1)]);
            const parsed = parsePackets(Buffer.concat([broken, stream, stream, stream]));
            expect(parsed.packets.slice(-4)).toEqual(streamPackets);
        }
    });

    it("never make the parser throw, stall or grow on random bytes", () => {
        let seed = 7;
        const random = (): number => {
            seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
            return seed >> 16;
        };
        let rest: Uint8Array = new Uint8Array();
        for (let round = 0; round < 3_000; round += 1) {
            const chunk = Uint8Array.from({length: random() % 40}, () => random() & 0xff);
            const parsed = parsePackets(Buffer.concat([rest, chunk]));
            expect(parsed.rest.length).toBeLessThan(26);
            rest = parsed.rest;
        }
        // Nothing of what went before may hide more than the packet that it looks like the start of.
        const parsed = parsePackets(Buffer.concat([rest, ...Array.from({length: 8}, () => stream)]));
        expect(parsed.packets.slice(-4)).toEqual(streamPackets);
    });
});

describe("the module's keys", () => {
    it("are pressed with codes 1 to 6 and released with 7 to 12", () => {
        const keys = ["up", "down", "left", "right", "ok", "back"];
        for (let code = 1; code <= 12; code += 1) {
            expect(keyOfReport(packetOf(0x80, [code]))).toEqual({key: keys[(code - 1) % 6], down: code <= 6});
        }
    });

    it("are not read from other reports or unknown codes", () => {
        expect(keyOfReport(packetOf(0x80, [0]))).toBeNull();
        expect(keyOfReport(packetOf(0x80, [13]))).toBeNull();
        expect(keyOfReport(packetOf(0x80, []))).toBeNull();
        expect(keyOfReport(packetOf(0x81, [1]))).toBeNull();
        expect(keyOfReport(packetOf(0x40, [1]))).toBeNull();
    });

    it("stand in the poll's mask in another order than in the reports", () => {
        expect(keysDown(Uint8Array.of(0x01, 0, 0))).toEqual(["up"]);
        expect(keysDown(Uint8Array.of(0x02, 0, 0))).toEqual(["ok"]);
        expect(keysDown(Uint8Array.of(0x28, 0, 0))).toEqual(["down", "left"]);
    });
});

describe("the LEDs", () => {
    it("count down from the top, green before red", () => {
        expect([0, 1, 2, 3].map((led) => ledIndex(led as 0, "green"))).toEqual([11, 9, 7, 5]);
        expect([0, 1, 2, 3].map((led) => ledIndex(led as 0, "red"))).toEqual([12, 10, 8, 6]);
    });
});
