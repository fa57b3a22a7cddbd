/**
 * A far end of RTP for the tests: a pair of sockets on loopback that keeps all that comes and sends what it is told.
 * It decodes and encodes G.711 A-law by itself (ITU-T G.711), so that levels on the wire are checked by other code than
 * the engine's.
 */
import {createSocket, type Socket} from "node:dgram";
import {once} from "node:events";

/** An RTP packet as it came; `at` is the instant in ns of CLOCK_MONOTONIC at which JavaScript saw it. */
export interface RtpPacket {
    readonly at: number;
    readonly marker: boolean;
    readonly payloadType: number;
    readonly sequence: number;
    readonly timestamp: number;
    readonly ssrc: number;
    readonly payload: Uint8Array;
}

/** What is sent; sequence and timestamp are the caller's, so that it can do wrong. */
export type OutgoingPacket = Omit<RtpPacket, "at">;

/** One packet of an RTCP compound: its type (RFC 3550 §12.1) and all its bytes. */
export interface RtcpPacket {
    readonly type: number;
    readonly bytes: Buffer;
}

/** A telephone-event payload (RFC 4733 §2.3). */
export interface EventPayload {
    readonly event: number;
    readonly end: boolean;
    readonly volume: number;
    readonly duration: number;
}

export function parseRtp(bytes: Buffer, at: number): RtpPacket {
    if (bytes.length < 12 || bytes.readUInt8(0) !== 0x80) {
        throw new RangeError(`not plain RTP: ${bytes.subarray(0, 12).toString("hex")}`);
    }
    return {
        at,
        marker: (bytes.readUInt8(1) & 0x80) !== 0,
        payloadType: bytes.readUInt8(1) & 0x7f,
        sequence: bytes.readUInt16BE(2),
        timestamp: bytes.readUInt32BE(4),
        ssrc: bytes.readUInt32BE(8),
        payload: bytes.subarray(12),
    };
}

export function buildRtp(packet: OutgoingPacket): Buffer {
    const header = Buffer.alloc(12);
    header.writeUInt8(0x80, 0);
    header.writeUInt8((packet.marker ? 0x80 : 0) | packet.payloadType, 1);
    header.writeUInt16BE(packet.sequence & 0xffff, 2);
    header.writeUInt32BE(packet.timestamp >>> 0, 4);
    header.writeUInt32BE(packet.ssrc >>> 0, 8);
    return Buffer.concat([header, packet.payload]);
}

/** The packets of a compound, one after the other. */
export function parseRtcp(bytes: Buffer): readonly RtcpPacket[] {
    const packets: RtcpPacket[] = [];
    for (let at = 0; at < bytes.length; ) {
        const size = 4 * (bytes.readUInt16BE(at + 2) + 1);
        packets.push({type: bytes.readUInt8(at + 1), bytes: bytes.subarray(at, at + size)});
        at += size;
    }
    return packets;
}

export function parseEvent(payload: Uint8Array): EventPayload {
    const [event = -1, flags = 0, high = 0, low = 0] = payload;
    return {event, end: (flags & 0x80) !== 0, volume: flags & 0x3f, duration: (high << 8) | low};
}

export function decodeALaw(codes: Uint8Array): Int16Array {
    return Int16Array.from(codes, (code) => {
        const bits = code ^ 0x55;
        const segment = (bits >> 4) & 7;
        const step = ((bits & 0x0f) << 4) + 8;
        const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
        return bits & 0x80 ? magnitude : -magnitude;
    });
}

const A_LAW_VALUES = decodeALaw(Uint8Array.from({length: 256}, (_, code) => code));

/** The code whose value is nearest: slow, and plainly right. */
function nearestALaw(sample: number): number {
    let nearest = 0;
    for (let code = 1; code < 256; code++) {
        if (Math.abs((A_LAW_VALUES[code] ?? 0) - sample) < Math.abs((A_LAW_VALUES[nearest] ?? 0) - sample)) {
            nearest = code;
        }
    }
    return nearest;
}

export function encodeALaw(samples: Int16Array): Uint8Array {
    return Uint8Array.from(samples, nearestALaw);
}

/** One after the other by sequence number, from the first that came; what is missing is left out. */
export function inOrder(packets: readonly RtpPacket[]): readonly RtpPacket[] {
    const first = packets[0]?.sequence ?? 0;
    const place = (packet: RtpPacket): number => ((packet.sequence - first + 0x8000) & 0xffff) - 0x8000;
    return packets.toSorted((a, b) => place(a) - place(b));
}

/** The payloads behind each other. */
export function payloadsOf(packets: readonly RtpPacket[]): Uint8Array {
    return Buffer.concat(packets.map((packet) => packet.payload));
}

async function bindSocket(address: string): Promise<Socket> {
    const socket = createSocket("udp4");
    socket.bind(0, address);
    await once(socket, "listening");
    return socket;
}

export class RtpPeer {
    readonly packets: RtpPacket[] = [];
    readonly reports: Buffer[] = [];
    readonly #rtp: Socket;
    readonly #rtcp: Socket;
    readonly #waiting = new Set<() => void>();

    private constructor(rtp: Socket, rtcp: Socket) {
        this.#rtp = rtp;
        this.#rtcp = rtcp;
        rtp.on("message", (bytes) => {
            this.packets.push(parseRtp(bytes, Number(process.hrtime.bigint())));
            this.#tell();
        });
        rtcp.on("message", (bytes) => {
            this.reports.push(bytes);
            this.#tell();
        });
    }

    static async open(address = "127.0.0.1"): Promise<RtpPeer> {
        return new RtpPeer(await bindSocket(address), await bindSocket(address));
    }

    get port(): number {
        return this.#rtp.address().port;
    }

    get rtcpPort(): number {
        return this.#rtcp.address().port;
    }

    /** Sends bytes, right or wrong, to the RTP port of the other side. */
    sendBytes(bytes: Uint8Array, port: number): void {
        this.#rtp.send(bytes, port, "127.0.0.1");
    }

    send(packet: OutgoingPacket, port: number): void {
        this.sendBytes(buildRtp(packet), port);
    }

    sendReport(bytes: Uint8Array, port: number): void {
        this.#rtcp.send(bytes, port, "127.0.0.1");
    }

    /** Resolves as soon as `condition` holds after something came; rejects with code `timeout` after `ms`. */
    async until(condition: () => boolean, ms: number): Promise<void> {
        if (condition()) {
            return;
        }
        await new Promise<void>((done, fail) => {
            const timer = setTimeout(() => {
                this.#waiting.delete(check);
                const seen = `${this.packets.length} packets, ${this.reports.length} reports`;
                fail(Object.assign(new Error(`far end: not in ${ms} ms; ${seen}`), {code: "timeout"}));
            }, ms);
            const check = (): void => {
                if (condition()) {
                    clearTimeout(timer);
                    this.#waiting.delete(check);
                    done();
                }
            };
            this.#waiting.add(check);
        });
    }

    close(): void {
        this.#rtp.close();
        this.#rtcp.close();
    }

    #tell(): void {
        for (const check of [...this.#waiting]) {
            check();
        }
    }
}
