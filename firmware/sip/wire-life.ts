/** What a byte stream and a WebSocket have in common: an opening in time and an end that is told once. */
import type {Socket} from "node:net";
import {CONNECT_TIMEOUT_MS, type WireListener} from "./socket.ts";
import {type SocketFault, socketFault} from "./socket-fault.ts";

/** How long a connection that we close may take to say good-bye, in ms. */
export const CLOSE_MS = 500;
/** Bytes that may wait for a peer that does not read, before the connection is given up. */
export const MAX_UNSENT = 1024 * 1024;

/** The life of one wire, from the attempt to its end. */
export class WireLife {
    readonly #listener: WireListener;
    readonly #opening: NodeJS.Timeout;
    #fault: SocketFault | null = null;
    #isOver = false;

    /** `giveUp` is called where the wire does not open in time. */
    constructor(listener: WireListener, giveUp: (fault: SocketFault) => void) {
        this.#listener = listener;
        this.#opening = setTimeout(() => giveUp(socketFault("timeout")), CONNECT_TIMEOUT_MS);
    }

    /** Nothing is told any more. */
    get isOver(): boolean {
        return this.#isOver;
    }

    /** The wire stands; `stream` is what it runs on. */
    opened(stream: Socket | undefined): void {
        clearTimeout(this.#opening);
        if (this.#isOver) return;
        this.#listener.opened({address: stream?.localAddress ?? "", port: stream?.localPort ?? 0});
    }

    /** Why the wire is about to end; the first reason counts. */
    blame(fault: SocketFault): void {
        this.#fault ??= fault;
    }

    /** The wire has ended. */
    closed(): void {
        if (this.#isOver) return;
        this.silence();
        this.#listener.closed(this.#fault ?? socketFault("closed"));
    }

    /** We end the wire and want to hear no more of it. */
    silence(): void {
        clearTimeout(this.#opening);
        this.#isOver = true;
    }
}
