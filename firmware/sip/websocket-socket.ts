/**
 * SIP over WebSocket (RFC 7118): sub-protocol `sip`, one SIP message in one WebSocket message. The same TLS rules as
 * for a stream; our keep-alive is a ping frame (RFC 6455 §5.5.2) and the double CRLF of RFC 5626 §4.4.1, either's
 * answer will do. `ws:` without TLS is for a server on the same machine or behind a tunnel; the setting decides.
 */
import type {Socket} from "node:net";
import {type RawData, WebSocket} from "ws";
import {dial, isSecure} from "./dial.ts";
import {headFault, MAX_BODY, MAX_HEAD} from "./framer.ts";
import {CONNECT_TIMEOUT_MS, type SipSocketOptions, type Wire, type WireListener} from "./socket.ts";
import {type SocketFault, socketFault, socketFaultOf} from "./socket-fault.ts";

/** How long a connection that we close may take to say good-bye, in ms. */
const CLOSE_MS = 500;
/** Bytes that may wait for a peer that does not read, before the connection is given up. */
const MAX_UNSENT = 1024 * 1024;

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

/** Connects a WebSocket. */
export function openWebSocket(options: SipSocketOptions, listener: WireListener): Wire {
    const {host, port, path = "/", serverName} = options;
    let stream: Socket | undefined;
    const authority = host.includes(":") ? `[${host}]` : host;
    const url = `${isSecure(options) ? "wss" : "ws"}://${authority}:${port}${path}`;
    const socket = new WebSocket(url, "sip", {
        perMessageDeflate: false,
        maxPayload: MAX_HEAD + MAX_BODY,
        followRedirects: false,
        createConnection: () => {
            stream = dial(options);
            return stream;
        },
        headers: serverName === undefined ? {} : {Host: `${serverName}:${port}`},
    });
    let fault: SocketFault | null = null;
    let told = false;

    const destroy = (why: SocketFault): void => {
        fault ??= why;
        socket.terminate();
    };
    const write = (text: string): void => {
        socket.send(text);
        if (socket.bufferedAmount > MAX_UNSENT) destroy(socketFault("timeout", "unsent data"));
    };
    const opening = setTimeout(() => destroy(socketFault("timeout")), CONNECT_TIMEOUT_MS);
    socket.on("open", () => {
        clearTimeout(opening);
        if (!told) listener.opened({address: stream?.localAddress ?? "", port: stream?.localPort ?? 0});
    });
    socket.on("message", (data) => {
        if (!told) receive(textOf(data), listener, write);
    });
    socket.on("pong", () => listener.pong());
    socket.on("error", (error) => {
        fault ??= webSocketFaultOf(error);
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
            socket.ping();
            write(PING);
        },
        close: () => {
            told = true;
            clearTimeout(opening);
            socket.close(1000);
            setTimeout(() => socket.terminate(), CLOSE_MS).unref();
        },
        destroy,
    };
}
