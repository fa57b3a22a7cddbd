/** Chromium as the far end of a call: a page with JsSIP on a WebSocket, steered by its debugging pipe. */
import {execFile} from "node:child_process";
import {mkdir, writeFile} from "node:fs/promises";
import {join, resolve} from "node:path";
import {promisify} from "node:util";
import {build} from "esbuild";
import {type Browser, chromium, type Page} from "playwright-core";
import type {CallOptions, IceServer, PageApi, PageOptions, WebEvent, WebStatistics} from "./chromium/page-api.ts";
import {libraryFolders, peerPath, READY_MS, unpackPeers} from "./peers-process.ts";
import type {Wav} from "./sound-wav.ts";

export type {IceServer, WebCandidate, WebEvent, WebStatistics} from "./chromium/page-api.ts";

/** How calls are made and taken. */
export interface WebCallOptions {
    /** What offers and answers hold, in this order. Default: all that Chromium has, Opus first. */
    readonly codecs?: readonly ("opus" | "G722" | "PCMU" | "PCMA")[];
    /** The role in DTLS that answers take. Default: Chromium's choice, active. */
    readonly setup?: "active" | "passive";
    /** Default: none. */
    readonly iceServers?: readonly IceServer[];
    /** `relay`: no path but over a TURN server. Default `all`. */
    readonly iceTransportPolicy?: "all" | "relay";
    /** Whether candidates follow the descriptions by INFO (RFC 8840). Default: descriptions wait for all of them. */
    readonly trickle?: boolean;
    /** Descriptions name another certificate than the one that is shown. Default: they tell the truth. */
    readonly forgedFingerprint?: boolean;
}

export interface WebPeerOptions extends WebCallOptions {
    /** A private folder; made if it lacks. */
    readonly folder: string;
    readonly account: {readonly name: string; readonly password?: string; readonly displayName?: string};
    /** Where to register. For `wss` the authority `caPem` is trusted, and no other. */
    readonly registrar: {
        readonly domain: string;
        /** Default 127.0.0.1. */
        readonly host?: string;
        readonly port: number;
        readonly transport: "ws" | "wss";
        readonly caPem?: string;
    };
    /** What the microphone hears, over and over: a WAV file of S16LE. */
    readonly sourceWav: string;
    /** Whether the addresses of loopback are candidates. Default: yes, as no other may be there. */
    readonly loopback?: boolean;
    /** Words before the command, for instance those that run it in a namespace of the network. Default: none. */
    readonly within?: readonly string[];
    /** Whether its window is shown, on the display that DISPLAY names. Default: it has none. */
    readonly visible?: boolean;
}

const run = promisify(execFile);

/** How long an expected event may take, in ms. */
const EVENT_MS = 20_000;
/** Chromium asks nobody for this page: we answer. Pages of `localhost` may use the microphone (Secure Contexts §3.1). */
const ADDRESS = "http://localhost/";

const FLAGS = [
    // The sandbox asks for rights that root in a container has not.
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    // The names of multicast DNS (RFC 8828) would hide the addresses that candidates are about.
    "--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
];

/** A browser with one page, registered as one user, with at most one call. */
export class WebPeer {
    /** What the page wrote to its console, and its uncaught errors. */
    readonly log: string[] = [];
    /** Resolves when the browser has ended, whoever ended it. */
    readonly ended: Promise<void>;
    readonly #browser: Browser;
    readonly #page: Page;
    readonly #past: WebEvent[] = [];
    readonly #listeners = new Set<(event: WebEvent) => void>();

    private constructor(browser: Browser, page: Page) {
        this.#browser = browser;
        this.#page = page;
        this.ended = new Promise((resolve) => browser.on("disconnected", () => resolve()));
        page.on("console", (message) => void this.log.push(message.text()));
        page.on("pageerror", (error) => void this.log.push(String(error)));
    }

