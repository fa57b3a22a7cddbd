/** What the parts of a SIP connection are to each other. */
import type {Log} from "../log.ts";
import type {SipTransport} from "./account.ts";
import type {FramingFault} from "./framer.ts";
import type {SocketFault} from "./socket-fault.ts";

export interface SipSocketOptions {
    readonly transport: SipTransport;
    /** Name or address of the server. */
    readonly host: string;
    readonly port: number;
    /** Path of the WebSocket, `/` unless told. */
    readonly path?: string;
    /** PEM of the only authorities to trust; absent or empty: the public ones. */
    readonly ca?: string;
    /** The name that the certificate must be for (RFC 5922 §7: the SIP domain); `host` unless told. */
    readonly serverName?: string;
    /** User part of our address-of-record and Contact: whom requests are for. */
    readonly user: string;
    /** DSCP of the packets, 0 to 63 (RFC 4594: CS3 is 24). 0 unless told. */
    readonly dscp?: number;
    /** Seconds between our keep-alives (RFC 5626 §4.4.1), 0 for none. 30 unless told. */
    readonly keepAliveSeconds?: number;
    /** All addresses of the machine that others could reach; a connection from one that is gone is ended. */
    readonly ownAddresses?: () => readonly string[];
    readonly log: Log;
}

/** Our end of a connection. */
export interface LocalEndpoint {
    readonly address: string;
    readonly port: number;
}

/** What a wire tells. `closed` comes exactly once, whether the wire ever opened or not, and nothing after it. */
export interface WireListener {
    opened(local: LocalEndpoint): void;
    message(text: string): void;
    /** The far end answered our keep-alive. */
    pong(): void;
    /** A message that cannot be read; the connection goes on (WebSocket: the next message begins where it begins). */
    dropped(fault: FramingFault): void;
    closed(fault: SocketFault): void;
}

/** One connection, from the attempt to its end: a byte stream, or a WebSocket. */
export interface Wire {
    /** Hands a message to the connection. */
    write(text: string): void;
    /** Sends a keep-alive. */
    ping(): void;
    /** Ends the connection in good order, by force after half a second; tells nobody. */
    close(): void;
    /** Cuts the connection and tells `closed` with this fault. */
    destroy(fault: SocketFault): void;
}

/** Begins to connect; MUST return before it tells anything. */
export type OpenWire = (options: SipSocketOptions, listener: WireListener) => Wire;

/** How long a connection may take to open, TLS and WebSocket included, in ms (then the next target is tried). */
export const CONNECT_TIMEOUT_MS = 5_000;
