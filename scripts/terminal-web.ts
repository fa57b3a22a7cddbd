/** A browser at the bench's registrar, in the terminal. */
import {writeFileSync} from "node:fs";
import {join} from "node:path";
import {benchPassword, webPeerUser} from "../test/support/bench-phone.ts";
import {peersRoot, WebPeer, type WebStatistics} from "../test/support/peers.ts";
import {peakOf} from "../test/support/sound-signal.ts";
import {recordedVoice} from "../test/support/sound-voice.ts";
import {encodeWav} from "../test/support/sound-wav.ts";
import type {BenchNotice} from "./bench-notice.ts";
import type {Shown, Terminal} from "./terminal.ts";
import {
    afterEvent,
    called,
    drawWebPeer,
    type WebInput,
    type WebState,
    webAtFirst,
    webInputs,
} from "./terminal-web-picture.ts";

/** The bench's phone, by its user name. */
const phone = "phone";
/** How long it listens for each move of its meter, in ms. */
const meterMs = 100;
const silent = Number.NEGATIVE_INFINITY;

export interface WebShowOptions {
    /** A private folder. */
    readonly folder: string;
    readonly bench: BenchNotice;
    readonly visible: boolean;
}

export class WebOnShow implements Shown {
    readonly ended: Promise<readonly string[]>;
    readonly #options: WebShowOptions;
    readonly #terminal: Terminal;
    readonly #listeners: (() => void)[] = [];
    #end: (lines: readonly string[]) => void = () => undefined;
    #peer: WebPeer | null = null;
    #state: WebState = webAtFirst;
    #statistics: WebStatistics | null = null;
    #heard = silent;

    constructor(options: WebShowOptions, terminal: Terminal) {
        this.#options = options;
        this.#terminal = terminal;
        this.ended = new Promise((resolve) => {
            this.#end = resolve;
        });
    }

    /** Starts Chromium and resolves when the registrar has accepted it. */
    async start(): Promise<void> {
        const {folder, bench, visible} = this.#options;
        const {domain, host, wss: port, caPem} = bench;
        const sourceWav = join(folder, "voice.wav");
        writeFileSync(sourceWav, encodeWav(recordedVoice(peersRoot())));
        const account = {name: webPeerUser, password: benchPassword, displayName: "Browser"};
        const registrar = {domain, host, port, transport: "wss", caPem} as const;
        const peer = await WebPeer.start({folder, account, registrar, sourceWav, visible});
        this.#peer = peer;
        for (const event of peer.events) this.#state = afterEvent(this.#state, event);
        peer.onEvent((event) => this.#enter(afterEvent(this.#state, event)));
        void peer.ended.then(() => this.#end(["the browser ended"]));
    }

    picture(rows: number, notice: string): string {
        const {host, wss} = this.#options.bench;
        return drawWebPeer(
            {
                name: `A browser as ${webPeerUser}`,
                state: this.#state,
                statistics: this.#statistics,
                heard: this.#heard,
                facts: [`registrar ${host}:${wss} (wss)`, ...(notice === "" ? [] : [notice])],
            },
            rows,
        );
    }

    onChange(listener: () => void): void {
        this.#listeners.push(listener);
    }

    take(text: string): void {
        for (const input of webInputs(text)) this.#obey(input);
    }

    lastWords(): readonly string[] {
        return [];
    }

    async stop(): Promise<void> {
        await this.#peer?.stop();
    }

    #obey(input: WebInput): void {
        this.#terminal.note("");
        switch (input.type) {
            case "call": {
                if (this.#state.call.phase !== "none") return;
                this.#enter(called(this.#state, phone));
                this.#ask((peer) => peer.call(phone));
                break;
            }
            case "answer": {
                if (this.#state.call.phase === "incoming") this.#ask((peer) => peer.answer());
                break;
            }
            case "hangUp": {
                if (this.#state.call.phase !== "none") this.#ask((peer) => peer.hangUp());
                break;
            }
            case "digit": {
                if (this.#state.call.phase === "talking") this.#ask((peer) => peer.sendDigits(input.digit));
                break;
            }
            case "end": {
                void this.#terminal.end(0);
                break;
            }
        }
    }

    #ask(command: (peer: WebPeer) => Promise<void>): void {
        if (this.#peer === null) return;
        command(this.#peer).catch((thrown: Error) => this.#terminal.note(thrown.message));
    }

    #enter(state: WebState): void {
        const begins = state.call.phase === "talking" && this.#state.call.phase !== "talking";
        this.#state = state;
        if (begins && this.#peer !== null) void this.#follow(this.#peer);
        for (const listener of this.#listeners) listener();
    }

    /** Looks and listens as long as a call is talked. */
    async #follow(peer: WebPeer): Promise<void> {
        try {
            while (this.#state.call.phase === "talking") {
                this.#heard = peakOf((await peer.listen(meterMs)).samples);
                this.#statistics = await peer.statistics();
            }
        } catch {
            // The call, or the browser, ended meanwhile: events tell of both.
        }
        this.#heard = silent;
        this.#statistics = null;
    }
}
