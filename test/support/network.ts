/**
 * A network of a test's own: hosts in namespaces of the kernel, each with one interface on a common segment. Nothing of
 * it is seen from outside, and all of it ends with its processes, however the test ends.
 *
 *   host: eth0 ---- hub: bridge (198.18.0.1, fd00:198:18::1) ---- eth0 :host
 *                            |
 *                     relay that loses, delays and forges ---- eth0 :host
 */
import {execFile, spawnSync} from "node:child_process";
import {join} from "node:path";
import {Impairment} from "./network-impairment.ts";
import {PeerProcess} from "./peers-process.ts";

/** Where a process can be put: words before its command, and the addresses that it has there. */
export interface Place {
    readonly within: readonly string[];
    readonly ipv4: string;
    readonly ipv6: string;
}

const BRIDGE = "br0";
/** RFC 2544's and RFC 4193's: nobody's own. */
const ipv4Of = (number: number): string => `198.18.0.${number}`;
const ipv6Of = (number: number): string => `fd00:198:18::${number.toString(16)}`;
const IPV4_SEGMENT = "198.18.0.0/24";
const IPV6_SEGMENT = "fd00:198:18::/64";

/** Why this machine gives no namespaces, in words; null where it does. */
export function networkRefusal(): string | null {
    if (process.getuid?.() !== 0) return "namespaces of the network need root";
    const trial = "ip link add v0 type veth peer name v1 && ip link add b0 type bridge";
    const {status, stderr} = spawnSync("unshare", ["--net", "sh", "-c", trial], {encoding: "utf8"});
    return status === 0 ? null : `this machine gives no namespaces of the network: ${stderr.trim()}`;
}

/** A namespace without a name: it lasts as long as its process, which the kernel ends with us. */
class Namespace {
    readonly #holder: PeerProcess;
    readonly pid: number;
    readonly within: readonly string[];

    private constructor(holder: PeerProcess, pid: number) {
        this.#holder = holder;
        this.pid = pid;
        this.within = ["nsenter", `--net=/proc/${pid}/ns/net`];
    }

    static async make(): Promise<Namespace> {
        const script = "ip link set lo up && echo up && exec sleep infinity";
        const holder = new PeerProcess("namespace", ["unshare", "--net", "sh", "-c", script]);
        await holder.line(/^up$/);
        return new Namespace(holder, holder.pid ?? 0);
    }

    /** Runs commands of `ip`, one a line. */
    async ip(...lines: readonly string[]): Promise<void> {
        const [file = "", ...args] = [...this.within, "ip", "-batch", "-"];
        await new Promise<void>((resolve, reject) => {
            const child = execFile(file, args, (error) => (error === null ? resolve() : reject(error)));
            child.stdin?.end(`${lines.join("\n")}\n`);
        });
    }

    stop(): Promise<void> {
        return this.#holder.stop();
    }
}

/** A machine with one interface. */
export class NetworkHost implements Place {
    readonly ipv4: string;
    readonly ipv6: string;
    readonly #namespace: Namespace;
    readonly #impairment: Impairment | null;

    /** Made by `TestNetwork.host`. */
    constructor(namespace: Namespace, number: number, impairment: Impairment | null) {
        this.#namespace = namespace;
        this.ipv4 = ipv4Of(number);
        this.ipv6 = ipv6Of(number);
        this.#impairment = impairment;
    }

    get within(): readonly string[] {
        return this.#namespace.within;
    }

    /** What happens to its UDP. Throws where it was made without. */
    get impairment(): Impairment {
        if (this.#impairment === null) throw new Error("this host was made without an impairment");
        return this.#impairment;
    }

    /** Adds an address of the segment, IPv4 or IPv6. */
    async give(address: string): Promise<void> {
        // Addresses stand alone, so that one that goes takes no other with it; the routes went with the last one.
        const add = address.includes(":")
            ? [`addr add ${address}/128 dev eth0 nodad`, `route replace ${IPV6_SEGMENT} dev eth0`]
            : [`addr add ${address}/32 dev eth0`, `route replace ${IPV4_SEGMENT} dev eth0`];
        await this.#namespace.ip(...add);
    }

    async take(address: string): Promise<void> {
        await this.#namespace.ip(`addr del ${address}/${address.includes(":") ? 128 : 32} dev eth0`);
    }
}

export interface HostOptions {
    /** Whether its cable goes through a relay that can lose, delay and forge: see `NetworkHost.impairment`. */
    readonly impaired?: boolean;
}

export class TestNetwork {
    readonly #folder: string;
    readonly #seed: number;
    readonly #hub: Namespace;
    readonly #ends: (() => Promise<void>)[] = [];
    #count = 1;

    private constructor(folder: string, seed: number, hub: Namespace) {
        this.#folder = folder;
        this.#seed = seed;
        this.#hub = hub;
        this.#ends.push(() => hub.stop());
    }

    /** Makes the segment with a hub in its middle. `seed` decides what impairments do. */
    static async start({folder, seed = 1}: {readonly folder: string; readonly seed?: number}): Promise<TestNetwork> {
        const hub = await Namespace.make();
        const network = new TestNetwork(folder, seed, hub);
        try {
            await hub.ip(
                `link add ${BRIDGE} type bridge`,
                `link set ${BRIDGE} addrgenmode none up`,
                `addr add ${ipv4Of(1)}/24 dev ${BRIDGE}`,
                `addr add ${ipv6Of(1)}/64 dev ${BRIDGE} nodad`,
            );
            return network;
        } catch (error) {
            await network.stop();
            throw error;
        }
    }

    /** Where servers are put that all hosts reach. */
    get hub(): Place {
        return {within: this.#hub.within, ipv4: ipv4Of(1), ipv6: ipv6Of(1)};
    }

    /** One more host, with an address of each family. */
    async host({impaired = false}: HostOptions = {}): Promise<NetworkHost> {
        this.#count += 1;
        const number = this.#count;
        const namespace = await Namespace.make();
        this.#ends.push(() => namespace.stop());
        const impairment = impaired ? await this.#impair(namespace, number) : null;
        if (impairment === null) await cable(this.#hub, `host${number}`, namespace, "eth0");
        await this.#hub.ip(`link set host${number} master ${BRIDGE}`);
        const host = new NetworkHost(namespace, number, impairment);
        await host.give(host.ipv4);
        await host.give(host.ipv6);
        return host;
    }

    async #impair(namespace: Namespace, number: number): Promise<Impairment> {
        // In a namespace of its own nobody else answers what passes.
        const middle = await Namespace.make();
        this.#ends.push(() => middle.stop());
        await cable(middle, "near", namespace, "eth0");
        await cable(this.#hub, `host${number}`, middle, "far");
        const impairment = await Impairment.start({
            within: middle.within,
            seed: this.#seed + number,
            socket: join(this.#folder, `relay-${number}.sock`),
        });
        this.#ends.push(() => impairment.stop());
        return impairment;
    }

    /** Ends the namespaces, and with them what they hold. What runs inside MUST have been stopped. */
    async stop(): Promise<void> {
        for (const end of this.#ends.toReversed()) await end();
    }
}

/** A cable between two namespaces, plugged in at both ends; addresses are given, never made up. */
async function cable(one: Namespace, name: string, other: Namespace, otherName: string): Promise<void> {
    await one.ip(
        `link add ${name} type veth peer name ${otherName} netns ${other.pid}`,
        `link set ${name} addrgenmode none up`,
    );
    await other.ip(`link set ${otherName} addrgenmode none up`);
}
