import type {SerialEnd} from "./pty.ts";

/** A person at the provisioning cable: types lines, reads the answers up to the prompt. */
export class ConsoleClient {
    readonly #line: SerialEnd;
    readonly #listeners = new Set<(text: string) => void>();
    #seen = "";
    #look: () => void = () => undefined;

    constructor(line: SerialEnd) {
        this.#line = line;
        line.onData((chunk) => {
            const text = Buffer.from(chunk).toString("utf8");
            this.#seen += text;
            for (const listener of this.#listeners) listener(text);
            this.#look();
        });
    }

    /** All that came back so far. */
    get seen(): string {
        return this.#seen;
    }

    onText(listener: (text: string) => void): void {
        this.#listeners.add(listener);
    }

    /** Bytes as they are, for a terminal that is passed through. */
    send(bytes: string): void {
        this.#line.write(bytes);
    }

    /** Types a line and answers what came back up to the next prompt. Rejects after `ms`. */
    async type(line: string, ms = 10_000): Promise<string> {
        const from = this.#seen.length;
        await new Promise<void>((resolve, reject) => {
            const timer = setTimeout(
                () =>
                    reject(
                        new Error(`no prompt after ${JSON.stringify(line)}: ${JSON.stringify(this.#seen.slice(from))}`),
                    ),
                ms,
            );
            this.#look = () => {
                const end = this.#seen.indexOf("\r\n", from);
                if (end < 0 || !/(> |\(unseen\): )$/.test(this.#seen.slice(end))) return;
                clearTimeout(timer);
                this.#look = () => undefined;
                resolve();
            };
            this.#line.write(`${line}\r`);
        });
        return this.#seen.slice(from);
    }

    /** Stages settings and applies them; throws with the console's words where it refuses one. */
    async provision(settings: Readonly<Record<string, string>>): Promise<void> {
        for (const [name, value] of Object.entries(settings)) {
            const secret = name.endsWith("password");
            this.#refuse(await this.type(secret ? `set ${name}` : `set ${name} ${value}`));
            if (secret) this.#refuse(await this.type(value));
        }
        this.#refuse(await this.type("apply"));
    }

    #refuse(answer: string): void {
        const error = /^error: .*$/m.exec(answer);
        if (error !== null) throw new Error(`the console says ${error[0]}`);
    }
}
