import {describe, expect, it} from "vitest";
import {qualityOf} from "../../../firmware/phone/call.ts";
import {Stage, stats} from "./stage.ts";

const quality = {
    codec: "PCMA",
    lossRate: 0.02,
    jitter: 2.5,
    roundTrip: 30,
    mosListening: 4.2,
    mosConversational: 4.1,
};

describe("the details of a talk", () => {
    it("are opened with left, whose facts are read at once, and left with back, which ends nothing", () => {
        const stage = new Stage().talking().press("left");
        expect(stage.state.details).toBe(0);
        expect(stage.did("readFacts")).toHaveLength(1);
        expect(stage.press("right").press("right").press("left").state.details).toBe(1);
        expect(stage.press("back").state.details).toBeNull();
        expect(stage.call.phase).toBe("talking");
        expect(stage.press("back").did("hangUp")).toHaveLength(1);
    });

    it("leave mute, hold, volume, digits and the handset as they are", () => {
        const stage = new Stage().talking().press("left");
        expect(stage.press("ok").state.muted).toBe(true);
        expect(stage.press("hold").did("setHold")).toMatchObject([{held: true}]);
        stage.post({type: "hold", call: stage.call.id, by: "local", held: true});
        stage.press("hold").post({type: "hold", call: stage.call.id, by: "local", held: false});
        expect(stage.press("up").state.settings.volume).toBeGreaterThan(0);
        expect(stage.press("5").did("sendDigit")).toMatchObject([{digit: "5"}]);
        expect(stage.state.details).toBe(0);
        expect(stage.putDown().did("hangUp")).toHaveLength(1);
        expect(stage.state.details).toBeNull();
    });

    it("go with the call, and do not come back with the next one", () => {
        const stage = new Stage().talking().press("left").ended("remoteHangUp");
        expect(stage.state.details).toBeNull();
        expect(stage.putDown().talking("601").state.details).toBeNull();
    });

    it("are of a talk only: not of a call that is set up, and never of an emergency call", () => {
        expect(new Stage().lift().press("600").press("#").press("left").state.details).toBeNull();
        const emergency = new Stage().talking("112").press("left");
        expect(emergency.call.emergency).toBe(true);
        expect(emergency.state.details).toBeNull();
    });
});

describe("the quality of a call", () => {
    it("is what the facts tell of the talk in the mix", () => {
        expect(new Stage().talking().facts().call.quality).toEqual(quality);
    });

    it("stays while no session is in the mix, as in a hold", () => {
        expect(new Stage().talking().facts().facts(null).call.quality).toEqual(quality);
    });

    it("is not known before there is a codec, and only in part before a packet came", () => {
        expect(new Stage().talking().facts({...stats, codec: null}).call.quality).toBeNull();
        expect(qualityOf({...stats, packetsReceived: 0, quality: null, roundTrip: null})).toEqual({
            codec: "PCMA",
            lossRate: null,
            jitter: null,
            roundTrip: null,
            mosListening: null,
            mosConversational: null,
        });
    });

    it("goes into the log with the first facts and then once a minute", () => {
        const stage = new Stage().talking().facts();
        expect(stage.did("noteLog")).toMatchObject([{call: {quality}}]);
        for (let second = 1; second < 60; second += 1) expect(stage.wait(1000).facts().did("noteLog")).toEqual([]);
        expect(stage.wait(1000).facts().did("noteLog")).toHaveLength(1);
    });

    it("is in the row that closes, with the protection and its suite", () => {
        const stage = new Stage().talking().security("hop", "AEAD_AES_256_GCM").facts().ended("remoteHangUp");
        expect(stage.did("closeLog")).toMatchObject([
            {call: {quality, security: "hop", suite: "AEAD_AES_256_GCM"}, talkSeconds: 0},
        ]);
    });
});
