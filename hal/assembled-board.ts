/** A board out of its parts. The real and the simulated board differ in what they plug in here, and in nothing else. */
import type {Board, BoardEvent, Display, HookSensor, Key, LampName, SerialLink, SoundDevices} from "./board.ts";
import {checkFrame} from "./frame-gate.ts";
import {Hook, type HookContact, type HookTiming} from "./hook.ts";
import {Keypad, type KeypadWires} from "./keypad.ts";
import {type DisplayLed, LampBlinker, ledLevels} from "./lamps.ts";
import type {BoardLog} from "./log.ts";
import {PortsWatch} from "./port-watch.ts";
import {type BytePort, createDisplay, type DisplayKind, type SerialDisplay} from "./serial-display.ts";

export interface KeypadWiring {
    readonly wires: KeypadWires;
    readonly keys: readonly (readonly (Key | null)[])[];
    readonly pressMs: number;
    readonly releaseMs: number;
    readonly pollMs: number;
}

export interface DisplayWiring {
    /** Null: no display is fitted, frames go nowhere. */
    readonly port: BytePort | null;
    readonly kind: DisplayKind;
    readonly columns: number;
    readonly rows: number;
    readonly bright: number;
    readonly dim: number;
    readonly contrast: number | null;
}

export interface BoardWiring {
    readonly display: DisplayWiring;
    /** The installer's cables, with the paths that name them in a fault. */
    readonly provisioning: readonly (SerialLink & BytePort & {readonly path: string})[];
    readonly keypad: KeypadWiring | null;
    readonly hook: {readonly contact: HookContact; readonly timing: HookTiming};
    /** Lamps that are LEDs of the display. */
    readonly displayLeds: Readonly<Partial<Record<LampName, DisplayLed>>>;
    /** Lights the lamps that are not. */
    readonly light: (lit: ReadonlySet<LampName>) => void;
    readonly sound: SoundDevices;
    readonly hookSensor: HookSensor | null;
    readonly log: BoardLog;
}

type Part = Extract<BoardEvent, {type: "fault"}>["part"];

/** Builds the board; nothing moves before its `start`. */
export function assembleBoard(wiring: BoardWiring): Board {
    let listener: (event: BoardEvent) => void = () => undefined;
    const onKey = (key: Key, down: boolean, at: number): void => listener({type: "key", key, down, at});
    const onFault =
        (part: Part) =>
        (lost: boolean, reason: string): void => {
            wiring.log(lost ? "warning" : "info", `${part}: ${reason}`);
            listener({type: "fault", part, lost, reason, at: performance.now()});
        };
    const display = displayOf(wiring, onKey, onFault("display"));
    const keypad = wiring.keypad && new Keypad({...wiring.keypad, onKey, onFault: onFault("keypad")});
    const onHook = (hook: "on" | "off", at: number): void => listener({type: "hook", hook, at});
    const hook = new Hook({...wiring.hook, onHook, onFault: onFault("hook")});
    const watch = new PortsWatch(wiring.provisioning, onFault("provisioning"));
    const lamps = new LampBlinker((lit) => {
        wiring.light(lit);
        display.setLeds(ledLevels(wiring.displayLeds, lit));
    });
    return {
        display,
        provisioning: wiring.provisioning,
        sound: wiring.sound,
        hookSensor: wiring.hookSensor,
        start: async (told) => {
            listener = told;
            hook.start();
            keypad?.start();
            display.start();
            for (const link of wiring.provisioning) link.open();
            watch.start();
        },
        setLamps: (wanted) => lamps.set(wanted),
        close: async () => {
            lamps.close();
            keypad?.close();
            hook.close();
            watch.close();
            listener = () => undefined;
            await Promise.all([display.close(), ...wiring.provisioning.map((link) => link.close())]);
        },
    };
}

function displayOf(
    {display: {port, ...display}, log}: BoardWiring,
    onKey: (key: Key, down: boolean, at: number) => void,
    onFault: (lost: boolean, reason: string) => void,
): SerialDisplay {
    if (port === null) return noDisplay(display);
    const {kind, ...options} = display;
    return createDisplay(kind, {
        ...options,
        port,
        onKey: (key, down) => onKey(key, down, performance.now()),
        onFault,
        log,
    });
}

function noDisplay({columns, rows}: Pick<Display, "columns" | "rows">): SerialDisplay {
    return {
        columns,
        rows,
        show: (frame) => checkFrame(frame, columns, rows),
        start: () => undefined,
        setLeds: () => undefined,
        close: async () => undefined,
    };
}
