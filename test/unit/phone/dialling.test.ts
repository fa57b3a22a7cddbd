import {describe, expect, it} from "vitest";
import {german, recent, Stage} from "./stage.ts";

const dialled = (stage: Stage): readonly unknown[] =>
    stage.all.filter((effect) => effect.type === "dial").map((effect) => (effect.type === "dial" ? effect.number : ""));

describe("lifting the handset", () => {
    it("gives the national dial tone in the ear and nothing on the bell", () => {
        const {out} = new Stage().lift();
        expect(out.earTone).toBe(german.dial);
        expect(out.ring).toBeNull();
        expect(out.route).toBe("handset");
        expect(out.microphone).toBe("closed");
    });

    it("gives the congestion tone without service, and the dial tone as soon as there is service", () => {
        const stage = new Stage({}, {accounts: []}).lift();
        expect(stage.out.earTone).toBe(german.congestion);
        expect(stage.out.lamps.service).toBe("blinking");
        const account = {id: 0, label: "", registered: true, fault: null, detail: "", retryAt: null};
        expect(stage.post({type: "registration", account}).out.earTone).toBe(german.dial);
        expect(stage.out.lamps.service).toBe("on");
    });

    it("left lying: dial tone 20 s, congestion tone 30 s, then silence for ever", () => {
        const stage = new Stage().lift().wait(19_999);
        expect(stage.out.earTone).toBe(german.dial);
        expect(stage.wait(1).out.earTone).toBe(german.congestion);
        expect(stage.wait(29_999).out.earTone).toBe(german.congestion);
        expect(stage.wait(1).out.earTone).toBeNull();
        expect(stage.out.wakeAt).toBeNull();
        expect(stage.state.offHook?.stage).toBe("silent");
    });

    it("left lying still rings for a new call", () => {
        const stage = new Stage().lift().wait(60_000).incoming();
        expect(stage.out.ring?.tone).toBe(german.ring);
    });

    it("reported twice is reported once", () => {
        const stage = new Stage().lift().wait(10_000).lift();
        expect(stage.state.offHook?.until).toBe(21_000);
    });

    it("puts everything back when the handset goes down", () => {
        const {out, state} = new Stage().lift().press("60").putDown();
        expect(out.earTone).toBeNull();
        expect(state.dialling).toBeNull();
        expect(state.offHook).toBeNull();
        expect(out.wakeAt).toBeNull();
    });
});

describe("dialling off hook", () => {
    it("stops the dial tone at the first digit and lets the ear hear the key", () => {
        const stage = new Stage().lift().post({type: "key", key: "6", down: true});
        expect(stage.out.earTone?.steps[0]?.frequencies).toEqual([770, 1477]);
        expect(stage.wait(100).out.earTone).toBeNull();
    });

    it("sends at once with #", () => {
        const stage = new Stage().lift().press("600").press("#");
        expect(stage.did("dial")).toMatchObject([{call: "out-1", account: 0, number: "600", emergency: false}]);
        expect(stage.did("openLog")).toHaveLength(1);
        expect(stage.call.phase).toBe("calling");
        expect(stage.state.dialling).toBeNull();
    });

    it("sends the partial number after the inter-digit time", () => {
        const stage = new Stage().lift().press("600");
        expect(dialled(stage.wait(3749))).toEqual([]);
        expect(dialled(stage.wait(1))).toEqual(["600"]);
    });

    it("starts the inter-digit time anew with each digit", () => {
        const stage = new Stage().lift().press("6").wait(3000).press("0").wait(3000).press("0");
        expect(dialled(stage)).toEqual([]);
        expect(dialled(stage.wait(4000))).toEqual(["600"]);
    });

    it("sends a number that the digit map knows to be complete at its last digit", () => {
        const stage = new Stage({digitMap: "6xx|0x.T"}).lift().press("60");
        expect(dialled(stage)).toEqual([]);
        expect(dialled(stage.press("0"))).toEqual(["600"]);
    });

    it("waits where the digit map allows more", () => {
        const stage = new Stage({digitMap: "6xx|6xxx"}).lift().press("600");
        expect(dialled(stage)).toEqual([]);
        expect(dialled(stage.press("1"))).toEqual(["6001"]);
    });

    it("answers a number that the digit map excludes with the special information tone, unsent but logged", () => {
        const stage = new Stage({digitMap: "6xx"}).lift().press("7");
        expect(dialled(stage)).toEqual([]);
        expect(stage.state.notice?.reason.code).toBe("notFound");
        stage.wait(100);
        expect(stage.out.earTone).toBe(german.information);
        expect(stage.all.map(({type}) => type)).toEqual(["openLog", "lookUpName", "closeLog"]);
    });

    it("dials without a map when the map cannot be read", () => {
        expect(dialled(new Stage({digitMap: "6[["}).lift().press("600#"))).toEqual(["600"]);
    });

    it("collects # inside a feature code and sends it by the timer", () => {
        const stage = new Stage().lift().press("*21*600#");
        expect(dialled(stage)).toEqual([]);
        expect(stage.state.dialling?.digits).toBe("*21*600#");
        expect(dialled(stage.wait(4000))).toEqual(["*21*600#"]);
    });

    it.each(["#21#", "*#21#"])("collects all of %s and sends it with OK, whatever the digit map knows", (code) => {
        const stage = new Stage({digitMap: "6xx"}).lift().press(code);
        expect(dialled(stage)).toEqual([]);
        expect(dialled(stage.press("ok"))).toEqual([code]);
    });

    it("takes a digit away with back, and has the dial tone again without digits", () => {
        const stage = new Stage().lift().press("67").press("back");
        expect(stage.state.dialling?.digits).toBe("6");
        stage.press("back");
        expect(stage.state.dialling).toBeNull();
        expect(stage.out.earTone).toBe(german.dial);
    });

    it("keeps the digits behind a call that rings, and goes on when the caller gives up", () => {
        const stage = new Stage().lift().press("60").incoming().wait(60_000);
        expect(dialled(stage)).toEqual([]);
        stage.ended("cancelled");
        expect(stage.state.dialling?.digits).toBe("60");
        expect(dialled(stage.press("0#"))).toEqual(["600"]);
    });

    it("takes no more digits than a number has", () => {
        const stage = new Stage().lift().press("9".repeat(70));
        expect(stage.state.dialling?.digits).toHaveLength(64);
    });

    it("redials the last number with OK at the dial tone: the number, not the name", () => {
        const named = {...recent(2, "4930777"), party: {number: "4930777", name: "Anna"}};
        const stage = new Stage({}, {recents: [recent(3, "555", "missed"), named, recent(1, "600")]})
            .lift()
            .press("ok");
        expect(dialled(stage)).toEqual(["4930777"]);
    });

    it("has nothing to redial in a new phone", () => {
        const stage = new Stage().lift().press("ok");
        expect(stage.out.earTone).toBe(german.dial);
    });
});

