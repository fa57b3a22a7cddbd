import {describe, expect, it} from "vitest";
import {languages, menuItems, recentsFilters} from "../../../firmware/phone/menu.ts";
import {selfTestSteps} from "../../../firmware/phone/self-test.ts";
import {filteredRecents} from "../../../firmware/phone/standing.ts";
import {countries} from "../../../firmware/phone/tone-plan.ts";
import * as ui from "../../../ui/choices.ts";
import {recentsShown} from "../../../ui/screens/recents.ts";
import {recent, Stage} from "./stage.ts";

describe("the menu", () => {
    it.each(["ok", "down"] as const)("opens with %s from idle and closes with back", (key) => {
        const stage = new Stage().press(key);
        expect(stage.state.view).toEqual({type: "menu", selected: 0});
        expect(stage.press("back").state.view).toEqual({type: "idle"});
    });

    it("has five rows and stops at both ends", () => {
        const stage = new Stage().press("ok").press("up");
        expect(stage.state.view).toEqual({type: "menu", selected: 0});
        for (let step = 0; step < 9; step += 1) stage.press("down");
        expect(stage.state.view).toEqual({type: "menu", selected: 4});
    });

    it("opens the status, whose facts are read anew with each page", () => {
        const stage = new Stage({}, {view: {type: "menu", selected: 1}}).press("ok");
        expect(stage.state.view).toEqual({type: "status", page: 0});
        expect(stage.did("readFacts")).toHaveLength(1);
        expect(stage.press("right").state.view).toEqual({type: "status", page: 1});
        expect(stage.did("readFacts")).toHaveLength(1);
        expect(stage.press("back").state.view).toEqual({type: "menu", selected: 1});
    });

    it("changes the language at once, and has it saved", () => {
        const stage = new Stage({}, {view: {type: "menu", selected: 3}}).press("ok").press("down").press("ok");
        expect(stage.state.settings.language).toBe("de");
        expect(stage.did("saveSetting")).toEqual([{type: "saveSetting", name: "language", value: "de"}]);
        expect(stage.state.view).toEqual({type: "menu", selected: 3});
    });

    it("lets the bell be heard while it is turned, and saves it on leaving", () => {
        const stage = new Stage({}, {view: {type: "menu", selected: 2}}).press("ok");
        expect(stage.out.ring).toBeNull();
        expect(stage.press("up").out.ring?.volume).toBe(-5);
        expect(stage.press("ok").did("saveSetting")).toEqual([{type: "saveSetting", name: "ringVolume", value: -5}]);
        expect(stage.out.ring).toBeNull();
        expect(stage.state.view).toEqual({type: "menu", selected: 2});
    });
});

