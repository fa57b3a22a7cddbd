/** Calls that are less protected than the owner wants. */
import {describe, expect, it} from "vitest";
import {eventText} from "../../../firmware/phone/black-box.ts";
import {german, Stage} from "./stage.ts";

const dialled = (least: "none" | "hop" | "end"): Stage =>
    new Stage({leastSecurity: least}).lift().press("600").press("#");

describe("a call that we make", () => {
    it.each([
        ["none", "none"],
        ["hop", "hop"],
        ["hop", "end"],
        ["end", "end"],
    ] as const)("that wants %s and gets %s is talked in, and is marked", (least, got) => {
        const stage = dialled(least).security(got).confirmed();
        expect(stage.call).toMatchObject({phase: "talking", security: got});
    });

    it.each([
        ["hop", "none"],
        ["end", "none"],
        ["end", "hop"],
    ] as const)("that wants %s and gets %s is over, with words and a tone, before a word is said", (least, got) => {
        const stage = dialled(least).security(got);
        expect(stage.did("hangUp")).toHaveLength(1);
        expect(stage.state.notice?.reason).toEqual({code: "notSecure", sip: null});
        expect(stage.out).toMatchObject({microphone: "closed", earTone: german.congestion});
        stage.post({type: "confirmed", call: "out-1"});
        expect(stage.state.calls.map(({phase}) => phase)).toEqual(["ending"]);
        stage.ended("cancelled");
        expect(stage.did("closeLog")).toMatchObject([{call: {reason: {code: "notSecure"}}}]);
    });

    it("is not listened to in early media that are in clear", () => {
        const stage = dialled("hop").progress(true);
        expect(stage.did("hangUp")).toHaveLength(1);
        expect(stage.state.notice?.reason.code).toBe("notSecure");
    });

    it("may ring without sound: nothing is agreed yet", () => {
        expect(dialled("hop").progress(false).call.phase).toBe("alerting");
    });

    it("whose answer tells nothing of its protection is in clear", () => {
        const stage = dialled("hop").confirmed();
        expect(stage.did("hangUp")).toHaveLength(1);
        expect(stage.did("answerLog")).toEqual([]);
    });

    it("ends when a re-INVITE takes its protection away", () => {
        const stage = dialled("hop").security("hop").confirmed().wait(5000).security("none");
        expect(stage.did("hangUp")).toHaveLength(1);
        expect(stage.state.notice).toMatchObject({reason: {code: "notSecure"}, talkSeconds: 5});
    });

    it("goes on when the owner wants more in the middle of it", () => {
        const stage = dialled("none").security("none").confirmed();
        stage.post({type: "settings", settings: {...stage.state.settings, leastSecurity: "end"}});
        expect(stage.call.phase).toBe("talking");
    });

    it("that is an emergency call needs none", () => {
        const stage = new Stage({leastSecurity: "end"}).lift().press("112");
        stage.wait(5000).security("none").progress(true).confirmed();
        expect(stage.call).toMatchObject({phase: "talking", emergency: true});
        expect(stage.out.microphone).toBe("open");
    });
});

describe("a call that comes", () => {
    it("in clear is turned away without ringing, and the glass says why", () => {
        const stage = new Stage({leastSecurity: "hop"}).incoming("in-1", "4930123", "none");
        expect(stage.did("reject")).toEqual([{type: "reject", call: "in-1", status: 488}]);
        expect(stage.out.ring).toBeNull();
        expect(stage.state.notice).toMatchObject({reason: {code: "notSecure", sip: 488}, party: {number: "4930123"}});
        stage.ended("declined", 488);
        expect(stage.did("closeLog")).toMatchObject([{call: {reason: {code: "notSecure"}}}]);
        expect(stage.wait(5000).state.notice).toBeNull();
    });

    it("in clear does not disturb who is about to dial", () => {
        const stage = new Stage({leastSecurity: "hop"}).lift();
        stage.incoming("in-1", "4930123", "none");
        expect(stage.state.notice).toBeNull();
        expect(stage.out.earTone).toBe(german.dial);
    });

    it("with protection rings, and so does one whose offer is ours to make", () => {
        for (const security of ["hop", null] as const) {
            expect(new Stage({leastSecurity: "hop"}).incoming("in-1", "1", security).out.ring).not.toBeNull();
        }
    });

    it("whose answer to our offer has no keys is over", () => {
        const stage = new Stage({leastSecurity: "hop"}).incoming("in-1", "1", null).lift();
        stage.confirmed();
        expect(stage.did("hangUp")).toHaveLength(1);
        expect(stage.state.notice?.reason.code).toBe("notSecure");
    });
});

it("stands in the black box by its level alone", () => {
    expect(eventText({type: "security", call: "out-1", security: "hop", suite: null, at: 1})).toBe(
        "security out-1 hop",
    );
});
