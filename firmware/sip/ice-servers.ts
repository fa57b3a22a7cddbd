/** The STUN and TURN servers of the settings with the addresses of their names: ICE wants numbers. */
import {lookup as systemLookup} from "node:dns/promises";
import {isIP} from "node:net";
import type {IceOptions, TurnServer} from "../../native/index.ts";
import {messageOf} from "../errors.ts";
import type {Log} from "../log.ts";
import type {Secret} from "../secret.ts";

/** A server by its name or address. */
export interface NamedServer {
    readonly host: string;
    readonly port: number;
}

export interface NamedTurnServer extends NamedServer {
    readonly transport: TurnServer["transport"];
}

/** What the settings say of ICE. */
export interface IceSettings {
    readonly stun: NamedServer | null;
    readonly turn: readonly NamedTurnServer[];
    readonly turnUser: string;
    readonly turnPassword: Secret;
    readonly relayOnly: boolean;
}

type Resolved = Pick<IceOptions, "stun" | "turn" | "relayOnly">;
type Lookup = (host: string) => Promise<{readonly address: string}>;

/** See the head of the file. A name that cannot be found keeps the address that it had. */
export class IceServers {
    readonly #settings: IceSettings;
    readonly #log: Log;
    readonly #lookup: Lookup;
    readonly #addresses = new Map<string, string>();

    constructor(settings: IceSettings, log: Log, lookup: Lookup = systemLookup) {
        this.#settings = settings;
        this.#log = log;
        this.#lookup = lookup;
        for (const {host} of this.#named()) if (isIP(host) !== 0) this.#addresses.set(host, host);
    }

    #named(): readonly NamedServer[] {
        const {stun, turn} = this.#settings;
        return stun === null ? turn : [stun, ...turn];
    }

    /** Asks for all names anew. */
    async refresh(): Promise<void> {
        const names = new Set(this.#named().map(({host}) => host));
        await Promise.all([...names].filter((name) => isIP(name) === 0).map((name) => this.#resolve(name)));
    }

    async #resolve(name: string): Promise<void> {
        try {
            this.#addresses.set(name, (await this.#lookup(name)).address);
        } catch (error) {
            this.#log.warning(`the server ${name} for ICE is not found: ${messageOf(error)}`);
        }
    }

    /** Those whose address is known. */
    get resolved(): Resolved {
        const {stun, turn, turnUser, turnPassword, relayOnly} = this.#settings;
        const stunAddress = stun === null ? undefined : this.#addresses.get(stun.host);
        return {
            stun: stun === null || stunAddress === undefined ? null : {address: stunAddress, port: stun.port},
            turn: turn.flatMap(({host, port, transport}) => {
                const address = this.#addresses.get(host);
                if (address === undefined) return [];
                return [{address, port, transport, username: turnUser, password: turnPassword.reveal()}];
            }),
            relayOnly,
        };
    }
}
