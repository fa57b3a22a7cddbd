/**
 * The debugger's way into a running Node (inspector protocol over WebSocket): a signal opens it, nothing in the program
 * has to be prepared. It stops the thread of JavaScript and no other.
 */
import {once} from "node:events";
import {WebSocket} from "ws";
import type {PhoneProcess} from "./phone-process.ts";

export class InspectorClient {
    readonly #socket: WebSocket;
    #id = 0;

    private constructor(socket: WebSocket) {
        this.#socket = socket;
    }

    /** Opens the inspector of the process, on the port that its NODE_OPTIONS name, and connects. */
    static async connect(phone: Pick<PhoneProcess, "pid" | "log" | "logs">): Promise<InspectorClient> {
        process.kill(phone.pid, "SIGUSR1");
        await phone.logs(/Debugger listening on ws:/);
        const line = phone.log.findLast((text) => text.includes("Debugger listening on ws:")) ?? "";
        const socket = new WebSocket(/ws:\S+/.exec(line)?.[0] ?? "");
        await once(socket, "open");
        return new InspectorClient(socket);
    }

    /** Keeps JavaScript busy for `ms`; resolves when it is free again. */
    async block(ms: number): Promise<void> {
        const expression = `{const until = performance.now() + ${ms}; while (performance.now() < until);}`;
        this.#id += 1;
        const id = this.#id;
        const done = new Promise<void>((resolve) => {
            const look = (data: unknown): void => {
                if ((JSON.parse(String(data)) as {id?: number}).id !== id) return;
                this.#socket.off("message", look);
                resolve();
            };
            this.#socket.on("message", look);
        });
        this.#socket.send(JSON.stringify({id, method: "Runtime.evaluate", params: {expression}}));
        await done;
    }

    close(): void {
        this.#socket.terminate();
    }
}
