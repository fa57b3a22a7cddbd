/** The board that a profile describes: a real one, or one that another process moves. */
import {readFileSync} from "node:fs";
import type {Board} from "../hal/board.ts";
import {createLinuxBoard} from "../hal/linux-board.ts";
import type {BoardLog} from "../hal/log.ts";
import {parseProfile} from "../hal/profile.ts";
import {createSimulatedBoard, type SimulatedBoardOptions} from "../hal/simulated-board.ts";
import {messageOf, PhoneError} from "./errors.ts";
import type {Log} from "./log.ts";

export interface OpenedBoard {
    readonly board: Board;
    /** Whether somebody may watch: a simulated board's door. */
    readonly watched: boolean;
    /** Says a value to whoever watches a simulated board; a real one has no such door. */
    readonly publish: (value: Readonly<Record<string, unknown>>) => void;
}

interface SimulatedPort {
    readonly tty: string;
}

/** What a profile of a simulated board says; tests and the bench phone write it. */
interface SimulatedProfile {
    readonly kind: "simulated";
    readonly folder: string;
    readonly display: {
        readonly kind: SimulatedBoardOptions["displayKind"];
        readonly tty: string;
        readonly columns: number;
        readonly rows: number;
    };
    /** The consoles' ports. */
    readonly provisioning: readonly SimulatedPort[];
    readonly sound: SimulatedBoardOptions["sound"];
}

/** Opens the board of a profile. Throws with everything that is wrong with it, or with the line that cannot be had. */
export async function openBoard(path: string, log: Log): Promise<OpenedBoard> {
    const boardLog: BoardLog = (level, sentence) => log[level](sentence);
    const profile = readJson(path);
    if (isSimulated(profile)) return openSimulated(profile, boardLog);
    const real = parseProfile(profile, path);
    const board = await createLinuxBoard(real, boardLog);
    return {board, watched: false, publish: () => undefined};
}

function readJson(path: string): unknown {
    try {
        return JSON.parse(readFileSync(path, "utf8"));
    } catch (thrown) {
        throw new PhoneError("profile", `the board profile ${path} cannot be read: ${messageOf(thrown)}`);
    }
}

function openSimulated(profile: SimulatedProfile, log: BoardLog): OpenedBoard {
    const {folder, display, provisioning, sound} = profile;
    const board = createSimulatedBoard({
        folder,
        displayTty: display.tty,
        provisioningTtys: provisioning.map(({tty}) => tty),
        displayKind: display.kind,
        columns: display.columns,
        rows: display.rows,
        sound,
        log,
    });
    return {board, watched: true, publish: (value) => board.publish(value)};
}

const isSimulated = (profile: unknown): profile is SimulatedProfile =>
    typeof profile === "object" && profile !== null && "kind" in profile && profile.kind === "simulated";
