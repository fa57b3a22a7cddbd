/**
 * A whole phone on a virtual board: the board in QEMU, its contacts, the glass and the PC at the far ends of its lines,
 * and on this machine the registrar and the far ends of its calls.
 *
 *   keys, hook --> GPIO matrix --> sysfs, onoff --> firmware --> SIP, RTP --> kamailio, baresip 600 (echo), 601
 *   glass <---- UART, 115200 baud <------------------+   +--> snd-aloop <--> ear, voice
 *   PC <----> USB serial, two functions <------------+
 */
import {createSocket} from "node:dgram";
import {once} from "node:events";
import {appendFileSync, mkdirSync, readFileSync} from "node:fs";
import type {Socket} from "node:net";
import {join} from "node:path";
import type {MediaPolicy} from "../../firmware/sip/account.ts";
import {type BoardProfile, parseProfile} from "../../hal/profile.ts";
import {type BenchTransport, benchPassword, webPeerUser} from "../support/bench-phone.ts";
import {ConsoleClient} from "../support/console-client.ts";
import {type FarEnd, startFarEnd} from "../support/far-ends.ts";
import {Glass, type GlassKind} from "../support/glass.ts";
import {type Baresip, type Kamailio, startKamailio} from "../support/peers.ts";
import type {SerialEnd} from "../support/pty.ts";
import {Contacts} from "./contacts.ts";
import {boardProfile, writeFirmwareImage} from "./firmware-image.ts";
import type {Guest, GuestProcess} from "./guest.ts";
import {Machine} from "./machine.ts";
import {PowerCutDisk} from "./power-cut-disk.ts";
import type {Change} from "./protections.ts";
import {UsbCable} from "./usb-cable.ts";

export interface BoardPhoneOptions {
    /** A private folder; everything that the phone makes lies in it. */
    readonly folder: string;
    readonly display?: GlassKind;
    readonly transport?: BenchTransport;
    /** Far ends to start. Default: the echo. */
    readonly farEnds?: readonly FarEnd[];
    /** As `BenchOptions.media`. */
    readonly media?: MediaPolicy;
    /** Settings besides the account's, by name. */
    readonly settings?: Readonly<Record<string, string>>;
    /** What is changed in the firmware, to see which test misses it. */
    readonly changes?: readonly Change[];
    /** Told what is being started. */
    readonly progress?: (what: string) => void;
    /** Told of the glass at each power-on, as soon as its line is there. */
    readonly connected?: (glass: Glass) => void;
}

/** The board's disk, in bytes. */
const diskBytes = 64 * 2 ** 20;
/** Pairs of RTP and RTCP: two for each of the four calls. */
const portCount = 16;
/** From power-on to the glass, and to the registration, in ms; an emulated machine beside a busy one takes its time. */
const readyMs = 60_000;

export class BoardPhone {
    readonly options: BoardPhoneOptions;
    readonly profile: BoardProfile;
    /** The image that the firmware starts from. */
    readonly firmware: string;
    readonly kamailio: Kamailio;
    readonly farEnds: readonly Baresip[];
    readonly contacts: Contacts;
    readonly cable: UsbCable;
    /** A person at each of the two serial ports of the PC. */
    readonly consoles: readonly [ConsoleClient, ConsoleClient];
    readonly #machine: Machine;
    readonly #disk: PowerCutDisk;
    readonly #ports: readonly number[];
    #glass: Glass | null = null;
    #log: GuestProcess | null = null;

