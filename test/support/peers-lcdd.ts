/**
 * Debian's LCDd with its CFontzPacket driver on a terminal of ours. It was written by others from the same data sheet:
 * what it shows on our emulator proves that emulator and driver of ours do not share a misreading.
 */
import {mkdir, writeFile} from "node:fs/promises";
import {connect, type Socket} from "node:net";
import {userInfo} from "node:os";
import {join, resolve} from "node:path";
import {createInterface, type Interface} from "node:readline";
import {freePorts, libraryPath, PeerProcess, peerPath, unpackPeers} from "./peers-process.ts";

export interface LcddOptions {
    /** A private folder for the configuration; made if it lacks. */
    readonly folder: string;
    /** The terminal where the module answers, for instance `/dev/pts/7`. */
    readonly tty: string;
    /** The model, which decides size and packets. Default 635: 20x4 with LEDs. */
    readonly model?: 631 | 633 | 635;
}

export interface Lcdd {
    readonly process: PeerProcess;
    /** One command of the LCDproc language; resolves with the answer, `success` mostly. Rejects on `huh?`. */
    command(text: string): Promise<string>;
    /** Shows lines of text from the first row down, alone on the glass and without heart beat or frame. */
    show(lines: readonly string[]): Promise<void>;
    stop(): Promise<void>;
}

/** Starts LCDd in the foreground and resolves when it takes commands. */
export async function startLcdd(options: LcddOptions): Promise<Lcdd> {
    unpackPeers();
    const folder = resolve(options.folder);
    await mkdir(folder, {recursive: true});
    const [port = 0] = await freePorts(1);
    const file = join(folder, "LCDd.conf");
    await writeFile(file, configuration(options));
    const {username} = userInfo();
    // Foreground, log to standard error, nothing rotates; it would become nobody if it were not told.
    const fixed = ["-f", "-s", "0", "-r", "4", "-i", "0", "-u", username];
    const process = new PeerProcess("LCDd", [
        peerPath("usr/sbin/LCDd"),
        ...fixed,
        ...["-c", file, "-a", "127.0.0.1", "-p", `${port}`],
    ]);
    try {
        await process.line(/Listening for queries/);
        return await converse(process, port);
    } catch (error) {
        await process.stop();
        throw error;
    }
}

function configuration({tty, model = 635}: LcddOptions): string {
    return `[server]
DriverPath=${libraryPath("lcdproc")}/
Driver=CFontzPacket
WaitTime=5
ServerScreen=blank
Hello=""
GoodBye=""
Backlight=on
Heartbeat=off
TitleSpeed=0
[CFontzPacket]
Device=${tty}
Model=${model}
Speed=115200
USB=no
Reboot=no
`;
}

async function converse(process: PeerProcess, port: number): Promise<Lcdd> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
    });
    const talk = new Conversation(socket);
    await talk.command("hello");
    return {
        process,
        command: (text) => talk.command(text),
        show: (lines) => show(talk, lines),
        stop: async (): Promise<void> => {
            talk.close();
            await process.stop();
        },
    };
}

async function show(talk: Conversation, lines: readonly string[]): Promise<void> {
    await talk.command("screen_add s");
    await talk.command("screen_set s -priority alert -heartbeat off");
    for (const [row, line] of lines.entries()) {
        await talk.command(`widget_add s w${row} string`);
        await talk.command(`widget_set s w${row} 1 ${row + 1} {${line}}`);
    }
}

/** One command at a time; lines that LCDd says by itself (`listen`, `ignore`, keys) are skipped. */
class Conversation {
    readonly #socket: Socket;
    readonly #lines: Interface;

    constructor(socket: Socket) {
        this.#socket = socket;
        this.#lines = createInterface({input: socket});
        // What is lost here shows as an answer that does not come.
        socket.on("error", () => socket.destroy());
    }

    command(text: string): Promise<string> {
        return new Promise((resolve, reject) => {
            const finish = (): void => {
                clearTimeout(timer);
                this.#lines.off("line", take);
            };
            const timer = setTimeout(() => {
                finish();
                reject(new Error(`LCDd does not answer ${text}`));
            }, 10_000);
            const take = (line: string): void => {
                if (/^(success|connect)/.test(line)) {
                    finish();
                    resolve(line);
                } else if (line.startsWith("huh?")) {
                    finish();
                    reject(new Error(`LCDd refuses ${text}: ${line}`));
                }
            };
            this.#lines.on("line", take);
            this.#socket.write(`${text}\n`);
        });
    }

    close(): void {
        this.#socket.destroy();
    }
}
