import {readFileSync} from "node:fs";
import {describe, expect, it} from "vitest";
import {LAMPS_OFF} from "../../hal/lamps.ts";
import {parseProfile} from "../../hal/profile.ts";
import {lampsSeen, parseChip} from "../../scripts/terminal-lines.ts";
import {drawPhone, meter, type PhoneView, terminalInputs} from "../../scripts/terminal-picture.ts";
import {SoundMemory} from "../../scripts/terminal-sound.ts";
import {seededRandom} from "../support/random.ts";

const silent = Number.NEGATIVE_INFINITY;
const view: PhoneView = {
    name: "A phone",
    glass: ["12:00     Tue 24 Nov", "desk           ready", " ".repeat(20), " ".repeat(20)],
    backlight: true,
    lamps: {...LAMPS_OFF, call: "on", ringing: "blinking"},
    hook: "on",
    microphone: silent,
    earpiece: -30,
    ringer: silent,
    cable: "plugged",
    power: null,
    facts: ["registrar 127.0.0.1:5060", "log /dev/null"],
};

/** A picture without its colours, by lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters.
const plain = (picture: string): string[] => picture.replaceAll(/\u001b\[[?0-9;]*[A-Za-z]/g, "").split("\r\n");

describe("the picture of a phone", () => {
    it("shows glass, lamps, handset, meters, facts and what the keyboard does", () => {
        const text = plain(drawPhone(view, 40)).join("\n");
        expect(text).toMatch(/^ {2}A phone$/m);
        expect(text).toContain("│ desk           ready │   4 ghi");
        expect(text).toMatch(/○ microphone {3}● ringing {3}● call {3}○ mute/);
        expect(text).toMatch(/handset +on hook/);
        expect(text).toMatch(/earpiece +█{15}·{15} -30 dBFS/);
        expect(text).toContain("log /dev/null");
        expect(text).toContain("p  a held 0: +");
        expect(text).toContain("k  a held back");
    });

    it("offers to cut the power only where there is a plug, and tells what is out of its place", () => {
        expect(drawPhone(view, 40)).not.toContain("P  cut the power");
        const dark = plain(drawPhone({...view, power: "off", cable: "pulled"}, 40));
        expect(dark[0]).toBe("  A phone   no power, USB cable pulled");
        expect(dark.join("\n")).toContain("P  cut the power");
        expect(plain(drawPhone({...view, power: "on"}, 40))[0]).toBe("  A phone");
    });

    it("gives up the help and then the facts on a small terminal, never the phone, and never scrolls", () => {
        for (const rows of [14, 16, 20, 24]) {
            expect(plain(drawPhone(view, rows)).length).toBeLessThanOrEqual(rows - 1);
        }
        expect(plain(drawPhone(view, 5)).join("\n")).toMatch(/ringer +·{30} silent/);
        expect(plain(drawPhone(view, 16)).join("\n")).toContain("registrar");
    });

    it("draws a glass of 40 columns and 12 rows as wide as it is", () => {
        const glass = Array.from({length: 12}, (_, row) => `row ${row}`.padEnd(40));
        const lines = plain(drawPhone({...view, glass}, 60));
        expect(lines[1]).toContain(`┌${"─".repeat(42)}┐`);
        expect(lines[13]).toContain(`│ ${"row 11".padEnd(40)} │`);
    });

    it("keeps a meter in its width for any level", () => {
        expect(meter(silent)).toMatch(/^·{30} silent {3}$/);
        expect(meter(3)).toMatch(/^█{30} 3 dBFS/);
        expect(meter(-200)).toMatch(/^·{30} -200 dBFS$/);
    });
});

describe("the keyboard", () => {
    it("means keys, hook, cable, power, consoles and the end", () => {
        expect(terminalInputs(" 6#\u001b[A\u001bOB\r\u007fm")).toEqual([
            {type: "hook"},
            ...(["6", "#", "up", "down", "ok", "back", "mute"] as const).map((key) => ({type: "key", key})),
        ]);
        expect(terminalInputs("uPcC\u0003").map(({type}) => type)).toEqual([
            "cable",
            "power",
            "console",
            "console2",
            "end",
        ]);
    });

    it("has keys for what is held, since a terminal does not tell when a key comes up", () => {
        expect(terminalInputs("pk")).toEqual([
            {type: "hold", key: "0"},
            {type: "hold", key: "back"},
        ]);
    });

    it("skips what means nothing, sequences of other keys whole", () => {
        expect(terminalInputs("xyzä\u001b[H\u001bOP")).toEqual([]);
    });
});

describe("the lamps of a board", () => {
    const profileOf = (name: string): ReturnType<typeof parseProfile> =>
        parseProfile(JSON.parse(readFileSync(new URL(`../../hal/boards/${name}.json`, import.meta.url), "utf8")), name);
    const dark = Array.from({length: 4}, () => ({green: 0, red: 0}));
    const chip = (text: string): ReturnType<typeof parseChip> => parseChip(`base 512\n${text}\nreads 77\nwrites 3\n`);

    it("are lit as the display's LEDs and the GPIO lines are", () => {
        const leds = dark.map((led, index) => (index === 0 ? {green: 100, red: 0} : led));
        const lamps = lampsSeen(profileOf("reference"), leds, chip("level 00020000\nout 00020000"));
        expect(lamps).toEqual({...LAMPS_OFF, microphone: "on", call: "on"});
    });

    it("are all on GPIO where the display has no LEDs", () => {
        const lamps = lampsSeen(profileOf("terminal"), [], chip("level 00000410\nout 000207d0"));
        expect(lamps).toEqual({...LAMPS_OFF, call: "on", service: "on"});
    });

    it("are dark on a line that a pull-up alone holds high", () => {
        expect(lampsSeen(profileOf("terminal"), [], chip("level ffffffff\nout 00000000"))).toEqual(LAMPS_OFF);
        expect(lampsSeen(profileOf("terminal"), [], parseChip(""))).toEqual(LAMPS_OFF);
        expect(chip("level ffffffff\nout 00000000").reads).toBe(77);
    });
});

describe("what an ear remembers", () => {
    it("is the last of the sound, however it was cut on its way", () => {
        const seed = Date.now() % 1_000_000;
        const random = seededRandom(seed);
        const sound = Int16Array.from({length: 5_000}, (_, at) => at - 2_500);
        const bytes = new Uint8Array(sound.buffer);
        const memory = new SoundMemory(1_000);
        for (let at = 0; at < bytes.length; ) {
            const next = at + 1 + Math.floor(random.next() * 99);
            memory.take(bytes.subarray(at, next));
            at = next;
        }
        const kept = memory.last(1_000);
        expect([...kept], `seed ${seed}`).toEqual([...sound.subarray(-1_000)]);
        expect([...memory.last(3)]).toEqual([2_497, 2_498, 2_499]);
        expect(memory.last(Number.MAX_SAFE_INTEGER).length).toBeLessThan(1_100);
    });

    it("is nothing before there was a sound, and half a sample is none after a cut", () => {
        const memory = new SoundMemory(10);
        expect(memory.last(5)).toHaveLength(0);
        memory.take(Uint8Array.of(1));
        memory.restart();
        memory.take(Uint8Array.of(2, 0));
        expect([...memory.last(5)]).toEqual([2]);
    });
});
