/**
 * A scripted SIP endpoint: it listens on loopback over TCP, TLS or WebSocket, hands out what it receives and writes
 * what it is told, valid or not. It shares no code with the product, so that the two cannot share a misreading.
 */
import {once} from "node:events";
import {readFileSync} from "node:fs";
import {createServer, type Server as HttpServer} from "node:http";
import {createServer as createHttpsServer} from "node:https";
import {type AddressInfo, createServer as createTcpServer, type Server, type Socket} from "node:net";
import {createServer as createTlsServer} from "node:tls";
import {type WebSocket, WebSocketServer} from "ws";
import type {Certificate} from "./pki.ts";

/** A message as it came in. */
export interface PeerMessage {
    readonly text: string;
    readonly startLine: string;
    /** The method of a request; of a response the one in CSeq. */
    readonly method: string;
    /** The status of a response, 0 for a request. */
    readonly status: number;
    readonly body: string;
    /** The first value of that header field, empty if there is none. */
    header(name: string): string;
    headers(name: string): string[];
}

export interface SipPeerOptions {
    readonly transport?: "tcp" | "tls" | "ws" | "wss";
    readonly certificate?: Certificate;
    /** Whether keep-alives are answered. */
    readonly answersPings?: boolean;
    /** Sub-protocols that the WebSocket server agrees to. */
    readonly protocol?: string;
}

const WAIT_MS = 5_000;

/** Takes a message apart in the plainest way. */
export function readMessage(text: string): PeerMessage {
    const end = text.indexOf("\r\n\r\n");
    const [startLine = "", ...lines] = text.slice(0, end).split("\r\n");
    const headers = (name: string): string[] =>
        lines
            .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
            .map((line) => line.slice(name.length + 1).trim());
    const header = (name: string): string => headers(name)[0] ?? "";
    const isResponse = startLine.startsWith("SIP/2.0 ");
    return {
        text,
        startLine,
        method: isResponse ? (header("CSeq").split(" ")[1] ?? "") : (startLine.split(" ")[0] ?? ""),
        status: isResponse ? Number(startLine.split(" ")[1]) : 0,
        body: text.slice(end + 4),
        header,
        headers,
    };
}

/** One connection that the phone opened. */
export class PeerConnection {
    readonly #write: (data: string | Buffer) => void;
    readonly #destroy: () => void;
    readonly #messages: PeerMessage[] = [];
    readonly #seen: string[] = [];
    #waiters: {readonly accepts: (message: PeerMessage) => boolean; readonly take: (message: PeerMessage) => void}[] =
        [];
    pings = 0;
    /** Resolves when the connection has gone. */
    readonly closed: Promise<void>;

    constructor(write: (data: string | Buffer) => void, destroy: () => void, closed: Promise<void>) {
        this.#write = write;
        this.#destroy = destroy;
        this.closed = closed;
    }

    send(data: string | Buffer): void {
        this.#write(data);
    }

    destroy(): void {
        this.#destroy();
    }

    received(text: string): void {
        const message = readMessage(text);
        this.#seen.push(message.startLine);
        const waiter = this.#waiters.find(({accepts}) => accepts(message));
        if (waiter === undefined) {
            this.#messages.push(message);
            return;
        }
        this.#waiters = this.#waiters.filter((each) => each !== waiter);
        waiter.take(message);
    }

    /** The next message that is a request of that method, or a response of that status. Others stay for later. */
    async next(wanted: string | number): Promise<PeerMessage> {
        return this.nextWhere(
            (message) => (typeof wanted === "number" ? message.status === wanted : requestOf(message) === wanted),
            String(wanted),
        );
    }

    async nextWhere(accepts: (message: PeerMessage) => boolean, what = "message"): Promise<PeerMessage> {
        const index = this.#messages.findIndex(accepts);
        const [found] = index < 0 ? [] : this.#messages.splice(index, 1);
        if (found !== undefined) return found;
        const {promise, resolve, reject} = Promise.withResolvers<PeerMessage>();
        const timeout = setTimeout(() => reject(new Error(`no ${what}; came: ${this.#seen.join(" | ")}`)), WAIT_MS);
        this.#waiters.push({accepts, take: resolve});
        return promise.finally(() => clearTimeout(timeout));
    }

