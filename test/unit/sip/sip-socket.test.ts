/** The socket that JsSIP gets, over each transport, against a scripted peer on loopback. */

import {once} from "node:events";
import {mkdtemp, readFile, rm} from "node:fs/promises";
import {createServer as createHttpServer} from "node:http";
import {type AddressInfo, createServer, type Server} from "node:net";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it, vi} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import {createSipSocket, type SipSocket} from "../../../firmware/sip/sip-socket.ts";
import type {SipSocketOptions} from "../../../firmware/sip/socket.ts";
import {type Certificate, makePki, type Pki, TEST_DOMAIN} from "../../support/pki.ts";
import {type PeerConnection, requestText, SipPeer, type SipPeerOptions} from "../../support/sip-peer.ts";

let folder = "";
let pki: Pki;
let ca = "";

beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "offhook-sip-"));
    pki = await makePki(folder);
    ca = await readFile(pki.caPem, "utf8");
});

afterAll(async () => rm(folder, {recursive: true}));

interface Phone {
    readonly socket: SipSocket;
    readonly received: string[];
    readonly lines: string[];
    /** The arguments of the next `ondisconnect`. */
    readonly ended: Promise<readonly [boolean, string | undefined, string | undefined]>;
    readonly connected: Promise<void>;
}

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
    vi.useRealTimers();
    for (const close of closers.splice(0).reverse()) await close();
});

function phone(options: Partial<SipSocketOptions> & Pick<SipSocketOptions, "port">): Phone {
    const lines: string[] = [];
    const received: string[] = [];
    const log = createLog((line) => lines.push(line), "debug");
    const socket = createSipSocket({transport: "tcp", host: "127.0.0.1", user: "100", log, ...options});
    socket.ondata = (text) => received.push(text);
    const connected = new Promise<void>((resolve) => {
        socket.onconnect = resolve;
    });
    const ended = new Promise<readonly [boolean, string | undefined, string | undefined]>((resolve) => {
        socket.ondisconnect = (error, code, reason) => resolve([error, code, reason]);
    });
    closers.push(() => socket.disconnect());
    socket.connect();
    return {socket, received, lines, ended, connected};
}

async function peerFor(options: SipPeerOptions): Promise<SipPeer> {
    const peer = await SipPeer.start(options);
    closers.push(() => peer.close());
    return peer;
}

const transports = ["tcp", "tls", "ws", "wss"] as const;

async function connectedBy(
    transport: (typeof transports)[number],
    peerOptions: SipPeerOptions = {},
    options: Partial<SipSocketOptions> = {},
): Promise<Phone & {readonly peer: SipPeer; readonly connection: PeerConnection}> {
    const isSecure = transport === "tls" || transport === "wss";
    const peer = await peerFor({transport, ...(isSecure ? {certificate: pki.server} : {}), ...peerOptions});
    const made = phone({transport, port: peer.port, ...(isSecure ? {ca} : {}), ...options});
    const [connection] = await Promise.all([peer.connection(), made.connected]);
    return {...made, peer, connection};
}

