/**
 * The far ends of the board's sound cards: a voice before the handset's microphone, an ear at its loudspeaker and at the
 * ringer. Device 1 of each loopback card is the other end of device 0, which is the phone's.
 */
import type {Wav} from "../support/sound-wav.ts";
import type {Guest, GuestProcess} from "./guest.ts";

const rate = 48_000;
const bytesPerSample = 2;
const format = `-f S16_LE -r ${rate} -c 1 -t raw`;

/** How often an ear begins to listen, at most. */
const mostStarts = 20;

export type Card = "handset" | "ringer";
export type Stream = "playback" | "capture";

/** An ear, from its start on. */
export interface Ear {
    /** All that was heard. */
    heard(): Wav;
    /** Resolves when this many more ms of sound were heard, with them; the card's clock counts. */
    next(ms: number): Promise<Wav>;
    close(): Promise<void>;
}

/** Begins to listen; resolves when the ear is open. */
export async function listenTo(guest: Guest, card: Card): Promise<Ear> {
    // A machine that stands still for seconds ends arecord with an error; the ear is there again then.
    const record = `arecord -q -D hw:CARD=${card},DEV=1 ${format} --buffer-time=500000`;
    const process = guest.spawn(`for start in $(seq ${mostStarts}); do ${record}; done`);
    const samples = (from: number): Wav => {
        const bytes = process.output.subarray(from);
        const whole = bytes.subarray(0, bytes.length - (bytes.length % bytesPerSample));
        return {rate, samples: new Int16Array(Uint8Array.from(whole).buffer)};
    };
    await grows(process, 1);
    return {
        heard: () => samples(0),
        next: async (ms) => {
            const from = process.received - (process.received % bytesPerSample);
            await grows(process, from + Math.ceil((rate * ms) / 1_000) * bytesPerSample);
            return samples(from);
        },
        close: async () => {
            process.kill(9);
            await process.exited;
        },
    };
}

/**
 * Resolves when `ms` of sound from now on are as wanted: what was on its way before, or fell into a stall of the machine,
 * is passed over. Rejects after a minute of sound.
 */
export async function hears(ear: Ear, ms: number, isWanted: (heard: Wav) => boolean): Promise<void> {
    for (let left = Math.ceil(60_000 / ms); left > 0; left -= 1) if (isWanted(await ear.next(ms))) return;
    throw new Error("the ear did not hear it");
}

/** Speaks into the handset from now on, over and over; answers how to stop. */
export function speak(guest: Guest, {rate: given, samples}: Wav): () => Promise<void> {
    if (given !== rate) throw new RangeError(`speech for the board must have ${rate} Hz`);
    const process = guest.spawn(
        `cat >/tmp/voice; while :; do cat /tmp/voice; done | exec aplay -q -D hw:CARD=handset,DEV=1 ${format}`,
    );
    process.write(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
    process.end();
    return async () => {
        process.kill(9);
        await process.exited;
    };
}

/** What the kernel says of the phone's end: whether the stream is open, whoever opened it. */
export async function isOpen(guest: Guest, card: Card, stream: Stream): Promise<boolean> {
    const letter = stream === "playback" ? "p" : "c";
    const {text} = await guest.read(`/proc/asound/${card}/pcm0${letter}/sub0/status`);
    return text.trim() !== "closed";
}

async function grows(process: GuestProcess, bytes: number): Promise<void> {
    if (process.received >= bytes) return;
    await new Promise<void>((resolve, reject) => {
        process.onData(() => {
            if (process.received >= bytes) resolve();
        });
        void process.exited.then((code) => reject(new Error(`the ear ended (${code}): ${process.errors}`)));
    });
}
