/** The board of a profile on the real parts: GPIO lines, serial ports, and mixer controls set once. */
import {execFile} from "node:child_process";
import {promisify} from "node:util";
import {assembleBoard, type KeypadWiring} from "./assembled-board.ts";
import type {Board, LampName} from "./board.ts";
import {GpioLine, gpioNumberOf, readGpioChips} from "./gpio.ts";
import {gpioKeypad} from "./gpio-keypad.ts";
import type {HookContact} from "./hook.ts";
import type {BoardLog} from "./log.ts";
import type {
    BoardProfile,
    GpioLamp,
    HookProfile,
    KeypadProfile,
    LineWiring,
    MixerSetting,
    SerialPortProfile,
} from "./profile.ts";
import {SerialLine} from "./serial.ts";

const run = promisify(execFile);
const AMIXER_MS = 5_000;

/**
 * Claims all lines of the profile and builds the board. Throws GpioError naming the line when one cannot be had; all
 * lines claimed before are given back.
 */
export async function createLinuxBoard(profile: BoardProfile, log: BoardLog): Promise<Board> {
    const lines = new Lines();
    try {
        const keypad = profile.keypad && keypadOf(profile.keypad, lines);
        const hookLine = lines.claim("hook", profile.hook.line, "in");
        const lamps = new Map(
            Object.entries(profile.gpioLamps).map(([name, lamp]) => [name, lampOf(name, lamp, lines)]),
        );
        await Promise.all(profile.mixer.map((setting) => setMixer(setting, log)));
        const board = assembleBoard({
            display: {...profile.display, port: serialLineOf(profile.display, log)},
            provisioning: profile.provisioning.map((cable) => serialLineOf(cable, log)),
            keypad,
            hook: {contact: contactOf(hookLine, profile.hook), timing: profile.hook},
            displayLeds: profile.displayLeds,
            light: lightOf(lamps, log),
            sound: profile.sound,
            hookSensor: {path: hookLine.valuePath, onHook: onHookLevel(profile.hook) === 0 ? "0" : "1"},
            log,
        });
        return {
            ...board,
            close: async () => {
                await board.close();
                lines.release(log);
            },
        };
    } catch (error) {
        lines.release(log);
        throw error;
    }
}

/** The level of the hook's line while the handset lies on the cradle, pure. A closed contact pulls against the pull. */
export function onHookLevel({contact, pull}: Pick<HookProfile, "contact" | "pull">): 0 | 1 {
    const closedLevel = pull === "up" ? 0 : 1;
    const openLevel = pull === "up" ? 1 : 0;
    return contact === "NO" ? closedLevel : openLevel;
}

function serialLineOf({port, baud}: SerialPortProfile, log: BoardLog): SerialLine {
    return new SerialLine({path: port, baud, log});
}

/** The lines of one board, given back together. */
class Lines {
    readonly #chips = readGpioChips();
    readonly #claimed: GpioLine[] = [];

    claim(name: string, wiring: LineWiring, direction: "in" | "low" | "high"): GpioLine {
        const line = GpioLine.open(name, gpioNumberOf(this.#chips, wiring), direction);
        this.#claimed.push(line);
        return line;
    }

    release(log: BoardLog): void {
        for (const line of this.#claimed) {
            try {
                line.close();
            } catch (error) {
                log("warning", error instanceof Error ? error.message : String(error));
            }
        }
    }
}

function keypadOf(profile: KeypadProfile, lines: Lines): KeypadWiring {
    const idle = profile.drive === "hi-z" ? "in" : profile.active === "low" ? "high" : "low";
    const columns = profile.columns.map((wiring, index) => lines.claim(`keypad column ${index}`, wiring, idle));
    const rows = profile.rows.map((wiring, index) => lines.claim(`keypad row ${index}`, wiring, "in"));
    const {keys, pressMs, releaseMs, pollMs} = profile;
    return {wires: gpioKeypad({...profile, columns, rows}), keys, pressMs, releaseMs, pollMs};
}

function contactOf(line: GpioLine, profile: HookProfile): HookContact {
    const onHook = onHookLevel(profile);
    return {
        read: () => (line.read() === onHook ? "on" : "off"),
        watch: (listener) => line.watch(listener),
    };
}

function lampOf(name: string, lamp: GpioLamp, lines: Lines): (lit: boolean) => void {
    const line = lines.claim(`lamp ${name}`, lamp, lamp.active === "high" ? "low" : "high");
    return (lit) => line.write(lit === (lamp.active === "high") ? 1 : 0);
}

/** A lamp that fails is told once for each state that it missed; the phone goes on. */
function lightOf(
    lamps: ReadonlyMap<string, (lit: boolean) => void>,
    log: BoardLog,
): (lit: ReadonlySet<LampName>) => void {
    return (lit) => {
        for (const [name, light] of lamps) {
            try {
                light(lit.has(name as LampName));
            } catch (error) {
                log("warning", error instanceof Error ? error.message : String(error));
            }
        }
    };
}

/** A control that is not there must not keep a phone from starting: the log says so. */
async function setMixer({card, control, value}: MixerSetting, log: BoardLog): Promise<void> {
    try {
        await run("amixer", ["-q", "-D", card, "sset", control, value], {timeout: AMIXER_MS});
    } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        log("warning", `mixer control "${control}" of ${card} cannot be set to ${value}: ${cause}`);
    }
}
