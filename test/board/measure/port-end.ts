/** An end of a serial line of the board, opened raw. */
import {execFileSync} from "node:child_process";
import {constants, openSync, writeSync} from "node:fs";
import {ReadStream} from "node:tty";
import type {SerialEnd} from "../../support/pty.ts";

export function openPort(path: string): SerialEnd {
    execFileSync("stty", ["-F", path, "raw", "-echo", "115200"]);
    const {O_RDWR, O_NOCTTY, O_NONBLOCK} = constants;
    const file = openSync(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    const stream = new ReadStream(file);
    return {
        onData: (listener) => void stream.on("data", (chunk: Buffer) => listener(chunk)),
        write: (bytes) => writeAll(file, typeof bytes === "string" ? Buffer.from(bytes) : bytes),
        close: () => stream.destroy(),
    };
}

/** What is written here is short; a full queue is emptied by the kernel meanwhile. */
function writeAll(file: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
        try {
            at += writeSync(file, bytes, at);
        } catch (thrown) {
            if ((thrown as NodeJS.ErrnoException).code !== "EAGAIN") throw thrown;
        }
    }
}