describe("the recent calls", () => {
    const recents = [
        recent(3, "555", "missed"),
        recent(2, "600"),
        recent(1, "", "missed"),
        recent(0, "601", "received"),
    ];

    it("are one key from idle, missed ones first, and are seen then", () => {
        const stage = new Stage({}, {recents, missed: 2}).press("up");
        expect(stage.state.view).toMatchObject({type: "recents", filter: "missed", selected: 0});
        expect(stage.did("markMissedSeen")).toHaveLength(1);
        expect(stage.state.missed).toBe(0);
        expect(stage.out.lamps.message).toBe("off");
    });

    it("show all when nothing was missed", () => {
        const stage = new Stage({}, {recents}).press("up");
        expect(stage.state.view).toMatchObject({filter: "all"});
        expect(stage.did("markMissedSeen")).toEqual([]);
    });

    it("change what they show with right, round and round", () => {
        const stage = new Stage({}, {recents}).press("up");
        const filters = ["right", "right", "right", "right"].map((key) => {
            const {view} = stage.press(key).state;
            return view.type === "recents" ? view.filter : "";
        });
        expect(filters).toEqual(["missed", "received", "placed", "all"]);
    });

    it("tell of one call with left: left and right turn pages, up and down go to the next call, back to the list", () => {
        const stage = new Stage({}, {recents}).press("up").press("down").press("left");
        expect(stage.state.view).toMatchObject({filter: "all", selected: 1, page: 0});
        expect(stage.press("right").press("right").press("left").state.view).toMatchObject({selected: 1, page: 1});
        expect(stage.press("down").press("down").state.view).toMatchObject({selected: 3, page: 1});
        expect(stage.press("back").state.view).toMatchObject({filter: "all", selected: 3, page: null});
        expect(stage.press("back").state.view).toEqual({type: "idle"});
    });

    it.each(["ok", "lift"])("dial the call whose details are shown with %s", (how) => {
        const stage = new Stage({}, {recents}).press("up").press("down").press("left");
        expect((how === "ok" ? stage.press("ok") : stage.lift()).did("dial")).toMatchObject([{number: "600"}]);
    });

    it("have no details while there are none, nor when the last one goes", () => {
        expect(new Stage().press("up").press("left").state.view).toMatchObject({page: null});
        const stage = new Stage({}, {recents}).press("up").press("left");
        expect(stage.post({type: "recents", recents: [], missed: 0}).state.view).toMatchObject({page: null});
    });

    it("are dialled with OK: the selected row of the filter", () => {
        const stage = new Stage({}, {recents}).press("right");
        expect(stage.press("ok").did("dial")).toMatchObject([{number: "600"}]);
        const received = new Stage({}, {recents}).press("up").press("right").press("right").press("ok");
        expect(received.did("dial")).toMatchObject([{number: "601"}]);
    });

    it("are dialled by lifting", () => {
        const stage = new Stage({}, {recents}).press("up").press("down").lift();
        expect(stage.did("dial")).toMatchObject([{number: "600"}]);
    });

    it("are left by the call that they made", () => {
        const stage = new Stage({}, {recents}).press("up").press("down").press("ok").ended("busy").wait(5000);
        expect(stage.state.view).toEqual({type: "idle"});
    });

    it("dial nothing by a lift that only meant a notice over them", () => {
        const stage = new Stage({}, {recents, handsFree: true}).press("up").incoming().press("ok").ended("cancelled");
        expect(stage.state.notice).not.toBeNull();
        expect(stage.lift().did("dial")).toEqual([]);
        expect(stage.state.offHook?.stage).toBe("dialTone");
    });

    it("dial nothing for an anonymous caller; lifting gives the dial tone", () => {
        const stage = new Stage({}, {recents}).press("left").press("down").press("ok");
        expect(stage.did("dial")).toEqual([]);
        expect(stage.lift().state.offHook?.stage).toBe("dialTone");
    });

    it("keep the selection within the rows, below and when the log changes", () => {
        const stage = new Stage({}, {recents}).press("up");
        for (let step = 0; step < 9; step += 1) stage.press("down");
        expect(stage.state.view).toMatchObject({selected: 3});
        stage.post({type: "recents", recents: recents.slice(0, 2), missed: 0});
        expect(stage.state.view).toMatchObject({selected: 1});
        stage.post({type: "recents", recents: [], missed: 0}).press("ok").press("up");
        expect(stage.state.view).toMatchObject({selected: 0});
    });

    it("begin to scroll anew with each row", () => {
        const stage = new Stage({}, {recents}).press("up").wait(5000).press("down");
        expect(stage.state.view).toMatchObject({since: stage.at - 250});
    });

    it("light the lamp while something was missed", () => {
        expect(new Stage().post({type: "recents", recents, missed: 2}).out.lamps.message).toBe("on");
    });
});

describe("the first start", () => {
    it("asks for language and country, says what to do, and saves both", () => {
        const stage = new Stage({language: null, country: "de"});
        expect(stage.state.view).toEqual({type: "firstStart", step: "language", selected: 0});
        stage.press("down").press("down").press("ok");
        expect(stage.did("saveSetting")).toEqual([{type: "saveSetting", name: "language", value: "fr"}]);
        expect(stage.state.view).toEqual({type: "firstStart", step: "country", selected: countries.indexOf("de")});
        stage.press("down").press("ok");
        expect(stage.did("saveSetting")).toEqual([{type: "saveSetting", name: "country", value: "dk"}]);
        expect(stage.state.view).toMatchObject({type: "firstStart", step: "next"});
        expect(stage.press("ok").state.view).toEqual({type: "idle"});
    });

    it("goes back a step with back", () => {
        const stage = new Stage({language: null}).press("ok").press("ok").press("back");
        expect(stage.state.view).toMatchObject({step: "country"});
        expect(stage.press("back").state.view).toMatchObject({step: "language", selected: 0});
    });

    it("is over when the cable brings a language, and does not come in a phone that has one", () => {
        const stage = new Stage({language: null});
        stage.post({type: "settings", settings: {...stage.state.settings, language: "nl"}});
        expect(stage.state.view).toEqual({type: "idle"});
    });
});