describe.each(transports)("a socket over %s", (transport) => {
    it("connects, sends and receives whole messages", async () => {
        const {socket, connection, received} = await connectedBy(transport);
        expect(socket.isConnected()).toBe(true);
        expect(socket.isConnecting()).toBe(false);
        expect(socket.send(requestText("OPTIONS", {callId: "out"}))).toBe(true);
        expect((await connection.next("OPTIONS")).header("Call-ID")).toBe("out");
        const text = requestText("OPTIONS", {body: "Zoë", type: "text/plain"});
        const arrived = vi.waitFor(() => expect(received).toEqual([text]));
        connection.send(text);
        await arrived;
    });

    it("is what JsSIP asks of a socket, with our own end known for the Contact", async () => {
        const {socket, peer} = await connectedBy(transport);
        expect(socket.via_transport).toBe(transport.toUpperCase());
        expect(socket.url).toBe(`${transport}://127.0.0.1:${peer.port}${transport.startsWith("ws") ? "/" : ""}`);
        expect(socket.local).toEqual({address: "127.0.0.1", port: expect.any(Number)});
    });

    it("tells the end of the connection once, and can connect anew", async () => {
        const {socket, peer, connection, ended} = await connectedBy(transport);
        connection.destroy();
        const [error] = await ended;
        expect(error).toBe(true);
        expect(socket.isConnected()).toBe(false);
        expect(socket.local).toBeNull();
        expect(socket.send("lost")).toBe(false);
        const again = new Promise<void>((resolve) => {
            socket.onconnect = resolve;
        });
        socket.connect();
        await Promise.all([peer.connection(), again]);
        expect(socket.fault).toBeNull();
    });

    it("goes in good order when it is told to, and tells nobody", async () => {
        const {socket, connection} = await connectedBy(transport);
        let ends = 0;
        socket.ondisconnect = () => {
            ends += 1;
        };
        socket.disconnect();
        await connection.closed;
        expect(ends).toBe(0);
    });

    it("can be told to stop while it connects, and to start again", async () => {
        const isSecure = transport === "tls" || transport === "wss";
        const peer = await peerFor({transport, ...(isSecure ? {certificate: pki.server} : {})});
        const {socket, connected} = phone({transport, port: peer.port, ...(isSecure ? {ca} : {})});
        let ends = 0;
        socket.ondisconnect = () => {
            ends += 1;
        };
        expect(socket.isConnecting()).toBe(true);
        socket.disconnect();
        expect(socket.isConnecting()).toBe(false);
        socket.connect();
        await connected;
        expect(socket.isConnected()).toBe(true);
        expect(ends).toBe(0);
    });

    it("sends keep-alives and takes their answers", async () => {
        const {socket, connection} = await connectedBy(transport, {}, {keepAliveSeconds: 0.02});
        await vi.waitFor(() => expect(connection.pings).toBeGreaterThan(3));
        expect(socket.isConnected()).toBe(true);
    });

    it("gives up a peer that stops answering them", async () => {
        vi.useFakeTimers({toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"]});
        const {ended, connection} = await connectedBy(transport, {answersPings: false}, {keepAliveSeconds: 4});
        vi.advanceTimersByTime(4_000);
        // The answer that is overdue is the first one, however often we ask again.
        vi.advanceTimersByTime(9_999);
        expect(connection.pings).toBeLessThanOrEqual(3);
        vi.advanceTimersByTime(1);
        const [error, code] = await ended;
        expect([error, code]).toEqual([true, "noPong"]);
    });

    it("ends a connection from an address that is no longer ours, and none from one that never was told", async () => {
        vi.useFakeTimers({toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"]});
        let addresses = ["127.0.0.1", "192.0.2.1"];
        const {ended, socket} = await connectedBy(transport, {}, {ownAddresses: () => addresses});
        const other = await connectedBy(transport, {}, {ownAddresses: () => addresses.slice(1)});
        addresses = ["127.0.0.1"];
        vi.advanceTimersByTime(2_000);
        expect(socket.isConnected()).toBe(true);
        addresses = ["192.0.2.1"];
        vi.advanceTimersByTime(2_000);
        const [error, code] = await ended;
        expect([error, code]).toEqual([true, "addressGone"]);
        expect(other.socket.isConnected()).toBe(true);
    });

    it("lives on when JsSIP throws at a message, and logs no word of it", async () => {
        const {socket, connection, lines} = await connectedBy(transport);
        let isFirst = true;
        const texts: string[] = [];
        socket.ondata = (text) => {
            texts.push(text);
            if (isFirst) {
                isFirst = false;
                throw new TypeError(`in ${text}`);
            }
        };
        connection.send(requestText("MESSAGE", {body: "my PIN is 4711", type: "text/plain"}));
        connection.send(requestText("OPTIONS"));
        await vi.waitFor(() => expect(texts).toHaveLength(2));
        expect(socket.isConnected()).toBe(true);
        expect(lines.some((line) => line.includes("JsSIP dropped a message: TypeError"))).toBe(true);
        expect(lines.join()).not.toContain("4711");
    });

    it("refuses a port where nobody listens", async () => {
        const peer = await SipPeer.start();
        await peer.close();
        const {ended} = phone({transport, port: peer.port});
        expect(await ended).toEqual([true, "refused", "the server refused the connection (ECONNREFUSED)"]);
    });
});

describe.each(["tls", "ws", "wss"] as const)("a handshake over %s", (transport) => {
    // Plain TCP takes a server that says nothing for a connection.
    it("gives up after 5 s where nobody answers", async () => {
        vi.useFakeTimers({toFake: ["setTimeout", "clearTimeout"]});
        const silent = createServer().listen(0, "127.0.0.1");
        await once(silent, "listening");
        closers.push(() => {
            silent.close();
        });
        const {ended, socket} = phone({transport, port: (silent.address() as AddressInfo).port});
        const [accepted] = await once(silent, "connection");
        closers.push(() => accepted.destroy());
        vi.advanceTimersByTime(4_999);
        expect(socket.isConnecting()).toBe(true);
        vi.advanceTimersByTime(1);
        const [error, code] = await ended;
        expect([error, code]).toEqual([true, "timeout"]);
    });
});

describe.each(["tls", "wss"] as const)("the certificate over %s", (transport) => {
    const certificates: readonly [string, (made: Pki) => Certificate, string][] = [
        ["expired", (made) => made.expired, "certificateExpired"],
        ["for another name", (made) => made.wrongName, "certificateName"],
        ["signed by itself", (made) => made.selfSigned, "certificateUnknown"],
    ];

    it.each(certificates)("is refused when it is %s, with the reason in words", async (_, certificateOf, expected) => {
        const peer = await peerFor({transport, certificate: certificateOf(pki)});
        const {ended, socket} = phone({transport, port: peer.port, ca});
        const [error, code, reason] = await ended;
        expect([error, code]).toEqual([true, expected]);
        expect(reason).toMatch(/^the server's certificate /);
        expect(socket.fault?.code).toBe(expected);
    });

    it("is refused when it comes from a private authority that nobody told us", async () => {
        const peer = await peerFor({transport, certificate: pki.server});
        const {ended} = phone({transport, port: peer.port});
        expect((await ended)[1]).toBe("certificateUnknown");
    });

    it("is checked against the SIP domain where one is given", async () => {
        const peer = await peerFor({transport, certificate: pki.server});
        const good = phone({transport, port: peer.port, ca, serverName: TEST_DOMAIN});
        await good.connected;
        const bad = phone({transport, port: peer.port, ca, serverName: "elsewhere.test"});
        expect((await bad.ended)[1]).toBe("certificateName");
    });

    it("is not asked for below TLS 1.2", async () => {
        const {createServer: createTlsServer} = await import("node:tls");
        const server = createTlsServer({
            cert: await readFile(pki.server.certPem),
            key: await readFile(pki.server.keyPem),
            minVersion: "TLSv1",
            maxVersion: "TLSv1.1",
            ciphers: "DEFAULT@SECLEVEL=0",
        });
        server.on("tlsClientError", () => {});
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        closers.push(() => {
            server.close();
        });
        const {ended} = phone({transport, port: (server.address() as AddressInfo).port, ca});
        expect((await ended)[1]).toBe("tls");
    });
});

describe("a stream", () => {
    it.each([
        ["HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "notSip"],
        ["no length", requestText("OPTIONS").replace(/Content-Length: 0\r\n/, ""), "noContentLength"],
        ["an endless header", "X".repeat(20_000), "headTooLong"],
    ])("is given up at %s", async (_, text, fault) => {
        const {ended, connection} = await connectedBy("tcp");
        connection.send(text);
        expect(await ended).toEqual([true, "framing", `the server sent what is not SIP (${fault})`]);
    });

    it("delivers what came before the garbage", async () => {
        const {ended, connection, received} = await connectedBy("tcp");
        const text = requestText("OPTIONS");
        connection.send(`${text}\0\0garbage\r\n\r\n`);
        await ended;
        expect(received).toEqual([text]);
    });

    it("answers the server's ping with one CRLF, whatever the chunks", async () => {
        const echoed: Buffer[] = [];
        const server: Server = createServer((socket) => {
            socket.setNoDelay(true);
            socket.on("data", (chunk) => echoed.push(chunk));
            socket.write("\r\n");
            setTimeout(() => socket.write("\r"), 5);
            setTimeout(() => socket.write("\n\r\n\r\n"), 10);
            closers.push(() => {
                socket.destroy();
            });
        }).listen(0, "127.0.0.1");
        await once(server, "listening");
        closers.push(() => {
            server.close();
        });
        const {connected} = phone({port: (server.address() as AddressInfo).port});
        await connected;
        await vi.waitFor(() => expect(Buffer.concat(echoed).toString()).toBe("\r\n\r\n"));
    });

    it("gives its packets the DSCP that is asked for", async () => {
        const {Socket} = await import("node:net");
        const setTypeOfService = vi.spyOn(Socket.prototype, "setTypeOfService");
        await connectedBy("tcp", {}, {dscp: 24});
        await connectedBy("wss", {}, {dscp: 40});
        expect(setTypeOfService.mock.calls).toEqual([[96], [160]]);
        for (const {value} of setTypeOfService.mock.results) expect(value.getTypeOfService()).toBeGreaterThan(0);
        setTypeOfService.mockRestore();
    });

    it("gives up a peer that reads nothing, before the memory does", async () => {
        const server = createServer((socket) => {
            socket.pause();
            closers.push(() => {
                socket.destroy();
            });
        }).listen(0, "127.0.0.1");
        await once(server, "listening");
        closers.push(() => {
            server.close();
        });
        const {connected, socket, ended} = phone({port: (server.address() as AddressInfo).port});
        await connected;
        const text = requestText("MESSAGE", {body: "x".repeat(200_000)});
        for (let sent = 0; sent < 100 && socket.isConnected(); sent += 1) {
            socket.send(text);
            await new Promise((resolve) => setImmediate(resolve));
        }
        expect((await ended)[1]).toBe("timeout");
    });
});

describe("a WebSocket", () => {
    it("is refused where the server does not speak the sub-protocol sip", async () => {
        const peer = await peerFor({transport: "ws", protocol: "chat"});
        const {ended} = phone({transport: "ws", port: peer.port});
        const [error, code, reason] = await ended;
        expect([error, code]).toEqual([true, "webSocket"]);
        expect(reason).toContain("subprotocol");
    });

    it("is refused where the server answers with another status", async () => {
        const server = createHttpServer((_, response) => response.writeHead(403).end()).listen(0, "127.0.0.1");
        await once(server, "listening");
        closers.push(() => {
            server.close();
        });
        const {ended} = phone({transport: "ws", port: (server.address() as AddressInfo).port});
        const [error, code, reason] = await ended;
        expect([error, code]).toEqual([true, "webSocket"]);
        expect(reason).toContain("403");
    });

    it("drops a message that is not SIP and hears the next", async () => {
        const {connection, received, socket, lines} = await connectedBy("ws");
        const text = requestText("OPTIONS");
        connection.send("nonsense");
        connection.send(`${"X".repeat(20_000)}\r\n\r\n`);
        connection.send(Buffer.from(text));
        await vi.waitFor(() => expect(received).toEqual([text]));
        expect(socket.isConnected()).toBe(true);
        expect(lines.filter((line) => line.includes("a message was dropped"))).toHaveLength(2);
    });

    it("answers the server's double CRLF", async () => {
        const {connection} = await connectedBy("ws");
        connection.send("\r\n\r\n");
        await connection.nextWhere(({text}) => text === "\r\n", "CRLF");
    });

    it("gives up a message beyond the cap", async () => {
        const {connection, ended} = await connectedBy("ws");
        connection.send(`${requestText("MESSAGE")}${"x".repeat(300_000)}`);
        expect((await ended)[1]).toBe("webSocket");
    });

    it("asks for the path that is set", async () => {
        let asked = "";
        const server = createHttpServer().listen(0, "127.0.0.1");
        server.on("upgrade", (request, socket) => {
            asked = request.url ?? "";
            socket.destroy();
        });
        await once(server, "listening");
        closers.push(() => {
            server.close();
        });
        const {ended} = phone({transport: "ws", port: (server.address() as AddressInfo).port, path: "/sip?x=1"});
        await ended;
        expect(asked).toBe("/sip?x=1");
    });
});

describe("createSipSocket", () => {
    const log = createLog(() => {}, "error");
    const options = {transport: "tcp", host: "::1", port: 5060, user: "100", log} as const;

    it.each([{port: 0}, {port: 70_000}, {port: 1.5}, {dscp: 64}, {dscp: -1}, {keepAliveSeconds: Number.NaN}])(
        "refuses %o",
        (wrong) => {
            expect(() => createSipSocket({...options, ...wrong})).toThrow(RangeError);
        },
    );

    it("writes an IPv6 address in brackets", () => {
        expect(createSipSocket(options).sip_uri).toBe("sip:[::1]:5060;transport=tcp");
    });
});
