/** A private baresip: the far end of a call, in one of three moods, steered over its control port. */
import {mkdir, open, readdir, readFile, truncate, writeFile} from "node:fs/promises";
import {join, resolve} from "node:path";
import type {Place} from "./network.ts";
import {BaresipControl} from "./peers-control.ts";
import {freePorts, PeerProcess, peerPath, unpackPeers} from "./peers-process.ts";

/** Codecs as baresip 1.0.0 spells them: name, RTP clock or sampling rate, channels. */
const CODECS = {PCMA: "PCMA/8000/1", PCMU: "PCMU/8000/1", G722: "G722/16000/1", opus: "opus/48000/1"} as const;

export interface BaresipOptions {
    /** A private folder for the configuration; made if it lacks. */
    readonly folder: string;
    readonly account: {readonly name: string; readonly password?: string; readonly displayName?: string};
    /** Where to register; a `caPem` is needed for TLS. */
    readonly registrar: {
        readonly domain: string;
        /** Default 127.0.0.1. */
        readonly host?: string;
        readonly port: number;
        readonly transport: "udp" | "tcp" | "tls";
        readonly caPem?: string;
    };
    /**
     * - `echo` takes each call and sends back what it hears, one call at a time.
     * - `loop` waits for commands, and in a call sends back what it hears.
     * - `manual` waits for commands; takes and makes up to four calls.
     */
    readonly mode: "echo" | "loop" | "manual";
    /** In order of preference; default: PCMA, PCMU, G722, opus. */
    readonly codecs?: readonly (keyof typeof CODECS)[];
    /** How digits are sent; default: telephone-events (RFC 4733). */
    readonly dtmf?: "rtpevent" | "info";
    /**
     * SRTP with keys in SDP (RFC 4568): `srtp` offers RTP/AVP with keys and takes what comes, `srtp-mand` RTP/SAVP and
     * takes no other. `dtls_srtp` agrees on keys by DTLS (RFC 5763), with RTP and RTCP on one port. Default: neither
     * offers keys nor takes any.
     */
    readonly mediaEncryption?: "srtp" | "srtp-mand" | "dtls_srtp";
    /** Whether it finds the path by ICE (RFC 8445, without trickle). Default: no. */
    readonly ice?: boolean;
    /** In `manual`: what is sent, a WAV file of S16LE. A call ends where the file ends. Default: ten minutes of silence. */
    readonly sourceWav?: string;
    /** Whether each call is recorded, at the sampling rate of its codec; see `heard`. Default: no. */
    readonly record?: boolean;
    /** Least and most packets in the jitter buffer. Default "1-10": echo comes soon and still in order. */
    readonly jitterBuffer?: string;
    /** Where it runs, and its address there. Default: here, at 127.0.0.1. */
    readonly place?: Place;
    /** How long the registrar may take to accept, in ms. */
    readonly readyMs?: number;
}

export interface Baresip {
    readonly control: BaresipControl;
    readonly process: PeerProcess;
    /** Path of the WAV file (S16LE, one channel) of what was heard in the last call that began. Whole once it is over. */
    heard(): Promise<string>;
    stop(): Promise<void>;
}

/** Starts baresip and resolves when the registrar has accepted it. */
export async function startBaresip(options: BaresipOptions): Promise<Baresip> {
    unpackPeers();
    const folder = resolve(options.folder);
    await mkdir(folder, {recursive: true});
    const [control = 0] = await freePorts(1);
    await writeFile(join(folder, "accounts"), account(options));
    await writeFile(join(folder, "config"), await configuration(options, folder, control));
    const process = new PeerProcess("baresip", [peerPath("usr/bin/baresip"), "-4", "-f", folder], {
        folder,
        sound: true,
        within: options.place?.within ?? [],
    });
    try {
        await process.line(/ 200 OK .*\[\d+ bindings?\]/, options.readyMs);
        const connection = await BaresipControl.connect(control, options.place?.within);
        const stop = async (): Promise<void> => {
            connection.close();
            await process.stop();
        };
        return {control: connection, process, heard: () => newestRecording(folder), stop};
    } catch (error) {
        await process.stop();
        throw error;
    }
}

function account({account: {name, password, displayName}, ...options}: BaresipOptions): string {
    const {domain, host = "127.0.0.1", port, transport} = options.registrar;
    const codecs = (options.codecs ?? (["PCMA", "PCMU", "G722", "opus"] as const)).map((codec) => CODECS[codec]);
    const parameters = [
        ...(password === undefined ? [] : [`auth_user=${name}`, `auth_pass=${password}`]),
        `outbound="sip:${host}:${port};transport=${transport}"`,
        `audio_codecs=${codecs.join(",")}`,
        `answermode=${options.mode === "echo" ? "auto" : "manual"}`,
        `dtmfmode=${options.dtmf ?? "rtpevent"}`,
        ...(options.mediaEncryption === undefined ? [] : [`mediaenc=${options.mediaEncryption}`]),
        ...(options.ice ? ["medianat=ice"] : []),
        ...["regint=600", "mwi=no", "ptime=20"],
    ];
    const quoted = displayName === undefined ? "" : `"${displayName}" `;
    return `${quoted}<sip:${name}@${domain};transport=${transport}>;${parameters.join(";")}\n`;
}