describe("the self-test", () => {
    const started = (): Stage => new Stage({}, {view: {type: "menu", selected: 4}}).press("ok");

    it("opens its own capture in the first step only, and shows the level", () => {
        const stage = started();
        expect(stage.out.microphoneTest).toBe(true);
        stage.post({type: "microphoneLevel", level: -23});
        expect(stage.state.selfTest.level).toBe(-23);
        expect(stage.press("ok").out.microphoneTest).toBe(false);
        expect(stage.state.selfTest.level).toBeNull();
        expect(stage.post({type: "microphoneLevel", level: -20}).state.selfTest.level).toBeNull();
    });

    it("lights the microphone lamp only when capture is said to be open", () => {
        const stage = started();
        expect(stage.out.lamps.microphone).toBe("off");
        expect(stage.post({type: "testCapture", open: true}).out.lamps.microphone).toBe("on");
        expect(stage.post({type: "testCapture", open: false}).out.lamps.microphone).toBe("off");
    });

    it("keeps the lamp lit when its capture closes late, after that of a call has opened", () => {
        const stage = started().post({type: "testCapture", open: true}).incoming().lift().confirmed();
        stage.post({type: "capture", open: true}).post({type: "testCapture", open: false});
        expect(stage.out.lamps.microphone).toBe("on");
    });

    it("goes through microphone, earpiece, keys, hook, lamps and display, and ends", () => {
        const stage = started();
        const steps = ["ok", "ok", "ok", "ok", "ok", "ok", "ok"].map((key) => {
            const {view} = stage.press(key).state;
            return view.type === "selfTest" ? view.step : view.type;
        });
        // The first OK in the step of the keys is the test of the OK key.
        expect(steps).toEqual(["earpiece", "keys", "keys", "hook", "lamps", "display", "idle"]);
    });

    it("plays its tone in the ear of a lifted handset, without a dial tone", () => {
        const stage = started().press("ok").lift();
        expect(stage.out.earTone?.steps[0]?.frequencies).toEqual([1020]);
        expect(stage.state.offHook).toBeNull();
        expect(stage.putDown().out.earTone).toBeNull();
    });

    it("counts each key once and dials none", () => {
        const stage = started().press("ok").press("ok").press("112").press("hold").press("back");
        expect(stage.state.selfTest.keysSeen).toEqual(["1", "2", "hold", "back"]);
        expect(stage.all.some(({type}) => type === "dial")).toBe(false);
        expect(stage.press("back").state.view).toEqual({type: "idle"});
    });

    it("sees the hook move and lights every lamp but the microphone's", () => {
        const stage = started().press("ok").press("ok").press("ok").press("ok");
        expect(stage.state.selfTest.hookSeen).toBe(false);
        expect(stage.lift().putDown().state.selfTest.hookSeen).toBe(true);
        stage.press("ok");
        expect(stage.out.lamps).toEqual({
            microphone: "off",
            ringing: "on",
            call: "on",
            mute: "on",
            message: "on",
            service: "on",
        });
    });

    it("left alone ends by itself, so that no microphone stays open", () => {
        const stage = started().wait(120_000);
        expect(stage.out.microphoneTest).toBe(false);
        expect(stage.state.view).toEqual({type: "idle"});
    });

    it("opens no microphone during a mobile call or without consent", () => {
        expect(started().post({type: "cellular", busy: true}).out.microphoneTest).toBe(false);
        const view = {type: "selfTest", step: "microphone", since: 0} as const;
        expect(new Stage({}, {view, consent: false}).out.microphoneTest).toBe(false);
    });

    it("is left by whoever dials", () => {
        const stage = started().lift().press("6");
        expect(stage.state.view.type).toBe("idle");
        expect(stage.state.dialling?.digits).toBe("6");
    });
});

describe("the lists that core and screens both count through", () => {
    it("are the same, in the same order", () => {
        expect(ui.MENU_ITEMS).toEqual(menuItems);
        expect(ui.LANGUAGES).toEqual(languages);
        expect(ui.RECENTS_FILTERS).toEqual(recentsFilters);
        expect(ui.SELF_TEST_STEPS).toEqual(selfTestSteps);
    });

    it("of recent calls show the same rows", () => {
        const outcomes = ["placed", "received", "missed", "elsewhere", "interrupted"] as const;
        const recents = outcomes.map((outcome, row) => recent(row, "1", outcome));
        const {state} = new Stage({}, {recents});
        for (const filter of recentsFilters) {
            expect(recentsShown(recents, filter)).toEqual(filteredRecents(state, filter));
        }
    });
});

describe("settings from outside", () => {
    it("hold at once, but do not move a volume that is being turned", () => {
        const stage = new Stage().talking().press("up");
        const settings = {...stage.state.settings, volume: 0, country: "us"};
        stage.post({type: "settings", settings});
        expect(stage.out.volume).toBe(3);
        expect(stage.state.settings.country).toBe("us");
        expect(stage.wait(3000).post({type: "settings", settings}).out.volume).toBe(0);
    });
});

describe("the clock on the wall", () => {
    it("is one clock whatever the moment at which it is read, and another when it was set", () => {
        const stage = new Stage();
        const told = stage.state.wallOffset ?? 0;
        stage.post({type: "clock", wall: stage.at + told + 60});
        expect(stage.state.wallOffset).toBe(told);
        stage.post({type: "clock", wall: stage.at + told + 3_600_000});
        expect(stage.state.wallOffset).toBe(told + 3_600_000);
    });
});

describe("faults of parts", () => {
    it("are kept until the part is back", () => {
        const lost = {type: "fault", part: "display", reason: "unplugged"} as const;
        const stage = new Stage().post({...lost, lost: true}).post({...lost, lost: true});
        expect(stage.state.faults).toEqual(["display"]);
        expect(stage.post({...lost, lost: false}).state.faults).toEqual([]);
    });

    it("of the keypad forget its keys, which then can be pressed again", () => {
        const stage = new Stage().lift().post({type: "key", key: "6", down: true});
        stage.post({type: "fault", part: "keypad", lost: true, reason: "unplugged"});
        expect(stage.press("6").state.dialling?.digits).toBe("66");
    });
});
