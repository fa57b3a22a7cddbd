/** Our phone on the bench: the firmware bundle on virtual cards, with a CFA635 at its display line and its own data. */
import {mkdirSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {BoardClient} from "../support/board-client.ts";
import {ConsoleClient} from "../support/console-client.ts";
import {Glass} from "../support/glass.ts";
import {PhoneProcess} from "../support/phone-process.ts";
import {openPty, type Pty} from "../support/pty.ts";
import {type CardOptions, createCard, environmentOf, monotonicNow, type VirtualCard} from "../support/sound-card.ts";
import type {PhoneUnderTest} from "./phone-under-test.ts";

export interface OffhookOptions {
    /** A private folder. */
    readonly folder: string;
    readonly registrarPort: number;
    readonly card: Omit<CardOptions, "name">;
    /** Beside those of its account. */
    readonly settings?: Readonly<Record<string, string>>;
}

export class OffhookPhone implements PhoneUnderTest {
    readonly name = "offhook";
    readonly card: VirtualCard;
    readonly glass: Glass;
    readonly #options: OffhookOptions;
    readonly #ringer: VirtualCard;
    readonly #cable: Pty;
    #process: PhoneProcess | null = null;
    #board: BoardClient | null = null;

    private constructor(options: OffhookOptions) {
        const {folder, card} = options;
        mkdirSync(folder, {recursive: true});
        this.#options = options;
        this.card = createCard(folder, {...card, name: "handset"});
        this.#ringer = createCard(folder, {...card, name: "ringer"});
        this.glass = new Glass("cfa635", openPty(join(folder, "display-tty")));
        this.#cable = openPty(join(folder, "provisioning-tty"));
        writeFileSync(this.#profilePath, JSON.stringify(this.#profile()));
    }

    /** Starts it once, provisions it through its console and ends it: what is measured later is an installed phone. */
    static async install(options: OffhookOptions): Promise<OffhookPhone> {
        const phone = new OffhookPhone(options);
        try {
            await phone.start();
            await phone.ready();
            await phone.#provision();
            await phone.board.until(({accounts}) => JSON.stringify(accounts ?? "").includes('"registered":true'));
            await phone.stop();
            return phone;
        } catch (thrown) {
            await phone.dispose();
            throw thrown;
        }
    }

    get #profilePath(): string {
        return join(this.#options.folder, "board.json");
    }

    #profile(): object {
        const {folder} = this.#options;
        return {
            kind: "simulated",
            folder: join(folder, "board"),
            display: {kind: "cfa635", tty: join(folder, "display-tty"), columns: 20, rows: 4},
            provisioning: [{tty: join(folder, "provisioning-tty")}],
            sound: {handsetPlayback: "handset", handsetCapture: "handset", ringer: "ringer"},
        };
    }

    async #provision(): Promise<void> {
        const console = new ConsoleClient(this.#cable);
        await console.type("");
        await console.provision({
            "phone.language": "en",
            "phone.country": "de",
            "rtp.address": "127.0.0.1",
            "account1.enabled": "on",
            "account1.user": "phone",
            "account1.domain": "127.0.0.1",
            "account1.server": "127.0.0.1",
            "account1.port": `${this.#options.registrarPort}`,
            "account1.transport": "tcp",
            "account1.password": "bench",
            ...this.#options.settings,
        });
    }

    /** The simulated board's door. Throws while the phone is not ready. */
    get board(): BoardClient {
        if (this.#board === null) throw new Error("the phone is not ready");
        return this.#board;
    }

    get pid(): number {
        return this.#process?.pid ?? 0;
    }

    async start(): Promise<number> {
        const {folder} = this.#options;
        const startedAt = monotonicNow();
        this.#process = new PhoneProcess({
            profile: this.#profilePath,
            data: join(folder, "data"),
            logFile: join(folder, "phone.log"),
            environment: environmentOf(this.card, this.#ringer),
        });
        return startedAt;
    }

    async ready(): Promise<void> {
        await this.#process?.logs(/the phone is ready/);
        this.#board = await BoardClient.connect(join(this.#options.folder, "board/board.sock"));
    }

    answer(): number {
        const at = monotonicNow();
        // What refuses shows as a call that is not answered.
        this.board.lift().catch(() => undefined);
        return at;
    }

    async leave(): Promise<void> {
        await this.board.putDown();
        await this.board.until(({calls}) => Array.isArray(calls) && calls.length === 0);
    }

    async stop(): Promise<void> {
        this.#board?.close();
        this.#board = null;
        await this.#process?.stop();
        this.#process = null;
    }

    /** Ends all of it, display and cable too. */
    async dispose(): Promise<void> {
        await this.stop();
        this.glass.close();
        this.#cable.close();
    }
}