describe("dialling on the hook", () => {
    it("collects in silence and without a timer", () => {
        const stage = new Stage().press("600");
        expect(stage.out.earTone).toBeNull();
        expect(stage.state.dialling).toEqual({digits: "600", dialAt: null});
        expect(dialled(stage.wait(600_000))).toEqual([]);
    });

    it("is sent once by lifting", () => {
        const stage = new Stage().press("600").lift();
        expect(dialled(stage)).toEqual(["600"]);
        expect(dialled(stage.wait(20_000))).toEqual(["600"]);
        expect(stage.out.earTone).toBeNull();
    });

    it("can be corrected before", () => {
        expect(dialled(new Stage().press("6012").press("back").press("back").press("0").lift())).toEqual(["600"]);
    });

    it.each(["ok", "#"])("is sent by %s too; lifting then joins the call", (key) => {
        const stage = new Stage().press("600").press(key);
        expect(dialled(stage)).toEqual(["600"]);
        stage.progress(false);
        expect(stage.out.earTone).toBeNull();
        expect(stage.lift().out.earTone).toBe(german.ringback);
        expect(dialled(stage)).toEqual(["600"]);
    });

    it("turns the loudspeaker on where the board has one", () => {
        const stage = new Stage({}, {handsFree: true}).press("600").press("ok").progress(false);
        expect(stage.out.route).toBe("speaker");
        expect(stage.out.earTone).toBe(german.ringback);
    });

    it("keeps a call that is listened to within the minute", () => {
        const stage = new Stage().press("600").press("ok").confirmed().wait(50_000).lift().wait(600_000);
        expect(stage.call.phase).toBe("talking");
        expect(stage.out.microphone).toBe("open");
    });

    it("gives the loudspeaker a dial tone, and turns it off when nobody dials", () => {
        const stage = new Stage({}, {handsFree: true}).press("speaker");
        expect(stage.out).toMatchObject({route: "speaker", earTone: german.dial});
        stage.wait(20_000);
        expect(stage.state.speaker).toBe(false);
        expect(stage.out.earTone).toBeNull();
    });

    it("ends a call that is answered and never listened to after a minute", () => {
        const stage = new Stage().press("600").press("ok").confirmed();
        expect(stage.out.microphone).toBe("closed");
        expect(stage.out.mix).toEqual([]);
        expect(stage.wait(60_000).did("hangUp")).toMatchObject([{call: "out-1"}]);
    });
});

