/**
 * The inside of a running board, through the agent in it: its files and its processes. Only what a test must reach that
 * has no other way out: the PC's end of the USB cable, the far ends of the sound cards, the contacts of keys and hook.
 */
import type {Socket} from "node:net";
import {type AgentFrame, decodeFrames, encodeFrame} from "./agent-frames.ts";

/** A process in the board. */
export class GuestProcess {
    /** Exit code, negative for the signal that ended it, NaN when the power went. */
    readonly exited: Promise<number>;
    readonly #send: (word: string, argument: string, bytes: Uint8Array) => void;
    readonly #listeners = new Set<() => void>();
    readonly #out: Buffer[] = [];
    readonly #err: Buffer[] = [];
    #onData: (chunk: Uint8Array) => void = () => undefined;
    #ended: (code: number) => void = () => undefined;
    #running = true;
    #received = 0;

    constructor(send: (word: string, argument: string, bytes: Uint8Array) => void) {
        this.#send = send;
        this.exited = new Promise((resolve) => {
            this.#ended = resolve;
        });
    }

    /** All of its standard output so far. */
    get output(): Buffer {
        return Buffer.concat(this.#out);
    }

    /** Bytes of standard output so far. */
    get received(): number {
        return this.#received;
    }

    get errors(): string {
        return Buffer.concat(this.#err).toString();
    }

    /** Each piece of its standard output as it comes. One listener. */
    onData(listener: (chunk: Uint8Array) => void): void {
        this.#onData = listener;
    }

    write(bytes: Uint8Array | string): void {
        if (this.#running) this.#send("in", "-", Buffer.from(bytes));
    }

    /** Closes its standard input. */
    end(): void {
        this.#send("eof", "-", Buffer.alloc(0));
    }

    /** Signals it and all that it started. */
    kill(signal: number): void {
        if (this.#running) this.#send("kill", String(signal), Buffer.alloc(0));
    }

    /** Resolves with the match when its output or its errors match; rejects when it ends or `ms` pass before. */
    says(pattern: RegExp, ms = 30_000): Promise<RegExpExecArray> {
        return new Promise((resolve, reject) => {
            const finish = (then: () => void): void => {
                clearTimeout(timer);
                this.#listeners.delete(look);
                then();
            };
            const look = (): void => {
                const match = pattern.exec(this.output.toString()) ?? pattern.exec(this.errors);
                if (match !== null) finish(() => resolve(match));
                else if (!this.#running) finish(() => reject(this.#never(pattern)));
            };
            const timer = setTimeout(() => finish(() => reject(this.#never(pattern))), ms);
            this.#listeners.add(look);
            look();
        });
    }

    /** For the connection: a frame about this process. */
    take({word, argument, bytes}: AgentFrame): void {
        if (word === "out") this.#out.push(Buffer.from(bytes));
        if (word === "out") this.#received += bytes.length;
        if (word === "err") this.#err.push(Buffer.from(bytes));
        if (word === "exit") this.gone(Number(argument));
        if (word === "out") this.#onData(bytes);
        for (const listener of [...this.#listeners]) listener();
    }

    /** For the connection: it has ended. */
    gone(code: number): void {
        this.#running = false;
        this.#ended(code);
        for (const listener of [...this.#listeners]) listener();
    }

    #never(pattern: RegExp): Error {
        return new Error(`${pattern} was not said:\n${this.output.toString().slice(-2_000)}\n${this.errors}`);
    }
}

/** The connection to the agent, from its hello to the end of the power. */
export class Guest {
    /** Resolves when the board has started as far as its agent. */
    readonly started: Promise<void>;
    readonly #socket: Socket;
    readonly #processes = new Map<number, GuestProcess>();
    readonly #asked = new Map<number, {resolve: (frame: AgentFrame) => void; reject: (error: Error) => void}>();
    #hello: () => void = () => undefined;
    #arrived: Buffer = Buffer.alloc(0);
    #lastId = 0;

    constructor(socket: Socket) {
        this.#socket = socket;
        this.started = new Promise((resolve) => {
            this.#hello = resolve;
        });
        socket.on("data", (chunk: Buffer) => this.#take(chunk));
        socket.on("error", () => undefined);
        socket.on("close", () => this.#gone());
    }

    /** Starts a command of the shell. */
    spawn(command: string): GuestProcess {
        const id = this.#nextId();
        const process = new GuestProcess((word, argument, bytes) => this.#send({id, word, argument, bytes}));
        this.#processes.set(id, process);
        this.#send({id, word: "run", argument: "-", bytes: Buffer.from(command)});
        return process;
    }

    /** Runs a command of the shell to its end and answers its standard output. Rejects when it fails. */
    async run(command: string): Promise<string> {
        const process = this.spawn(command);
        process.end();
        const code = await process.exited;
        if (code === 0) return process.output.toString();
        throw new Error(`${command}: exit ${code}\n${process.output.toString()}${process.errors}`);
    }

    /** A whole file, and the board's monotonic clock in microseconds at reading. */
    async read(path: string): Promise<{readonly text: string; readonly at: number}> {
        const {bytes, argument} = await this.#ask("read", path, Buffer.alloc(0));
        return {text: Buffer.from(bytes).toString(), at: Number(argument)};
    }

    /** Writes a file, or a kernel's attribute by one write. Answers the board's monotonic clock in microseconds. */
    async write(path: string, bytes: Uint8Array | string): Promise<number> {
        const {argument} = await this.#ask("write", path, Buffer.from(bytes));
        return Number(argument);
    }

    close(): void {
        this.#socket.destroy();
    }

    #nextId(): number {
        this.#lastId += 1;
        return this.#lastId;
    }

    #ask(word: string, argument: string, bytes: Uint8Array): Promise<AgentFrame> {
        const id = this.#nextId();
        return new Promise((resolve, reject) => {
            const told = (frame: AgentFrame): void => {
                if (frame.word !== "fail") resolve(frame);
                else reject(new Error(`${word} ${argument}: ${Buffer.from(frame.bytes).toString()}`));
            };
            this.#asked.set(id, {resolve: told, reject});
            this.#send({id, word, argument, bytes});
        });
    }

    #send(frame: AgentFrame): void {
        this.#socket.write(encodeFrame(frame));
    }

    #take(chunk: Buffer): void {
        const {frames, rest} = decodeFrames(Buffer.concat([this.#arrived, chunk]));
        this.#arrived = rest;
        for (const frame of frames) this.#obey(frame);
    }

    #obey(frame: AgentFrame): void {
        if (frame.word === "hello") this.#hello();
        this.#processes.get(frame.id)?.take(frame);
        if (frame.word === "exit") this.#processes.delete(frame.id);
        this.#asked.get(frame.id)?.resolve(frame);
        this.#asked.delete(frame.id);
    }

    #gone(): void {
        for (const {reject} of this.#asked.values()) reject(new Error("the board is gone"));
        for (const process of this.#processes.values()) process.gone(Number.NaN);
        this.#asked.clear();
        this.#processes.clear();
    }
}
