import {describe, expect, it} from "vitest";
import type {EndReason} from "../../../firmware/phone/call.ts";
import type {CountryTones} from "../../../firmware/phone/tone-plan.ts";
import {german, Stage} from "./stage.ts";

const rows = (stage: Stage): readonly string[] => stage.all.map(({type}) => type).filter((type) => /Log$/.test(type));

describe("an outgoing call", () => {
    it("is silent until the far end rings, then has the national ringback", () => {
        const stage = new Stage().lift().press("600#").wait(200);
        expect(stage.out.earTone).toBeNull();
        expect(stage.progress(false).out.earTone).toBe(german.ringback);
        expect(stage.out.microphone).toBe("closed");
        expect(stage.out.lamps.call).toBe("on");
    });

    it("keeps ringback over a 183 until sound really arrives", () => {
        const stage = new Stage()
            .lift()
            .press("600#")
            .post({type: "session", call: "out-1", session: 7})
            .progress(true);
        stage.wait(200);
        expect(stage.out.earTone).toBe(german.ringback);
        expect(stage.out.mix).toEqual(["out-1"]);
        stage.post({type: "firstPacket", session: 7});
        expect(stage.out.earTone).toBeNull();
        // A 180 of another branch without SDP does not drown what is heard.
        expect(stage.progress(false).out.earTone).toBeNull();
    });

    it("has ringback again when the far end's sound moves to another session", () => {
        const stage = new Stage()
            .lift()
            .press("600#")
            .post({type: "session", call: "out-1", session: 7})
            .progress(true);
        stage.post({type: "firstPacket", session: 7}).post({type: "session", call: "out-1", session: 8});
        expect(stage.wait(200).out.earTone).toBe(german.ringback);
        expect(stage.post({type: "firstPacket", session: 8}).out.earTone).toBeNull();
    });

    it("goes back to ringback when a fork rings and nothing was heard", () => {
        const stage = new Stage().lift().press("600#").progress(true).progress(false);
        expect(stage.call.phase).toBe("alerting");
        expect(stage.out.mix).toEqual([]);
    });

    it("talks when it is answered: mixed, microphone open, no tone, noted in the log", () => {
        const stage = new Stage().talking();
        expect(stage.out.mix).toEqual(["out-1"]);
        expect(stage.out.microphone).toBe("open");
        expect(stage.did("answerLog")).toHaveLength(1);
        expect(stage.wait(3_600_000).call.phase).toBe("talking");
        expect(stage.out.earTone).toBeNull();
    });

    it("ends with the handset in the same step, with one row and the seconds talked", () => {
        const stage = new Stage().talking().wait(65_400).putDown();
        expect(stage.effects).toEqual([{type: "hangUp", call: "out-1"}]);
        expect(stage.out.microphone).toBe("closed");
        expect(stage.out.mix).toEqual([]);
        stage.at += 800;
        stage.ended("remoteHangUp");
        expect(stage.did("closeLog")).toMatchObject([{talkSeconds: 65, call: {reason: {code: "localHangUp"}}}]);
        expect(rows(stage)).toEqual(["openLog", "answerLog", "closeLog"]);
        expect(stage.state.notice).toBeNull();
    });

    it("is closed by the clock when the network never says its last word", () => {
        const stage = new Stage().talking().putDown().wait(5000);
        expect(stage.state.calls).toEqual([]);
        expect(rows(stage)).toEqual(["openLog", "answerLog", "closeLog"]);
    });

    it("given up before the answer is cancelled", () => {
        const stage = new Stage().lift().press("600#").progress(false).putDown();
        expect(stage.did("hangUp")).toHaveLength(1);
        stage.ended("cancelled", 487);
        expect(stage.did("closeLog")).toMatchObject([{talkSeconds: null, call: {reason: {code: "cancelled"}}}]);
    });

    it("ended with back leaves the dial tone, as a tap on the hook does", () => {
        const stage = new Stage().talking().press("back");
        expect(stage.did("hangUp")).toHaveLength(1);
        expect(stage.out.earTone).toBe(german.dial);
    });

    it("that rings too long or gets no answer at all is given up with words", () => {
        const stage = new Stage().lift().press("600#").wait(40_000);
        expect(stage.did("hangUp")).toHaveLength(1);
        expect(stage.state.notice?.reason.code).toBe("noAnswer");
        const ringing = new Stage().lift().press("600#").progress(false).wait(180_000);
        expect(ringing.did("hangUp")).toHaveLength(1);
    });

    it("is dropped from the network's later words once it ends", () => {
        const stage = new Stage().lift().press("600#").putDown().post({type: "confirmed", call: "out-1"});
        expect(stage.state.calls).toMatchObject([{phase: "ending", talkingSince: null}]);
        stage.post({type: "progress", call: "out-1", media: true}).ended("cancelled").ended("cancelled");
        expect(rows(stage)).toEqual(["openLog", "closeLog"]);
    });

    it("leaves another call of the same number free to start while it ends", () => {
        const stage = new Stage().lift().press("600#").putDown().lift().press("601#");
        expect(stage.call.id).toBe("out-2");
    });

    it("carries the contact's name as soon as it is known", () => {
        const stage = new Stage().lift().press("600#");
        expect(stage.did("lookUpName")).toMatchObject([{number: "600"}]);
        expect(stage.post({type: "named", call: "out-1", name: "Echo"}).call.party).toEqual({
            number: "600",
            name: "Echo",
        });
    });
});