    /** What came and nobody asked for, as start lines. */
    get unclaimed(): string[] {
        return this.#messages.map(({startLine}) => startLine);
    }
}

function requestOf(message: PeerMessage): string {
    return message.status === 0 ? message.method : "";
}

/** Cuts a byte stream of well-formed messages; the phone writes nothing else. */
function cutMessages(connection: PeerConnection, answersPings: boolean): (chunk: Buffer) => void {
    let bytes = Buffer.alloc(0);
    return (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        for (;;) {
            if (bytes.subarray(0, 4).toString("latin1") === "\r\n\r\n") {
                connection.pings += 1;
                if (answersPings) connection.send("\r\n");
                bytes = bytes.subarray(4);
                continue;
            }
            const end = bytes.indexOf("\r\n\r\n");
            if (end < 0) return;
            const head = bytes.toString("latin1", 0, end);
            const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
            if (Number.isNaN(length)) throw new Error(`the phone wrote a message without Content-Length:\n${head}`);
            if (bytes.length < end + 4 + length) return;
            connection.received(bytes.toString("utf8", 0, end + 4 + length));
            bytes = bytes.subarray(end + 4 + length);
        }
    };
}

/** Resolves with `close`, also where an error came before it. */
function closeOf(socket: Socket | WebSocket): Promise<void> {
    return new Promise((resolve) => socket.once("close", () => resolve()));
}

export class SipPeer {
    readonly port: number;
    readonly #server: Server | HttpServer;
    readonly #queue: PeerConnection[] = [];
    readonly #open = new Set<PeerConnection>();
    #waiters: ((connection: PeerConnection) => void)[] = [];

    private constructor(server: Server | HttpServer, port: number) {
        this.#server = server;
        this.port = port;
    }

    static async start(options: SipPeerOptions = {}): Promise<SipPeer> {
        const {transport = "tcp", certificate, answersPings = true} = options;
        const tls =
            certificate === undefined
                ? {}
                : {cert: readFileSync(certificate.certPem), key: readFileSync(certificate.keyPem)};
        const isWebSocket = transport === "ws" || transport === "wss";
        const server: Server | HttpServer =
            transport === "tcp"
                ? createTcpServer()
                : transport === "tls"
                  ? createTlsServer(tls)
                  : transport === "ws"
                    ? createServer()
                    : createHttpsServer(tls);
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const peer = new SipPeer(server, (server.address() as AddressInfo).port);
        if (isWebSocket) peer.#acceptWebSockets(server as HttpServer, options);
        else {
            server.on(transport === "tls" ? "secureConnection" : "connection", (socket: Socket) =>
                peer.#acceptStream(socket, answersPings),
            );
        }
        // A client that refuses our certificate is what some tests are about.
        server.on("tlsClientError", () => {});
        return peer;
    }

