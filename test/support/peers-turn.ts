/** A private coturn: a TURN server (RFC 8656) with long-term credentials, over one transport only. */
import {mkdir, writeFile} from "node:fs/promises";
import {join, resolve} from "node:path";
import {freePorts, PeerProcess, peerPath, unpackPeers} from "./peers-process.ts";
import type {Certificate} from "./pki.ts";

export interface TurnServerOptions {
    /** A private folder; made if it lacks. */
    readonly folder: string;
    /** How clients reach it; it answers over no other transport. `tls` needs a certificate. */
    readonly transport: "udp" | "tcp" | "tls";
    readonly certificate?: Certificate;
    readonly user: {readonly name: string; readonly password: string};
    /** Where it listens and relays, IPv4 or IPv6. Default: 127.0.0.1. */
    readonly addresses?: readonly string[];
    /** Words before the command, for instance those that run it in a namespace of the network. Default: none. */
    readonly within?: readonly string[];
}

export interface TurnServer {
    readonly port: number;
    /** For the address that is given, or else the first (RFC 7065): `turn:127.0.0.1:3478?transport=udp`. */
    url(address?: string): string;
    readonly process: PeerProcess;
    stop(): Promise<void>;
}

/** Whose users they are; it is hashed with their passwords (RFC 8489 §9.2.2). */
const REALM = "phone.test";

/** Of its three kinds of listeners, those that are left out. */
const OTHERS = {
    udp: ["no-tcp", "no-tls", "no-dtls"],
    tcp: ["no-udp", "no-tls", "no-dtls"],
    tls: ["no-udp", "no-tcp", "no-dtls"],
} as const;

/** Starts coturn in the foreground and resolves when it listens. */
export async function startTurnServer(options: TurnServerOptions): Promise<TurnServer> {
    unpackPeers("test");
    const {transport, addresses = ["127.0.0.1"], within = []} = options;
    const folder = resolve(options.folder);
    await mkdir(folder, {recursive: true});
    const [port = 0, other = 0] = await freePorts(2);
    const file = join(folder, "turnserver.conf");
    await writeFile(
        file,
        configuration(options, folder, addresses, transport === "tls" ? [other, port] : [port, other]),
    );
    const process = new PeerProcess("coturn", [peerPath("usr/bin/turnserver"), "-c", file], {folder, within});
    try {
        await process.line(new RegExp(`${transport.toUpperCase()} listener opened on ?: ${addresses.at(-1)}:${port}`));
    } catch (error) {
        await process.stop();
        throw error;
    }
    const url = (address = addresses[0] ?? ""): string => {
        const authority = `${address.includes(":") ? `[${address}]` : address}:${port}`;
        return transport === "tls" ? `turns:${authority}?transport=tcp` : `turn:${authority}?transport=${transport}`;
    };
    return {port, url, process, stop: () => process.stop()};
}

/** Nothing of it lies outside the folder; it listens nowhere else and for nobody else. */
function configuration(
    {transport, certificate, user}: TurnServerOptions,
    folder: string,
    addresses: readonly string[],
    [clear, secure]: readonly [number, number],
): string {
    const tls = certificate === undefined ? [] : [`cert=${certificate.certPem}`, `pkey=${certificate.keyPem}`];
    return `${[
        ...addresses.flatMap((address) => [`listening-ip=${address}`, `relay-ip=${address}`]),
        `listening-port=${clear}`,
        `tls-listening-port=${secure}`,
        ...OTHERS[transport],
        ...tls,
        "lt-cred-mech",
        `realm=${REALM}`,
        `user=${user.name}:${user.password}`,
        "allow-loopback-peers",
        // RFC 8656 §7.2: by default a client gets IPv4, which a server of IPv6 only does not have.
        "allocation-default-address-family=keep",
        // Between the ports of baresip and those that the kernel gives.
        ...["min-port=30000", "max-port=32766", "relay-threads=1"],
        ...["no-cli", "no-rfc5780", "verbose", "log-file=stdout", "simple-log"],
        `pidfile=${join(folder, "turnserver.pid")}`,
        `userdb=${join(folder, "turndb")}`,
    ].join("\n")}\n`;
}
