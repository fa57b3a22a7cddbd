/**
 * A unix socket that speaks JSON, one value a line, with any number of clients. What was said last under each name is
 * said again to whoever connects.
 */
import {rmSync} from "node:fs";
import {createServer, type Server, type Socket} from "node:net";
import {StringDecoder} from "node:string_decoder";

const LONGEST_LINE = 65_536;
/** A client that has not read this much is cut off: it must not cost the phone its memory. */
const MOST_UNREAD_BYTES = 1_048_576;

/** Called with each line's value; what it resolves to is sent back to that client alone. It must not reject. */
export type DoorListener = (value: unknown) => Promise<object | null>;

export class Door {
    readonly #path: string;
    readonly #listener: DoorListener;
    readonly #server: Server;
    readonly #clients = new Set<Socket>();
    readonly #last = new Map<string, unknown>();

    constructor(path: string, listener: DoorListener) {
        this.#path = path;
        this.#listener = listener;
        this.#server = createServer((socket) => this.#welcome(socket));
    }

    /** Throws what `listen` throws, for instance code EADDRINUSE or ENAMETOOLONG. */
    async open(): Promise<void> {
        // A socket that a killed process left behind.
        rmSync(this.#path, {force: true});
        await new Promise<void>((resolve, reject) => {
            this.#server.once("error", reject);
            this.#server.listen(this.#path, () => resolve());
        });
    }

    /** Says a value to all; each of its names replaces what was said under it before. */
    publish(value: Readonly<Record<string, unknown>>): void {
        for (const [name, said] of Object.entries(value)) this.#last.set(name, said);
        for (const client of this.#clients) this.#say(client, value);
    }

    async close(): Promise<void> {
        for (const client of this.#clients) client.destroy();
        if (this.#server.listening) await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    }

    #welcome(socket: Socket): void {
        this.#clients.add(socket);
        const decoder = new StringDecoder("utf8");
        let text = "";
        socket.on("data", (chunk) => {
            text += decoder.write(chunk);
            const lines = text.split("\n");
            text = lines.pop() ?? "";
            for (const line of lines) this.#take(socket, line);
            if (text.length <= LONGEST_LINE) return;
            text = "";
            this.#say(socket, {error: `a line is at most ${LONGEST_LINE} characters long`});
        });
        // A client that is gone (EPIPE, ECONNRESET) is forgotten by the close that follows.
        socket.on("error", () => undefined);
        socket.on("close", () => this.#clients.delete(socket));
        for (const [name, said] of this.#last) this.#say(socket, {[name]: said});
    }

    #take(socket: Socket, line: string): void {
        if (line.trim() === "") return;
        let value: unknown;
        try {
            value = JSON.parse(line);
        } catch (error) {
            this.#say(socket, {error: `not JSON: ${error instanceof Error ? error.message : String(error)}`});
            return;
        }
        void this.#listener(value).then((answer) => {
            if (answer !== null) this.#say(socket, answer);
        });
    }

    #say(client: Socket, value: object): void {
        if (client.destroyed) return;
        client.write(`${JSON.stringify(value)}\n`);
        if (client.writableLength > MOST_UNREAD_BYTES) client.destroy();
    }
}
