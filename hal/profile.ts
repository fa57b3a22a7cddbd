/**
 * What a revision of the board has where, read from a JSON file (hal/boards/*.json). No chip or line is named in code.
 * All errors are told at once, each with its path: `keypad.rows[2].offset: must be a whole number from 0 to 1023`.
 */
import {readFileSync} from "node:fs";
import type {Key, LampName, SoundDevices} from "./board.ts";
import {isKey} from "./keys.ts";
import {type DisplayLed, LAMP_NAMES} from "./lamps.ts";
import {Place} from "./profile-check.ts";
import type {DisplayKind} from "./serial-display.ts";

/** A GPIO line by the label of its chip and its offset there: numbers of sysfs change with the kernel. */
export interface LineWiring {
    readonly chip: string;
    readonly offset: number;
}

export interface KeypadProfile {
    readonly columns: readonly LineWiring[];
    readonly rows: readonly LineWiring[];
    /** Key by row and column; null where there is no switch. */
    readonly keys: readonly (readonly (Key | null)[])[];
    /** Idle columns: `hi-z` inputs, so that two held keys cannot short two outputs; `push-pull` where diodes forbid it. */
    readonly drive: "hi-z" | "push-pull";
    /** Active columns are driven low and rows pulled up, or the other way round. */
    readonly active: "low" | "high";
    readonly settleUs: number;
    readonly pollMs: number;
    readonly pressMs: number;
    readonly releaseMs: number;
}

export interface HookProfile {
    readonly line: LineWiring;
    /** The cradle's switch while the handset lies on it: NO contacts are closed then, NC contacts open. */
    readonly contact: "NO" | "NC";
    /** Where the line rests with the contact open. */
    readonly pull: "up" | "down";
    /** Shortest steady time that counts, ms: hanging up and lifting. */
    readonly onMs: number;
    readonly offMs: number;
}

export interface GpioLamp extends LineWiring {
    readonly active: "low" | "high";
}

/** A serial port: its device file and its bits per second. */
export interface SerialPortProfile {
    readonly port: string;
    readonly baud: number;
}

export interface DisplayProfile extends SerialPortProfile {
    readonly kind: DisplayKind;
    readonly columns: number;
    readonly rows: number;
    /** Backlight in %: in use and at rest. */
    readonly bright: number;
    readonly dim: number;
    /** 0 to 254; null leaves the module's own. */
    readonly contrast: number | null;
}

/** A mixer control to set at start, in alsa-utils' words: `amixer -D <card> sset <control> <value>`. */
export interface MixerSetting {
    readonly card: string;
    readonly control: string;
    readonly value: string;
}

export interface BoardProfile {
    readonly name: string;
    readonly description: string;
    /** Null where only the display has keys; such a phone cannot dial. */
    readonly keypad: KeypadProfile | null;
    readonly hook: HookProfile;
    readonly gpioLamps: Readonly<Partial<Record<LampName, GpioLamp>>>;
    readonly displayLeds: Readonly<Partial<Record<LampName, DisplayLed>>>;
    readonly display: DisplayProfile;
    /** One to four; all are in use at once. */
    readonly provisioning: readonly SerialPortProfile[];
    readonly sound: SoundDevices;
    readonly mixer: readonly MixerSetting[];
}

/** A profile that cannot be used. `errors` holds every fault of it. */
export class ProfileError extends Error {
    readonly code = "badProfile";
    readonly errors: readonly string[];

    constructor(source: string, errors: readonly string[]) {
        super(`${source} is no board profile:\n  ${errors.join("\n  ")}`);
        this.errors = errors;
    }
}

/** Reads a profile's file. Throws ProfileError, or what reading the file throws. */
export function loadProfile(path: string): BoardProfile {
    const text = readFileSync(path, "utf8");
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch (error) {
        throw new ProfileError(path, [`not JSON: ${error instanceof Error ? error.message : String(error)}`]);
    }
    return parseProfile(value, path);
}

/** More than anyone has cables for: what is longer is a mistake in the profile. */
const MOST_PROVISIONING_PORTS = 4;

