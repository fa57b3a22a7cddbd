/** SIP over TCP and TLS (RFC 3261 §18) with the keep-alive of RFC 5626 §4.4.1: we send CRLF CRLF, CRLF comes back. */
import type {Socket} from "node:net";
import {dial, isSecure} from "./dial.ts";
import {type Frame, Framer} from "./framer.ts";
import type {SipSocketOptions, Wire, WireListener} from "./socket.ts";
import {framingFault, type SocketFault, socketFault, socketFaultOf} from "./socket-fault.ts";
import {CLOSE_MS, MAX_UNSENT, WireLife} from "./wire-life.ts";

const PING = "\r\n\r\n";
const PONG = "\r\n";

/**
 * Tells a ping (CRLF CRLF) from a pong (CRLF): the CRLF that follows our own ping is its pong; two others in a row are
 * a ping of the server, whatever chunks they came in.
 */
class KeepAlives {
    #awaitsPong = false;
    #halfPing = false;

    pinged(): void {
        this.#awaitsPong = true;
    }

    message(): void {
        this.#halfPing = false;
    }

    crlf(): "pong" | "ping" | "half" {
        if (this.#awaitsPong) {
            this.#awaitsPong = false;
            return "pong";
        }
        this.#halfPing = !this.#halfPing;
        return this.#halfPing ? "half" : "ping";
    }
}

class StreamWire implements Wire {
    readonly #socket: Socket;
    readonly #listener: WireListener;
    readonly #life: WireLife;
    readonly #framer = new Framer();
    readonly #keepAlives = new KeepAlives();

    constructor(options: SipSocketOptions, listener: WireListener) {
        const socket = dial(options);
        this.#socket = socket;
        this.#listener = listener;
        this.#life = new WireLife(listener, (fault) => this.destroy(fault));
        socket.once(isSecure(options) ? "secureConnect" : "connect", () => this.#life.opened(socket));
        socket.on("data", (chunk) => this.#receive(chunk));
        socket.on("error", (error) => this.#life.blame(socketFaultOf(error)));
        socket.on("close", () => this.#life.closed());
    }

    write(text: string): void {
        this.#socket.write(text);
        if (this.#socket.writableLength > MAX_UNSENT) this.destroy(socketFault("timeout", "unsent data"));
    }

    ping(): void {
        this.#keepAlives.pinged();
        this.write(PING);
    }

    close(): void {
        this.#life.silence();
        this.#socket.end();
        setTimeout(() => this.#socket.destroy(), CLOSE_MS).unref();
    }

    destroy(fault: SocketFault): void {
        this.#life.blame(fault);
        this.#socket.destroy();
    }

    #receive(chunk: Buffer): void {
        for (const frame of this.#framer.push(chunk)) {
            // A message may have ended the connection.
            if (this.#life.isOver || this.#socket.destroyed) return;
            this.#take(frame);
        }
    }

    #take(frame: Frame): void {
        switch (frame.type) {
            case "message": {
                this.#keepAlives.message();
                this.#listener.message(frame.text);
                break;
            }
            case "crlf": {
                const meaning = this.#keepAlives.crlf();
                if (meaning === "pong") this.#listener.pong();
                else if (meaning === "ping") this.write(PONG);
                break;
            }
            case "fault": {
                this.destroy(framingFault(frame.fault));
                break;
            }
        }
    }
}

/** Connects a stream. */
export function openStream(options: SipSocketOptions, listener: WireListener): Wire {
    return new StreamWire(options, listener);
}
