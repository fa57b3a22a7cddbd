/** The ear at the far end of the handset's card: sound/ear.c as a process of the board. */
import {type ChildProcess, spawn} from "node:child_process";
import {createInterface} from "node:readline";

/** Sound begins or ends at an instant of the board's monotonic clock, in ms. */
export interface Turn {
    readonly at: number;
    readonly on: boolean;
}

export function parseTurn(line: string): Turn | null {
    const match = /^(\d+) (on|off) /.exec(line);
    return match === null ? null : {at: Number(match[1]) / 1_000, on: match[2] === "on"};
}

export class Ear {
    readonly turns: Turn[] = [];
    readonly #process: ChildProcess;
    readonly #quiet: number;
    readonly #listeners = new Set<() => void>();

    /** `quiet`: ms without sound after which it has ended. */
    constructor(quiet: number) {
        this.#quiet = quiet;
        this.#process = spawn("ear", ["handset", "-40", String(quiet)], {stdio: ["ignore", "pipe", "inherit"]});
        createInterface({input: this.#process.stdout as NodeJS.ReadableStream}).on("line", (line) => {
            const turn = parseTurn(line);
            if (turn !== null) this.turns.push(turn);
            for (const listener of [...this.#listeners]) listener();
        });
    }

    /** The first turn of that kind after an instant. */
    next(on: boolean, after: number): Promise<Turn> {
        return new Promise((resolve) => {
            const look = (): void => {
                const turn = this.turns.find((each) => each.on === on && each.at > after);
                if (turn === undefined) return;
                this.#listeners.delete(look);
                resolve(turn);
            };
            this.#listeners.add(look);
            look();
        });
    }

    /** Silences that were noticed between two instants, in ms. */
    gaps(from: number, to: number): readonly number[] {
        return this.turns.flatMap((turn, i) => {
            const until = this.turns[i + 1]?.at ?? to;
            return turn.on || turn.at < from || turn.at > to ? [] : [until - turn.at + this.#quiet];
        });
    }

    close(): void {
        this.#process.kill("SIGKILL");
    }
}