/** Checks a profile. Throws ProfileError with every fault; `source` names the profile in its message. */
export function parseProfile(value: unknown, source: string): BoardProfile {
    const errors: string[] = [];
    const root = new Place(value, "", errors);
    root.object(["name", "description", "keypad", "hook", "lamps", "display", "provisioning", "sound", "mixer"]);
    const profile: BoardProfile = {
        name: root.at("name").text(),
        description: root.at("description").text(),
        keypad: root.at("keypad").isAbsent ? null : keypadAt(root.at("keypad")),
        hook: hookAt(root.at("hook")),
        ...lampsAt(root.at("lamps"), root.at("display").at("kind").value === "cfa635"),
        display: displayAt(root.at("display")),
        provisioning: provisioningAt(root.at("provisioning")),
        sound: soundAt(root.at("sound")),
        mixer: root.at("mixer").isAbsent ? [] : root.at("mixer").list().map(mixerAt),
    };
    checkLines(profile, root);
    checkPorts(profile, root);
    if (errors.length > 0) throw new ProfileError(source, errors);
    return profile;
}

function lineAt(place: Place, more: readonly string[] = []): LineWiring {
    if (!place.object(["chip", "offset", ...more])) return {chip: "", offset: -1};
    return {chip: place.at("chip").text(), offset: place.at("offset").integer(0, 1_023)};
}

function keypadAt(place: Place): KeypadProfile {
    place.object(["columns", "rows", "keys", "drive", "active", "settleUs", "pollMs", "pressMs", "releaseMs"]);
    const columns = place
        .at("columns")
        .list()
        .map((line) => lineAt(line));
    const rows = place
        .at("rows")
        .list()
        .map((line) => lineAt(line));
    return {
        columns,
        rows,
        keys: keysAt(place.at("keys"), rows.length, columns.length),
        drive: place.at("drive").oneOf(["hi-z", "push-pull"]),
        active: place.at("active").oneOf(["low", "high"]),
        settleUs: place.at("settleUs").integer(0, 1_000),
        pollMs: place.at("pollMs").integer(1, 50),
        // Row 96 of the features asks for 5 to 20 ms.
        pressMs: place.at("pressMs").integer(5, 20),
        releaseMs: place.at("releaseMs").integer(5, 50),
    };
}

function keysAt(place: Place, rows: number, columns: number): readonly (readonly (Key | null)[])[] {
    const seen = new Set<string>();
    const keys = place.list().map((row) => {
        const cells = row.list().map((cell) => keyAt(cell, seen));
        if (cells.length !== columns) row.fail(`has ${cells.length} keys for ${columns} columns`, undefined);
        return cells;
    });
    if (keys.length !== rows) place.fail(`has ${keys.length} rows of keys for ${rows} rows`, undefined);
    const missing = [..."0123456789*#"].filter((key) => !seen.has(key));
    if (missing.length > 0) place.fail(`lacks ${missing.join(" ")}`, undefined);
    return keys;
}

function keyAt(cell: Place, seen: Set<string>): Key | null {
    if (cell.value === null) return null;
    if (!isKey(cell.value)) return cell.fail("is no key", null);
    if (seen.has(cell.value)) cell.fail(`"${cell.value}" is there twice`, undefined);
    seen.add(cell.value);
    return cell.value;
}

function hookAt(place: Place): HookProfile {
    place.object(["line", "contact", "pull", "onMs", "offMs"]);
    return {
        line: lineAt(place.at("line")),
        contact: place.at("contact").oneOf(["NO", "NC"]),
        pull: place.at("pull").oneOf(["up", "down"]),
        onMs: place.at("onMs").integer(80, 500),
        offMs: place.at("offMs").integer(5, 100),
    };
}

