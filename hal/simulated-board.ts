/**
 * A board whose keys, hook and plugs another process moves, through the unix socket `board.sock` in its folder, one
 * JSON value a line. Behind them are the real keypad scanner, hook, display and serial drivers.
 *
 * In (each may carry an "id", which is answered by {"done": id} when the phone has been told):
 *   {"press": "5"}  {"release": "5"}  {"tap": "5"}      keys as in board.ts; a tap is pressed, told, released, told
 *   {"lift": true}  {"putDown": true}                   write the contact file `hook` in the folder: "1" off, "0" on hook
 *   {"unplug": "display"}  {"plug": "display"}          likewise "provisioning", "provisioning2" and so on to 4
 *   {"cellular": true}                                  a cellular call is on, false: over
 * Out, at each change and all of it at connecting:
 *   {"frame": {"lines": [...], "cursor": ..., "backlight": ...}}  {"lamps": {...}}  {"hook": "off"}
 *   and whatever the phone publishes, for instance {"outputs": ...} and {"calls": ...}
 *   {"error": "..."} answers a line that cannot be obeyed; nothing else happens.
 */
import {mkdirSync, rmSync, symlinkSync} from "node:fs";
import {join} from "node:path";
import {assembleBoard} from "./assembled-board.ts";
import type {Board, BoardEvent, Key, LampName, SoundDevices} from "./board.ts";
import {Door} from "./door.ts";
import {FILE_ON_HOOK, HookFile} from "./hook-file.ts";
import {type DisplayLed, LAMPS_OFF} from "./lamps.ts";
import type {BoardLog} from "./log.ts";
import {SerialLine} from "./serial.ts";
import type {DisplayKind} from "./serial-display.ts";
import {PROVISIONING_PARTS, parseCommand, type SimulatedCommand, type SimulatedPart} from "./simulated-command.ts";
import {SimulatedMatrix} from "./simulated-matrix.ts";

export interface SimulatedBoardOptions {
    /** Made if it is not there; its path must be short enough for a unix socket (107 bytes in all). */
    readonly folder: string;
    /** A tty or pty on whose other end the display is; null: none is fitted. */
    readonly displayTty: string | null;
    /** At most four, one for each console. */
    readonly provisioningTtys: readonly string[];
    readonly displayKind: DisplayKind;
    readonly columns: number;
    readonly rows: number;
    readonly sound: SoundDevices;
    readonly log: BoardLog;
}

export interface SimulatedBoard extends Board {
    /** Says a value to all clients of the socket, for instance {outputs: ...}. */
    publish(value: Readonly<Record<string, unknown>>): void;
}

const BAUD = 115_200;
const KEYS: readonly (readonly (Key | null)[])[] = [
    ["1", "2", "3", "up", "line1"],
    ["4", "5", "6", "down", "line2"],
    ["7", "8", "9", "left", "line3"],
    ["*", "0", "#", "right", "line4"],
    ["ok", "back", "hold", "mute", "speaker"],
    ["louder", "softer", null, null, null],
];
const LEDS: Readonly<Record<LampName, DisplayLed>> = {
    microphone: {led: 0, colour: "red"},
    call: {led: 0, colour: "green"},
    mute: {led: 1, colour: "red"},
    ringing: {led: 1, colour: "green"},
    message: {led: 2, colour: "green"},
    service: {led: 3, colour: "red"},
};
const TIMING = {pressMs: 8, releaseMs: 16, pollMs: 4};
const HOOK_TIMING = {onMs: 80, offMs: 20};
/** Longest that a command waits for the phone to be told, for instance of a key that a ghost hides. */
const TELLING_MS = 2_000;

/** Builds the board and its folder; the socket opens at `start`. */
export function createSimulatedBoard(options: SimulatedBoardOptions): SimulatedBoard {
    mkdirSync(options.folder, {recursive: true});
    const simulation = new Simulation(options);
    return simulation.board;
}

/** The parts that are fitted, each with the tty at whose other end it is. */
function ttysOf({displayTty, provisioningTtys}: SimulatedBoardOptions): ReadonlyMap<SimulatedPart, string> {
    const ttys = new Map<SimulatedPart, string>();
    if (displayTty !== null) ttys.set("display", displayTty);
    if (provisioningTtys.length > PROVISIONING_PARTS.length) {
        throw new RangeError(`${provisioningTtys.length} provisioning ports: ${PROVISIONING_PARTS.length} at most`);
    }
    PROVISIONING_PARTS.forEach((part, index) => {
        const tty = provisioningTtys[index];
        if (tty !== undefined) ttys.set(part, tty);
    });
    return ttys;
}

class Simulation {
    readonly board: SimulatedBoard;
    readonly #options: SimulatedBoardOptions;
    readonly #matrix = new SimulatedMatrix(KEYS[0]?.length ?? 0, KEYS.length);
    readonly #hook: HookFile;
    readonly #ttys: ReadonlyMap<SimulatedPart, string>;
    readonly #lines: ReadonlyMap<SimulatedPart, SerialLine>;
    readonly #door: Door;
    readonly #waiting = new Set<(event: BoardEvent) => void>();
    #listener: (event: BoardEvent) => void = () => undefined;
    #hookTold: "on" | "off" | null = null;
    /** Taps come one after the other, as from one finger. */
    #finger: Promise<unknown> = Promise.resolve();

