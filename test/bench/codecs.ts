/**
 * The far end's own codecs, in frames of 20 ms: A-law written from ITU-T G.711, Opus by libopus through the small
 * program `opus_frames`. Neither shares code with the phone, so that the two cannot share a fault.
 */
import {execFileSync} from "node:child_process";
import {existsSync, mkdirSync, statSync} from "node:fs";
import {join} from "node:path";

export type BenchCodec = "PCMA" | "opus";

/** How a codec goes over the wire: samples and RTP clock alike run at `rate` Hz. */
export interface WireFormat {
    readonly payloadType: number;
    readonly rate: number;
    readonly rtpmap: string;
}

export const wireFormats: Readonly<Record<BenchCodec, WireFormat>> = {
    PCMA: {payloadType: 8, rate: 8_000, rtpmap: "PCMA/8000"},
    opus: {payloadType: 111, rate: 48_000, rtpmap: "opus/48000/2"},
};

/** Packet time of everything here, in ms. */
export const packetMs = 20;

/** Samples in one packet. */
export function frameSize(codec: BenchCodec): number {
    return (wireFormats[codec].rate * packetMs) / 1_000;
}

/** One octet of A-law as 16 bits (ITU-T G.711 table 1a, even bits inverted). */
function fromALaw(octet: number): number {
    const code = octet ^ 0x55;
    const exponent = (code >> 4) & 7;
    const mantissa = ((code & 15) << 4) + 8;
    const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
    return code & 0x80 ? magnitude : -magnitude;
}

const levels = Array.from({length: 256}, (_, octet) => ({octet, value: fromALaw(octet)}));
const ascending = levels.toSorted((a, b) => a.value - b.value);

/** The octet whose value is nearest, for each 16-bit sample. */
function nearestOctets(): Uint8Array {
    const table = new Uint8Array(65_536);
    let at = 0;
    for (let sample = -32_768; sample < 32_768; sample++) {
        const next = ascending[at + 1];
        if (next !== undefined && next.value - sample <= sample - (ascending[at]?.value ?? 0)) at++;
        table[sample + 32_768] = ascending[at]?.octet ?? 0;
    }
    return table;
}

let octets: Uint8Array | null = null;

function toALaw(sample: number): number {
    octets ??= nearestOctets();
    return octets[sample + 32_768] ?? 0;
}

const source = join(import.meta.dirname, "opus_frames.cc");
const program = join(import.meta.dirname, "../../build/bench/opus_frames");

/** Compiles `opus_frames` if it is not there or out of date. Throws with the compiler's words. */
export function buildOpusFrames(): void {
    if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return;
    mkdirSync(join(program, ".."), {recursive: true});
    const flags = ["-std=gnu++20", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-lopus"];
    execFileSync("c++", flags, {stdio: ["ignore", "inherit", "inherit"]});
}

function opusFrames(task: "encode" | "decode", input: Uint8Array): Buffer {
    return execFileSync(program, [task], {input, maxBuffer: 1 << 28});
}

function octetsOf(samples: Int16Array): Uint8Array {
    return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

function encodeOpus(samples: Int16Array): Buffer[] {
    const out = opusFrames("encode", octetsOf(samples));
    const frames: Buffer[] = [];
    for (let at = 0; at + 2 <= out.length; ) {
        const end = at + 2 + out.readUInt16LE(at);
        frames.push(out.subarray(at + 2, end));
        at = end;
    }
    return frames;
}

function decodeOpus(frames: readonly (Uint8Array | null)[]): Int16Array {
    const parts = frames.flatMap((frame) => {
        const length = Buffer.alloc(2);
        length.writeUInt16LE(frame?.length ?? 0);
        return frame === null ? [length] : [length, frame];
    });
    const out = opusFrames("decode", Buffer.concat(parts));
    return new Int16Array(Uint8Array.from(out).buffer);
}

/** The payloads of the whole frames in `samples`, which are at the codec's rate. */
export function encode(codec: BenchCodec, samples: Int16Array): readonly Buffer[] {
    const size = frameSize(codec);
    const whole = samples.subarray(0, Math.floor(samples.length / size) * size);
    switch (codec) {
        case "PCMA": {
            const all = Buffer.from(Uint8Array.from(whole, toALaw));
            return Array.from({length: whole.length / size}, (_, i) => all.subarray(i * size, (i + 1) * size));
        }
        case "opus": {
            return encodeOpus(whole);
        }
    }
}

/** The sound of payloads in order, at the codec's rate; null stands for a packet that never came. */
export function decode(codec: BenchCodec, frames: readonly (Uint8Array | null)[]): Int16Array {
    switch (codec) {
        case "PCMA": {
            const all = Buffer.concat(frames.map((frame) => frame ?? Buffer.alloc(frameSize(codec), toALaw(0))));
            return Int16Array.from(all, fromALaw);
        }
        case "opus": {
            return decodeOpus(frames);
        }
    }
}
