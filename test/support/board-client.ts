/** The hand that moves a simulated board: a client of the unix socket that hal/simulated-board.ts describes. */
import {once} from "node:events";
import {createConnection, type Socket} from "node:net";
import {createInterface} from "node:readline";
import type {Frame, Key, Lamps} from "../../hal/board.ts";
import type {SimulatedPart} from "../../hal/simulated-command.ts";

/** What the board has said last under each name. `outputs`, `calls` and the rest are whatever the phone publishes. */
export interface BoardSaid {
    frame?: Frame;
    lamps?: Lamps;
    hook?: "on" | "off";
    [published: string]: unknown;
}

export class BoardClient {
    /** The newest of everything. */
    readonly said: BoardSaid = {};
    readonly #socket: Socket;
    readonly #answers = new Map<number, {resolve: () => void; reject: (error: Error) => void}>();
    readonly #watchers = new Set<(value: BoardSaid) => void>();
    #nextId = 1;

    /** Connects; the board must have started. */
    static async connect(path: string): Promise<BoardClient> {
        const socket = createConnection(path);
        await once(socket, "connect");
        return new BoardClient(socket);
    }

    private constructor(socket: Socket) {
        this.#socket = socket;
        createInterface({input: socket}).on("line", (line) => this.#take(JSON.parse(line) as BoardSaid));
        socket.on("error", () => undefined);
        socket.on("close", () => {
            for (const {reject} of this.#answers.values()) reject(new Error("the board is gone"));
            this.#answers.clear();
        });
    }

    /** Each resolves when the phone has been told of it, and rejects with the board's own words. */
    press(key: Key): Promise<void> {
        return this.command({press: key});
    }

    release(key: Key): Promise<void> {
        return this.command({release: key});
    }

    tap(key: Key): Promise<void> {
        return this.command({tap: key});
    }

    /** Taps one key after the other. */
    async dial(digits: string): Promise<void> {
        for (const digit of digits) await this.tap(digit as Key);
    }

    lift(): Promise<void> {
        return this.command({lift: true});
    }

    putDown(): Promise<void> {
        return this.command({putDown: true});
    }

    plug(part: SimulatedPart): Promise<void> {
        return this.command({plug: part});
    }

    unplug(part: SimulatedPart): Promise<void> {
        return this.command({unplug: part});
    }

    cellular(busy: boolean): Promise<void> {
        return this.command({cellular: busy});
    }

    command(value: Readonly<Record<string, unknown>>): Promise<void> {
        const id = this.#nextId;
        this.#nextId += 1;
        return new Promise((resolve, reject) => {
            this.#answers.set(id, {resolve, reject});
            this.#socket.write(`${JSON.stringify({...value, id})}\n`);
        });
    }

    /** Calls at each thing said, with all that was said so far. */
    onSaid(watcher: (said: BoardSaid) => void): void {
        this.#watchers.add(watcher);
    }

    /** Resolves when `holds` does, looked at now and after each line; rejects after `ms` with what was said last. */
    until(holds: (said: BoardSaid) => boolean, ms = 10_000): Promise<void> {
        if (holds(this.said)) return Promise.resolve();
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.#watchers.delete(look);
                reject(new Error(`not within ${ms} ms; last was ${JSON.stringify(this.said)}`));
            }, ms);
            const look = (said: BoardSaid): void => {
                if (!holds(said)) return;
                clearTimeout(timer);
                this.#watchers.delete(look);
                resolve();
            };
            this.#watchers.add(look);
        });
    }

    close(): void {
        this.#socket.destroy();
    }

    #take(value: BoardSaid & {done?: number; error?: string; id?: number}): void {
        const {done, error, id, ...said} = value;
        const answered = done ?? id;
        const answer = answered === undefined ? undefined : this.#answers.get(answered);
        if (answered !== undefined) this.#answers.delete(answered);
        if (error !== undefined) answer?.reject(new Error(error));
        else if (done !== undefined) answer?.resolve();
        Object.assign(this.said, said);
        for (const watcher of [...this.#watchers]) watcher(this.said);
    }
}