    constructor(options: SimulatedBoardOptions) {
        this.#options = options;
        this.#hook = new HookFile(join(options.folder, "hook"));
        this.#ttys = ttysOf(options);
        this.#lines = new Map([...this.#ttys.keys()].map((part) => [part, this.#line(part)]));
        this.#door = new Door(join(options.folder, "board.sock"), (value) => this.#obey(value));
        // Until the phone sets them; it may do so before the board starts.
        this.#door.publish({lamps: LAMPS_OFF});
        this.board = this.#opened(
            assembleBoard({
                display: {
                    port: this.#lines.get("display") ?? null,
                    kind: options.displayKind,
                    columns: options.columns,
                    rows: options.rows,
                    bright: 100,
                    dim: 10,
                    contrast: null,
                },
                provisioning: PROVISIONING_PARTS.flatMap((part) => this.#lines.get(part) ?? []),
                keypad: {wires: this.#matrix, keys: KEYS, ...TIMING},
                hook: {contact: this.#hook, timing: HOOK_TIMING},
                displayLeds: LEDS,
                light: () => undefined,
                sound: options.sound,
                hookSensor: {path: this.#hook.path, onHook: FILE_ON_HOOK},
                log: options.log,
            }),
        );
    }

    /** The assembled board with the door around it. */
    #opened(board: Board): SimulatedBoard {
        const {display} = board;
        return {
            ...board,
            display: {
                columns: display.columns,
                rows: display.rows,
                show: (frame) => {
                    display.show(frame);
                    this.#door.publish({frame});
                },
            },
            setLamps: (lamps) => {
                board.setLamps(lamps);
                this.#door.publish({lamps});
            },
            publish: (value) => this.#door.publish(value),
            start: async (listener) => {
                this.#listener = listener;
                await board.start((event) => this.#tell(event));
                await this.#door.open();
            },
            close: async () => {
                this.#hook.close();
                await this.#door.close();
                await board.close();
            },
        };
    }

    #tell(event: BoardEvent): void {
        if (event.type === "hook") {
            this.#hookTold = event.hook;
            this.#door.publish({hook: event.hook});
        }
        this.#listener(event);
        for (const waiting of [...this.#waiting]) waiting(event);
    }

    #line(part: SimulatedPart): SerialLine {
        this.#plug(part);
        return new SerialLine({path: this.#plugOf(part), baud: BAUD, log: this.#options.log});
    }

    /** A plug is a symbolic link in the folder to the tty: pulling it takes the link away. */
    #plugOf(part: SimulatedPart): string {
        return join(this.#options.folder, `${part}.plug`);
    }

    #plug(part: SimulatedPart): void {
        const tty = this.#ttys.get(part);
        if (tty === undefined) throw new Error(`no ${part} is fitted`);
        rmSync(this.#plugOf(part), {force: true});
        symlinkSync(tty, this.#plugOf(part));
    }

    #unplug(part: SimulatedPart): void {
        rmSync(this.#plugOf(part), {force: true});
        this.#lines.get(part)?.reopen("unplugged");
    }

    async #obey(value: unknown): Promise<object | null> {
        const command = parseCommand(value);
        if ("error" in command) return command;
        try {
            await this.#carryOut(command);
            return command.id === undefined ? null : {done: command.id};
        } catch (error) {
            return {error: error instanceof Error ? error.message : String(error), id: command.id};
        }
    }

    #carryOut(command: SimulatedCommand): Promise<unknown> | undefined {
        switch (command.do) {
            case "press": {
                return this.#moveKey(command.key, true);
            }
            case "release": {
                return this.#moveKey(command.key, false);
            }
            case "tap": {
                return this.#tap(command.key);
            }
            case "hook": {
                return this.#moveHook(command.position);
            }
            case "plug": {
                this.#plug(command.part);
                return undefined;
            }
            case "unplug": {
                this.#unplug(command.part);
                return undefined;
            }
            case "cellular": {
                this.#tell({type: "cellular", busy: command.busy, at: performance.now()});
                return undefined;
            }
        }
    }

    #tap(key: Key): Promise<unknown> {
        const tap = this.#finger
            // A tap that failed was answered by its own error.
            .catch(() => undefined)
            .then(() => this.#moveKey(key, true))
            .finally(() => this.#moveKey(key, false));
        this.#finger = tap;
        return tap;
    }

    #moveKey(key: Key, down: boolean): Promise<void> {
        const row = KEYS.findIndex((keys) => keys.includes(key));
        const column = KEYS[row]?.indexOf(key) ?? -1;
        const told = this.#told((event) => event.type === "key" && event.key === key && event.down === down);
        this.#matrix.set(column, row, down);
        return told;
    }

    #moveHook(position: "on" | "off"): Promise<void> {
        const told =
            this.#hookTold === position && this.#hook.read() === position
                ? Promise.resolve()
                : this.#told((event) => event.type === "hook" && event.hook === position);
        this.#hook.write(position);
        return told;
    }

    #told(isIt: (event: BoardEvent) => boolean): Promise<void> {
        return new Promise((resolve, reject) => {
            const waiting = (event: BoardEvent): void => {
                if (!isIt(event)) return;
                clearTimeout(timer);
                this.#waiting.delete(waiting);
                resolve();
            };
            const timer = setTimeout(() => {
                this.#waiting.delete(waiting);
                reject(new Error("the phone was not told: the key or hook was so already, or is hidden by a ghost"));
            }, TELLING_MS);
            this.#waiting.add(waiting);
        });
    }
}