describe("the end of a call by the far end", () => {
    const tones: readonly (readonly [EndReason["code"], keyof CountryTones | null])[] = [
        ["busy", "busy"],
        ["declined", "busy"],
        ["noAnswer", "busy"],
        ["remoteHangUp", "busy"],
        ["notFound", "information"],
        ["incomplete", "information"],
        ["congestion", "congestion"],
        ["unavailable", "congestion"],
        ["forbidden", "congestion"],
        ["connectionLost", "congestion"],
        ["failed", "congestion"],
    ];
    it.each(tones)("as %s has its words, and the %s tone for half a minute", (code, tone) => {
        const stage = new Stage().lift().press("600#").wait(200).ended(code, 400);
        expect(stage.state.notice).toMatchObject({reason: {code, sip: 400}, party: {number: "600"}});
        expect(stage.state.offHook).toEqual({stage: "silent", until: null});
        expect(stage.out.earTone).toBe(tone === null ? null : german[tone]);
        stage.wait(29_999);
        expect(stage.out.earTone).toBe(tone === null ? null : german[tone]);
        stage.wait(1);
        expect(stage.out.earTone).toBeNull();
        expect(stage.state.notice).toBeNull();
        expect(stage.state.offHook?.stage).toBe("silent");
    });

    it("is told with the seconds talked, until the handset is put down", () => {
        const stage = new Stage().talking().wait(12_000).ended("remoteHangUp");
        expect(stage.state.notice?.talkSeconds).toBe(12);
        expect(stage.out.microphone).toBe("closed");
        expect(stage.putDown().state.notice).toBeNull();
        expect(stage.out.earTone).toBeNull();
    });

    it("leaves the dial tone to whoever presses back, and digits to whoever dials on", () => {
        const stage = new Stage().talking().ended("remoteHangUp").press("back");
        expect(stage.out.earTone).toBe(german.dial);
        const dialling = new Stage().talking().ended("remoteHangUp").press("5");
        expect(dialling.state.notice).toBeNull();
        expect(dialling.state.dialling?.digits).toBe("5");
    });

    it("lets up and down turn the ear's volume without putting its words away", () => {
        const stage = new Stage().talking().ended("busy", 486).press("down");
        expect(stage.out.volume).toBe(-3);
        expect(stage.state.notice).not.toBeNull();
    });

    it("without an ear is only shown, and goes by itself", () => {
        const stage = new Stage().press("600").press("ok").ended("busy", 486);
        expect(stage.out.earTone).toBeNull();
        expect(stage.state.notice?.reason.code).toBe("busy");
        expect(stage.wait(5000).state.notice).toBeNull();
    });

    it("turns hands-free off after its tone", () => {
        const stage = new Stage({}, {handsFree: true}).press("600").press("ok").ended("busy", 486);
        expect(stage.out.earTone).toBe(german.busy);
        stage.wait(5000);
        expect(stage.state.speaker).toBe(false);
        expect(stage.out.earTone).toBeNull();
    });

    it("at the same moment as our own hanging up is one end and one row", () => {
        const stage = new Stage().talking().ended("remoteHangUp").putDown();
        expect(rows(stage)).toEqual(["openLog", "answerLog", "closeLog"]);
        expect(stage.did("hangUp")).toEqual([]);
        const other = new Stage().talking().putDown().ended("remoteHangUp");
        expect(rows(other)).toEqual(["openLog", "answerLog", "closeLog"]);
    });
});