    /** Starts Chromium and resolves when the registrar has accepted it. */
    static async start(options: WebPeerOptions): Promise<WebPeer> {
        unpackPeers("test");
        const folder = resolve(options.folder);
        await mkdir(folder, {recursive: true});
        const browser = await launch(folder, options);
        try {
            const page = await browser.newPage();
            const peer = new WebPeer(browser, page);
            await page.exposeFunction("tell", (event: WebEvent) => peer.#take(event));
            const html = `<!doctype html><meta charset="utf-8"><script>${await script()}</script>`;
            await page.route("**", (route) => route.fulfill({contentType: "text/html", body: html}));
            await page.goto(ADDRESS);
            await peer.configure(options);
            await peer.#run("start", pageOptions(options));
            return peer;
        } catch (error) {
            await browser.close();
            throw error;
        }
    }

    /** How the calls from now on are made and taken; what is not given is as by default. */
    configure(options: WebCallOptions): Promise<void> {
        return this.#run("configure", callOptions(options));
    }

    /** Calls a user of the registrar or a whole SIP URI. */
    call(target: string): Promise<void> {
        return this.#run("call", target);
    }

    /** Takes the call that rings. */
    answer(): Promise<void> {
        return this.#run("answer");
    }

    /** Ends the call, or refuses the one that rings. */
    hangUp(): Promise<void> {
        return this.#run("hangUp");
    }

    /** Sends digits as telephone-events (RFC 4733). */
    sendDigits(digits: string): Promise<void> {
        return this.#run("sendDigits", digits);
    }

    hold(): Promise<void> {
        return this.#run("hold");
    }

    resume(): Promise<void> {
        return this.#run("resume");
    }

    /** Sends a re-INVITE with new ICE credentials (RFC 8445 §9). */
    restartIce(): Promise<void> {
        return this.#run("restartIce");
    }

    /** Rejects where there is no call. */
    statistics(): Promise<WebStatistics> {
        return this.#run("statistics");
    }

    /** The next `ms` of what it hears. */
    async listen(ms: number): Promise<Wav> {
        const {rate, samples} = await this.#run("listen", ms);
        const octets = new Uint8Array(Buffer.from(samples, "base64"));
        return {rate, samples: new Int16Array(octets.buffer)};
    }

    /** Calls `listener` with each event from now on. */
    onEvent(listener: (event: WebEvent) => void): void {
        this.#listeners.add(listener);
    }

    /** Every event so far, oldest first. */
    get events(): readonly WebEvent[] {
        return this.#past;
    }

    /**
     * The next event of this type (and `param`, where one is given), starting `after` that many events (default: those
     * told until now do not count). Rejects when none comes in time.
     */
    next(
        type: string,
        {
            param,
            after = this.#past.length,
            timeoutMs = EVENT_MS,
        }: {param?: string; after?: number; timeoutMs?: number} = {},
    ): Promise<WebEvent> {
        const matches = (event: WebEvent): boolean =>
            event.type === type && (param === undefined || event.param === param);
        const told = this.#past.slice(after).find(matches);
        if (told !== undefined) return Promise.resolve(told);
        return new Promise((resolve, reject) => {
            const stop = (): void => {
                clearTimeout(timer);
                this.#listeners.delete(take);
            };
            const timer = setTimeout(() => {
                stop();
                const seen = this.#past.map((event) => `${event.type} ${event.param.slice(0, 40)}`).join("\n");
                reject(new Error(`no ${type} within ${timeoutMs} ms; told were:\n${seen}\n${this.log.join("\n")}`));
            }, timeoutMs);
            const take = (event: WebEvent): void => {
                if (!matches(event)) return;
                stop();
                resolve(event);
            };
            this.#listeners.add(take);
        });
    }

    /** Unregisters and ends the browser. Idempotent. */
    async stop(): Promise<void> {
        if (this.#browser.isConnected()) await this.#run("stop").finally(() => this.#browser.close());
    }

    /** Ends the browser without a word to anybody. */
    kill(): Promise<void> {
        return this.#browser.close();
    }

    async #run<Name extends keyof PageApi>(
        name: Name,
        ...given: Parameters<PageApi[Name]>
    ): Promise<Awaited<ReturnType<PageApi[Name]>>> {
        type Answer = Awaited<ReturnType<PageApi[Name]>>;
        // The function is Chromium's: it sees nothing of ours but its argument.
        const called = ([called, words]: readonly [string, readonly unknown[]]): unknown =>
            (globalThis as unknown as {page: Record<string, (...words: readonly unknown[]) => unknown>}).page[called]?.(
                ...words,
            );
        try {
            return (await this.#page.evaluate(called, [name, given] as const)) as Answer;
        } catch (error) {
            // Where it happened in the page is a place that no tool of ours can read.
            throw new Error(`${name}: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
        }
    }

    #take(event: WebEvent): void {
        this.#past.push(event);
        for (const listener of [...this.#listeners]) listener(event);
    }
}

function pageOptions({account, registrar}: WebPeerOptions): PageOptions {
    return {
        server: `${registrar.transport}://${registrar.host ?? "127.0.0.1"}:${registrar.port}`,
        uri: `sip:${account.name}@${registrar.domain}`,
        password: account.password ?? null,
        displayName: account.displayName ?? null,
    };
}

function callOptions(options: WebCallOptions): CallOptions {
    return {
        iceServers: options.iceServers ?? [],
        iceTransportPolicy: options.iceTransportPolicy ?? "all",
        setup: options.setup ?? null,
        trickle: options.trickle ?? false,
        codecs: options.codecs ?? null,
        forgedFingerprint: options.forgedFingerprint ?? false,
    };
}

async function launch(folder: string, options: WebPeerOptions): Promise<Browser> {
    const {sourceWav, registrar, loopback = true, within = [], visible = false} = options;
    const executablePath = join(folder, "chromium");
    // It leaves nothing in the home of whoever runs the tests, nor in the folder that is everybody's.
    const command = ["setpriv", "--pdeathsig", "KILL", ...within, peerPath("usr/lib/chromium/chromium")];
    // Its children are ended with it; the kernel ends it with us.
    await writeFile(executablePath, `#!/bin/sh\nexec ${command.join(" ")} "$@"\n`, {mode: 0o755});
    const env = {
        ...process.env,
        LD_LIBRARY_PATH: libraryFolders(),
        HOME: folder,
        PULSE_RUNTIME_PATH: folder,
        LC_ALL: "C",
    };
    if (registrar.caPem !== undefined) await trust(registrar.caPem, folder, env);
    return chromium.launch({
        executablePath,
        args: [
            ...FLAGS,
            ...(loopback ? ["--allow-loopback-in-peer-connection"] : []),
            `--use-file-for-fake-audio-capture=${resolve(sourceWav)}`,
        ],
        env,
        headless: !visible,
        // Who runs us ends it in order; where that fails the kernel does.
        handleSIGINT: false,
        handleSIGTERM: false,
        handleSIGHUP: false,
        timeout: READY_MS,
    });
}

/** Makes the authority one of those that a browser with this home trusts. */
async function trust(caPem: string, home: string, env: NodeJS.ProcessEnv): Promise<void> {
    const database = join(home, ".pki", "nssdb");
    await mkdir(database, {recursive: true});
    const certutil = (...args: string[]): Promise<unknown> =>
        run(peerPath("usr/bin/certutil"), ["-d", `sql:${database}`, ...args], {env});
    await certutil("-N", "--empty-password");
    await certutil("-A", "-n", "authority", "-t", "C,,", "-i", caPem);
}

let bundled: Promise<string> | null = null;

/** The page's program, which is the same for all peers of a process. */
function script(): Promise<string> {
    bundled ??= build({
        entryPoints: [join(import.meta.dirname, "chromium", "page.ts")],
        bundle: true,
        write: false,
        format: "iife",
        target: "es2024",
    }).then(({outputFiles}) => outputFiles[0]?.text ?? "");
    return bundled;
}
