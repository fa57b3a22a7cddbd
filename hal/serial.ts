/**
 * Serial ports, the only importer of serialport. A `SerialLine` opens its port, opens it again after an unplug, and
 * never lets a reader that does not read hold up the phone.
 *
 *   closed --open--> opening --ok--> open --unplug, error, reopen()--> waiting --back-off--> opening
 */
import {read as readFile} from "node:fs";
import {promisify} from "node:util";
import {SerialPort} from "serialport";
import type {SerialLink} from "./board.ts";
import type {BoardLog} from "./log.ts";

const readAsync = promisify(readFile);

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;
/** A port that was open this long was well; the next loss starts the back-off afresh. */
const STEADY_MS = 1_000;
const DEFAULT_QUEUE_BYTES = 65_536;

/** The part of serialport's Linux binding that a read needs. */
interface PolledPort {
    readonly fd: number | null;
    readonly isOpen: boolean;
    readonly poller: {once(event: "readable", listener: (error: Error | null) => void): unknown};
    read(buffer: Buffer, offset: number, length: number): Promise<{buffer: Buffer; bytesRead: number}>;
}

export interface SerialLineOptions {
    /** Device file, for instance /dev/ttyS1; a symbolic link is followed anew at each opening. */
    readonly path: string;
    /** Bits per second; 8 data bits, no parity, one stop bit. */
    readonly baud: number;
    /** Most bytes that may wait to be sent; 65536 unless told. */
    readonly queueBytes?: number;
    readonly log: BoardLog;
}

/** One serial port for the life of the phone. `open` is told at each plug, `close` ends it for good. */
export class SerialLine implements SerialLink {
    readonly #options: SerialLineOptions;
    readonly #queueBytes: number;
    readonly #dataListeners: ((chunk: Uint8Array) => void)[] = [];
    readonly #openListeners: ((open: boolean) => void)[] = [];
    #port: SerialPort | null = null;
    #opened = false;
    #openedAt = 0;
    #closed = false;
    #waitMs = FIRST_WAIT_MS;
    #timer: NodeJS.Timeout | null = null;
    #lastTrouble = "";
    #queue: Uint8Array[] = [];
    #queued = 0;
    #writing = false;
    #dropped = 0;

    constructor(options: SerialLineOptions) {
        this.#options = options;
        this.#queueBytes = options.queueBytes ?? DEFAULT_QUEUE_BYTES;
    }

    /** The device file that it was made for. */
    get path(): string {
        return this.#options.path;
    }

    get isOpen(): boolean {
        return this.#opened;
    }

    /** Bytes accepted and not yet handed to the kernel. */
    get pending(): number {
        return this.#queued;
    }

    /** Chunks dropped whole because the reader was too slow, since the line was made. */
    get dropped(): number {
        return this.#dropped;
    }

    onData(listener: (chunk: Uint8Array) => void): void {
        this.#dataListeners.push(listener);
    }

