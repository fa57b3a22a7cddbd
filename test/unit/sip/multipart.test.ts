import {describe, expect, it} from "vitest";
import {sdpOfMultipart} from "../../../firmware/sip/multipart.ts";
import {seededRandom} from "../../support/random.ts";

const TYPE = "multipart/mixed;boundary=b";
const SDP = "v=0\r\ns=-\r\n";
const part = (head: string, body: string): string => `--b\r\n${head}${head === "" ? "" : "\r\n"}\r\n${body}\r\n`;
const sdp = part("Content-Type: application/sdp", SDP);
const isup = (handling: string): string =>
    part(`Content-Type: application/isup\r\nContent-Disposition: signal${handling}`, "\0\x01");

describe("the SDP of a multipart body", () => {
    it.each([
        ["alone", `${sdp}--b--`],
        ["first", `${sdp}${isup(";handling=optional")}--b--\r\n`],
        [
            "last, behind a preamble and a part without a header",
            `preamble\r\n${part("", "text")}${isup("")}${sdp}--b--`,
        ],
        ["beside others of a type with parameters", `${part("Content-Type: Application/SDP;charset=x", SDP)}--b--`],
        ["where the end is missing", sdp],
    ])("is found %s", (_, body) => {
        expect(sdpOfMultipart(TYPE, body)).toBe(SDP);
    });

    it.each([
        ["where there is none", TYPE, `${isup("")}--b--`],
        ["where another part must be understood", TYPE, `${sdp}${isup(";handling=required")}--b--`],
        ["behind the end", TYPE, `--b--\r\n${sdp.replace("--b", "--c")}`],
        ["without a boundary", "multipart/mixed", sdp],
        ["in another type", "application/sdp", SDP],
    ])("is not found %s", (_, type, body) => {
        expect(sdpOfMultipart(type, body)).toBeNull();
    });

    it("is looked for in anything without throwing", () => {
        const random = seededRandom(0x5621);
        const pieces = [
            "--b",
            "\r\n",
            "--",
            "Content-Type: application/sdp",
            "Content-Disposition: ;handling=",
            ":",
            "v=0",
            ";",
        ];
        for (let round = 0; round < 5_000; round += 1) {
            const body = Array.from({length: random.below(20)}, () => random.pick(pieces)).join("");
            const found = sdpOfMultipart(TYPE, body);
            expect(found === null || found.endsWith("\r\n")).toBe(true);
        }
    });
});
