/**
 * A whole phone on a bench: virtual sound cards, a display and a cable on pseudo-terminals, a registrar, two far ends,
 * and the firmware in a process of its own, provisioned through its own console as an installer would.
 *
 *   keys, hook --> board's door --> firmware --> SIP, RTP --> kamailio, baresip 600 (echo), 601 (calls back)
 *   glass <-- CFA635 or VT100 <------+   +--> ALSA --> virtual handset and ringer
 *   console, console2 <--> ttys <----+
 */
import {mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import type {MediaPolicy} from "../../firmware/sip/account.ts";
import {BoardClient, type BoardSaid} from "./board-client.ts";
import {ConsoleClient} from "./console-client.ts";
import {type FarEnd, startFarEnd} from "./far-ends.ts";
import {Glass, type GlassKind} from "./glass.ts";
import {
    type Baresip,
    type BaresipOptions,
    type Kamailio,
    type KamailioOptions,
    type Place,
    startBaresip,
    startKamailio,
} from "./peers.ts";
import {PhoneProcess} from "./phone-process.ts";
import {openPty, type Pty} from "./pty.ts";
import {createCard, environmentOf, type VirtualCard} from "./sound-card.ts";
import type {Wav} from "./sound-wav.ts";

export type BenchTransport = "tcp" | "tls" | "wss";

export interface BenchOptions {
    /** A private folder; everything that the bench makes lies in it. */
    readonly folder: string;
    readonly transport: BenchTransport;
    /** How the registrar challenges. With SHA-256 only the phone is challenged: baresip 1.0.0 does not know it. */
    readonly auth?: "md5" | "sha256";
    readonly display: GlassKind;
    /** `card` takes the machine's own sound card (the PCM `default`). */
    readonly sound: "virtual" | "card";
    readonly microphone?: Wav;
    /** How much of the handset's playback is kept, in seconds. Default: all. */
    readonly keepSeconds?: number;
    /** Far ends to start; both, when left out. */
    readonly farEnds?: readonly FarEnd[];
    /** How the account's sound is protected, and that of the far ends. Default: as the phone's default is, and they in clear. */
    readonly media?: MediaPolicy;
    /** From 601's declining to its call back, in ms. Default 2000. */
    readonly callbackMs?: number;
    /** Where the phone runs, and where all others that the bench starts. Default: here, on loopback. */
    readonly network?: {readonly phone: Place; readonly others: Place};
    /** Media of all calls go over this rtpengine. Default: from phone to phone. */
    readonly rtpengine?: NonNullable<KamailioOptions["rtpengine"]>;
    /** Settings besides the account's, by name. */
    readonly settings?: Readonly<Record<string, string>>;
    /** Told what is being started. */
    readonly progress?: (what: string) => void;
}

/** What the firmware publishes through the simulated board's door. */
export interface PhoneSaid extends BoardSaid {
    readonly calls?: readonly {
        readonly id: string;
        readonly direction: "outgoing" | "incoming";
        readonly phase: string;
        readonly number: string;
        readonly name: string | null;
    }[];
    readonly accounts?: readonly {
        readonly label: string;
        readonly registered: boolean;
        readonly fault: string | null;
    }[];
    /** Peaks in dBFS, null for silence; told ten times a second while there is a call or a tone. */
    readonly levels?: {readonly capture: number | null; readonly playback: number | null};
    readonly outputs?: {
        readonly earTone: object | null;
        readonly ring: boolean;
        readonly microphone: "closed" | "muted" | "open";
        readonly route: string;
    };
}

/** The password of the phone and of the far ends at the bench's registrar. */
export const benchPassword = "correct-horse-battery-staple";
/** Who a browser is that registers there as well. */
export const webPeerUser = "603";

/** One more far end at the bench's registrar: user 602, in a folder of its own. */
export type FarEndOptions = Omit<BaresipOptions, "folder" | "account" | "registrar"> & {
    /** How it is connected to the registrar. Default: TCP. */
    readonly transport?: "tcp" | "tls";
};

/** Everything that runs, and its end. */
export class BenchPhone {
    readonly options: BenchOptions;
    readonly kamailio: Kamailio;
    /** In the order of `BenchOptions.farEnds`. */
    readonly farEnds: readonly Baresip[];
    readonly handset: VirtualCard;
    readonly ringer: VirtualCard;
    readonly console: ConsoleClient;
    /** At the second provisioning port, usable at the same time. */
    readonly console2: ConsoleClient;
    readonly glass: Glass;
    readonly #cables: readonly [Pty, Pty];
    #process: PhoneProcess | null = null;
    #board: BoardClient | null = null;
    #farEndCount = 0;

    private constructor(options: BenchOptions, kamailio: Kamailio, farEnds: readonly Baresip[]) {
        this.options = options;
        this.kamailio = kamailio;
        this.farEnds = farEnds;
        const keep = options.keepSeconds === undefined ? {} : {keepSeconds: options.keepSeconds};
        const microphone = options.microphone === undefined ? {} : {microphone: options.microphone};
        this.handset = createCard(options.folder, {name: "handset", ...keep, ...microphone});
        this.ringer = createCard(options.folder, {name: "ringer", ...keep});
        this.glass = new Glass(options.display, openPty(join(options.folder, "display-tty")));
        this.#cables = [
            openPty(join(options.folder, "provisioning-tty")),
            openPty(join(options.folder, "provisioning2-tty")),
        ];
        this.console = new ConsoleClient(this.#cables[0]);
        this.console2 = new ConsoleClient(this.#cables[1]);
        writeFileSync(this.#profilePath, JSON.stringify(this.#profile(), null, 4));
    }

    /** Starts the servers, the far ends and the phone, and provisions it; resolves when it is registered. */
    static async start(options: BenchOptions): Promise<BenchPhone> {
        const bench = await BenchPhone.prepare(options);
        try {
            await bench.startPhone();
            options.progress?.("provisioning the phone through its console");
            await bench.provision();
            await bench.registered();
            return bench;
        } catch (thrown) {
            await bench.stop();
            throw thrown;
        }
    }

    /** Starts all but the phone. */
    static async prepare(options: BenchOptions): Promise<BenchPhone> {
        mkdirSync(options.folder, {recursive: true});
        options.progress?.("starting the registrar");
        const {auth = "md5"} = options;
        const password = auth === "md5" ? benchPassword : null;
        const others = ["600", "601", "602", webPeerUser].map((name) => ({name, password}));
        const users = [{name: "phone", password: benchPassword}, ...others];
        const own = {folder: join(options.folder, "kamailio"), auth, users};
        const over = options.rtpengine === undefined ? {} : {rtpengine: options.rtpengine};
        const kamailio = await startKamailio({...own, ...over, ...placeOf(options)});
        const wanted = options.farEnds ?? ["echo", "callback"];
        options.progress?.("starting the far ends");
        const started = wanted.map((farEnd) =>
            startFarEnd(farEnd, {...options, ...placeOf(options), password}, kamailio),
        );
        try {
            return new BenchPhone(options, kamailio, await Promise.all(started));
        } catch (thrown) {
            for (const far of await Promise.allSettled(started)) if (far.status === "fulfilled") await far.value.stop();
            await kamailio.stop();
            throw thrown;
        }
    }

    get #profilePath(): string {
        return join(this.options.folder, "board.json");
    }

    get data(): string {
        return join(this.options.folder, "data");
    }

    get logFile(): string {
        return join(this.options.folder, "phone.log");
    }

    #profile(): object {
        const {folder, display, sound} = this.options;
        const virtual = {handsetPlayback: "handset", handsetCapture: "handset", ringer: "ringer"};
        const card = {handsetPlayback: "default", handsetCapture: "default", ringer: "default"};
        return {
            kind: "simulated",
            folder: join(folder, "board"),
            display: {
                kind: display,
                tty: join(folder, "display-tty"),
                ...(display === "cfa635" ? {columns: 20, rows: 4} : {columns: 40, rows: 12}),
            },
            provisioning: [{tty: join(folder, "provisioning-tty")}, {tty: join(folder, "provisioning2-tty")}],
            sound: sound === "virtual" ? virtual : card,
        };
    }

    /** The phone's process. Throws while there is none. */
    get process(): PhoneProcess {
        if (this.#process === null) throw new Error("the phone has not been started");
        return this.#process;
    }

    /** The simulated board's door. Throws while the phone does not run. */
    get board(): BoardClient {
        if (this.#board === null) throw new Error("the phone has not been started");
        return this.#board;
    }

    /** Starts the firmware and resolves when its board's door is open. */
    async startPhone(): Promise<void> {
        this.options.progress?.("starting the phone");
        this.#process = new PhoneProcess({
            profile: this.#profilePath,
            data: this.data,
            logFile: this.logFile,
            within: this.options.network?.phone.within ?? [],
            environment: this.options.sound === "virtual" ? environmentOf(this.handset, this.ringer) : {},
        });
        await this.#process.logs(/the phone is ready/);
        this.#board = await BoardClient.connect(join(this.options.folder, "board/board.sock"));
    }

    /** Types the account and the settings into the console. */
    async provision(more: Readonly<Record<string, string>> = {}): Promise<void> {
        const {kamailio, options} = this;
        const authority = readFileSync(kamailio.caPem, "utf8").trim().replaceAll("\n", "\\n");
        await this.console.type("");
        await this.console.provision({
            "phone.language": "en",
            "phone.country": "de",
            "sip.ca": authority,
            // On loopback the address is told; elsewhere it is the one that reaches the registrar.
            ...(options.network === undefined ? {"rtp.address": "127.0.0.1"} : {}),
            "account1.enabled": "on",
            "account1.label": "desk",
            "account1.user": "phone",
            "account1.domain": kamailio.domain,
            "account1.server": kamailio.host,
            "account1.port": String(kamailio[options.transport]),
            "account1.transport": options.transport,
            "account1.password": benchPassword,
            ...(options.media === undefined ? {} : {"account1.media": options.media}),
            ...options.settings,
            ...more,
        });
    }

    /** Starts 602, which is not ended with the bench but by its own `stop`; only one of it at a time. */
    async startFarEnd(options: FarEndOptions): Promise<Baresip> {
        this.#farEndCount += 1;
        const folder = join(this.options.folder, `602-${this.#farEndCount}`);
        const {domain, host, caPem} = this.kamailio;
        const {transport = "tcp"} = options;
        const registrar = {domain, host, port: this.kamailio[transport], transport, caPem};
        const account = {name: "602", displayName: "Far end", ...credentials(this.options)};
        return startBaresip({...placeOf(this.options), ...options, folder, account, registrar});
    }

    /** The newest of everything that the phone said of itself. */
    get said(): PhoneSaid {
        return this.board.said as PhoneSaid;
    }

    /** Resolves when what the phone says of itself fulfils `holds`. */
    says(holds: (said: PhoneSaid) => boolean, ms = 10_000): Promise<void> {
        return this.board.until((said) => holds(said as PhoneSaid), ms);
    }

    /** Resolves when the phone says that it is registered. */
    registered(ms = 15_000): Promise<void> {
        return this.says(({accounts}) => accounts?.some(({registered}) => registered) === true, ms);
    }

    /** Resolves when the call that there is has reached the phase; `none`: when there is no call. */
    phase(phase: string, ms = 10_000): Promise<void> {
        return this.says(({calls}) => (phase === "none" ? calls?.length === 0 : calls?.[0]?.phase === phase), ms);
    }

    /** Ends the phone alone, in order or as a power cut would. */
    async stopPhone(how: "stop" | "kill" = "stop"): Promise<void> {
        this.#board?.close();
        this.#board = null;
        if (how === "stop") await this.#process?.stop();
        else await this.#process?.kill();
    }

    /** Ends everything that it started. */
    async stop(): Promise<void> {
        await this.stopPhone();
        await Promise.all(this.farEnds.map((farEnd) => farEnd.stop()));
        await this.kamailio.stop();
        this.glass.close();
        for (const cable of this.#cables) cable.close();
    }
}

function credentials({auth}: BenchOptions): {readonly password?: string} {
    return auth === "sha256" ? {} : {password: benchPassword};
}

function placeOf({network}: BenchOptions): {readonly place?: Place} {
    return network === undefined ? {} : {place: network.others};
}
