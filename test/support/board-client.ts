/** The other end of the simulated board's door: keys and hook in, frames, lamps and the phone's facts out. */
import {connect, type Socket} from "node:net";
import {createInterface} from "node:readline";
import type {Frame, Key, Lamps} from "../../hal/board.ts";

/** What the phone says of its calls through the board's door. */
export interface CallFact {
    readonly id: string;
    readonly direction: "outgoing" | "incoming";
    readonly phase: string;
    readonly number: string;
    readonly name: string | null;
}

/** The newest of everything that the board told. */
export interface BoardFacts {
    readonly frame?: Frame;
    readonly lamps?: Lamps;
    readonly calls?: readonly CallFact[];
    readonly outputs?: {readonly earTone: string | null; readonly ring: boolean; readonly microphone: string};
    readonly accounts?: readonly {
        readonly label: string;
        readonly registered: boolean;
        readonly fault: string | null;
    }[];
}

export class BoardClient {
    readonly #socket: Socket;
    readonly #listeners = new Set<() => void>();
    #facts: BoardFacts = {};

    private constructor(socket: Socket) {
        this.#socket = socket;
        createInterface({input: socket}).on("line", (line) => {
            this.#facts = {...this.#facts, ...(JSON.parse(line) as BoardFacts)};
            for (const listener of [...this.#listeners]) listener();
        });
    }

    static connect(path: string): Promise<BoardClient> {
        return new Promise((resolve, reject) => {
            const socket = connect(path, () => resolve(new BoardClient(socket)));
            socket.once("error", reject);
        });
    }

    get facts(): BoardFacts {
        return this.#facts;
    }

    /** The rows of the newest frame, as the phone sent it to its display. */
    get lines(): readonly string[] {
        return this.#facts.frame?.lines ?? [];
    }

    onChange(listener: () => void): void {
        this.#listeners.add(listener);
    }

    #send(message: object): void {
        this.#socket.write(`${JSON.stringify(message)}\n`);
    }

    press(key: Key): void {
        this.#send({press: key});
    }

    release(key: Key): void {
        this.#send({release: key});
    }

    /** Presses and releases, one key after the other. */
    tap(...keys: readonly Key[]): void {
        for (const key of keys) this.#send({tap: key});
    }

    lift(): void {
        this.#send({lift: true});
    }

    putDown(): void {
        this.#send({putDown: true});
    }

    /** Resolves as soon as `condition` holds; rejects after `ms` with what the glass shows then. */
    async until(condition: (facts: BoardFacts) => boolean, ms: number, what = "it"): Promise<void> {
        if (condition(this.#facts)) return;
        await new Promise<void>((resolve, reject) => {
            const look = (): void => {
                if (condition(this.#facts)) finish(resolve);
            };
            const finish = (then: () => void): void => {
                clearTimeout(timer);
                this.#listeners.delete(look);
                then();
            };
            const timer = setTimeout(() => {
                const shown = JSON.stringify({lines: this.lines, calls: this.#facts.calls ?? []});
                finish(() => reject(new Error(`${what} did not come in ${ms} ms; the board says ${shown}`)));
            }, ms);
            this.#listeners.add(look);
        });
    }

    /** Resolves when the glass shows the text. */
    shows(text: string | RegExp, ms = 10_000): Promise<void> {
        return this.until(
            ({frame}) => (frame?.lines.join("\n") ?? "").search(typeof text === "string" ? escaped(text) : text) >= 0,
            ms,
            `${text} on the glass`,
        );
    }

    close(): void {
        this.#socket.destroy();
    }
}

const escaped = (text: string): RegExp => new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
