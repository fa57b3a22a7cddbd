/**
 * What the terminal shows of a phone, as pure functions: the glass, the lamps, the keypad, the meters and what
 * the keyboard does. One string a frame, drawn over the last one.
 */
import type {Key, LampName, LampState, Lamps} from "../hal/board.ts";

/** All that is drawn. Levels are in dBFS, -Infinity for silence. */
export interface PhoneView {
    readonly name: string;
    /** What the display's own driver drew: the rows of the glass. */
    readonly glass: readonly string[];
    readonly backlight: boolean;
    readonly lamps: Lamps;
    readonly hook: "on" | "off";
    readonly microphone: number;
    readonly earpiece: number;
    readonly ringer: number;
    /** The USB cable of the consoles. */
    readonly cable: "plugged" | "pulled";
    /** Null where it has no mains plug of its own. */
    readonly power: "on" | "off" | null;
    readonly facts: readonly string[];
}

const csi = "\u001b[";
export const bold = (text: string): string => `${csi}1m${text}${csi}0m`;
export const dim = (text: string): string => `${csi}2m${text}${csi}0m`;
const glassColours = (lit: boolean): string => (lit ? `${csi}30;102m` : `${csi}37;40m`);

const lampColours: Readonly<Record<LampName, number>> = {
    microphone: 31,
    ringing: 33,
    call: 32,
    mute: 31,
    message: 33,
    service: 32,
};

/** Enters and leaves the terminal's other screen, with the cursor hidden. */
export const enterScreen = `${csi}?1049h${csi}?25l${csi}2J`;
export const leaveScreen = `${csi}?25h${csi}?1049l`;

const pad = ["1        2 abc    3 def", "4 ghi    5 jkl    6 mno", "7 pqrs   8 tuv    9 wxyz", "*        0 +      #"];

const help = (power: PhoneView["power"]): readonly string[] => [
    "space  lift or put down      0-9 * #  keys       arrows  cursor",
    "Enter  OK                    Backspace  back     m  mute   + -  volume   h  hold",
    "p  a held 0: +               k  a held back: clears the number",
    `u  the USB cable: pull, plug${power === null ? "" : "   P  cut the power and switch it on again"}`,
    "c  a provisioning console, C  the second (Ctrl-] comes back)  Ctrl-C  ends",
    "600 sends back what it hears, 601 calls back, 603 is the browser of `make run-web-peer`.",
];

const meterWidth = 30;
/** What the left end of a meter stands for, in dBFS. */
const meterFloor = -60;

/** A bar from -60 to 0 dBFS with the level in figures. */
export function meter(level: number): string {
    const filled = Math.round(Math.min(1, Math.max(0, 1 - level / meterFloor)) * meterWidth);
    const figures = level === Number.NEGATIVE_INFINITY ? "silent" : `${level.toFixed(0)} dBFS`;
    return `${"█".repeat(filled)}${"·".repeat(meterWidth - filled)} ${figures.padEnd(9)}`;
}

function lampText(name: LampName, state: LampState): string {
    if (state === "off") return dim(`○ ${name}`);
    const blinking = state === "blinking" ? "5;" : "";
    return `${csi}${blinking}${lampColours[name]}m●${csi}0m ${name}`;
}

/** The glass in its frame, with the keypad's letters beside it. */
function glassLines(view: PhoneView): string[] {
    const width = Math.max(20, ...view.glass.map((line) => line.length));
    const colours = glassColours(view.backlight);
    const frame = [
        `  ┌${"─".repeat(width + 2)}┐`,
        ...view.glass.map((line) => `  │${colours} ${line.padEnd(width)} ${csi}0m│`),
        `  └${"─".repeat(width + 2)}┘`,
    ];
    return frame.map((line, row) => `${line}   ${pad[row - 1] ?? ""}`);
}

/** What is out of its place. */
function signs({cable, power}: PhoneView): string {
    const out = [...(power === "off" ? ["no power"] : []), ...(cable === "pulled" ? ["USB cable pulled"] : [])];
    return out.length === 0 ? "" : `   ${out.join(", ")}`;
}

/** The whole picture, at most `rows` lines so that nothing scrolls. What must give way is the help, then the facts. */
export function drawPhone(view: PhoneView, rows: number): string {
    const lamps = (Object.keys(view.lamps) as LampName[]).map((name) => lampText(name, view.lamps[name]));
    const needed = [
        bold(`  ${view.name}`) + signs(view),
        ...glassLines(view),
        `  ${lamps.join("   ")}`,
        `  handset     ${view.hook === "on" ? "on hook" : bold("OFF HOOK")}`,
        `  microphone  ${meter(view.microphone)}`,
        `  earpiece    ${meter(view.earpiece)}`,
        `  ringer      ${meter(view.ringer)}`,
    ];
    const facts = view.facts.map((fact) => dim(`  ${fact}`));
    const lines = [...needed, ...facts, "", ...help(view.power).map((line) => `  ${line}`)].slice(
        0,
        Math.max(needed.length, rows - 1),
    );
    return overdrawn(lines);
}

/** Lines that are drawn over the last picture, each cleared to its end so that nothing of that one stays. */
export function overdrawn(lines: readonly string[]): string {
    return `${csi}H${lines.map((line) => `${line}${csi}K`).join("\r\n")}${csi}J`;
}

/** What the keyboard can mean: a key of the phone, held or not, another move at the phone, a console, or the end. */
export type TerminalInput =
    | {readonly type: "key" | "hold"; readonly key: Key}
    | {readonly type: "hook" | "cable" | "power" | "console" | "console2" | "end"};

const key = (name: Key): TerminalInput => ({type: "key", key: name});

const inputs: Readonly<Record<string, TerminalInput>> = {
    ...Object.fromEntries([..."0123456789*#"].map((digit) => [digit, key(digit as Key)])),
    "\u001b[A": key("up"),
    "\u001b[B": key("down"),
    "\u001b[C": key("right"),
    "\u001b[D": key("left"),
    "\u001bOA": key("up"),
    "\u001bOB": key("down"),
    "\u001bOC": key("right"),
    "\u001bOD": key("left"),
    "\r": key("ok"),
    "\n": key("ok"),
    "\u007f": key("back"),
    "\b": key("back"),
    m: key("mute"),
    h: key("hold"),
    s: key("speaker"),
    "+": key("louder"),
    "-": key("softer"),
    // A terminal does not tell when a key comes up.
    p: {type: "hold", key: "0"},
    k: {type: "hold", key: "back"},
    " ": {type: "hook"},
    u: {type: "cable"},
    P: {type: "power"},
    c: {type: "console"},
    C: {type: "console2"},
    "\u0003": {type: "end"},
    "\u0004": {type: "end"},
};

/** The keys that were struck, by what a terminal sent for them; sequences whole. */
export function keysStruck(text: string): string[] {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's keys are control characters.
    return [...text.matchAll(/\u001b[[O].|[\s\S]/g)].map(([struck]) => struck);
}

/** Reads what a terminal sent for keys that were struck; what means nothing is skipped. */
export function terminalInputs(text: string): TerminalInput[] {
    return keysStruck(text).flatMap((struck) => inputs[struck] ?? []);
}
