import type {SerialLink} from "../../../hal/board.ts";

/** The far end of a cable in memory: what a terminal program would send and see. */
export class Cable implements SerialLink {
    seen = "";
    #data: (chunk: Uint8Array) => void = () => undefined;
    #open: (open: boolean) => void = () => undefined;
    #waiting: {told: () => boolean; resolve: () => void} | null = null;

    onData(listener: (chunk: Uint8Array) => void): void {
        this.#data = listener;
    }

    onOpen(listener: (open: boolean) => void): void {
        this.#open = listener;
    }

    write(bytes: Uint8Array): void {
        this.seen += Buffer.from(bytes).toString("utf8");
        const waiting = this.#waiting;
        if (waiting?.told()) {
            this.#waiting = null;
            waiting.resolve();
        }
    }

    plug(open: boolean): void {
        this.#open(open);
    }

    send(text: string | Uint8Array): void {
        this.#data(typeof text === "string" ? Buffer.from(text, "utf8") : text);
    }

    /** Types a line and answers what came back up to the prompt that follows its line end. */
    async type(line: string, until = "> "): Promise<string> {
        const from = this.seen.length;
        const answered = this.#told(from, until);
        this.send(`${line}\r`);
        await answered;
        return this.seen.slice(from);
    }

    /** Resolves when, after a line end behind `from`, `until` was told. */
    #told(from: number, until: string): Promise<void> {
        return new Promise((resolve) => {
            this.#waiting = {
                told: () => {
                    const lineEnd = this.seen.indexOf("\r\n", from);
                    return lineEnd >= 0 && this.seen.includes(until, lineEnd);
                },
                resolve,
            };
        });
    }
}
