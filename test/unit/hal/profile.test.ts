import {readdirSync, readFileSync} from "node:fs";
import {describe, expect, it} from "vitest";
import {loadProfile, ProfileError, parseProfile} from "../../../hal/profile.ts";

const boards = new URL("../../../hal/boards/", import.meta.url);

type Json = Record<string, unknown>;

function reference(): Json {
    return JSON.parse(readFileSync(new URL("reference.json", boards), "utf8")) as Json;
}

/** The reference profile with one value replaced, by its path. */
function changed(path: readonly (string | number)[], value: unknown): Json {
    const profile = reference();
    let place: Json = profile;
    for (const step of path.slice(0, -1)) place = place[step] as Json;
    place[path.at(-1) ?? ""] = value;
    return profile;
}

const cable = (_: unknown, index: number): Json => ({port: `/dev/ttyGS${index}`, baud: 115_200});

function errorsOf(value: unknown): readonly string[] {
    try {
        parseProfile(value, "test");
    } catch (error) {
        if (error instanceof ProfileError) return error.errors;
        throw error;
    }
    return [];
}

describe("a board profile", () => {
    it.each(readdirSync(boards).filter((file) => file.endsWith(".json")))("in the tree is valid: %s", (file) => {
        const profile = loadProfile(new URL(file, boards).pathname);
        expect(file).toBe(`${profile.name}.json`);
    });

    it("keeps what it was given", () => {
        const profile = parseProfile(reference(), "reference");
        expect(profile.keypad?.rows[2]).toEqual({chip: "pinctrl-bcm2711", offset: 24});
        expect(profile.keypad?.keys[3]).toEqual(["*", "0", "#", "louder"]);
        expect(profile.gpioLamps.microphone?.active).toBe("high");
        expect(profile.displayLeds.mute).toEqual({led: 1, colour: "red"});
        expect(profile.provisioning.map(({port}) => port)).toEqual(["/dev/ttyGS0", "/dev/ttyGS1"]);
    });

    it.each([1, 2, 3, 4])("may have %i provisioning ports", (length) => {
        expect(errorsOf(changed(["provisioning"], Array.from({length}, cable)))).toEqual([]);
    });

    it.each([
        [["keypad", "rows", 2, "offset"], "17", "keypad.rows[2].offset: must be a whole number from 0 to 1023"],
        [["keypad", "rows", 2, "offset"], undefined, "keypad.rows[2].offset: is missing"],
        [["keypad", "columns", 0, "offset"], 22, "keypad.rows[0]: is the same line as keypad.columns[0]"],
        [["keypad", "keys", 0, 0], "x", "keypad.keys[0][0]: is no key"],
        [["keypad", "keys", 0, 3], "5", 'keypad.keys[1][1]: "5" is there twice'],
        [["keypad", "keys", 4], ["line1"], "keypad.keys[4]: has 1 keys for 4 columns"],
        [["keypad", "keys", 0, 0], null, "keypad.keys: lacks 1"],
        [["keypad", "drive"], "hard", "keypad.drive: must be one of hi-z, push-pull"],
        [["keypad", "pressMs"], 3, "keypad.pressMs: must be a whole number from 5 to 20"],
        [["hook", "onMs"], 40, "hook.onMs: must be a whole number from 80 to 500"],
        [["hook", "contact"], "no", "hook.contact: must be one of NO, NC"],
        [["lamps", "microphone"], undefined, "lamps.microphone: is missing: the microphone must show"],
        [["lamps", "call", "led"], 4, "lamps.call.led: must be a whole number from 0 to 3"],
        [["lamps", "call"], {led: 1, colour: "red"}, "lamps.mute: this half of the LED has another lamp"],
        [["lamps", "disco"], {led: 0, colour: "red"}, "lamps.disco: is not known"],
        [["display", "columns"], 16, "display.columns: must be a whole number from 20 to 132"],
        [["display", "rows"], 5, "display: a cfa635 has 4 rows of 20"],
        [["provisioning"], undefined, "provisioning: is missing"],
        [["provisioning"], {port: "/dev/ttyGS0", baud: 115_200}, "provisioning: must be a list"],
        [["provisioning"], [], "provisioning: must have 1 to 4 ports, not 0"],
        [["provisioning"], Array.from({length: 5}, cable), "provisioning: must have 1 to 4 ports, not 5"],
        [["provisioning", 1], "/dev/ttyGS1", "provisioning[1]: must be an object"],
        [["provisioning", 1, "baud"], 300, "provisioning[1].baud: must be a whole number from 1200 to 4000000"],
        [["provisioning", 1, "port"], "/dev/ttyGS0", "provisioning[1].port: is the same port as provisioning[0]"],
        [["provisioning", 0, "port"], "/dev/ttyS0", "provisioning[0].port: is the same port as display"],
        [["sound", "ringer"], "", "sound.ringer: must be text"],
        [["mixer"], {}, "mixer: must be a list"],
        [["colour"], "red", "colour: is not known"],
    ])("names the place of a fault: %j = %j", (path, value, error) => {
        expect(errorsOf(changed(path, value))).toContain(error);
    });

    it("allows no LEDs on a display without any", () => {
        const profile = changed(["display", "kind"], "vt100");
        expect(errorsOf(profile)).toContain("lamps.call: this kind of display has no LEDs");
    });

    it("tells all faults at once", () => {
        const profile = changed(["hook", "onMs"], 1);
        (profile["display"] as Json)["baud"] = "fast";
        delete profile["name"];
        expect(errorsOf(profile)).toHaveLength(3);
        expect(() => parseProfile(profile, "here.json")).toThrow(/here\.json is no board profile:\n {2}name: /);
    });

    it.each([null, [], 7, "text", {}, {keypad: 1, hook: [], lamps: null, display: "x"}])(
        "says what it can of %j and never throws anything else",
        (value) => {
            expect(errorsOf(value).length).toBeGreaterThan(3);
        },
    );
});
