/**
 * The peer: baresip as Debian 12 ships it, with its alsa module on a virtual card. Its settings are those that baresip
 * writes into a new configuration by itself (jitter buffer of 5 to 10 packets, Opus at 28 kbit/s), but for what the
 * bench needs: the folder of modules, the cards, a control port, loopback, and one channel of Opus as our phone has.
 */
import {mkdirSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {BaresipControl} from "../support/peers-control.ts";
import {freePorts, PeerProcess, peerPath, unpackPeers} from "../support/peers-process.ts";
import {type CardOptions, createCard, environmentOf, monotonicNow, type VirtualCard} from "../support/sound-card.ts";
import type {PhoneUnderTest} from "./phone-under-test.ts";

export interface BaresipPhoneOptions {
    /** A private folder. */
    readonly folder: string;
    readonly registrarPort: number;
    readonly card: Omit<CardOptions, "name">;
}

export class BaresipPhone implements PhoneUnderTest {
    readonly name = "baresip";
    readonly card: VirtualCard;
    readonly #folder: string;
    readonly #registrarPort: number;
    readonly #ringer: VirtualCard;
    #process: PeerProcess | null = null;
    #control: BaresipControl | null = null;
    #controlPort = 0;

    constructor({folder, registrarPort, card}: BaresipPhoneOptions) {
        unpackPeers();
        mkdirSync(folder, {recursive: true});
        this.#folder = folder;
        this.#registrarPort = registrarPort;
        this.card = createCard(folder, {...card, name: "handset"});
        this.#ringer = createCard(folder, {...card, name: "ringer"});
        writeFileSync(join(folder, "accounts"), this.#account());
    }

    #account(): string {
        const outbound = `outbound="sip:127.0.0.1:${this.#registrarPort};transport=tcp"`;
        const parameters = ["auth_user=phone", "auth_pass=bench", outbound, "regint=600", "ptime=20"];
        const codecs = "audio_codecs=opus/48000/1,PCMA/8000/1";
        return `<sip:phone@127.0.0.1;transport=tcp>;${[...parameters, codecs].join(";")}\n`;
    }

    #configuration(): string {
        return [
            "poll_method epoll",
            "sip_listen 127.0.0.1:0",
            "call_local_timeout 120",
            "call_max_calls 4",
            `audio_path ${peerPath("usr/share/baresip")}`,
            `audio_player alsa,${this.card.pcm}`,
            `audio_source alsa,${this.card.pcm}`,
            `audio_alert alsa,${this.#ringer.convertingPcm}`,
            "audio_level no",
            "ausrc_format s16",
            "auplay_format s16",
            "auenc_format s16",
            "audec_format s16",
            "audio_buffer 20-160",
            "rtp_tos 184",
            "rtcp_mux no",
            "jitter_buffer_delay 5-10",
            "rtp_stats no",
            "net_interface 127.0.0.1",
            `module_path ${peerPath("usr/lib/baresip/modules")}`,
            "module opus.so",
            "module g711.so",
            "module alsa.so",
            "module_tmp account.so",
            "module_app menu.so",
            "module_app ctrl_tcp.so",
            `ctrl_tcp_listen 127.0.0.1:${this.#controlPort}`,
            "opus_bitrate 28000",
            "opus_stereo no",
            "opus_sprop_stereo no",
            "",
        ].join("\n");
    }

    get pid(): number {
        return this.#process?.pid ?? 0;
    }

    async start(): Promise<number> {
        this.#controlPort = (await freePorts(1))[0] ?? 0;
        writeFileSync(join(this.#folder, "config"), this.#configuration());
        const {ALSA_CONFIG_PATH} = environmentOf(this.card, this.#ringer);
        const words = [
            "env",
            `ALSA_CONFIG_PATH=${ALSA_CONFIG_PATH}`,
            peerPath("usr/bin/baresip"),
            "-4",
            "-f",
            this.#folder,
        ];
        const startedAt = monotonicNow();
        this.#process = new PeerProcess("baresip", words, {folder: this.#folder, sound: true});
        return startedAt;
    }

    async ready(): Promise<void> {
        await this.#process?.line(/ 200 OK .*\[\d+ bindings?\]/);
        this.#control = await BaresipControl.connect(this.#controlPort);
    }

    answer(): number {
        if (this.#control === null) throw new Error("baresip is not ready");
        const at = monotonicNow();
        // What refuses shows as a call that is not answered.
        this.#control.answer().catch(() => undefined);
        return at;
    }

    /** Its call ended with the far end's BYE. */
    async leave(): Promise<void> {}

    async stop(): Promise<void> {
        this.#control?.close();
        this.#control = null;
        await this.#process?.stop();
        this.#process = null;
    }

    /** What it said, for when something fails. */
    get log(): readonly string[] {
        return this.#process?.log ?? [];
    }
}