describe("in a call", () => {
    it("a key is sent as a digit of 100 ms and heard in the own ear", () => {
        const stage = new Stage().talking().post({type: "key", key: "5", down: true});
        expect(stage.effects).toEqual([{type: "sendDigit", call: "out-1", digit: "5", ms: 100}]);
        expect(stage.out.earTone?.steps[0]?.frequencies).toEqual([770, 1336]);
        expect(stage.wait(100).out.earTone).toBeNull();
    });

    it("a digit is sent to an early announcement, and never while it only rings", () => {
        expect(new Stage().lift().press("600#").progress(true).press("1").did("sendDigit")).toHaveLength(1);
        expect(new Stage().lift().press("600#").progress(false).press("1").did("sendDigit")).toHaveLength(0);
    });

    it.each(["ok", "mute"] as const)("%s mutes and opens again; the lamp tells", (key) => {
        const stage = new Stage().talking().press(key);
        expect(stage.out.microphone).toBe("muted");
        expect(stage.out.lamps.mute).toBe("on");
        expect(stage.press(key).out.microphone).toBe("open");
    });

    it("mute ends with the call", () => {
        const stage = new Stage().talking().press("mute").putDown().talking("601");
        expect(stage.out.microphone).toBe("open");
    });

    it("up and down turn the ear's volume within its range, shown for 3 s and saved then", () => {
        const stage = new Stage().talking().press("up");
        expect(stage.out.volume).toBe(3);
        expect(stage.state.volumeShownUntil).not.toBeNull();
        expect(stage.all.some(({type}) => type === "saveSetting")).toBe(false);
        expect(stage.wait(3000).did("saveSetting")).toEqual([{type: "saveSetting", name: "volume", value: 3}]);
        for (let step = 0; step < 9; step += 1) stage.press("louder");
        expect(stage.out.volume).toBe(12);
        for (let step = 0; step < 20; step += 1) stage.press("softer");
        expect(stage.out.volume).toBe(-24);
    });

    it("both volumes are saved when one is turned right after the other", () => {
        const stage = new Stage().talking().press("up").putDown().press("louder").wait(3000);
        const saved = stage.all.filter(({type}) => type === "saveSetting");
        expect(saved).toMatchObject([
            {name: "volume", value: 3},
            {name: "ringVolume", value: -5},
        ]);
    });

    it("hold asks by a re-INVITE, and what is held is not in the mix, nor is its microphone open", () => {
        const stage = new Stage().talking().press("right");
        expect(stage.did("setHold")).toEqual([{type: "setHold", call: "out-1", held: true}]);
        expect(stage.out.mix).toEqual([]);
        expect(stage.out.microphone).toBe("closed");
        expect(stage.press("hold").did("setHold")).toEqual([]);
        stage.post({type: "hold", call: "out-1", by: "local", held: true});
        expect(stage.out.lamps.call).toBe("blinking");
        expect(stage.press("hold").did("setHold")).toEqual([{type: "setHold", call: "out-1", held: false}]);
        stage.post({type: "hold", call: "out-1", by: "local", held: false});
        expect(stage.out.microphone).toBe("open");
    });

    it.each(["an answer that it failed", "no answer"])("a hold that gets %s leaves the call as it was", (what) => {
        const stage = new Stage().talking().press("right");
        if (what === "no answer") stage.wait(40_000);
        else stage.post({type: "holdFailed", call: "out-1"});
        expect(stage.call).toMatchObject({phase: "talking", pending: null, hold: {local: false}, deadline: null});
        expect(stage.out.microphone).toBe("open");
    });

    it("being held by the far end is known and changes nothing else", () => {
        const stage = new Stage().talking().post({type: "hold", call: "out-1", by: "remote", held: true});
        expect(stage.call.hold).toEqual({local: false, remote: true});
        expect(stage.out.mix).toEqual(["out-1"]);
    });

    it("a mobile call that begins closes the microphone but not the call", () => {
        const stage = new Stage().talking().post({type: "cellular", busy: true});
        expect(stage.out.microphone).toBe("closed");
        expect(stage.call.phase).toBe("talking");
        expect(stage.post({type: "cellular", busy: false}).out.microphone).toBe("open");
    });

    it("a lost registration changes nothing", () => {
        const stage = new Stage().talking().post({type: "accounts", accounts: []});
        expect(stage.out.microphone).toBe("open");
    });

    it("a sound card that fails is told, and the call stays", () => {
        const stage = new Stage()
            .talking()
            .post({type: "device", pcm: "playback", ok: false, reason: "No such device"});
        expect(stage.state.soundFault).toBe("playback: No such device");
        expect(stage.call.phase).toBe("talking");
        stage.post({type: "device", pcm: "ringer", ok: true, reason: ""});
        expect(stage.state.soundFault).not.toBeNull();
        expect(stage.post({type: "device", pcm: "playback", ok: true, reason: ""}).state.soundFault).toBeNull();
    });

    it("a microphone that works again takes its own fault away", () => {
        const stage = new Stage().talking().post({type: "device", pcm: "capture", ok: false, reason: "busy"});
        expect(stage.post({type: "capture", open: false}).state.soundFault).toBe("capture: busy");
        expect(stage.post({type: "capture", open: true}).state.soundFault).toBeNull();
    });

    it("no digit is sent to a call that we hold or are about to", () => {
        const stage = new Stage().talking().press("right");
        expect(stage.press("5").did("sendDigit")).toEqual([]);
        stage.post({type: "hold", call: "out-1", by: "local", held: true});
        expect(stage.press("5").did("sendDigit")).toEqual([]);
    });

    it("two minutes without a packet end it with words, but not while it is held", () => {
        const silent = (stage: Stage, ms: number): Stage => stage.post({type: "silent", session: 7, ms});
        expect(silent(new Stage().talking(), 110_000).call.phase).toBe("talking");
        expect(silent(new Stage().talking(), 120_000).state.notice?.reason.code).toBe("mediaLost");
        const emergency = new Stage()
            .lift()
            .press("112")
            .post({type: "session", call: "out-1", session: 7})
            .confirmed();
        expect(silent(emergency, 600_000).call.phase).toBe("talking");
        const held = new Stage().talking().post({type: "hold", call: "out-1", by: "remote", held: true});
        expect(silent(held, 120_000).call.phase).toBe("talking");
    });

    it("the loudspeaker takes the call over, and the handset takes it back", () => {
        const stage = new Stage({}, {handsFree: true}).talking().press("speaker").putDown();
        expect(stage.call.phase).toBe("talking");
        expect(stage.out).toMatchObject({route: "speaker", microphone: "open"});
        expect(stage.lift().out.route).toBe("handset");
        stage.press("speaker").putDown().press("speaker");
        expect(stage.did("hangUp")).toHaveLength(1);
        expect(stage.out.microphone).toBe("closed");
    });

    it("back ends a hands-free call and the loudspeaker with it", () => {
        const stage = new Stage({}, {handsFree: true}).press("600").press("ok").confirmed().press("back");
        expect(stage.did("hangUp")).toHaveLength(1);
        expect(stage.state.speaker).toBe(false);
        expect(stage.out.earTone).toBeNull();
    });

    it("the speaker key of a board without a loudspeaker does nothing", () => {
        expect(new Stage().press("speaker").state.speaker).toBe(false);
    });
});