    private constructor(
        options: BoardPhoneOptions,
        kamailio: Kamailio,
        far: readonly Baresip[],
        ports: readonly number[],
    ) {
        const {folder, display = "cfa635", changes = []} = options;
        this.options = options;
        this.kamailio = kamailio;
        this.farEnds = far;
        this.#ports = ports;
        this.#disk = PowerCutDisk.format(diskBytes, folder);
        this.profile = profileOf(display);
        this.firmware = join(folder, "firmware.image");
        writeFirmwareImage(this.firmware, changes);
        this.#machine = new Machine({
            folder: join(folder, "board"),
            firmware: this.firmware,
            disk: this.#disk,
            ports,
            commandLine: `board.profile=${display}`,
        });
        const guest = (): Guest => this.#machine.guest;
        this.contacts = new Contacts(guest, this.profile);
        this.cable = new UsbCable(guest);
        const [first, second] = this.cable.ports;
        this.consoles = [new ConsoleClient(first), new ConsoleClient(second)];
    }

    /** Starts everything and provisions the phone over its cable; resolves when the glass says that it is ready. */
    static async start(options: BoardPhoneOptions): Promise<BoardPhone> {
        const phone = await BoardPhone.prepare(options);
        try {
            await phone.powerOn();
            options.progress?.("provisioning the phone over USB");
            await phone.provision();
            await phone.ready();
            return phone;
        } catch (thrown) {
            const said = await phone.log().catch(() => "");
            await phone.stop();
            throw new Error(`${thrown instanceof Error ? thrown.message : thrown}\n${said.slice(-3_000)}`);
        }
    }

    /** Starts all but the board. */
    static async prepare(options: BoardPhoneOptions): Promise<BoardPhone> {
        mkdirSync(options.folder, {recursive: true});
        options.progress?.("starting the registrar");
        const users = ["phone", "600", "601", webPeerUser].map((name) => ({name, password: benchPassword}));
        const kamailio = await startKamailio({
            folder: join(options.folder, "kamailio"),
            auth: "md5",
            users,
            board: true,
        });
        const far: Baresip[] = [];
        try {
            options.progress?.("starting the far ends");
            const common = {...options, password: benchPassword};
            for (const farEnd of options.farEnds ?? ["echo"]) far.push(await startFarEnd(farEnd, common, kamailio));
            return new BoardPhone(options, kamailio, far, await freeUdpPorts(portCount));
        } catch (thrown) {
            for (const one of far) await one.stop();
            await kamailio.stop();
            throw thrown;
        }
    }

    get guest(): Guest {
        return this.#machine.guest;
    }

    /** What the firmware said at all power-ons, also after the last one's end. */
    get logFile(): string {
        return join(this.options.folder, "phone.log");
    }

    /** The glass since the last power-on. */
    get glass(): Glass {
        if (this.#glass === null) throw new Error("the board has no power");
        return this.#glass;
    }

    /** Switches the power on; resolves when the PC's ports are open. The phone has its own pace. */
    async powerOn(): Promise<void> {
        this.options.progress?.("switching the board on");
        const {display = "cfa635"} = this.options;
        await this.#machine.start(() => {
            this.#glass = new Glass(display, lineOf(this.#machine.display));
            this.options.connected?.(this.#glass);
        });
        this.#log = this.guest.spawn("exec tail -n +1 -F /run/phone.log");
        this.#log.onData((chunk) => appendFileSync(this.logFile, chunk));
        await this.cable.open();
    }

    /** Pulls the mains plug; what was not flushed to the disk is lost, but for a share. */
    cutPower(loss?: {readonly keep?: number; readonly seed?: number}): Promise<void> {
        this.#glass?.close();
        return this.#machine.cutPower(loss);
    }

    /** Types the account and the settings into the console, once the phone has found the cable. */
    async provision(more: Readonly<Record<string, string>> = {}): Promise<void> {
        const {kamailio, options} = this;
        const {transport = "tcp"} = options;
        const [console] = this.consoles;
        await this.consoleAnswers();
        await console.provision({
            "phone.language": "en",
            "phone.country": "de",
            "sip.ca": readFileSync(kamailio.caPem, "utf8").trim().replaceAll("\n", "\\n"),
            "rtp.ports": `${this.#ports[0]}-${this.#ports.at(-1)}`,
            "audio.codecs": "PCMA",
            "account1.enabled": "on",
            "account1.label": "desk",
            "account1.user": "phone",
            "account1.domain": kamailio.domain,
            "account1.server": "10.0.2.2",
            "account1.port": String(kamailio[transport]),
            "account1.transport": transport,
            "account1.password": benchPassword,
            ...(options.media === undefined ? {} : {"account1.media": options.media}),
            ...options.settings,
            ...more,
        });
    }

    /** Resolves when the first console answers: what is typed before the phone has opened its end goes nowhere. */
    async consoleAnswers(): Promise<void> {
        const [console] = this.consoles;
        for (let attempt = 1; ; attempt += 1) {
            try {
                await console.type("", 1_000);
                return;
            } catch (thrown) {
                if (attempt * 1_000 >= readyMs) throw thrown;
            }
        }
    }

    /** Resolves when the glass says that the phone is idle and registered. */
    ready(): Promise<void> {
        return this.glass.shows("ready", readyMs);
    }

    /** The firmware's log since the last power-on. */
    async log(): Promise<string> {
        return (await this.guest.read("/run/phone.log")).text;
    }

    /** Resolves when the firmware's log matches. */
    async logs(pattern: RegExp, ms = readyMs): Promise<void> {
        if (this.#log === null) throw new Error("the board has no power");
        await this.#log.says(pattern, ms);
    }

    /** Ends everything that it started. */
    async stop(): Promise<void> {
        await this.cutPower();
        await this.#disk.close();
        await Promise.all(this.farEnds.map((farEnd) => farEnd.stop()));
        await this.kamailio.stop();
    }
}

function profileOf(display: GlassKind): BoardProfile {
    return parseProfile(JSON.parse(boardProfile(display)), display);
}

function lineOf(socket: Socket): SerialEnd {
    return {
        onData: (listener) => socket.on("data", (chunk: Buffer) => listener(chunk)),
        write: (bytes) => void socket.write(bytes),
        close: () => socket.destroy(),
    };
}

/** Neighbouring UDP ports of 127.0.0.1 that are free now, the first an even one. */
async function freeUdpPorts(count: number): Promise<readonly number[]> {
    for (let first = 20_000 + 2 * Math.floor(Math.random() * 5_000); ; first += count) {
        const ports = Array.from({length: count}, (_, index) => first + index);
        if ((await Promise.all(ports.map(isFree))).every(Boolean)) return ports;
    }
}

async function isFree(port: number): Promise<boolean> {
    const socket = createSocket("udp4");
    try {
        socket.bind(port, "127.0.0.1");
        await once(socket, "listening");
        return true;
    } catch {
        // Somebody has it.
        return false;
    } finally {
        socket.close();
    }
}
