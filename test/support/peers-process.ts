/**
 * What all test peers share: the folder of privately unpacked packages, free ports of loopback, and a child process
 * whose log can be awaited and which cannot outlive us.
 */
import {type ChildProcess, execFileSync, spawn, spawnSync} from "node:child_process";
import {once} from "node:events";
import {existsSync} from "node:fs";
import {connect, createServer} from "node:net";
import {networkInterfaces} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {Duplex} from "node:stream";

const TOP = join(import.meta.dirname, "..", "..");
const ROOT = join(TOP, "build", "peers", "root");
/** How long a peer may take to say that it is ready, in ms: two cores, and other tests may be busy on them. */
export const READY_MS = 20_000;
/** How long a peer may take to end after SIGTERM before it is killed, in ms. */
const STOP_MS = 5_000;

/** Where the packages are unpacked. */
export function peersRoot(): string {
    unpackPeers();
    return ROOT;
}

/**
 * Unpacks the peers if that was not done yet (see `scripts/peers`): those of the bench phone, or those of tests too.
 * Throws if a package cannot be had.
 */
export function unpackPeers(purpose: "run" | "test" = "run"): void {
    execFileSync(join(TOP, "scripts", "peers"), [purpose], {stdio: ["ignore", "ignore", "inherit"]});
}

let realTime: readonly string[] | null = null;

/**
 * What is put before a command whose sound must not stall where other programs keep the processors busy: the least
 * real-time priority, far below that of the phone under test. Nothing where the machine does not allow it.
 */
function realTimeWords(): readonly string[] {
    if (realTime === null) {
        const words = ["chrt", "--fifo", "1"];
        const {status} = spawnSync("chrt", [...words.slice(1), "true"], {stdio: "ignore"});
        realTime = status === 0 ? words : [];
    }
    return realTime;
}

/** The library folders of the machine, as Debian names them: `usr/lib/x86_64-linux-gnu` or the one of arm64. */
function libraryFolder(): string {
    const triplet = {x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu"}[process.arch as string];
    if (triplet === undefined) {
        throw new RangeError(`no test peers for ${process.arch}`);
    }
    return join("usr", "lib", triplet);
}

/** A file of the unpacked packages, or of the system where the system has the package. Throws if neither has it. */
export function peerPath(path: string): string {
    for (const root of [ROOT, "/"]) {
        if (existsSync(join(root, path))) {
            return join(root, path);
        }
    }
    throw new Error(`${path} is not there: run scripts/peers`);
}

/** A folder of Debian's library folder: `libraryPath("kamailio/modules")`. */
export function libraryPath(path: string): string {
    return peerPath(join(libraryFolder(), path));
}

/**
 * Where the loader finds the peers' libraries, as LD_LIBRARY_PATH: those of the unpacked packages come first; some, like
 * libblas, live one folder deeper.
 */
export function libraryFolders(): string {
    const folders: string[] = [];
    for (const base of [join(ROOT, libraryFolder()), join(ROOT, libraryFolder().slice("usr/".length))]) {
        if (existsSync(base)) {
            folders.push(base, ...["kamailio", "blas", "lapack", "pulseaudio"].map((name) => join(base, name)));
        }
    }
    return folders.filter((folder) => existsSync(folder)).join(":");
}

/** Finds `count` different TCP ports of 127.0.0.1 that are free now. */
export async function freePorts(count: number): Promise<number[]> {
    const servers = await Promise.all(Array.from({length: count}, listenAnywhere));
    const ports = servers.map(({port}) => port);
    await Promise.all(servers.map(({close}) => close()));
    return ports;
}

async function listenAnywhere(): Promise<{port: number; close: () => Promise<void>}> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") {
        throw new Error("a TCP server has an address with a port");
    }
    return {port: address.port, close: () => new Promise((resolve) => server.close(() => resolve()))};
}

/** An IPv4 address of this machine that others could reach; null where loopback is all it has. */
export function outerAddress(): string | null {
    const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    return all.find(({family, internal}) => family === "IPv4" && !internal)?.address ?? null;
}

/** Connects to a TCP port of 127.0.0.1, there where `within` puts a command. */
export async function connectTo(port: number, within: readonly string[]): Promise<Duplex> {
    if (within.length === 0) {
        const socket = connect(port, "127.0.0.1");
        await once(socket, "connect");
        return socket;
    }
    // A process of Node belongs to one namespace of the network: another one stands in the other.
    const script = `const socket = require("node:net").connect(${port}, "127.0.0.1", () => process.stderr.write("connected"));
        process.stdin.pipe(socket).pipe(process.stdout);`;
    const [file = "", ...args] = [...within, process.execPath, "-e", script];
    const child = spawn(file, args, {stdio: "pipe"});
    await Promise.race([
        once(child.stderr, "data"),
        once(child, "exit").then(() =>
            Promise.reject(new Error(`nobody listens at port ${port} of ${within.join(" ")}`)),
        ),
    ]);
    return Duplex.from({readable: child.stdout, writable: child.stdin});
}

