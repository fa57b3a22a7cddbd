/** How long this program is kept from running while it only waits: what the machine's other work costs, in ms. */
export class StallWatch {
    readonly #timer: NodeJS.Timeout;
    #last = performance.now();
    #worst = 0;

    constructor() {
        const every = 5;
        this.#timer = setInterval(() => {
            const now = performance.now();
            this.#worst = Math.max(this.#worst, now - this.#last - every);
            this.#last = now;
        }, every);
    }

    /** Ends the watch; answers the longest stall in ms. */
    stop(): number {
        clearInterval(this.#timer);
        return this.#worst;
    }
}
