import {describe, expect, it} from "vitest";
import {screenOf} from "../../../ui/screen.ts";
import {german, recent, Stage} from "./stage.ts";

const dialled = (stage: Stage): readonly string[] =>
    stage.all.filter((effect) => effect.type === "dial").map((effect) => effect.number);

/** The digits on the glass, null without. */
const typed = (stage: Stage): string | null => stage.state.dialling?.digits ?? null;

describe("a 0 that is held", () => {
    it("becomes the + of an international number after 700 ms, on the hook and off it", () => {
        for (const stage of [new Stage(), new Stage().lift()]) {
            expect(typed(stage.hold("0", 699))).toBe("0");
            expect(typed(stage.wait(1))).toBe("+");
            expect(typed(stage.wait(2000).release("0").press("4930"))).toBe("+4930");
        }
    });

    it("stays a 0 when it comes up before", () => {
        const stage = new Stage().lift().hold("0", 699).release("0");
        expect(typed(stage.wait(3000))).toBe("0");
    });

    it("stands on the glass as +, with the cursor behind it", () => {
        const stage = new Stage().hold("0").release("0").press("49");
        const {lines, cursor} = screenOf(stage.state, {columns: 20, rows: 4});
        expect(lines.join("\n")).toMatch(/^\+49 /m);
        expect(cursor?.column).toBe(3);
    });

    it("is taken away by back as one digit", () => {
        const stage = new Stage().lift().hold("0").release("0").press("back");
        expect(typed(stage)).toBeNull();
        expect(stage.out.earTone).toBe(german.dial);
    });

    it("starts the inter-digit time anew, and without more digits is sent as it stands", () => {
        const stage = new Stage().lift().hold("0");
        expect(dialled(stage.wait(3999))).toEqual([]);
        expect(dialled(stage.wait(1))).toEqual(["+"]);
    });

    it("needs its timer: the phone wakes for it and for nothing else", () => {
        const stage = new Stage().hold("0", 0);
        expect(stage.out.wakeAt).toBe(stage.at + 700);
        expect(stage.wait(700).out.wakeAt).toBeNull();
    });

    it("is the beginning of a number inside a feature code too", () => {
        const stage = new Stage().lift().press("*21*").hold("0").release("0").press("4930#");
        expect(typed(stage)).toBe("*21*+4930#");
        expect(dialled(stage.press("ok"))).toEqual(["*21*+4930#"]);
    });

    it.each(["6", "60", "11"])("stays a 0 behind %s, where no number begins", (before) => {
        const stage = new Stage({emergencyNumbers: []}).lift().press(before).hold("0", 3000);
        expect(typed(stage)).toBe(`${before}0`);
    });
});

describe("an emergency number", () => {
    it("is not spoilt by a slow finger on its 0", () => {
        expect(dialled(new Stage().lift().press("11").hold("0"))).toEqual(["110"]);
        expect(dialled(new Stage().press("11").hold("0").wait(4000))).toEqual(["110"]);
        expect(dialled(new Stage({emergencyNumbers: ["*0"]}).press("*").hold("0").wait(4000))).toEqual(["*0"]);
    });

    it("that begins with 0 is reached although the first 0 was held", () => {
        const stage = new Stage({emergencyNumbers: ["000"]}).lift().hold("0").release("0");
        expect(typed(stage.hold("0").release("0"))).toBe("00");
        expect(dialled(stage.hold("0"))).toEqual(["000"]);
    });
});

describe("a number with +", () => {
    it.each(["#", "ok"])("is sent whole by %s", (key) => {
        const stage = new Stage({digitMap: "6xx"}).lift().hold("0").release("0").press("4930").press(key);
        expect(dialled(stage)).toEqual(["+4930"]);
    });

    it("is sent by lifting, and by the timer, whatever the digit map knows", () => {
        expect(dialled(new Stage({digitMap: "6xx"}).hold("0").release("0").press("4930").lift())).toEqual(["+4930"]);
        const stage = new Stage({digitMap: "6xx|1xx"}).lift().hold("0").release("0").press("4930");
        expect(dialled(stage)).toEqual([]);
        expect(dialled(stage.wait(4000))).toEqual(["+4930"]);
    });

    it("is sent at once where a digit map that knows + says that it is complete", () => {
        const stage = new Stage({digitMap: "6xx|+49xx"}).lift().hold("0").release("0").press("493");
        expect(dialled(stage)).toEqual([]);
        expect(dialled(stage.press("0"))).toEqual(["+4930"]);
    });

    it("can be begun where the digit map excludes 0, which alone waits, and with more digits is refused", () => {
        const stage = new Stage({digitMap: "6xx"}).lift().press("0");
        expect(typed(stage)).toBe("0");
        expect(stage.press("1").state.notice?.reason.code).toBe("notFound");
        expect(dialled(stage)).toEqual([]);
    });

    it("is dialled again from the dial tone and from the recent calls", () => {
        const recents = [recent(2, "+4930"), recent(1, "600")];
        expect(dialled(new Stage({digitMap: "6xx"}, {recents}).lift().press("ok"))).toEqual(["+4930"]);
        expect(dialled(new Stage({digitMap: "6xx"}, {recents}).press("up").press("ok"))).toEqual(["+4930"]);
    });
});

