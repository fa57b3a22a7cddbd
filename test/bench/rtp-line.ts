/**
 * The far end's RTP: packets leave by an absolute clock, and what comes in is stamped at once.
 *
 *   due(n) = begin + n * 20 ms --> sleep to 1..2 ms before --> ask again and again, sockets included --> send
 *
 * Node's timers are only good to a millisecond, so the last stretch is spent in turns of the event loop; a packet that
 * comes in meanwhile is taken in the same turn. Lateness is kept and never adds up.
 */
import {createSocket, type Socket} from "node:dgram";
import {once} from "node:events";
import {monotonicNow} from "../support/sound-card.ts";
import {type BenchCodec, frameSize, packetMs, wireFormats} from "./codecs.ts";
import type {WirePacket} from "./far-end-messages.ts";

const MILLI = 1e6;
const HEADER = 12;
const VERSION = 0x80;
const MARKER = 0x80;
/** Spent in turns of the event loop before each packet, in ms. */
const WATCH_MS = 1.5;
const ATTEMPTS = 50;

export interface RtpTarget {
    readonly address: string;
    readonly port: number;
}

async function bound(port: number): Promise<Socket> {
    const socket = createSocket("udp4");
    socket.bind(port, "127.0.0.1");
    await once(socket, "listening");
    return socket;
}

/** An even port and the odd one above it (RFC 3550 §11). */
async function boundPair(): Promise<readonly [Socket, Socket]> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const port = 40_000 + 2 * Math.floor(Math.random() * 5_000);
        try {
            const first = await bound(port);
            try {
                return [first, await bound(port + 1)];
            } catch {
                // The odd port is taken: another pair.
                first.close();
            }
        } catch {
            // The even port is taken: another pair.
        }
    }
    throw new Error("no pair of UDP ports is free");
}

/** One call's media. It owns two sockets and a timer; RTCP is taken and not looked at. */
export class RtpLine {
    readonly port: number;
    readonly #rtp: Socket;
    readonly #rtcp: Socket;
    readonly #packets: WirePacket[] = [];
    readonly #lateness: number[] = [];
    #closed = false;

    private constructor(rtp: Socket, rtcp: Socket) {
        this.#rtp = rtp;
        this.#rtcp = rtcp;
        this.port = rtp.address().port;
        rtp.on("message", (datagram) => this.#take(datagram, monotonicNow()));
    }

    static async open(): Promise<RtpLine> {
        const [rtp, rtcp] = await boundPair();
        return new RtpLine(rtp, rtcp);
    }

    /** Sends the frames to the target, the first one now. Answers the instant on which the times of all others stand. */
    send(codec: BenchCodec, frames: readonly Uint8Array[], target: RtpTarget): number {
        const {payloadType} = wireFormats[codec];
        const begin = monotonicNow();
        const ssrc = Math.floor(Math.random() * 2 ** 32);
        const send = (n: number, payload: Uint8Array): void => {
            const header = Buffer.alloc(HEADER);
            header.writeUInt8(VERSION, 0);
            header.writeUInt8((n === 0 ? MARKER : 0) | payloadType, 1);
            header.writeUInt16BE(n & 0xffff, 2);
            header.writeUInt32BE(n * frameSize(codec), 4);
            header.writeUInt32BE(ssrc, 8);
            this.#rtp.send([header, payload], target.port, target.address);
        };
        this.#pace(begin, frames, send);
        return begin;
    }

    #pace(begin: number, frames: readonly Uint8Array[], send: (n: number, payload: Uint8Array) => void): void {
        let n = 0;
        const turn = (): void => {
            if (this.#closed) return;
            for (let late = this.#since(begin, n); late >= 0; late = this.#since(begin, n)) {
                const frame = frames[n];
                if (frame === undefined) return;
                send(n, frame);
                this.#lateness.push(late);
                n++;
            }
            const left = -this.#since(begin, n);
            if (left > WATCH_MS + 1) setTimeout(turn, Math.floor(left - WATCH_MS));
            else setImmediate(turn);
        };
        turn();
    }

    /** ms that have passed since packet n was due. */
    #since(begin: number, n: number): number {
        return (monotonicNow() - begin) / MILLI - n * packetMs;
    }

    #take(datagram: Buffer, at: number): void {
        if (datagram.length < HEADER || datagram.readUInt8(0) >> 6 !== 2) return;
        // Telephone-events and the like have other payload types; only the codec's own are kept by their numbers.
        const kind = datagram.readUInt8(1) & 0x7f;
        if (!Object.values(wireFormats).some(({payloadType}) => payloadType === kind)) return;
        const start = HEADER + 4 * (datagram.readUInt8(0) & 15);
        this.#packets.push({
            at,
            sequence: datagram.readUInt16BE(2),
            timestamp: datagram.readUInt32BE(4),
            payload: Uint8Array.from(datagram.subarray(start)),
        });
    }

    /** Ends both ways; answers what came in, in the order of arrival, and how late what went out was, in ms. */
    close(): {readonly packets: readonly WirePacket[]; readonly lateness: readonly number[]} {
        if (!this.#closed) {
            this.#closed = true;
            this.#rtp.close();
            this.#rtcp.close();
        }
        return {packets: this.#packets, lateness: this.#lateness};
    }
}
