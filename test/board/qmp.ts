/** QEMU's monitor, the QEMU Machine Protocol: one JSON object a line. */
import type {Socket} from "node:net";
import {createInterface} from "node:readline";

interface Answer {
    readonly id?: number;
    readonly return?: unknown;
    readonly error?: {readonly desc: string};
}

export class Qmp {
    readonly #socket: Socket;
    readonly #waiting = new Map<number, {resolve: (value: unknown) => void; reject: (error: Error) => void}>();
    #lastId = 0;

    constructor(socket: Socket) {
        this.#socket = socket;
        createInterface({input: socket}).on("line", (line) => this.#take(JSON.parse(line) as Answer));
        socket.on("close", () => {
            for (const {reject} of this.#waiting.values()) reject(new Error("QEMU is gone"));
            this.#waiting.clear();
        });
        void this.execute("qmp_capabilities").catch(() => undefined);
    }

    /** Runs a command and answers what it returns. Rejects with QEMU's own words. */
    execute(execute: string, given: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
        this.#lastId += 1;
        const id = this.#lastId;
        return new Promise((resolve, reject) => {
            this.#waiting.set(id, {resolve, reject});
            this.#socket.write(`${JSON.stringify({execute, arguments: given, id})}\n`);
        });
    }

    #take(answer: Answer): void {
        // Events and the greeting have no id.
        const waiting = answer.id === undefined ? undefined : this.#waiting.get(answer.id);
        if (answer.id === undefined || waiting === undefined) return;
        this.#waiting.delete(answer.id);
        if (answer.error !== undefined) waiting.reject(new Error(`QEMU: ${answer.error.desc}`));
        else waiting.resolve(answer.return);
    }
}
