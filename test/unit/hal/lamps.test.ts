import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {LAMPS_OFF, LampBlinker} from "../../../hal/lamps.ts";

beforeEach(() => {
    vi.useFakeTimers();
});

afterEach(() => {
    vi.useRealTimers();
});

function blinker(): {seen: string[]; blinker: LampBlinker} {
    const seen: string[] = [];
    return {seen, blinker: new LampBlinker((lit) => seen.push([...lit].join("+")))};
}

describe("the lamps", () => {
    it("light at once and run no timer while none blinks", () => {
        const {seen, blinker: lamps} = blinker();
        lamps.set({...LAMPS_OFF, microphone: "on", call: "on"});
        expect(seen).toEqual(["microphone+call"]);
        expect(vi.getTimerCount()).toBe(0);
    });

    it("blink together by one timer, starting lit", () => {
        const {seen, blinker: lamps} = blinker();
        lamps.set({...LAMPS_OFF, ringing: "blinking", service: "blinking", call: "on"});
        expect(vi.getTimerCount()).toBe(1);
        vi.advanceTimersByTime(750);
        expect(seen).toEqual(["ringing+call+service", "call", "ringing+call+service", "call"]);
    });

    it("keep their rhythm when another lamp changes", () => {
        const {seen, blinker: lamps} = blinker();
        lamps.set({...LAMPS_OFF, ringing: "blinking"});
        vi.advanceTimersByTime(250);
        lamps.set({...LAMPS_OFF, ringing: "blinking", message: "on"});
        expect(seen.at(-1)).toBe("message");
    });

    it("go out at the end", () => {
        const {seen, blinker: lamps} = blinker();
        lamps.set({...LAMPS_OFF, ringing: "blinking"});
        lamps.close();
        expect(seen.at(-1)).toBe("");
        expect(vi.getTimerCount()).toBe(0);
    });
});
