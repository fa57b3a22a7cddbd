/** An NBD server on a unix socket: sockets on this side, the protocol in `NbdSession`. */
import {once} from "node:events";
import {createServer, type Server, type Socket} from "node:net";
import {type BlockExport, NbdSession} from "./nbd-session.ts";

/** Serves one export to any number of clients, until it is stopped. */
export class NbdServer {
    readonly #export: BlockExport;
    readonly #server: Server;
    readonly #connections = new Set<Socket>();
    #stopped: Promise<unknown> | null = null;

    constructor(exported: BlockExport) {
        this.#export = exported;
        this.#server = createServer((socket) => this.#serve(socket));
    }

    /** Resolves when clients can connect; rejects with what the system says (EADDRINUSE, ENOENT ...) if none can. */
    listen(socketPath: string): Promise<void> {
        return new Promise((resolve, reject) => {
            this.#server.on("error", reject);
            this.#server.once("close", () => reject(new Error(`${socketPath}: stopped before it listened`)));
            this.#server.listen(socketPath, resolve);
        });
    }

    /** Drops all connections at once, with what was not answered yet; resolves when the last one has gone. */
    async stop(): Promise<void> {
        this.#stopped ??= this.#server.listening ? once(this.#server, "close") : Promise.resolve();
        this.#server.close();
        for (const socket of this.#connections) socket.destroy();
        await this.#stopped;
    }

    #serve(socket: Socket): void {
        const session = new NbdSession(this.#export);
        this.#connections.add(socket);
        socket.on("close", () => this.#connections.delete(socket));
        // A client that vanishes (ECONNRESET, EPIPE) is nothing to a disk; `close` follows.
        socket.on("error", () => undefined);
        socket.on("data", (octets) => {
            session.receive(octets);
            converse(session, socket);
        });
        socket.on("drain", () => {
            socket.resume();
            converse(session, socket);
        });
        converse(session, socket);
    }
}

/** Says what there is to say, in order, as long as the client takes it: one that only asks cannot fill the memory. */
function converse(session: NbdSession, socket: Socket): void {
    while (!socket.writableNeedDrain) {
        const step = session.step();
        if (step.kind === "wait") return;
        if (step.octets.length > 0) socket.write(step.octets);
        if (step.kind === "end") {
            socket.destroySoon();
            return;
        }
    }
    socket.pause();
}
