/** The socket that JsSIP is given: a wire, the message filter on both ways, and our keep-alives. */
import {messageOf} from "../errors.ts";
import type {Log} from "../log.ts";
import {bracketed} from "./host.ts";
import type {JsSipSocket} from "./jssip.ts";
import {MessageFilter} from "./message-filter.ts";
import type {LocalEndpoint, OpenWire, SipSocketOptions, Wire} from "./socket.ts";
import {type SocketFault, socketFault} from "./socket-fault.ts";
import {openStream} from "./stream-socket.ts";
import {openWebSocket} from "./websocket-socket.ts";

/** How long the answer to a keep-alive may take, in ms (RFC 5626 §4.4.1). */
const PONG_TIMEOUT_MS = 10_000;
const DEFAULT_KEEP_ALIVE_SECONDS = 30;
/** How often we look whether our end's address is still ours, in ms: TCP would go on sending from it for minutes. */
const ADDRESS_WATCH_MS = 2_000;

/** Owns at most one connection at a time; JsSIP decides when to connect. */
export class SipSocket implements JsSipSocket {
    readonly url: string;
    readonly via_transport: string;
    readonly sip_uri: string;
    onconnect: () => void = () => {};
    ondisconnect: (error: boolean, code?: string, reason?: string) => void = () => {};
    ondata: (message: string) => void = () => {};

    readonly #options: SipSocketOptions;
    readonly #open: OpenWire;
    readonly #log: Log;
    #filter: MessageFilter;
    #wire: Wire | null = null;
    #local: LocalEndpoint | null = null;
    #fault: SocketFault | null = null;
    #pinging: NodeJS.Timeout | undefined;
    #watching: NodeJS.Timeout | undefined;
    #pongTimeout: NodeJS.Timeout | undefined;

    constructor(options: SipSocketOptions, open: OpenWire) {
        const {transport, port, path = "/"} = options;
        const host = bracketed(options.host);
        this.#options = options;
        this.#open = open;
        this.#log = options.log.area("sip socket");
        this.#filter = this.#newFilter();
        this.via_transport = transport.toUpperCase();
        this.url = `${transport}://${host}:${port}${transport.startsWith("ws") ? path : ""}`;
        this.sip_uri = `sip:${host}:${port};transport=${transport.startsWith("ws") ? "ws" : transport}`;
    }

    /** Our end of the connection, null while there is none; a Contact can be made of it. */
    get local(): LocalEndpoint | null {
        return this.#local;
    }

    /** Why the last connection ended; null before the first end and after a connection opened. */
    get fault(): SocketFault | null {
        return this.#fault;
    }

    isConnected(): boolean {
        return this.#local !== null;
    }

    isConnecting(): boolean {
        return this.#wire !== null && this.#local === null;
    }

    connect(): void {
        if (this.#wire !== null) return;
        this.#filter = this.#newFilter();
        this.#wire = this.#open(this.#options, {
            opened: (local) => this.#opened(local),
            message: (text) => this.#receive(text),
            pong: () => this.#stopWaiting(),
            dropped: (fault) => this.#log.warning(`a message was dropped: ${fault}`),
            closed: (fault) => this.#closed(fault),
        });
    }

    disconnect(): void {
        const wire = this.#wire;
        this.#forget();
        wire?.close();
    }

    send(message: string): boolean {
        if (this.#wire === null || this.#local === null) return false;
        this.#wire.write(this.#filter.egress(String(message)));
        return true;
    }

    #newFilter(): MessageFilter {
        return new MessageFilter({
            user: this.#options.user,
            sentBy: () => (this.#local === null ? null : `${bracketed(this.#local.address)}:${this.#local.port}`),
            deliver: (text) => this.#deliver(text),
            answer: (text) => this.#wire?.write(text),
            log: this.#log,
        });
    }

    #opened(local: LocalEndpoint): void {
        this.#local = local;
        this.#fault = null;
        this.#startPinging();
        this.#startWatching(local);
        this.#log.info(`connected to ${this.url}`);
        this.onconnect();
    }

    #closed(fault: SocketFault): void {
        this.#forget();
        this.#fault = fault;
        this.#log.warning(`${this.url}: ${fault.reason}`);
        this.ondisconnect(true, fault.code, fault.reason);
    }

    #forget(): void {
        clearInterval(this.#pinging);
        clearInterval(this.#watching);
        this.#stopWaiting();
        this.#filter.close();
        this.#wire = null;
        this.#local = null;
    }

    #receive(text: string): void {
        // Nothing that a peer sends may end the process; the text stays out of the log, it may hold credentials.
        try {
            this.#filter.ingress(text);
        } catch (error) {
            this.#log.error(`a message was dropped: ${messageOf(error)}`);
        }
    }

    #deliver(text: string): void {
        try {
            this.ondata(text);
        } catch (error) {
            this.#log.error(`JsSIP dropped a message: ${error instanceof Error ? error.name : "unknown error"}`);
        }
    }

    #startPinging(): void {
        const {keepAliveSeconds = DEFAULT_KEEP_ALIVE_SECONDS} = this.#options;
        if (keepAliveSeconds <= 0) return;
        this.#pinging = setInterval(() => {
            // An answer that is overdue stays overdue, however often we ask.
            this.#pongTimeout ??= setTimeout(() => this.#wire?.destroy(socketFault("noPong")), PONG_TIMEOUT_MS);
            this.#wire?.ping();
        }, keepAliveSeconds * 1000);
    }

    /** Loopback, which no list of addresses for others has, stays. */
    #startWatching({address}: LocalEndpoint): void {
        const {ownAddresses = () => []} = this.#options;
        if (!ownAddresses().includes(address)) return;
        this.#watching = setInterval(() => {
            if (!ownAddresses().includes(address)) this.#wire?.destroy(socketFault("addressGone", address));
        }, ADDRESS_WATCH_MS);
    }

    #stopWaiting(): void {
        clearTimeout(this.#pongTimeout);
        this.#pongTimeout = undefined;
    }
}

/** The socket for one account. Throws RangeError for a port, DSCP or keep-alive that cannot be meant. */
export function createSipSocket(options: SipSocketOptions): SipSocket {
    const {port, dscp = 0, keepAliveSeconds = DEFAULT_KEEP_ALIVE_SECONDS} = options;
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`no port: ${port}`);
    if (!Number.isInteger(dscp) || dscp < 0 || dscp > 63) throw new RangeError(`no DSCP: ${dscp}`);
    if (!(keepAliveSeconds >= 0)) throw new RangeError(`no keep-alive time: ${keepAliveSeconds}`);
    return new SipSocket(options, options.transport.startsWith("ws") ? openWebSocket : openStream);
}
