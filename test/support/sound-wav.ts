/** WAV files of 16-bit PCM (RIFF), read and written whole. */

export interface Wav {
    readonly rate: number;
    /** The first channel. */
    readonly samples: Int16Array;
}

const PCM = 1;
const EXTENSIBLE = 0xfffe;
const HEADER_LENGTH = 44;

/** A mono 16-bit WAV file. */
export function encodeWav({rate, samples}: Wav): Uint8Array {
    const bytes = Buffer.alloc(HEADER_LENGTH + 2 * samples.length);
    bytes.write("RIFF", 0, "latin1");
    bytes.writeUInt32LE(bytes.length - 8, 4);
    bytes.write("WAVEfmt ", 8, "latin1");
    bytes.writeUInt32LE(16, 16);
    bytes.writeUInt16LE(PCM, 20);
    bytes.writeUInt16LE(1, 22);
    bytes.writeUInt32LE(rate, 24);
    bytes.writeUInt32LE(2 * rate, 28);
    bytes.writeUInt16LE(2, 32);
    bytes.writeUInt16LE(16, 34);
    bytes.write("data", 36, "latin1");
    bytes.writeUInt32LE(2 * samples.length, 40);
    for (const [i, sample] of samples.entries()) {
        bytes.writeInt16LE(sample, HEADER_LENGTH + 2 * i);
    }
    return bytes;
}

/** The chunks of a RIFF file; one that runs over the end is cut there, as players do with unfinished recordings. */
function chunksOf(bytes: Buffer): Map<string, Buffer> {
    const chunks = new Map<string, Buffer>();
    for (let at = 12; at + 8 <= bytes.length; ) {
        const length = bytes.readUInt32LE(at + 4);
        chunks.set(bytes.toString("latin1", at, at + 4), bytes.subarray(at + 8, at + 8 + length));
        at += 8 + length + (length % 2);
    }
    return chunks;
}

/** Reads the first channel of a 16-bit PCM WAV file. Throws an Error with code `wavFormat` for anything else. */
export function decodeWav(file: Uint8Array): Wav {
    const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
    const isWave = bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", 8, 12) === "WAVE";
    const chunks = isWave ? chunksOf(bytes) : new Map<string, Buffer>();
    const format = chunks.get("fmt ");
    const data = chunks.get("data");
    if (format === undefined || format.length < 16 || data === undefined) {
        throw Object.assign(new Error("not a WAV file"), {code: "wavFormat"});
    }
    const [tag, channels, bits] = [format.readUInt16LE(0), format.readUInt16LE(2), format.readUInt16LE(14)];
    if ((tag !== PCM && tag !== EXTENSIBLE) || bits !== 16 || channels < 1) {
        throw Object.assign(new Error(`not 16-bit PCM: format ${tag}, ${bits} bits`), {code: "wavFormat"});
    }
    const count = Math.floor(data.length / (2 * channels));
    return {
        rate: format.readUInt32LE(4),
        samples: Int16Array.from({length: count}, (_, i) => data.readInt16LE(2 * i * channels)),
    };
}
