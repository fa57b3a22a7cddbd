import {describe, expect, it} from "vitest";
import {seededRandom} from "../support/random.ts";
import {eventsOf, runsOf, spansOf} from "../support/sound-card-log.ts";
import {framesHeard} from "../support/sound-card-recording.ts";

const LOG = `100 7-0 playback open
110 7-0 playback params rate=48000 channels=2 period=480 buffer=1920 ppm=50 keep=0
120 7-1 capture open
125 7-1 capture params rate=8000 channels=1 period=80 buffer=320 ppm=0 keep=0
130 7-0 playback start sample=0
135 7-1 capture start sample=0
150 7-1 capture unplug heard=80 moved=70 late=0
160 7-0 playback xrun heard=960 moved=960 late=0
170 7-0 playback start sample=1920
180 7-1 capture close
200 9-0 playback open
210 9-0 playback params rate=48000 channels=1 period=480 buffer=1920 ppm=0 keep=0
220 9-0 playback start sample=4800
`;

describe("the card's log", () => {
    const events = eventsOf(LOG);

    it("tells each run with its parameters and its end", () => {
        const runs = runsOf(events, "playback");
        expect(runs.map(({startedAt, ended, heard}) => [startedAt, ended, heard])).toEqual([
            [130, "xrun", 960],
            [170, "lost", null],
            [220, "running", null],
        ]);
        expect(runs[1]).toMatchObject({rate: 48000, channels: 2, ppm: 50, firstSample: 1920, endedAt: null});
        expect(runsOf(events, "capture")).toMatchObject([{rate: 8000, heard: 80, ended: "unplug", endedAt: 150}]);
    });

    it("tells when the microphone was open, and that the dead program never closed", () => {
        expect(spansOf(events, "capture")).toEqual([{stream: "7-1", openedAt: 120, closedAt: 180}]);
        expect(spansOf(events, "playback").map(({closedAt}) => closedAt)).toEqual([null, null]);
    });

    it("bounds what was heard by what was written, what time it is, and what came after", () => {
        const [first, lost, running] = runsOf(events, "playback");
        if (first === undefined || lost === undefined || running === undefined) {
            throw new Error("three runs were expected");
        }
        expect(framesHeard(first, lost, 0, 1e12)).toBe(960);
        expect(framesHeard(lost, running, 1e6, 1e12)).toBe(1440);
        expect(framesHeard(running, undefined, 5000, 1e12)).toBe(200);
        expect(framesHeard(running, undefined, 5000, 220 + 1e6)).toBe(48);
    });

    it("is read line by line while it grows: what is not whole is left", () => {
        for (let length = 0; length <= LOG.length; length++) {
            const part = LOG.slice(0, length);
            expect(eventsOf(part)).toEqual(events.slice(0, part.split("\n").length - 1));
        }
    });

    it("passes over lines that are none", () => {
        const random = seededRandom(21).next;
        for (let i = 0; i < 500; i++) {
            const at = Math.floor(random() * LOG.length);
            const spoiled = LOG.slice(0, at) + String.fromCharCode(Math.floor(random() * 300)) + LOG.slice(at + 1);
            const known = eventsOf(spoiled);
            expect(known.length).toBeGreaterThanOrEqual(events.length - 2);
            expect(known.length).toBeLessThanOrEqual(events.length);
            runsOf(known, "playback");
        }
        expect(eventsOf("1 2 3 4\n\n5 6-0 playback sing\n")).toEqual([]);
    });
});
