import {readFileSync} from "node:fs";
import {expect, it} from "vitest";
import {dotsOf} from "../../support/dot-font.ts";
import {phoneInACall} from "../../support/phone-in-a-call.ts";

it("draws in README what the phone shows today (else: node scripts/picture.ts)", () => {
    const kept = readFileSync(new URL("../../../ui/phone-in-a-call.svg", import.meta.url), "utf8");
    // Not toBe: a difference of two such files is of no use to a reader.
    expect(phoneInACall() === kept).toBe(true);
});

it("draws a letter of seven rows of five dots, and no letter that nobody drew", () => {
    const picture = dotsOf("E").map((row) => row.map((lit) => (lit ? "#" : ".")).join(""));
    expect(picture).toEqual(["#####", "#....", "#....", "####.", "#....", "#....", "#####"]);
    expect(() => dotsOf("山")).toThrow(RangeError);
});
