/** A private kamailio: registrar and proxy on loopback over UDP, TCP, TLS, WS and WSS, under a private authority. */
import {mkdir, readFile, writeFile} from "node:fs/promises";
import {join, resolve} from "node:path";
import type {Place} from "./network.ts";
import {freePorts, libraryPath, PeerProcess, peerPath, unpackPeers} from "./peers-process.ts";
import {MEDIA_SIDES} from "./peers-rtpengine.ts";
import {type Certificate, makePki, TEST_DOMAIN} from "./pki.ts";

export interface KamailioPorts {
    readonly udp: number;
    readonly tcp: number;
    readonly tls: number;
    readonly ws: number;
    readonly wss: number;
}

export interface KamailioUser {
    readonly name: string;
    /** Null: this user is never asked for credentials (baresip 1.0.0 knows no SHA-256). */
    readonly password: string | null;
}

export interface KamailioOptions {
    /** A private folder for configuration, certificates and users; made if it lacks. */
    readonly folder: string;
    readonly auth: "none" | "md5" | "sha256";
    readonly users: readonly KamailioUser[];
    /** Whether the phone is a virtual board, behind QEMU's user-mode network. Default: no. */
    readonly board?: boolean;
    /** The ports of one that was stopped, to come back where clients look for it. Default: free ports. */
    readonly ports?: KamailioPorts;
    /** Where it runs, and its addresses there, of both families. Default: here, at 127.0.0.1. */
    readonly place?: Place;
    /** Media goes over this rtpengine. Default: from phone to phone. */
    readonly rtpengine?: {
        readonly port: number;
        /** What each user is spoken to in, as flags of rtpengine: `MEDIA_SIDES` has some. Who is not named gets `plain`. */
        readonly sides: Readonly<Record<string, string>>;
    };
    /** The certificate for TLS and WSS. Default: one for the right names under the authority of `caPem`. */
    readonly certificate?: Certificate;
}

export interface Kamailio extends KamailioPorts {
    readonly host: string;
    /** The domain of the users' addresses: `sip:name@domain`. */
    readonly domain: string;
    /** Path of the authority's certificate. */
    readonly caPem: string;
    readonly ports: KamailioPorts;
    readonly process: PeerProcess;
    /** Resolves once the user's REGISTER was accepted. Registrations before the call count. */
    registered(user: string): Promise<void>;
    stop(): Promise<void>;
}

/** Starts kamailio and resolves when it answers on all ports. */
export async function startKamailio(options: KamailioOptions): Promise<Kamailio> {
    unpackPeers();
    const folder = resolve(options.folder);
    await mkdir(join(folder, "db"), {recursive: true});
    const host = options.place?.ipv4 ?? "127.0.0.1";
    const pki = await makePki(join(folder, "pki"));
    const ports = options.ports ?? (await somePorts());
    await writeUsers(folder, options.users);
    await fill("tls.cfg", folder, {
        KEY: (options.certificate ?? pki.server).keyPem,
        CERTIFICATE: (options.certificate ?? pki.server).certPem,
    });
    await fill("kamailio.cfg", folder, {
        HOST: host,
        DOMAIN: TEST_DOMAIN,
        UDP: `${ports.udp}`,
        TCP: `${ports.tcp}`,
        TLS: `${ports.tls}`,
        WS: `${ports.ws}`,
        WSS: `${ports.wss}`,
        MODULES: `${libraryPath("kamailio/modules")}/`,
        FOLDER: folder,
        MORE: options.place === undefined ? "" : listeners(options.place.ipv6, ports),
        OPEN: openUsers(options.users),
        RTPENGINE: `${options.rtpengine?.port ?? 0}`,
        SIDES: sides(options.rtpengine?.sides ?? {}),
    });
    const argv = [
        peerPath("usr/sbin/kamailio"),
        // Stay in the foreground, with children; log to standard error; shared and private memory in MiB.
        ..."-DD -E -m 32 -M 8 -w".split(" "),
        folder,
        ...["-Y", folder, "-f", join(folder, "kamailio.cfg")],
        ...defines(options.auth),
        ...(options.rtpengine === undefined ? [] : ["-A", "WITH_RTPENGINE"]),
        ...(options.board ? ["-A", "WITH_BOARD"] : []),
    ];
    const process = new PeerProcess("kamailio", argv, {within: options.place?.within ?? []});
    await ready(process);
    return {
        ...ports,
        ports,
        host,
        domain: TEST_DOMAIN,
        caPem: pki.caPem,
        process,
        registered: async (user) => void (await process.line(new RegExp(` registered ${user} over`))),
        stop: () => process.stop(),
    };
}

async function ready(process: PeerProcess): Promise<void> {
    try {
        await process.line(/<script>: ready/);
    } catch (error) {
        await process.stop();
        throw error;
    }
}

async function somePorts(): Promise<KamailioPorts> {
    const [udp = 0, tcp = 0, tls = 0, ws = 0, wss = 0] = await freePorts(5);
    return {udp, tcp, tls, ws, wss};
}

function defines(auth: KamailioOptions["auth"]): readonly string[] {
    switch (auth) {
        case "none": {
            return [];
        }
        case "md5": {
            return ["-A", "WITH_AUTH"];
        }
        case "sha256": {
            return ["-A", "WITH_AUTH", "-A", "WITH_SHA256"];
        }
    }
}

/** The same ports as of IPv4. */
function listeners(ipv6: string, {udp, tcp, tls, ws, wss}: KamailioPorts): string {
    const kinds = {udp: [udp], tcp: [tcp, ws], tls: [tls, wss]};
    return Object.entries(kinds)
        .flatMap(([kind, numbers]) => numbers.map((number) => `listen=${kind}:[${ipv6}]:${number}`))
        .join("\n");
}

/** Chooses the flags for the user who is spoken to. */
function sides(of: Readonly<Record<string, string>>): string {
    const cases = Object.entries(of).map(
        ([name, flags]) => `    if ($var(party) == "${name}") $var(flags) = "${flags}";`,
    );
    return [`    $var(flags) = "${MEDIA_SIDES.plain}";`, ...cases].join("\n");
}

/** An expression of the users that are not asked; one that matches nothing where all are. */
function openUsers(users: readonly KamailioUser[]): string {
    return `^(${
        users
            .filter(({password}) => password === null)
            .map(({name}) => name)
            .join("|") || "-"
    })$`;
}

/** The tables of db_text. It refuses empty columns, so that users without a password are left out. */
async function writeUsers(folder: string, users: readonly KamailioUser[]): Promise<void> {
    const rows = users
        .filter(({password}) => password !== null)
        .map(({name, password}, index) => `${index + 1}:${name}:${TEST_DOMAIN}:${password}\n`);
    const columns = "id(int,auto) username(string) domain(string) password(string)\n";
    await writeFile(join(folder, "db", "subscriber"), columns + rows.join(""));
    await writeFile(join(folder, "db", "version"), "table_name(string) table_version(int)\nsubscriber:7\n");
}

async function fill(name: string, folder: string, words: Readonly<Record<string, string>>): Promise<void> {
    const template = await readFile(join(import.meta.dirname, "kamailio", name), "utf8");
    await writeFile(
        join(folder, name),
        template.replace(/@([A-Z]+)@/g, (whole, word: string) => words[word] ?? whole),
    );
}