describe("a number that cannot be sent", () => {
    it("has its reason on the glass, the congestion tone in the ear and one row in the log", () => {
        const stage = new Stage({}, {accounts: []}).lift().press("600#");
        expect(dialled(stage)).toEqual([]);
        expect(stage.state.notice).toMatchObject({reason: {code: "noService"}, party: {number: "600"}});
        stage.wait(100);
        expect(stage.out.earTone).toBe(german.congestion);
        expect(stage.all.filter(({type}) => /Log$/.test(type)).map(({type}) => type)).toEqual(["openLog", "closeLog"]);
        expect(stage.state.calls).toEqual([]);
    });

    it.each([{consent: false}, {cellularBusy: true}])("because of %o is refused without a dial", (state) => {
        const stage = new Stage({}, state).lift().press("600#");
        expect(dialled(stage)).toEqual([]);
        expect(stage.state.notice?.reason.code).toBe("notAcceptable");
    });
});

describe("an emergency number", () => {
    it("is sent with its last digit, digit map or not", () => {
        const stage = new Stage({digitMap: "6xx"}).lift().press("112");
        expect(stage.all.filter(({type}) => type === "dial")).toMatchObject([{number: "112", emergency: true}]);
    });

    it("is never cut short by a digit map that knows its beginning to be complete", () => {
        const stage = new Stage({digitMap: "11|6xx"}).lift().press("11");
        expect(dialled(stage)).toEqual([]);
        expect(dialled(stage.press("2"))).toEqual(["112"]);
    });

    it.each([
        ["no registration", {accounts: []}],
        ["no consent", {consent: false}],
        ["a mobile call", {cellularBusy: true}],
        ["a broken sound card", {soundFault: "playback: gone"}],
        ["the first start", {view: {type: "firstStart", step: "country", selected: 3}}],
        ["the menu", {view: {type: "menu", selected: 2}}],
        ["the self-test", {view: {type: "selfTest", step: "microphone", since: 1000}}],
    ] as const)("is sent in spite of %s", (_, state) => {
        const stage = new Stage({}, state).lift().press("112");
        expect(stage.all.filter(({type}) => type === "dial")).toMatchObject([{number: "112", emergency: true}]);
        stage.confirmed();
        expect(stage.out.microphone).toBe("open");
        expect(stage.out.mix).toEqual([stage.call.id]);
    });

    it("dialled on the hook is sent by the timer, so that a longer number can be typed", () => {
        const stage = new Stage().press("112");
        expect(dialled(stage)).toEqual([]);
        expect(dialled(stage.wait(4_000))).toEqual(["112"]);
        const longer = new Stage().press("1125550").wait(60_000);
        expect(dialled(longer)).toEqual([]);
        expect(dialled(longer.lift())).toEqual(["1125550"]);
    });

    it("on the hook is sent at once where the hook switch is broken", () => {
        const stage = new Stage().post({type: "fault", part: "hook", lost: true, reason: "line gone"}).press("112");
        expect(dialled(stage)).toEqual(["112"]);
    });

    it("goes over an account that is registered", () => {
        const second = {id: 2, label: "", registered: true, fault: null, detail: "", retryAt: null};
        const stage = new Stage({}, {accounts: [{...second, id: 0, registered: false}, second]}).lift().press("110");
        expect(stage.all.filter(({type}) => type === "dial")).toMatchObject([{account: 2}]);
    });

    it("goes over the account that dials, as long as that is registered", () => {
        const line = {label: "", registered: true, fault: null, detail: "", retryAt: null};
        const accounts = [0, 1, 2].map((id) => ({...line, id}));
        const stage = new Stage({defaultAccount: 1}, {accounts}).lift().press("110");
        expect(stage.all.filter(({type}) => type === "dial")).toMatchObject([{account: 1}]);
    });

    it("takes the place of a call that rings", () => {
        const stage = new Stage().incoming().press("112");
        expect(stage.all.filter(({type}) => type === "reject")).toMatchObject([{call: "in-1", status: 486}]);
        expect(stage.call).toMatchObject({id: "out-1", emergency: true});
        expect(stage.out.ring).toBeNull();
    });

    it("is not ended by the back key, nor by a hook switch that is broken, but by the handset", () => {
        const stage = new Stage().lift().press("112").confirmed().press("back");
        expect(stage.call.phase).toBe("talking");
        stage.post({type: "fault", part: "hook", lost: true, reason: "line gone"}).putDown();
        expect(stage.call.phase).toBe("talking");
        stage.post({type: "fault", part: "hook", lost: false, reason: ""}).lift().putDown();
        expect(stage.did("hangUp")).toHaveLength(1);
    });
});