export interface PeerOptions {
    /** Words before the command, for instance those that run it in a namespace of the network. */
    readonly within?: readonly string[];
    /** The working folder. */
    readonly folder?: string;
    /** It sends and plays sound, packet by packet, and is to be late with none. */
    readonly sound?: boolean;
}

interface Waiter {
    readonly pattern: RegExp;
    readonly resolve: (line: string) => void;
    readonly reject: (error: Error) => void;
}

/** A running peer. Its standard output and standard error are the log, one line an entry. */
export class PeerProcess {
    readonly name: string;
    readonly log: string[] = [];
    readonly #child: ChildProcess;
    readonly #ended: Promise<void>;
    readonly #waiters = new Set<Waiter>();
    #hasEnded = false;

    /** Starts `argv[0]`, which MUST stay in the foreground. */
    constructor(name: string, argv: readonly string[], {folder = "/", sound = false, within = []}: PeerOptions = {}) {
        this.name = name;
        // A peer whose test was killed is ended by the kernel; a C library that writes to a pipe would keep its lines.
        const realTime = sound ? realTimeWords() : [];
        const wrapped = ["--pdeathsig", "TERM", ...realTime, ...within, "stdbuf", "-oL", "-eL", ...argv];
        this.#child = spawn("setpriv", wrapped, {
            // A group of its own: Ctrl-C at the terminal is for us, and we end the peers in order.
            detached: true,
            stdio: ["ignore", "pipe", "pipe"],
            cwd: folder,
            env: {...process.env, LD_LIBRARY_PATH: libraryFolders(), LC_ALL: "C"},
        });
        for (const stream of [this.#child.stdout, this.#child.stderr]) {
            if (stream !== null) {
                createInterface({input: stream}).on("line", (line) => this.#note(line));
            }
        }
        this.#ended = new Promise((resolve) => {
            this.#child.once("close", () => resolve());
            this.#child.once("error", (error) => {
                this.#note(error.message);
                resolve();
            });
        });
        void this.#ended.then(() => this.#giveUpWaiting());
    }

    get pid(): number | undefined {
        return this.#child.pid;
    }

    /** Resolves with the first line, said already or yet to come, that matches. Rejects after `timeoutMs` or at the end. */
    line(pattern: RegExp, timeoutMs: number = READY_MS): Promise<string> {
        const said = this.log.find((line) => pattern.test(line));
        if (said !== undefined) {
            return Promise.resolve(said);
        }
        return this.nextLine(pattern, timeoutMs);
    }

    /** As `line`, but what was said before does not count. */
    nextLine(pattern: RegExp, timeoutMs: number = READY_MS): Promise<string> {
        if (this.#hasEnded) {
            return Promise.reject(this.#failure("has ended", pattern));
        }
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => waiter.reject(this.#failure("was silent", pattern)), timeoutMs);
            const settle = (): void => {
                clearTimeout(timer);
                this.#waiters.delete(waiter);
            };
            const waiter: Waiter = {
                pattern,
                resolve: (line) => {
                    settle();
                    resolve(line);
                },
                reject: (error) => {
                    settle();
                    reject(error);
                },
            };
            this.#waiters.add(waiter);
        });
    }

    /** Ends the process by its id and waits for that. Idempotent. */
    async stop(): Promise<void> {
        if (!this.#hasEnded) {
            this.#child.kill("SIGTERM");
            const timer = setTimeout(() => this.#killGroup(), STOP_MS);
            await this.#ended;
            clearTimeout(timer);
        }
    }

    /** The process group holds the peer's own children (kamailio's workers) and nobody else. */
    #killGroup(): void {
        if (this.pid !== undefined) {
            process.kill(-this.pid, "SIGKILL");
        }
    }

    #note(raw: string): void {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: baresip colours its warnings.
        const line = raw.replace(/\x1b\[[0-9;]*m/g, "");
        this.log.push(line);
        for (const waiter of [...this.#waiters]) {
            if (waiter.pattern.test(line)) {
                waiter.resolve(line);
            }
        }
    }

    #giveUpWaiting(): void {
        this.#hasEnded = true;
        for (const waiter of [...this.#waiters]) {
            waiter.reject(this.#failure("has ended", waiter.pattern));
        }
    }

    #failure(what: string, pattern: RegExp): Error {
        return new Error(`${this.name} ${what}, waiting for ${pattern}:\n${this.log.slice(-20).join("\n")}`);
    }
}
