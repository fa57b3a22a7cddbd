import {type ChildProcess, fork} from "node:child_process";
import {fileURLToPath} from "node:url";

/** What the test tells: the capture device really opened or closed, the level, or why there is none. */
export interface MicrophoneTestListener {
    capture(open: boolean): void;
    /** Peak of the last 100 ms in dBFS, -Infinity for silence. */
    level(level: number): void;
    failed(reason: string): void;
}

interface Told {
    readonly open?: true;
    readonly level?: number | null;
    readonly failed?: string;
}

const beside = import.meta.url.endsWith(".ts") ? "./capture-process.ts" : "./capture-process.mjs";

/**
 * The microphone of the self-test, by a second capture path that is independent of the engine's. It MUST run only while
 * the engine's capture is closed and no call exists: one device has one owner.
 */
export class MicrophoneTest {
    readonly #device: string;
    readonly #listener: MicrophoneTestListener;
    #child: ChildProcess | null = null;
    #closed: Promise<void> = Promise.resolve();

    constructor(device: string, listener: MicrophoneTestListener) {
        this.#device = device;
        this.#listener = listener;
    }

    /** Starts the capture; a second call while it runs does nothing. */
    start(): void {
        if (this.#child !== null) return;
        const child = fork(fileURLToPath(new URL(beside, import.meta.url)), [this.#device], {stdio: "inherit"});
        this.#child = child;
        let open = false;
        child.on("message", (message: Told) => {
            if (this.#child !== child) return;
            if (message.open === true) {
                open = true;
                this.#listener.capture(true);
            }
            // JSON has no infinity: silence arrives as null.
            if (message.level !== undefined) this.#listener.level(message.level ?? Number.NEGATIVE_INFINITY);
            if (message.failed === undefined) return;
            this.#listener.failed(message.failed);
            // Its read loop would spin on a card that is gone.
            child.kill("SIGKILL");
        });
        child.on("error", (error) => this.#listener.failed(error.message));
        this.#closed = new Promise((resolve) =>
            child.on("exit", () => {
                if (this.#child === child) this.#child = null;
                // Only the end of the process says for certain that the device is closed.
                if (open) this.#listener.capture(false);
                resolve();
            }),
        );
    }

    /** Ends the capture at once; resolves when the device is closed. */
    stop(): Promise<void> {
        this.#child?.kill("SIGKILL");
        return this.#closed;
    }
}
