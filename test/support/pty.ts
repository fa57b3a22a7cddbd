/**
 * One pseudo-terminal pair: a test or the bench phone holds the far end of a serial cable, the phone opens `path`.
 * node-pty's own `open` also reads the phone's end and would steal its bytes, so only its system call is used here.
 */
import {execFileSync} from "node:child_process";
import {closeSync, rmSync, symlinkSync, writeSync} from "node:fs";
import {createRequire} from "node:module";
import {ReadStream} from "node:tty";

interface PtyAddon {
    open(columns: number, rows: number): {readonly master: number; readonly slave: number; readonly pty: string};
}

const require = createRequire(import.meta.url);
const loader = require("node-pty/lib/utils.js") as {loadNativeModule(name: string): {module: PtyAddon}};

/** The far end of a serial line. */
export interface SerialEnd {
    /** Called with each chunk that the phone sent. One listener. */
    onData(listener: (chunk: Uint8Array) => void): void;
    /** Writes at once; what the phone's input queue has no room for is lost, as on a UART without flow control. */
    write(bytes: Uint8Array | string): void;
    /** Pulls the cable. A second call does nothing. */
    close(): void;
}

/** The far end of a cable. `path` is what the phone opens; it is gone when the cable is pulled. */
export interface Pty extends SerialEnd {
    readonly path: string;
    /** Stops reading, so that the phone's output backs up. */
    pause(): void;
    resume(): void;
}

/**
 * Makes a raw pair. With `link` the phone opens that path, a symbolic link, so that a cable pulled and put back has
 * the same name.
 */
export function openPty(link?: string): Pty {
    const pair = loader.loadNativeModule("pty").module.open(80, 24);
    // Raw from the start: the line discipline would echo and translate what is written before the phone opens it.
    execFileSync("stty", ["-F", pair.pty, "raw", "-echo"]);
    if (link !== undefined) {
        rmSync(link, {force: true});
        symlinkSync(pair.pty, link);
    }
    return new MasterEnd(pair, link);
}

class MasterEnd implements Pty {
    readonly path: string;
    readonly #link: string | undefined;
    readonly #master: number;
    readonly #slave: number;
    readonly #stream: ReadStream;
    #closed = false;

    constructor(pair: ReturnType<PtyAddon["open"]>, link: string | undefined) {
        this.path = link ?? pair.pty;
        this.#link = link;
        this.#master = pair.master;
        this.#slave = pair.slave;
        this.#stream = new ReadStream(pair.master);
        // EIO when the phone's end hangs up; `close` follows and there is nothing to save.
        this.#stream.on("error", () => undefined);
    }

    onData(listener: (chunk: Uint8Array) => void): void {
        this.#stream.on("data", (chunk: Buffer) => listener(chunk));
    }

    write(bytes: Uint8Array | string): void {
        if (this.#closed) return;
        const data = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
        try {
            writeSync(this.#master, data);
        } catch (error) {
            // A full input queue: a real wire would have lost the bytes too.
            if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        }
    }

    pause(): void {
        this.#stream.pause();
    }

    resume(): void {
        this.#stream.resume();
    }

    close(): void {
        if (this.#closed) return;
        this.#closed = true;
        closeSync(this.#slave);
        this.#stream.destroy();
        if (this.#link !== undefined) rmSync(this.#link, {force: true});
    }
}
