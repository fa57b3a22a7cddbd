/** SIP over TCP and TLS (RFC 3261 §18) with the keep-alive of RFC 5626 §4.4.1: we send CRLF CRLF, CRLF comes back. */
import {dial, isSecure} from "./dial.ts";
import {Framer} from "./framer.ts";
import {CONNECT_TIMEOUT_MS, type SipSocketOptions, type Wire, type WireListener} from "./socket.ts";
import {framingFault, type SocketFault, socketFault, socketFaultOf} from "./socket-fault.ts";

/** How long a connection that we close may take to say good-bye, in ms. */
const CLOSE_MS = 500;
/** Bytes that may wait for a peer that does not read, before the connection is given up. */
const MAX_UNSENT = 1024 * 1024;

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

/** Connects a stream. */
export function openStream(options: SipSocketOptions, listener: WireListener): Wire {
    const socket = dial(options);
    const framer = new Framer();
    const keepAlives = new KeepAlives();
    let fault: SocketFault | null = null;
    let told = false;

    const destroy = (why: SocketFault): void => {
        fault ??= why;
        socket.destroy();
    };
    const write = (text: string): void => {
        socket.write(text);
        if (socket.writableLength > MAX_UNSENT) destroy(socketFault("timeout", "unsent data"));
    };
    const crlf = (): void => {
        const meaning = keepAlives.crlf();
        if (meaning === "pong") listener.pong();
        else if (meaning === "ping") write(PONG);
    };

    const opening = setTimeout(() => destroy(socketFault("timeout")), CONNECT_TIMEOUT_MS);
    socket.once(isSecure(options) ? "secureConnect" : "connect", () => {
        clearTimeout(opening);
        if (!told) listener.opened({address: socket.localAddress ?? "", port: socket.localPort ?? 0});
    });
    socket.on("data", (chunk) => {
        for (const frame of framer.push(chunk)) {
            if (told || socket.destroyed) return;
            switch (frame.type) {
                case "message": {
                    keepAlives.message();
                    listener.message(frame.text);
                    break;
                }
                case "crlf": {
                    crlf();
                    break;
                }
                case "fault": {
                    destroy(framingFault(frame.fault));
                    break;
                }
            }
        }
    });
    socket.on("error", (error) => {
        fault ??= socketFaultOf(error);
    });
    socket.on("close", () => {
        clearTimeout(opening);
        if (told) return;
        told = true;
        listener.closed(fault ?? socketFault("closed"));
    });

    return {
        write,
        ping: () => {
            keepAlives.pinged();
            write(PING);
        },
        close: () => {
            told = true;
            clearTimeout(opening);
            socket.end();
            setTimeout(() => socket.destroy(), CLOSE_MS).unref();
        },
        destroy,
    };
}
