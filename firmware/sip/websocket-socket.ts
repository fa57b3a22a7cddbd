/**
 * SIP over WebSocket (RFC 7118): sub-protocol `sip`, one SIP message in one WebSocket message. The same TLS rules as
 * for a stream; our keep-alive is a ping frame (RFC 6455 §5.5.2) and the double CRLF of RFC 5626 §4.4.1, either's
 * answer will do. `ws:` without TLS is for a server on the same machine or behind a tunnel; the setting decides.
 */
import {isIPv6, type Socket} from "node:net";
import {type RawData, WebSocket} from "ws";
import {dial, isSecure} from "./dial.ts";
import {headFault, MAX_BODY, MAX_HEAD} from "./framer.ts";
import type {SipSocketOptions, Wire, WireListener} from "./socket.ts";
import {type SocketFault, socketFault, socketFaultOf} from "./socket-fault.ts";
import {CLOSE_MS, MAX_UNSENT, WireLife} from "./wire-life.ts";

const PING = "\r\n\r\n";
const PONG = "\r\n";

function textOf(data: RawData): string {
    if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
    return Buffer.from(data as Uint8Array).toString("utf8");
}

/** Errors of the handshake have no code; those of frames begin with WS_ERR. */
function webSocketFaultOf(error: Error & {readonly code?: unknown}): SocketFault {
    const {code} = error;
    const isOurs = code === undefined || (typeof code === "string" && code.startsWith("WS_ERR"));
    return isOurs ? socketFault("webSocket", error.message) : socketFaultOf(error);
}

function receive(text: string, listener: WireListener, answer: (text: string) => void): void {
    if (text === PONG) {
        listener.pong();
        return;
    }
    if (text === PING) {
        answer(PONG);
        return;
    }
    const end = text.indexOf("\r\n\r\n");
    const fault = end < 0 ? "notSip" : headFault(text.slice(0, end));
    if (fault === null) listener.message(text);
    else listener.dropped(fault);
}

function urlOf(options: SipSocketOptions): string {
    const {host, port, path = "/"} = options;
    const authority = isIPv6(host) ? `[${host}]` : host;
    return `${isSecure(options) ? "wss" : "ws"}://${authority}:${port}${path}`;
}

class WebSocketWire implements Wire {
    readonly #socket: WebSocket;
    readonly #life: WireLife;
    #stream: Socket | undefined;

    constructor(options: SipSocketOptions, listener: WireListener) {
        const {port, serverName} = options;
        const socket = new WebSocket(urlOf(options), "sip", {
            perMessageDeflate: false,
            maxPayload: MAX_HEAD + MAX_BODY,
            followRedirects: false,
            createConnection: () => {
                this.#stream = dial(options);
                return this.#stream;
            },
            headers: serverName === undefined ? {} : {Host: `${serverName}:${port}`},
        });
        this.#socket = socket;
        this.#life = new WireLife(listener, (fault) => this.destroy(fault));
        socket.on("open", () => this.#life.opened(this.#stream));
        socket.on("message", (data) => {
            if (!this.#life.isOver) receive(textOf(data), listener, (text) => this.write(text));
        });
        socket.on("pong", () => listener.pong());
        socket.on("error", (error) => this.#life.blame(webSocketFaultOf(error)));
        socket.on("close", () => this.#life.closed());
    }

    write(text: string): void {
        this.#socket.send(text);
        if (this.#socket.bufferedAmount > MAX_UNSENT) this.destroy(socketFault("timeout", "unsent data"));
    }

    ping(): void {
        this.#socket.ping();
        this.write(PING);
    }

    close(): void {
        this.#life.silence();
        this.#socket.close(1000);
        setTimeout(() => this.#socket.terminate(), CLOSE_MS).unref();
    }

    destroy(fault: SocketFault): void {
        this.#life.blame(fault);
        this.#socket.terminate();
    }
}

/** Connects a WebSocket. */
export function openWebSocket(options: SipSocketOptions, listener: WireListener): Wire {
    return new WebSocketWire(options, listener);
}
