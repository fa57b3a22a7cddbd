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

interface NamedPort extends WatchedPort {
    readonly path: string;
}

/**
 * Several ports that are one part of the board: it is lost with the first of them and back only with the last, so that
 * two ports that come and go with one cable make one fault. The reason names the port that made the difference.
 */
export class PortsWatch {
    readonly #watches: readonly PortWatch[];

    constructor(ports: readonly NamedPort[], onFault: (lost: boolean, reason: string) => void) {
        const lostPorts = new Set<NamedPort>();
        this.#watches = ports.map(
            (port) =>
                new PortWatch(port, (lost, reason) => {
                    const wasLost = lostPorts.size > 0;
                    if (lost) lostPorts.add(port);
                    else lostPorts.delete(port);
                    const isLost = lostPorts.size > 0;
                    if (isLost !== wasLost) onFault(isLost, `${port.path}: ${reason}`);
                }),
        );
    }

    start(): void {
        for (const watch of this.#watches) watch.start();
    }

    close(): void {
        for (const watch of this.#watches) watch.close();
    }
}