describe("back that is held", () => {
    it("clears all digits, and off hook brings the dial tone", () => {
        const stage = new Stage().lift().press("4930").hold("back", 699);
        expect(typed(stage)).toBe("493");
        expect(typed(stage.wait(1))).toBeNull();
        expect(stage.out.earTone).toBe(german.dial);
        expect(stage.state.offHook?.until).toBe(stage.at + 20_000);
        expect(dialled(stage.release("back").wait(10_000))).toEqual([]);
    });

    it("clears all digits on the hook", () => {
        const stage = new Stage().press("4930").hold("back");
        expect(typed(stage)).toBeNull();
        expect(stage.out).toMatchObject({earTone: null, wakeAt: null});
    });

    it("deletes one digit when it comes up before", () => {
        expect(typed(new Stage().press("4930").hold("back", 699).release("back").wait(5000))).toBe("493");
    });

    it("is nothing more where the last digit went with its press", () => {
        const stage = new Stage().press("4").hold("back", 100);
        expect(stage.state.longPress).toBeNull();
        expect(stage.out.wakeAt).toBeNull();
    });

    it("does not reach into digits that were typed after it", () => {
        const stage = new Stage().press("49").hold("back", 300).press("30");
        expect(typed(stage.wait(5000))).toBe("430");
    });

    it("is back alone: left goes on deleting one digit", () => {
        expect(typed(new Stage().press("4930").hold("left", 5000))).toBe("493");
    });
});

describe("two keys that are held", () => {
    it("leave the long press to the newer one", () => {
        expect(typed(new Stage().press("493").hold("6", 100).hold("back"))).toBeNull();
        expect(typed(new Stage().press("*21").hold("*", 100).hold("0"))).toBe("*21*+");
    });

    it("give none to the older one, though the newer comes up first", () => {
        const stage = new Stage().hold("0", 300).press("6");
        expect(typed(stage.wait(5000))).toBe("06");
        expect(stage.state.keysDown).toEqual(["0"]);
        expect(typed(new Stage().hold("0", 300).hold("up", 5000))).toBe("0");
    });

    it("of which neither is long make none in a quick row", () => {
        const stage = new Stage().hold("0", 100).post({type: "key", key: "1", down: true}).release("0").wait(5000);
        expect(typed(stage)).toBe("01");
    });
});

describe("a key that is held has no long press when", () => {
    it("its digit completed a number", () => {
        const stage = new Stage({digitMap: "0|6xx"}).lift().hold("0", 0);
        expect(dialled(stage)).toEqual(["0"]);
        expect(dialled(stage.wait(5000))).toEqual(["0"]);
        expect(stage.state.longPress).toBeNull();
    });

    it("the handset goes down, or is lifted and sends the number", () => {
        expect(typed(new Stage().lift().hold("0", 300).putDown().wait(5000))).toBeNull();
        const stage = new Stage().hold("0", 300).lift();
        expect(dialled(stage.wait(5000))).toEqual(["0"]);
    });

    it("the timer sends the number before", () => {
        expect(dialled(new Stage({interDigit: 500}).lift().hold("0"))).toEqual(["0"]);
    });

    it("a call arrives, also when the caller gives up again", () => {
        const stage = new Stage().press("49").hold("back", 300).incoming().wait(5000);
        expect(typed(stage.ended("cancelled").wait(5000))).toBe("4");
        const zero = new Stage().hold("0", 300).incoming().wait(5000);
        expect(typed(zero.ended("cancelled").wait(5000))).toBe("0");
    });

    it("it was pressed over a call that rings", () => {
        const stage = new Stage().incoming().hold("0", 5000);
        expect(typed(stage)).toBe("0");
    });

    it("the keypad is lost, which tells no more that the key comes up", () => {
        const stage = new Stage().hold("0", 300).post({type: "fault", part: "keypad", lost: true, reason: "gone"});
        expect(typed(stage.wait(5000))).toBe("0");
    });

    it("it sends a digit in a call: one, as ever", () => {
        const stage = new Stage().talking().hold("0", 5000);
        expect(stage.all.filter(({type}) => type === "sendDigit")).toMatchObject([{digit: "0"}]);
        expect(stage.release("0").state.longPress).toBeNull();
    });

    it("it is back in a call that it ends, or in a menu", () => {
        expect(new Stage().talking().hold("back", 0).state.longPress).toBeNull();
        expect(new Stage().press("ok").hold("back", 0).state.longPress).toBeNull();
    });
});

describe("a phone that stalled while a key was down", () => {
    it("hears first whether the key came up meanwhile", () => {
        const stage = new Stage().hold("0", 0);
        stage.at += 3000;
        stage.post({type: "clock", wall: 0}).release("0");
        expect(typed(stage.wait(5000))).toBe("0");
    });

    it("goes on with a key that is still held", () => {
        const stage = new Stage().hold("0", 0);
        stage.at += 3000;
        stage.post({type: "clock", wall: 0});
        expect(typed(stage)).toBe("0");
        expect(typed(stage.wait(100))).toBe("+");
    });
});
