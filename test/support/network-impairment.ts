/** What a bad network does to datagrams, by a relay of our own: no kernel has to know `tc netem`. */
import {connect, type Socket} from "node:net";
import {join} from "node:path";
import {createInterface, type Interface} from "node:readline";
import {PeerProcess} from "./peers-process.ts";

/** Probabilities are from 0 to 1, for each datagram in either direction. */
export interface ImpairmentRules {
    readonly lose?: number;
    readonly duplicate?: number;
    /** How many come `reorderBy` ms later, behind those that were sent after them. */
    readonly reorder?: number;
    readonly reorderBy?: number;
    /** Of all datagrams, in ms. */
    readonly delay?: number;
    /** No datagram of this version of IP passes; 0 blocks nothing. They are not counted. */
    readonly blocked?: 0 | 4 | 6;
    /** A copy follows in which one bit of the payload is turned. */
    readonly flip?: number;
    /** 1: that copy comes first, as a forger's who is faster. */
    readonly ahead?: 0 | 1;
    /** One of the last 64 follows once more. */
    readonly replay?: number;
    /** A copy follows from a port that nobody has heard of. */
    readonly stranger?: number;
}

/** How often each happened; `seen` are all datagrams. */
export type ImpairmentCounts = Readonly<
    Record<"seen" | "lose" | "duplicate" | "reorder" | "flip" | "replay" | "stranger", number>
>;

const NOTHING: Required<ImpairmentRules> = {
    ...{lose: 0, duplicate: 0, reorder: 0, reorderBy: 0, delay: 0, blocked: 0, ahead: 0},
    ...{flip: 0, replay: 0, stranger: 0},
};

/** The middle of one host's cable. */
export class Impairment {
    readonly #process: PeerProcess;
    readonly #socket: Socket;
    readonly #lines: Interface;

    private constructor(process: PeerProcess, socket: Socket) {
        this.#process = process;
        this.#socket = socket;
        this.#lines = createInterface({input: socket});
    }

    /** Begins to forward between the interfaces `near` and `far`. `socket` is a path that nobody else uses. */
    static async start(options: {
        readonly within: readonly string[];
        readonly seed: number;
        readonly socket: string;
    }): Promise<Impairment> {
        const relay = ["python3", join(import.meta.dirname, "network", "relay.py"), "near", "far"];
        const process = new PeerProcess("relay", [...relay, `${options.seed}`, options.socket], {
            sound: true,
            within: options.within,
        });
        try {
            await process.line(/^up$/);
            const socket = connect(options.socket);
            await new Promise<void>((resolve, reject) => {
                socket.once("connect", resolve);
                socket.once("error", reject);
            });
            return new Impairment(process, socket);
        } catch (error) {
            await process.stop();
            throw error;
        }
    }

    /** Does this from now on, and nothing else. Resolves with the counts until now. */
    set(rules: ImpairmentRules): Promise<ImpairmentCounts> {
        return this.#tell({...NOTHING, ...rules});
    }

    counts(): Promise<ImpairmentCounts> {
        return this.#tell({});
    }

    async stop(): Promise<void> {
        this.#socket.destroy();
        await this.#process.stop();
    }

    async #tell(words: ImpairmentRules): Promise<ImpairmentCounts> {
        const answer = new Promise<string>((resolve, reject) => {
            const ended = (): void => reject(new Error(`the relay has ended:\n${this.#process.log.join("\n")}`));
            this.#socket.once("close", ended);
            this.#lines.once("line", (line) => {
                this.#socket.off("close", ended);
                resolve(line);
            });
        });
        this.#socket.write(`${JSON.stringify(words)}\n`);
        return JSON.parse(await answer) as ImpairmentCounts;
    }
}