    #acceptStream(socket: Socket, answersPings: boolean): void {
        const closed = closeOf(socket);
        const connection = new PeerConnection(
            (data) => socket.write(data),
            () => socket.destroy(),
            closed,
        );
        socket.on("data", cutMessages(connection, answersPings));
        // The phone may cut the connection while we write.
        socket.on("error", () => {});
        this.#accepted(connection);
    }

    #acceptWebSockets(server: HttpServer, {protocol = "sip", answersPings = true}: SipPeerOptions): void {
        const webSockets = new WebSocketServer({
            server,
            autoPong: answersPings,
            handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
        });
        webSockets.on("connection", (socket: WebSocket) => {
            const closed = closeOf(socket);
            const connection = new PeerConnection(
                (data) => socket.send(data),
                () => socket.terminate(),
                closed,
            );
            socket.on("ping", () => {
                connection.pings += 1;
            });
            socket.on("message", (data) => {
                const text = String(data);
                if (text !== "\r\n\r\n") connection.received(text);
                else if (answersPings) socket.send("\r\n");
            });
            this.#accepted(connection);
        });
    }

    /** Start lines of all that came on connections that are open, or that nobody has asked for. */
    get received(): readonly string[] {
        return [...new Set([...this.#open, ...this.#queue])].flatMap(({unclaimed}) => unclaimed);
    }

    #accepted(connection: PeerConnection): void {
        this.#open.add(connection);
        void connection.closed.then(() => this.#open.delete(connection));
        const waiter = this.#waiters.shift();
        if (waiter === undefined) this.#queue.push(connection);
        else waiter(connection);
    }

    /** The next connection that is opened, or the oldest that nobody asked for yet. */
    async connection(): Promise<PeerConnection> {
        const connection = this.#queue.shift();
        if (connection !== undefined) return connection;
        const {promise, resolve, reject} = Promise.withResolvers<PeerConnection>();
        const timeout = setTimeout(() => reject(new Error("the phone did not connect")), WAIT_MS);
        this.#waiters.push(resolve);
        return promise.finally(() => clearTimeout(timeout));
    }

    async close(): Promise<void> {
        for (const connection of this.#open) connection.destroy();
        this.#server.close();
        await once(this.#server, "close");
    }
}

export interface ResponseParts {
    /** Tag of To, where the request has none. */
    readonly tag?: string;
    readonly contact?: string;
    readonly headers?: readonly string[];
    readonly body?: string;
    readonly type?: string;
}

function withBody(lines: readonly string[], body: string, type: string): string {
    const typed = body === "" ? [] : [`Content-Type: ${type}`];
    return [...lines, ...typed, `Content-Length: ${Buffer.byteLength(body)}`, "", body].join("\r\n");
}

/** The text of a response to a request that came in. */
export function responseTo(request: PeerMessage, status: number, reason: string, parts: ResponseParts = {}): string {
    const {tag = "peer", contact, headers = [], body = "", type = "application/sdp"} = parts;
    const to = request.header("To");
    const lines = [
        `SIP/2.0 ${status} ${reason}`,
        ...request.headers("Via").map((via) => `Via: ${via}`),
        `From: ${request.header("From")}`,
        `To: ${to.includes(";tag=") || status === 100 ? to : `${to};tag=${tag}`}`,
        `Call-ID: ${request.header("Call-ID")}`,
        `CSeq: ${request.header("CSeq")}`,
        ...(contact === undefined ? [] : [`Contact: ${contact}`]),
        ...headers,
    ];
    return withBody(lines, body, type);
}

export interface RequestParts {
    readonly uri?: string;
    readonly from?: string;
    readonly to?: string;
    readonly callId?: string;
    readonly cseq?: number;
    readonly branch?: string;
    /** Null: none. */
    readonly contact?: string | null;
    readonly headers?: readonly string[];
    readonly body?: string;
    readonly type?: string;
}

let serial = 0;

/** The text of a request to the phone's user `100`. */
export function requestText(method: string, parts: RequestParts = {}): string {
    serial += 1;
    const {uri = "sip:100@127.0.0.1", from = "<sip:200@phone.test>;tag=peer", to = "<sip:100@phone.test>"} = parts;
    const {callId = `peer-${serial}`, cseq = 1, branch = `z9hG4bKpeer${serial}`, headers = []} = parts;
    const {contact = "<sip:200@127.0.0.1:5099;transport=tcp>", body = "", type = "application/sdp"} = parts;
    const lines = [
        `${method} ${uri} SIP/2.0`,
        `Via: SIP/2.0/TCP 127.0.0.1:5099;branch=${branch}`,
        "Max-Forwards: 70",
        `From: ${from}`,
        `To: ${to}`,
        `Call-ID: ${callId}`,
        `CSeq: ${cseq} ${method}`,
        ...(contact === null ? [] : [`Contact: ${contact}`]),
        ...headers,
    ];
    return withBody(lines, body, type);
}

/** The tag of From or To. */
export function tagOf(value: string): string {
    return /;tag=([^;>]+)/.exec(value)?.[1] ?? "";
}

/** An SDP body with PCMA on that port. */
export function sdpBody(port = 40_000, direction = "sendrecv"): string {
    return [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        `m=audio ${port} RTP/AVP 8 101`,
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        `a=${direction}`,
        "",
    ].join("\r\n");
}
