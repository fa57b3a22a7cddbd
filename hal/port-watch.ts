/** Tells when a serial port is lost and when it is back, each once. */

/** A port that is not open this long after the start is a fault. */
const PATIENCE_MS = 1_000;

interface WatchedPort {
    readonly isOpen: boolean;
    onOpen(listener: (open: boolean) => void): void;
}

export class PortWatch {
    readonly #port: WatchedPort;
    readonly #onFault: (lost: boolean, reason: string) => void;
    #lost = false;
    #patience: NodeJS.Timeout | null = null;

    constructor(port: WatchedPort, onFault: (lost: boolean, reason: string) => void) {
        this.#port = port;
        this.#onFault = onFault;
        port.onOpen((open) => this.#tell(!open, open ? "its port is open" : "its port was lost"));
    }

    start(): void {
        this.#patience = setTimeout(() => {
            if (!this.#port.isOpen) this.#tell(true, "its port is not there");
        }, PATIENCE_MS);
    }

    close(): void {
        if (this.#patience !== null) clearTimeout(this.#patience);
    }

    #tell(lost: boolean, reason: string): void {
        if (lost === this.#lost) return;
        this.#lost = lost;
        this.#onFault(lost, reason);
    }
}
