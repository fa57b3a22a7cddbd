import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {type BadDay, echoIsHeard, putDown, startBadDay, talkToEcho} from "../support/bad-day.ts";

let day: BadDay;

beforeAll(async () => {
    day = await startBadDay();
});
afterEach(({task}) => {
    if (task.result?.state === "fail") console.log(day?.bench.process.log.slice(-40).join("\n"));
});
afterAll(async () => {
    await day?.close();
});

describe("a sound card that disappears in a call", () => {
    it("leaves the call and says so on the glass, with the microphone's lamp dark", async () => {
        const {bench} = day;
        await talkToEcho(bench);
        bench.handset.unplug();
        await bench.glass.shows("Sound card fault");
        await bench.phase("talking");
        await bench.says(({lamps}) => lamps?.microphone === "off");
    });

    it("gives the sound back both ways when it comes back, and takes the words away", async () => {
        const {bench} = day;
        bench.handset.replug();
        await echoIsHeard(bench);
        await bench.says(({lamps}) => lamps?.microphone === "on");
        await bench.glass.shows(/^(?![\s\S]*Sound card fault)/);
        await bench.phase("talking");
        await putDown(bench);
        await day.harmless();
    });

    it("comes and goes five times without harm", async () => {
        const {bench} = day;
        await talkToEcho(bench);
        for (let count = 0; count < 5; count += 1) {
            bench.handset.unplug();
            await bench.says(({lamps}) => lamps?.microphone === "off");
            bench.handset.replug();
            await bench.says(({lamps}) => lamps?.microphone === "on", 20_000);
        }
        await echoIsHeard(bench);
        await putDown(bench);
        await day.harmless();
    });

    it("lets the owner hang up and keeps the microphone closed, where it comes back later", async () => {
        const {bench} = day;
        await talkToEcho(bench);
        bench.handset.unplug();
        await bench.glass.shows("Sound card fault");
        await bench.board.putDown();
        await bench.phase("none");
        bench.handset.replug();
        await day.harmless();
        expect(bench.handset.isOpen("capture")).toBe(false);
    });
});

describe("a phone without its sound card", () => {
    it("says so to who lifts, sets the call up, and is a phone again when the card is there", async () => {
        const {bench} = day;
        bench.handset.unplug();
        await bench.board.lift();
        await bench.glass.shows("Sound card fault");
        await bench.board.dial("600#");
        await bench.phase("talking");
        bench.handset.replug();
        await echoIsHeard(bench);
        await putDown(bench);
        await day.harmless();
    });
});

describe("a bell that is gone", () => {
    it("lets a call be seen and answered, and rings again when it is back", async () => {
        const {bench} = day;
        const far = await bench.startFarEnd({mode: "loop"});
        try {
            bench.ringer.unplug();
            await far.control.dial("phone");
            await bench.phase("ringing");
            await bench.glass.shows("Far end");
            await bench.says(({lamps}) => lamps?.ringing === "blinking");
            await bench.glass.shows("Sound card fault");
            await bench.board.lift();
            await bench.phase("talking");
            await echoIsHeard(bench);
            await putDown(bench);
            bench.ringer.replug();
            await far.control.dial("phone");
            await bench.phase("ringing");
            await bench.ringer.until(() => bench.ringer.isOpen("playback"), 10_000);
            await far.control.hangUp();
            await bench.phase("none");
        } finally {
            await far.stop();
        }
        await day.harmless();
    });
});
