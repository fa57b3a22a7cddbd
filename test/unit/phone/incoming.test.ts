import {describe, expect, it} from "vitest";
import {german, recent, Stage} from "./stage.ts";

const rows = (stage: Stage): readonly string[] => stage.all.map(({type}) => type).filter((type) => /Log$/.test(type));

describe("an incoming call", () => {
    it("rings with the national cadence on the bell alone, with its lamp, and the microphone closed", () => {
        const {out, effects} = new Stage().incoming();
        expect(out.ring).toEqual({tone: german.ring, volume: -10});
        expect(out.earTone).toBeNull();
        expect(out.microphone).toBe("closed");
        expect(out.lamps.ringing).toBe("blinking");
        expect(effects.map(({type}) => type)).toEqual(["openLog", "lookUpName"]);
    });

    it("asks for no name of an anonymous caller", () => {
        expect(new Stage().incoming("in-1", "").did("lookUpName")).toEqual([]);
    });

    it("with the bell turned off still flashes", () => {
        const {out} = new Stage({ringVolume: null}).incoming();
        expect(out.ring?.volume).toBeNull();
        expect(out.lamps.ringing).toBe("blinking");
    });

    it("is answered by lifting: the bell stops, and the microphone waits for the ACK", () => {
        const stage = new Stage().incoming().lift();
        expect(stage.effects).toEqual([{type: "answer", call: "in-1"}]);
        expect(stage.out.ring).toBeNull();
        expect(stage.out.microphone).toBe("closed");
        expect(stage.out.earTone).toBeNull();
        stage.confirmed();
        expect(stage.out.microphone).toBe("open");
        expect(stage.out.mix).toEqual(["in-1"]);
        expect(stage.did("answerLog")).toHaveLength(1);
    });

    it("does not answer itself with a handset that is off hook; OK answers it", () => {
        const stage = new Stage().lift().incoming();
        expect(stage.call.phase).toBe("ringing");
        expect(stage.out.ring).not.toBeNull();
        expect(stage.out.earTone).toBeNull();
        expect(stage.press("ok").did("answer")).toHaveLength(1);
    });

    it("goes on ringing when the handset is put down, and is answered by the next lift", () => {
        const stage = new Stage().lift().incoming().putDown();
        expect(stage.call.phase).toBe("ringing");
        expect(stage.lift().did("answer")).toHaveLength(1);
    });

    it("answered with OK uses the loudspeaker where there is one", () => {
        const stage = new Stage({}, {handsFree: true}).incoming().press("ok");
        expect(stage.did("answer")).toHaveLength(1);
        expect(stage.confirmed().out).toMatchObject({route: "speaker", microphone: "open"});
    });

    it.each(["ok", "mute"] as const)("is silenced by %s with no ear to answer to, and goes on", (key) => {
        const stage = new Stage().incoming().press(key);
        expect(stage.out.ring).toBeNull();
        expect(stage.call.phase).toBe("ringing");
        stage.ended("cancelled").incoming("in-2");
        expect(stage.out.ring).not.toBeNull();
    });

    it("is declined with back: 486, a row, and no notice", () => {
        const stage = new Stage().incoming().press("back");
        expect(stage.did("reject")).toEqual([{type: "reject", call: "in-1", status: 486}]);
        expect(stage.out.ring).toBeNull();
        stage.ended("failed", 486);
        expect(stage.did("closeLog")).toMatchObject([{call: {reason: {code: "declined", sip: 486}}}]);
        expect(stage.state.notice).toBeNull();
    });

    it("that the caller gives up is closed and leaves the phone idle", () => {
        const stage = new Stage().incoming().ended("cancelled", 487);
        expect(stage.did("closeLog")).toMatchObject([{talkSeconds: null, call: {reason: {code: "cancelled"}}}]);
        expect(stage.state.notice).toBeNull();
        expect(stage.out.ring).toBeNull();
        expect(stage.out.wakeAt).toBeNull();
    });

    it("answered elsewhere is closed with that reason, so that it is not missed", () => {
        const stage = new Stage().incoming().ended("answeredElsewhere", 200);
        expect(stage.did("closeLog")).toMatchObject([{call: {reason: {code: "answeredElsewhere"}}}]);
    });

    it("given up while the handset is lifted has words and a tone, no crash", () => {
        const stage = new Stage().incoming().lift().ended("answeredElsewhere");
        expect(stage.state.notice?.reason.code).toBe("answeredElsewhere");
        expect(stage.out.earTone).toBe(german.busy);
        expect(stage.putDown().state.calls).toEqual([]);
        expect(rows(stage)).toEqual(["openLog", "closeLog"]);
    });

    it("whose ACK never comes is given up", () => {
        const stage = new Stage().incoming().lift().wait(32_000);
        expect(stage.did("hangUp")).toMatchObject([{call: "in-1"}]);
        expect(stage.state.notice?.reason.code).toBe("connectionLost");
    });

    it("that nobody answers is turned away after three minutes", () => {
        const stage = new Stage().incoming().wait(180_000);
        expect(stage.did("reject")).toEqual([{type: "reject", call: "in-1", status: 480}]);
        expect(stage.ended("failed").did("closeLog")).toMatchObject([{call: {reason: {code: "noAnswer"}}}]);
    });

    it("during a call hears busy at once, and is a missed call of its own", () => {
        const stage = new Stage().talking().incoming("in-5");
        expect(stage.did("reject")).toEqual([{type: "reject", call: "in-5", status: 486}]);
        expect(stage.out.ring).toBeNull();
        expect(stage.out.mix).toEqual(["out-1"]);
        stage.ended("failed", 486);
        expect(stage.did("closeLog")).toMatchObject([{call: {id: "in-5", reason: {code: "busy"}}}]);
        expect(stage.call.id).toBe("out-1");
    });

    it.each([
        ["a mobile call", {cellularBusy: true}, 486],
        ["no consent", {consent: false}, 480],
    ] as const)("during %s is turned away and logged", (_, state, status) => {
        const stage = new Stage({}, state).incoming();
        expect(stage.did("reject")).toMatchObject([{status}]);
        expect(stage.out.ring).toBeNull();
        expect(rows(stage.ended("failed"))).toEqual(["openLog", "closeLog"]);
    });

    it("repeated is the same call", () => {
        const stage = new Stage().incoming().incoming();
        expect(stage.effects).toEqual([]);
        expect(stage.state.calls).toHaveLength(1);
        stage.lift().incoming();
        expect(stage.did("reject")).toEqual([]);
    });

    it("ends the self-test at once", () => {
        const stage = new Stage({}, {view: {type: "selfTest", step: "microphone", since: 1000}});
        expect(stage.out.microphoneTest).toBe(true);
        stage.incoming();
        expect(stage.out.microphoneTest).toBe(false);
        expect(stage.state.view.type).toBe("idle");
        expect(stage.out.ring).not.toBeNull();
    });

    it("leaves the menu where it was", () => {
        const stage = new Stage({}, {view: {type: "menu", selected: 2}}).incoming().ended("cancelled");
        expect(stage.state.view).toEqual({type: "menu", selected: 2});
    });

    it("lets its bell be turned up and down, and the owner silence it altogether", () => {
        const stage = new Stage({ringVolume: -25}).incoming().press("down");
        expect(stage.out.ring?.volume).toBe(-30);
        expect(stage.press("softer").out.ring?.volume).toBeNull();
        expect(stage.press("up").out.ring?.volume).toBe(-30);
        expect(stage.wait(3000).did("saveSetting")).toEqual([{type: "saveSetting", name: "ringVolume", value: -30}]);
    });

    it("is answered over a list in which a row is selected", () => {
        const stage = new Stage({}, {recents: [recent(1, "600")]}).press("up").incoming().lift();
        expect(stage.did("dial")).toEqual([]);
        expect(stage.did("answer")).toHaveLength(1);
    });

    it("from nobody we know of changes nothing when the network speaks of it", () => {
        const stage = new Stage();
        const before = stage.state;
        stage
            .post({type: "confirmed", call: "in-77"})
            .post({type: "ended", call: "in-77", reason: {code: "busy", sip: null}});
        expect(stage.state).toEqual(before);
        expect(stage.effects).toEqual([]);
    });
});