function lampsAt(place: Place, hasLeds: boolean): Pick<BoardProfile, "gpioLamps" | "displayLeds"> {
    const gpioLamps: Partial<Record<LampName, GpioLamp>> = {};
    const displayLeds: Partial<Record<LampName, DisplayLed>> = {};
    if (!place.object(LAMP_NAMES)) return {gpioLamps, displayLeds};
    const leds = new Set<string>();
    for (const name of LAMP_NAMES) {
        const lamp = place.at(name);
        if (lamp.at("led").value === undefined) {
            if (!lamp.isAbsent) {
                gpioLamps[name] = {...lineAt(lamp, ["active"]), active: lamp.at("active").oneOf(["low", "high"])};
            }
            continue;
        }
        lamp.object(["led", "colour"]);
        const led = lamp.at("led").integer(0, 3) as DisplayLed["led"];
        const colour = lamp.at("colour").oneOf(["green", "red"]);
        if (!hasLeds) lamp.fail("this kind of display has no LEDs", undefined);
        if (leds.has(`${led}${colour}`)) lamp.fail("this half of the LED has another lamp", undefined);
        leds.add(`${led}${colour}`);
        displayLeds[name] = {led, colour};
    }
    if (place.at("microphone").isAbsent) place.at("microphone").fail("is missing: the microphone must show", undefined);
    return {gpioLamps, displayLeds};
}

function displayAt(place: Place): DisplayProfile {
    place.object(["kind", "port", "baud", "columns", "rows", "bright", "dim", "contrast"]);
    const kind = place.at("kind").oneOf(["cfa635", "vt100"]);
    const columns = place.at("columns").integer(20, 132);
    const rows = place.at("rows").integer(4, 60);
    if (kind === "cfa635" && (columns !== 20 || rows !== 4)) place.fail("a cfa635 has 4 rows of 20", undefined);
    return {
        kind,
        port: place.at("port").text(),
        baud: place.at("baud").integer(1_200, 4_000_000),
        columns,
        rows,
        bright: place.at("bright").integer(0, 100),
        dim: place.at("dim").integer(0, 100),
        contrast: place.at("contrast").isAbsent ? null : place.at("contrast").integer(0, 254),
    };
}

function provisioningAt(place: Place): readonly SerialPortProfile[] {
    const places = place.list();
    const {length} = places;
    if (Array.isArray(place.value) && (length < 1 || length > MOST_PROVISIONING_PORTS)) {
        place.fail(`must have 1 to ${MOST_PROVISIONING_PORTS} ports, not ${length}`, undefined);
    }
    return places.map((one) => {
        one.object(["port", "baud"]);
        return {port: one.at("port").text(), baud: one.at("baud").integer(1_200, 4_000_000)};
    });
}

function soundAt(place: Place): SoundDevices {
    place.object(["handsetPlayback", "handsetCapture", "ringer"]);
    return {
        handsetPlayback: place.at("handsetPlayback").text(),
        handsetCapture: place.at("handsetCapture").text(),
        ringer: place.at("ringer").text(),
    };
}

function mixerAt(place: Place): MixerSetting {
    place.object(["card", "control", "value"]);
    return {card: place.at("card").text(), control: place.at("control").text(), value: place.at("value").text()};
}

/** No line serves two purposes: the second would quietly turn the first one's direction round. */
function checkLines(profile: BoardProfile, root: Place): void {
    const users = new Map<string, string>();
    const use = (line: LineWiring, path: string): void => {
        const name = `${line.chip}:${line.offset}`;
        const other = users.get(name);
        if (other !== undefined && line.chip !== "") root.at(path).fail(`is the same line as ${other}`, undefined);
        users.set(name, path);
    };
    profile.keypad?.columns.forEach((line, index) => {
        use(line, `keypad.columns[${index}]`);
    });
    profile.keypad?.rows.forEach((line, index) => {
        use(line, `keypad.rows[${index}]`);
    });
    use(profile.hook.line, "hook.line");
    for (const [name, lamp] of Object.entries(profile.gpioLamps)) use(lamp, `lamps.${name}`);
}

/** No serial port serves two purposes: each reader would get some of the bytes. */
function checkPorts({display, provisioning}: BoardProfile, root: Place): void {
    const users = new Map([[display.port, "display"]]);
    provisioning.forEach(({port}, index) => {
        const path = `provisioning[${index}]`;
        const other = users.get(port);
        if (other !== undefined && port !== "") root.at(`${path}.port`).fail(`is the same port as ${other}`, undefined);
        else users.set(port, path);
    });
}
