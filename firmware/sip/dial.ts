/** Opens the TCP or TLS connection that a stream or a WebSocket runs on. */
import {connect, isIP, type Socket} from "node:net";
import {checkServerIdentity, connect as connectTls, type PeerCertificate, type TLSSocket} from "node:tls";
import {messageOf} from "../errors.ts";
import type {SipSocketOptions} from "./socket.ts";

/** Silence after which the kernel probes the peer, in ms. */
const TCP_KEEP_ALIVE_MS = 30_000;

/**
 * Whether the certificate is for that SIP domain: by a subjectAltName of the form `URI:sip:domain` (RFC 5922 §7.1),
 * else by DNS name or address as everywhere. Returns the error, as node:tls asks, or undefined.
 */
export function checkSipIdentity(name: string, certificate: PeerCertificate): Error | undefined {
    const alternatives = (certificate.subjectaltname ?? "").toLowerCase();
    // Node puts a name that holds a comma in quotes (CVE-2021-44532): no such list is split here.
    const names = alternatives.includes('"') ? [] : alternatives.split(", ");
    if (names.includes(`uri:sip:${name.toLowerCase()}`)) return undefined;
    return checkServerIdentity(name, certificate);
}

function overTls(socket: Socket, {host, serverName, ca}: SipSocketOptions): TLSSocket {
    const name = serverName ?? host;
    // The TLS socket tells the same error; without a listener here it would end the process.
    socket.on("error", () => {});
    return connectTls({
        socket,
        // RFC 9325 §3.1.1.
        minVersion: "TLSv1.2",
        // No server name indication for an address (RFC 6066 §3).
        ...(isIP(name) === 0 ? {servername: name} : {}),
        ...(ca ? {ca} : {}),
        checkServerIdentity: (_, certificate) => checkSipIdentity(name, certificate),
    });
}

/** Gives the packets their DSCP; Node can do it on a connection that stands only. */
function mark(socket: Socket, {dscp = 0, log}: SipSocketOptions): void {
    if (dscp === 0) return;
    try {
        // The two low bits are ECN (RFC 3168 §5).
        socket.setTypeOfService(dscp << 2);
    } catch (error) {
        // A call without priority is better than none.
        log.warning(`the DSCP of SIP cannot be set: ${messageOf(error)}`);
    }
}

/**
 * A socket that connects: no delay, probed by the kernel, with the DSCP asked for, and TLS where the transport wants
 * it. It tells `connect`, or `secureConnect` once the certificate has been verified.
 */
export function dial(options: SipSocketOptions): Socket {
    const socket = connect({host: options.host, port: options.port, noDelay: true});
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    socket.once("connect", () => mark(socket, options));
    return isSecure(options) ? overTls(socket, options) : socket;
}

/** Whether the transport runs on TLS. */
export function isSecure({transport}: Pick<SipSocketOptions, "transport">): boolean {
    return transport === "tls" || transport === "wss";
}
