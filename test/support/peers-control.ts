/**
 * Remote control of a baresip: JSON in netstrings over TCP (module ctrl_tcp of baresip 1.0.0).
 *
 *   34:{"command":"dial","params":"600"},   ->
 *                                           <-   46:{"response":true,"ok":true,"data":"","token":"1"},
 *                                           <-   ...:{"event":true,"class":"call","type":"CALL_ESTABLISHED",...},
 */
import type {Duplex} from "node:stream";
import {connectTo} from "./peers-process.ts";

/** What a baresip tells of its calls; the meaning of `param` depends on `type` (a digit, a reason, a line of SDP). */
export interface BaresipEvent {
    readonly type: string;
    readonly param: string;
    readonly peerUri: string;
    readonly callId: string;
}

interface Message {
    readonly response?: boolean;
    readonly ok?: boolean;
    readonly data?: string;
    readonly token?: string;
    readonly event?: boolean;
    readonly type?: string;
    readonly param?: string;
    readonly peeruri?: string;
    readonly id?: string;
}

/** Splits netstrings out of a byte stream. Throws if the far end does not speak them. */
export class NetstringReader {
    #rest = Buffer.alloc(0);

    /** Returns what `chunk` completes. */
    push(chunk: Uint8Array): string[] {
        this.#rest = Buffer.concat([this.#rest, chunk]);
        const found: string[] = [];
        for (let colon = this.#rest.indexOf(":"); colon >= 0; colon = this.#rest.indexOf(":")) {
            const length = Number(this.#rest.toString("latin1", 0, colon));
            if (!Number.isInteger(length)) {
                throw new RangeError("not a netstring");
            }
            const end = colon + 1 + length;
            // A comma ends each netstring.
            if (this.#rest.length < end + 1) {
                break;
            }
            found.push(this.#rest.toString("utf8", colon + 1, end));
            this.#rest = this.#rest.subarray(end + 1);
        }
        return found;
    }
}

/** One text as a netstring. */
export function netstring(text: string): string {
    return `${Buffer.byteLength(text)}:${text},`;
}

type Listener = (event: BaresipEvent) => void;

/** How long a command's answer or an expected event may take, in ms. */
const ANSWER_MS = 10_000;

/** The control connection; baresip serves one at a time. */
export class BaresipControl {
    readonly #socket: Duplex;
    readonly #reader = new NetstringReader();
    readonly #answers = new Map<string, (message: Message) => void>();
    readonly #listeners = new Set<Listener>();
    readonly #past: BaresipEvent[] = [];
    #token = 0;

    private constructor(socket: Duplex) {
        this.#socket = socket;
        socket.on("data", (chunk: Buffer) => {
            for (const text of this.#reader.push(chunk)) {
                this.#take(text);
            }
        });
        // What is lost here shows as an answer or an event that does not come.
        socket.on("error", () => socket.destroy());
    }

    /** Connects to the port that the configuration gave to ctrl_tcp, there where `within` puts a command. */
    static async connect(port: number, within: readonly string[] = []): Promise<BaresipControl> {
        return new BaresipControl(await connectTo(port, within));
    }

    /** Calls a user of the registrar or a whole SIP URI. */
    async dial(to: string): Promise<void> {
        await this.command("dial", to);
    }

    /** Takes the call that rings. */
    async answer(): Promise<void> {
        await this.command("accept");
    }

    /** Ends the call; one that rings is refused with 486. */
    async hangUp(): Promise<void> {
        await this.command("hangup");
    }

    async hold(): Promise<void> {
        await this.command("hold");
    }

    async resume(): Promise<void> {
        await this.command("resume");
    }

    /** Sends digits as telephone-events (RFC 4733). */
    async sendDigits(digits: string): Promise<void> {
        await this.command("sndcode", digits);
    }

    /** Any command of baresip's menu. Returns what it printed; rejects if baresip refuses or is silent. */
    async command(name: string, params?: string): Promise<string> {
        this.#token += 1;
        const token = `${this.#token}`;
        const answered = new Promise<Message>((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`baresip does not answer ${name}`)), ANSWER_MS);
            this.#answers.set(token, (message) => {
                clearTimeout(timer);
                resolve(message);
            });
        });
        this.#socket.write(
            netstring(JSON.stringify({command: name, ...(params === undefined ? {} : {params}), token})),
        );
        const message = await answered.finally(() => this.#answers.delete(token));
        if (message.ok !== true) {
            throw new Error(`baresip refuses ${name}: ${message.data ?? ""}`);
        }
        return message.data ?? "";
    }

    /** Calls `listener` with each event from now on. Returns the function that ends that. */
    onEvent(listener: Listener): () => void {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    /** Every event so far, oldest first. */
    get events(): readonly BaresipEvent[] {
        return this.#past;
    }

    /**
     * The next event of this type, starting `after` that many events (default: those told until now do not count).
     * Rejects when none comes in time.
     */
    next(type: string, {after = this.#past.length, timeoutMs = ANSWER_MS} = {}): Promise<BaresipEvent> {
        const told = this.#past.slice(after).find((event) => event.type === type);
        if (told !== undefined) {
            return Promise.resolve(told);
        }
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                stop();
                const seen = this.#past.map((event) => event.type).join(" ");
                reject(new Error(`no ${type} within ${timeoutMs} ms; told were: ${seen}`));
            }, timeoutMs);
            const stop = this.onEvent((event) => {
                if (event.type === type) {
                    clearTimeout(timer);
                    stop();
                    resolve(event);
                }
            });
        });
    }

    close(): void {
        this.#socket.destroy();
    }

    #take(text: string): void {
        const message = JSON.parse(text) as Message;
        if (message.response === true) {
            this.#answers.get(message.token ?? "")?.(message);
        } else if (message.event === true) {
            const {type = "", param = "", peeruri: peerUri = "", id: callId = ""} = message;
            const event = {type, param, peerUri, callId};
            this.#past.push(event);
            for (const listener of [...this.#listeners]) {
                listener(event);
            }
        }
    }
}
