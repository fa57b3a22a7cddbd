/**
 * Makes seeds of a recording: `node test/fuzz/record.ts FILE.pcap`. README.md tells how the recording was made. Of each
 * kind of message and packet that a far end sent one is kept.
 *
 *   pcap -> Ethernet -> IPv4 -> TCP: messages of SIP -> message, framer, sdp, crypto, digest, names
 *                            -> UDP: RTP and RTCP    -> packets, media
 */
import {createHash} from "node:crypto";
import {mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {Framer} from "../../firmware/sip/framer.ts";
import {headerOf, headersOf, parseMessage, type SipMessage} from "../../firmware/sip/sip-message.ts";

interface Datagram {
    readonly tcp: boolean;
    /** Source and destination. */
    readonly flow: string;
    readonly from: number;
    readonly sequence: number;
    readonly payload: Buffer;
}

const SEEDS = join(import.meta.dirname, "seeds");
/** Of the phone; what it sent is no input of its own. */
const OURS = /Offhook/;
/** The phone's RTP comes from below, that of baresip and of the tests' own far ends from here on. */
const THEIR_PORTS = 20_000;

/** libpcap's file format, little endian, with Ethernet's link type: what tcpdump writes of the loopback. */
function* datagramsOf(file: Buffer): Generator<Datagram> {
    if (file.readUInt32LE(0) !== 0xa1b2c3d4 || file.readUInt32LE(20) !== 1) throw new TypeError("no pcap of Ethernet");
    for (let at = 24; at + 16 <= file.length; ) {
        const size = file.readUInt32LE(at + 8);
        const packet = file.subarray(at + 16 + 14, at + 16 + size);
        at += 16 + size;
        if (packet[0] !== 0x45 || (packet[9] !== 6 && packet[9] !== 17)) continue;
        const ip = packet.subarray(20, packet.readUInt16BE(2));
        const tcp = packet[9] === 6;
        yield {
            tcp,
            flow: `${packet.readUInt32BE(12)}:${ip.readUInt16BE(0)}-${packet.readUInt32BE(16)}:${ip.readUInt16BE(2)}`,
            from: ip.readUInt16BE(0),
            sequence: tcp ? ip.readUInt32BE(4) : 0,
            payload: ip.subarray(tcp ? (ip.readUInt8(12) >> 4) * 4 : 8),
        };
    }
}

/** What makes a seed another than those that are there. */
class Seeds {
    readonly #kinds = new Set<string>();

    keep(target: string, kind: string, octets: Buffer | string): void {
        const key = `${target} ${kind}`;
        if (this.#kinds.has(key)) return;
        this.#kinds.add(key);
        const folder = join(SEEDS, target);
        mkdirSync(folder, {recursive: true});
        const name = createHash("sha1").update(octets).digest("hex").slice(0, 12);
        writeFileSync(join(folder, `recorded-${name}`), octets);
    }
}

function keepMessage(seeds: Seeds, text: string, message: SipMessage): void {
    const type = headerOf(message, "content-type") ?? "";
    const kind = message.startLine.startsWith("SIP/2.0")
        ? `${message.startLine} ${headerOf(message, "cseq")?.split(" ")[1]} ${type}`
        : `${message.startLine.split(" ")[0]} ${type}`;
    seeds.keep("message", kind, text);
    // One octet before it: the size of the chunks.
    seeds.keep("framer", kind.split(" ")[0] ?? "", `\x1f${text}\r\n\r\n${text}`);
    for (const name of ["from", "to", "contact", "p-asserted-identity"]) {
        for (const value of headersOf(message, name)) seeds.keep("names", value.replaceAll(/\w+/g, "x"), value);
    }
    for (const name of ["www-authenticate", "proxy-authenticate"]) {
        for (const value of headersOf(message, name)) {
            seeds.keep("digest", value.replaceAll(/"[^"]*"/g, ""), value);
        }
    }
    if (type === "application/sdp") keepSdp(seeds, message.body);
}

function keepSdp(seeds: Seeds, body: string): void {
    const lines = body.split("\r\n");
    const attributes = lines.map((line) => /^[a-z]=[a-z]*/.exec(line)?.[0] ?? "");
    seeds.keep(
        "sdp",
        [...new Set(attributes), lines.find((line) => line.startsWith("m="))?.split(" ")[2]].join(),
        body,
    );
    for (const line of lines.filter((each) => each.startsWith("a=crypto:"))) {
        seeds.keep("crypto", line.split(" ")[1] ?? "", line.slice("a=crypto:".length));
    }
}

/** A step of an input of `media`: see test/native/fuzz/script.h. */
function step(what: number, octets: Uint8Array | readonly number[]): Buffer {
    return Buffer.concat([Buffer.of(what, octets.length >> 8, octets.length & 0xff), Buffer.from(octets)]);
}

const MEDIA = {receive: 0, protected: 2, talk: 3, pass: 4, negotiate: 5};

/** The second octet of RTCP (RFC 5761 §4). */
const isRtcp = (packet: Buffer): boolean => packet.readUInt8(1) >= 192 && packet.readUInt8(1) <= 223;

/** The beginning of a source of each payload type with its reports, as it came and as it would come protected. */
function keepSources(seeds: Seeds, sources: Iterable<readonly Buffer[]>): void {
    for (const packets of sources) {
        const rtp = packets.filter((packet) => !isRtcp(packet)).slice(0, 4);
        const stream = [...rtp, ...packets.filter(isRtcp).slice(0, 2)];
        const kind = [...new Set(stream.map((packet) => packet.readUInt8(1) & 0x7f))].join();
        const talk = step(MEDIA.talk, [7]);
        const plain = stream.flatMap((packet) => [step(MEDIA.receive, packet), talk]);
        seeds.keep("media", kind, Buffer.concat([...plain, step(MEDIA.pass, [20, 0])]));
        const cipher = stream.flatMap((packet) => [step(MEDIA.protected, packet), talk]);
        seeds.keep("media", `protected ${kind}`, Buffer.concat([step(MEDIA.negotiate, [0, 4, 0]), ...cipher]));
    }
}

function record(path: string): void {
    const seeds = new Seeds();
    const framers = new Map<string, {readonly framer: Framer; next: number}>();
    const sources = new Map<number, Buffer[]>();
    for (const {tcp, flow, from, sequence, payload} of datagramsOf(readFileSync(path))) {
        if (tcp) {
            // The first segment has no octets and takes a sequence number all the same.
            const stream = framers.get(flow) ?? {framer: new Framer(), next: (sequence + 1) >>> 0};
            framers.set(flow, stream);
            if (payload.length === 0 || sequence !== stream.next) continue;
            stream.next = (sequence + payload.length) >>> 0;
            for (const frame of stream.framer.push(payload)) {
                const message = frame.type === "message" ? parseMessage(frame.text) : null;
                if (frame.type !== "message" || message === null || OURS.test(frame.text)) continue;
                if (/^(proxy-)?authorization:/im.test(frame.text)) continue;
                keepMessage(seeds, frame.text, message);
            }
        } else if (payload.length > 12 && payload.readUInt8(0) >> 6 === 2 && from >= THEIR_PORTS) {
            const type = payload.readUInt8(1);
            seeds.keep("packets", `${type}`, payload);
            const source = payload.readUInt32BE(isRtcp(payload) ? 4 : 8);
            sources.set(source, [...(sources.get(source) ?? []), payload]);
        }
    }
    keepSources(seeds, sources.values());
}

record(process.argv[2] ?? "");