interface Sound {
    readonly SOURCE: string;
    readonly PLAYER: string;
    readonly SOURCE_RATE: string;
    readonly PLAYER_RATE: string;
    readonly CHANNELS: string;
}

/** Rate 0 is the codec's own. aubridge loops a player to the source of the same name. */
async function sound(options: BaresipOptions, folder: string): Promise<Sound> {
    const bridge = {SOURCE: "aubridge,loop", PLAYER: "aubridge,loop", SOURCE_RATE: "0", PLAYER_RATE: "0", CHANNELS: ""};
    if (options.mode !== "manual") {
        return bridge;
    }
    // Without a source baresip sends neither RTP nor digits.
    const sourceWav = resolve(options.sourceWav ?? (await writeSilence(folder)));
    const {rate, channels} = await wavFormat(sourceWav);
    return {
        SOURCE: `aufile,${sourceWav}`,
        // A bridge whose other end nobody has: what is heard is dropped.
        PLAYER: "aubridge,ear",
        SOURCE_RATE: `${rate}`,
        PLAYER_RATE: "0",
        CHANNELS: `ausrc_channels ${channels}`,
    };
}

async function configuration(options: BaresipOptions, folder: string, control: number): Promise<string> {
    const template = await readFile(join(import.meta.dirname, "baresip", "config"), "utf8");
    const words: Readonly<Record<string, string>> = {
        ...(await sound(options, folder)),
        ADDRESS: options.place?.ipv4 ?? "127.0.0.1",
        CA: options.registrar.caPem ?? "",
        MAX_CALLS: options.mode === "manual" ? "4" : "1",
        ALERT: `aufile,${join(folder, "alert.wav")}`,
        JITTER_BUFFER: options.jitterBuffer ?? "1-10",
        MODULES: peerPath("usr/lib/baresip/modules"),
        CONTROL: `${control}`,
        RTCP_MUX: options.mediaEncryption === "dtls_srtp" ? "yes" : "no",
        RECORD: options.record === true ? "module sndfile.so" : "",
    };
    return template.replace(/@([A-Z_]+)@/g, (whole, word: string) => words[word] ?? whole);
}

/** The names end in the time of the call's begin: they sort by it. */
async function newestRecording(folder: string): Promise<string> {
    const names = (await readdir(folder)).filter((name) => name.endsWith("-dec.wav")).sort();
    const name = names.at(-1);
    if (name === undefined) {
        throw new Error("no call was recorded");
    }
    return join(folder, name);
}

const SILENCE_RATE = 8000;
const SILENCE_SECONDS = 600;

/** Ten minutes of silence that take no room: the file has a hole behind its header. */
async function writeSilence(folder: string): Promise<string> {
    const path = join(folder, "silence.wav");
    const octets = SILENCE_SECONDS * SILENCE_RATE * 2;
    const header = Buffer.alloc(44);
    header.write("RIFF\0\0\0\0WAVEfmt ", "latin1");
    header.writeUInt32LE(octets + 36, 4);
    // 16 octets of format: PCM, one channel, rate, octets a second, octets a frame, bits a sample.
    header.writeUInt32LE(16, 16);
    header.writeUInt16LE(1, 20);
    header.writeUInt16LE(1, 22);
    header.writeUInt32LE(SILENCE_RATE, 24);
    header.writeUInt32LE(SILENCE_RATE * 2, 28);
    header.writeUInt16LE(2, 32);
    header.writeUInt16LE(16, 34);
    header.write("data", 36, "latin1");
    header.writeUInt32LE(octets, 40);
    await writeFile(path, header);
    await truncate(path, header.length + octets);
    return path;
}

/** Reads the rate in Hz and the channels from a canonical RIFF header. Throws RangeError for another kind of file. */
async function wavFormat(path: string): Promise<{rate: number; channels: number}> {
    const file = await open(path);
    try {
        const header = Buffer.alloc(28);
        await file.read(header, 0, header.length, 0);
        if (header.toString("latin1", 0, 4) !== "RIFF" || header.toString("latin1", 12, 16) !== "fmt ") {
            throw new RangeError(`${path} is not a WAV file that begins with its format`);
        }
        return {channels: header.readUInt16LE(22), rate: header.readUInt32LE(24)};
    } finally {
        await file.close();
    }
}
