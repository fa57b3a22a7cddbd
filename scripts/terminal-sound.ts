/**
 * The far ends of the virtual board's sound for the terminal: a voice before the handset's microphone all the time, and
 * ears at the earpiece and at the ringer that keep the last of what they hear.
 *
 *   /dev/snd (device 1 of a card) --> arecord | nc --> board's network --> ear on this machine
 */
import {once} from "node:events";
import {type AddressInfo, createServer, type Server} from "node:net";
import type {Guest} from "../test/board/guest.ts";
import {type Card, speak} from "../test/board/sound-ends.ts";
import {resample} from "../test/support/sound-resample.ts";
import {peakOf} from "../test/support/sound-signal.ts";
import type {Wav} from "../test/support/sound-wav.ts";

const rate = 48_000;
const bytesPerSample = 2;
/** What a meter shows the peak of, in ms. */
const meterMs = 100;
/** Without sound for so long the ear's program is gone, in ms. */
const staleMs = 1_000;

/** The last samples of a stream, as far as they are to be kept. */
export class SoundMemory {
    readonly #keep: number;
    #chunks: Int16Array[] = [];
    #kept = 0;
    #odd: Uint8Array = new Uint8Array(0);

    /** `keep` is a number of samples; a chunk more may be kept. */
    constructor(keep: number) {
        this.#keep = keep;
    }

    /** Takes little-endian 16-bit samples as they come, cut anywhere. */
    take(bytes: Uint8Array): void {
        const all = Buffer.concat([this.#odd, bytes]);
        const whole = all.length - (all.length % bytesPerSample);
        this.#odd = Uint8Array.from(all.subarray(whole));
        const chunk = new Int16Array(Uint8Array.from(all.subarray(0, whole)).buffer);
        this.#chunks.push(chunk);
        this.#kept += chunk.length;
        for (let [oldest] = this.#chunks; oldest !== undefined; [oldest] = this.#chunks) {
            if (this.#kept - oldest.length < this.#keep) return;
            this.#chunks.shift();
            this.#kept -= oldest.length;
        }
    }

    /** The stream was cut and begins anew: half a sample is none. */
    restart(): void {
        this.#odd = new Uint8Array(0);
    }

    /** The newest samples, at most so many. */
    last(count: number): Int16Array {
        const newest: Int16Array[] = [];
        let missing = count;
        for (let at = this.#chunks.length - 1; at >= 0 && missing > 0; at -= 1) {
            const chunk = this.#chunks[at] ?? new Int16Array(0);
            newest.unshift(chunk.subarray(Math.max(0, chunk.length - missing)));
            missing -= chunk.length;
        }
        const samples = new Int16Array(count - Math.max(0, missing));
        let at = 0;
        for (const chunk of newest) {
            samples.set(chunk, at);
            at += chunk.length;
        }
        return samples;
    }
}

/** An ear that outlasts the board's power. */
class Ear {
    readonly memory: SoundMemory;
    readonly #card: Card;
    readonly #server: Server;
    #heardAt = 0;

    private constructor(card: Card, seconds: number) {
        this.#card = card;
        this.memory = new SoundMemory(seconds * rate);
        this.#server = createServer((socket) => {
            this.memory.restart();
            // The board's power is cut now and then.
            socket.on("error", () => undefined);
            socket.on("data", (chunk: Buffer) => {
                this.memory.take(chunk);
                this.#heardAt = performance.now();
            });
        });
    }

    static async make(card: Card, seconds: number): Promise<Ear> {
        const ear = new Ear(card, seconds);
        ear.#server.listen(0, "127.0.0.1");
        await once(ear.#server, "listening");
        return ear;
    }

    /** Puts the ear to a board that has just been switched on. */
    listen(guest: Guest): void {
        const {port} = this.#server.address() as AddressInfo;
        const recording = `-f S16_LE -r ${rate} -c 1 -t raw --period-time=50000 --buffer-time=500000`;
        const ear = `arecord -q -D hw:CARD=${this.#card},DEV=1 ${recording} | nc 10.0.2.2 ${port}`;
        // A machine that stalls may end it with an input/output error.
        guest.spawn(`while :; do ${ear}; usleep 100000; done`).end();
    }

    /** Peak of what was heard just now, in dBFS. */
    get level(): number {
        if (performance.now() - this.#heardAt > staleMs) return Number.NEGATIVE_INFINITY;
        return peakOf(this.memory.last((rate * meterMs) / 1_000));
    }

    close(): void {
        this.#server.close();
    }
}

export class BoardSound {
    readonly #voice: Wav;
    readonly #handset: Ear;
    readonly #ringer: Ear;

    private constructor(voice: Wav, handset: Ear, ringer: Ear) {
        this.#voice = voice;
        this.#handset = handset;
        this.#ringer = ringer;
    }

    /** With a voice of any rate; the earpiece is kept for `seconds`. */
    static async make(voice: Wav, seconds: number): Promise<BoardSound> {
        const samples = resample(voice.samples, voice.rate, rate);
        return new BoardSound({rate, samples}, await Ear.make("handset", seconds), await Ear.make("ringer", 1));
    }

    /** Begins to speak and to listen at a board that has just been switched on. */
    begin(guest: Guest): void {
        speak(guest, this.#voice);
        for (const ear of [this.#handset, this.#ringer]) ear.listen(guest);
    }

    get levels(): {readonly earpiece: number; readonly ringer: number} {
        return {earpiece: this.#handset.level, ringer: this.#ringer.level};
    }

    /** Peak in dBFS of what the voice says at a sample of its stream, counted from its beginning. */
    voiceLevel(at: number): number {
        const {samples} = this.#voice;
        const from = at % samples.length;
        return peakOf(samples.subarray(from, from + (rate * meterMs) / 1_000));
    }

    /** What the earpiece played, as far as it was kept. */
    get recording(): Wav {
        return {rate, samples: this.#handset.memory.last(Number.MAX_SAFE_INTEGER)};
    }

    close(): void {
        for (const ear of [this.#handset, this.#ringer]) ear.close();
    }
}