    onOpen(listener: (open: boolean) => void): void {
        this.#openListeners.push(listener);
        // Who comes late must not wait for a plug that has been.
        if (this.#opened) queueMicrotask(() => this.#opened && listener(true));
    }

    /** Starts to open the port, and goes on trying until it is there. */
    open(): void {
        if (this.#closed || this.#port !== null || this.#timer !== null) return;
        const settings = {
            path: this.#options.path,
            baudRate: this.#options.baud,
            autoOpen: false,
            binding: hangUpAwareBinding,
        };
        const port = new SerialPort(settings);
        this.#port = port;
        port.on("data", (chunk: Buffer) => {
            if (port !== this.#port) return;
            for (const listener of this.#dataListeners) listener(chunk);
        });
        port.on("close", (error: Error | null) => this.#lost(port, error?.message ?? "closed"));
        port.on("error", (error: Error) => this.#lost(port, error.message));
        port.open((error) => {
            if (error) this.#lost(port, error.message);
            else this.#isOpenNow(port);
        });
    }

    /** Closes the port as if it had been unplugged and opens it again: some adapters wake up only that way. */
    reopen(reason: string): void {
        if (this.#port !== null) this.#lost(this.#port, reason);
    }

    write(bytes: Uint8Array): void {
        if (!this.#opened) return;
        if (this.#queued + bytes.length > this.#queueBytes) {
            this.#dropped += 1;
            if (this.#dropped === 1) {
                this.#options.log("warning", `${this.#options.path}: nobody reads, output is dropped`);
            }
            return;
        }
        this.#queue.push(bytes);
        this.#queued += bytes.length;
        this.#pump();
    }

    async close(): Promise<void> {
        if (this.#closed) return;
        this.#closed = true;
        if (this.#timer !== null) clearTimeout(this.#timer);
        this.#timer = null;
        const port = this.#port;
        this.#port = null;
        this.#forget();
        if (port?.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
    }

    #isOpenNow(port: SerialPort): void {
        if (port !== this.#port) {
            // Given up while it was opening: the answer came too late.
            port.close();
            return;
        }
        this.#opened = true;
        this.#openedAt = performance.now();
        this.#lastTrouble = "";
        this.#options.log("info", `${this.#options.path} is open`);
        for (const listener of this.#openListeners) listener(true);
    }

    #lost(port: SerialPort, reason: string): void {
        if (port !== this.#port) return;
        this.#port = null;
        const wasOpen = this.#opened;
        if (wasOpen && performance.now() - this.#openedAt >= STEADY_MS) this.#waitMs = FIRST_WAIT_MS;
        this.#forget();
        if (port.isOpen) port.close();
        if (wasOpen || reason !== this.#lastTrouble) {
            this.#options.log("warning", `${this.#options.path}: ${reason}; trying again`);
        }
        this.#lastTrouble = reason;
        this.#timer = setTimeout(() => {
            this.#timer = null;
            this.open();
        }, this.#waitMs);
        this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
        if (wasOpen) for (const listener of this.#openListeners) listener(false);
    }

    #forget(): void {
        this.#opened = false;
        this.#queue = [];
        this.#queued = 0;
        this.#writing = false;
    }

    #pump(): void {
        const port = this.#port;
        const next = this.#queue[0];
        if (this.#writing || port === null || next === undefined) return;
        this.#writing = true;
        port.write(Buffer.from(next), (error) => {
            // On an error the port's own `error` or `close` event tells the rest.
            if (error || port !== this.#port) return;
            this.#writing = false;
            this.#queue.shift();
            this.#queued -= next.length;
            this.#pump();
        });
    }
}

/**
 * serialport's binding reads again at once when a read gives 0 bytes, which is what a hung-up tty gives for ever
 * (tty_vhangup in the kernel): an unplugged cable would burn a core and never be told. Here 0 bytes are a disconnect.
 */
const hangUpAwareBinding = {
    ...SerialPort.binding,
    async open(options: Parameters<typeof SerialPort.binding.open>[0]): Promise<PolledPort> {
        const port = (await SerialPort.binding.open(options as never)) as unknown as PolledPort;
        port.read = (buffer, offset, length) => readPolled(port, {buffer, offset, length});
        return port;
    },
};

async function readPolled(
    port: PolledPort,
    {buffer, offset, length}: {buffer: Buffer; offset: number; length: number},
): Promise<{buffer: Buffer; bytesRead: number}> {
    for (;;) {
        await new Promise<void>((resolve, reject) => {
            port.poller.once("readable", (error) => (error ? reject(error) : resolve()));
        });
        if (port.fd === null || !port.isOpen) throw Object.assign(new Error("Port is not open"), {canceled: true});
        try {
            const {bytesRead} = await readAsync(port.fd, buffer, offset, length, null);
            if (bytesRead === 0) throw new Error("hung up");
            return {buffer, bytesRead};
        } catch (error) {
            const code = (error as NodeJS.ErrnoException).code;
            if (code !== "EAGAIN" && code !== "EWOULDBLOCK" && code !== "EINTR") throw error;
        }
    }
}
