/** STUN (RFC 8489) and as much of TURN (RFC 8656) over UDP and IPv4 as a test needs of the other side. */
import {createHash, createHmac, randomBytes} from "node:crypto";
import {createSocket, type RemoteInfo, type Socket} from "node:dgram";
import {once} from "node:events";
import {crc32} from "node:zlib";

const COOKIE = 0x2112a442;

export const STUN = {
    username: 0x0006,
    integrity: 0x0008,
    error: 0x0009,
    channel: 0x000c,
    lifetime: 0x000d,
    peer: 0x0012,
    data: 0x0013,
    realm: 0x0014,
    nonce: 0x0015,
    relayed: 0x0016,
    mapped: 0x0020,
    priority: 0x0024,
    useCandidate: 0x0025,
    fingerprint: 0x8028,
    controlling: 0x802a,
} as const;

type Attributes = ReadonlyArray<readonly [type: number, value: Buffer]>;

export interface StunMessage {
    readonly type: number;
    readonly transaction: Buffer;
    readonly attributes: ReadonlyMap<number, Buffer>;
}

export function isStun(datagram: Buffer): boolean {
    return datagram.length >= 20 && (datagram[0] ?? 255) < 4 && datagram.readUInt32BE(4) === COOKIE;
}

export function parseStun(datagram: Buffer): StunMessage {
    const attributes = new Map<number, Buffer>();
    for (let at = 20; at + 4 <= datagram.length; ) {
        const size = datagram.readUInt16BE(at + 2);
        attributes.set(datagram.readUInt16BE(at), datagram.subarray(at + 4, at + 4 + size));
        at += 4 + ((size + 3) & ~3);
    }
    return {type: datagram.readUInt16BE(0), transaction: datagram.subarray(8, 20), attributes};
}

function attribute([type, value]: Attributes[number]): Buffer {
    const written = Buffer.alloc(4 + ((value.length + 3) & ~3));
    written.writeUInt16BE(type, 0);
    written.writeUInt16BE(value.length, 2);
    value.copy(written, 4);
    return written;
}

/** With MESSAGE-INTEGRITY where there is a key, and with FINGERPRINT where ICE wants it. */
export function buildStun(
    type: number,
    transaction: Buffer,
    attributes: Attributes,
    {key, fingerprint = false}: {readonly key?: Buffer; readonly fingerprint?: boolean} = {},
): Buffer {
    const header = Buffer.alloc(20);
    header.writeUInt16BE(type, 0);
    header.writeUInt32BE(COOKIE, 4);
    transaction.copy(header, 8);
    let message = Buffer.concat([header, ...attributes.map(attribute)]);
    if (key !== undefined) {
        message.writeUInt16BE(message.length - 20 + 24, 2);
        const digest = createHmac("sha1", key).update(message).digest();
        message = Buffer.concat([message, attribute([STUN.integrity, digest])]);
    }
    if (fingerprint) {
        message.writeUInt16BE(message.length - 20 + 8, 2);
        const sum = Buffer.alloc(4);
        sum.writeUInt32BE((crc32(message) ^ 0x5354554e) >>> 0);
        message = Buffer.concat([message, attribute([STUN.fingerprint, sum])]);
    }
    message.writeUInt16BE(message.length - 20, 2);
    return message;
}

/** XOR-MAPPED-ADDRESS and its like. */
export function xorAddress({address, port}: {readonly address: string; readonly port: number}): Buffer {
    const value = Buffer.from([0, 1, 0, 0, ...address.split(".").map(Number)]);
    value.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
    value.writeUInt32BE((value.readUInt32BE(4) ^ COOKIE) >>> 0, 4);
    return value;
}

function readXorAddress(value: Buffer): {address: string; port: number} {
    const host = Buffer.alloc(4);
    host.writeUInt32BE((value.readUInt32BE(4) ^ COOKIE) >>> 0);
    return {address: [...host].join("."), port: value.readUInt16BE(2) ^ (COOKIE >>> 16)};
}

export async function boundSocket(): Promise<Socket> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return socket;
}

/** Where a phone listens for checks, and its credentials. */
export interface CheckedPhone {
    readonly ufrag: string;
    readonly pwd: string;
    readonly address: string;
    readonly port: number;
}

/** A far end that masters ICE, and then sends what it likes: it connects, and agrees on no keys. */
export class HostilePeer {
    readonly ufrag = "hostile1";
    readonly pwd = "hostile0password0123456789";
    readonly #socket: Socket;
    readonly #theirs: CheckedPhone;

    constructor(socket: Socket, theirs: CheckedPhone) {
        this.#socket = socket;
        this.#theirs = theirs;
        socket.on("message", (datagram, from) => {
            if (!isStun(datagram)) return;
            const {type, transaction} = parseStun(datagram);
            if (type !== 0x0001) return;
            const key = Buffer.from(this.pwd);
            const answer = buildStun(0x0101, transaction, [[STUN.mapped, xorAddress(from)]], {key, fingerprint: true});
            socket.send(answer, from.port, from.address);
        });
    }

    get port(): number {
        return this.#socket.address().port;
    }

    /** A check as the controlling side, which nominates. */
    check(): void {
        const priority = Buffer.from([0x7e, 0, 1, 255]);
        const username = Buffer.from(`${this.#theirs.ufrag}:${this.ufrag}`);
        const attributes: Attributes = [
            [STUN.username, username],
            [STUN.priority, priority],
            [STUN.controlling, randomBytes(8)],
            [STUN.useCandidate, Buffer.alloc(0)],
        ];
        const key = Buffer.from(this.#theirs.pwd);
        this.send(buildStun(0x0001, randomBytes(12), attributes, {key, fingerprint: true}));
    }

    send(datagram: Uint8Array): void {
        this.#socket.send(datagram, this.#theirs.port, this.#theirs.address);
    }

    close(): void {
        this.#socket.close();
    }
}

interface Allocation {
    readonly client: RemoteInfo;
    readonly relay: Socket;
    readonly channels: Map<number, {readonly address: string; readonly port: number}>;
}

/** A TURN server on 127.0.0.1. */
export class TurnServer {
    static readonly username = "phone";
    static readonly password = "secret";
    /** Packets that went through the relay, and allocations that were given back. */
    relayed = 0;
    released = 0;
    readonly #socket: Socket;
    readonly #allocations = new Map<number, Allocation>();
    readonly #key = createHash("md5").update(`${TurnServer.username}:test:${TurnServer.password}`).digest();

    constructor(socket: Socket) {
        this.#socket = socket;
        socket.on("message", (datagram, from) => {
            void (isStun(datagram) ? this.#request(parseStun(datagram), from) : this.#channelData(datagram, from));
        });
    }

    get port(): number {
        return this.#socket.address().port;
    }

    close(): void {
        this.#socket.close();
        for (const {relay} of this.#allocations.values()) relay.close();
    }

    #channelData(datagram: Buffer, {port}: RemoteInfo): void {
        const allocation = this.#allocations.get(port);
        const to = allocation?.channels.get(datagram.readUInt16BE(0));
        if (allocation === undefined || to === undefined) return;
        this.relayed++;
        allocation.relay.send(datagram.subarray(4, 4 + datagram.readUInt16BE(2)), to.port, to.address);
    }

    async #request(message: StunMessage, from: RemoteInfo): Promise<void> {
        const {type, attributes, transaction} = message;
        if (type === 0x0016) return this.#sendIndication(attributes, from);
        if (type === 0x0001) return this.#answer(message, from, [[STUN.mapped, xorAddress(from)]]);
        if (!attributes.has(STUN.integrity)) {
            const challenge: Attributes = [
                [STUN.error, Buffer.from([0, 0, 4, 1])],
                [STUN.realm, Buffer.from("test")],
                [STUN.nonce, Buffer.from("nonce")],
            ];
            return this.#socket.send(buildStun(type | 0x0110, transaction, challenge), from.port, from.address);
        }
        const lifetime = attributes.get(STUN.lifetime) ?? Buffer.from([0, 0, 2, 88]);
        switch (type) {
            case 0x0003: {
                const relay = await this.#allocate(from);
                const granted: Attributes = [
                    [STUN.relayed, xorAddress(relay.address())],
                    [STUN.mapped, xorAddress(from)],
                    [STUN.lifetime, lifetime],
                ];
                return this.#answer(message, from, granted);
            }
            case 0x0004: {
                if (lifetime.readUInt32BE(0) === 0) this.released++;
                return this.#answer(message, from, [[STUN.lifetime, lifetime]]);
            }
            case 0x0009: {
                const peer = readXorAddress(attributes.get(STUN.peer) ?? Buffer.alloc(8));
                const channel = attributes.get(STUN.channel)?.readUInt16BE(0) ?? 0;
                this.#allocations.get(from.port)?.channels.set(channel, peer);
                return this.#answer(message, from, []);
            }
            default: {
                return this.#answer(message, from, []);
            }
        }
    }

    #answer({type, transaction, attributes: asked}: StunMessage, from: RemoteInfo, attributes: Attributes): void {
        this.#socket.send(
            buildStun(type | 0x0100, transaction, attributes, asked.has(STUN.integrity) ? {key: this.#key} : {}),
            from.port,
            from.address,
        );
    }

    #sendIndication(attributes: StunMessage["attributes"], from: RemoteInfo): void {
        const to = readXorAddress(attributes.get(STUN.peer) ?? Buffer.alloc(8));
        this.relayed++;
        this.#allocations.get(from.port)?.relay.send(attributes.get(STUN.data) ?? Buffer.alloc(0), to.port, to.address);
    }

    async #allocate(client: RemoteInfo): Promise<Socket> {
        const known = this.#allocations.get(client.port);
        if (known !== undefined) return known.relay;
        const relay = await boundSocket();
        const channels: Allocation["channels"] = new Map();
        this.#allocations.set(client.port, {client, relay, channels});
        relay.on("message", (datagram, peer) => {
            this.relayed++;
            const channel = [...channels].find(([, to]) => to.port === peer.port)?.[0];
            if (channel === undefined) {
                const attributes: Attributes = [
                    [STUN.peer, xorAddress(peer)],
                    [STUN.data, datagram],
                ];
                this.#socket.send(buildStun(0x0017, randomBytes(12), attributes), client.port, client.address);
                return;
            }
            const head = Buffer.alloc(4);
            head.writeUInt16BE(channel, 0);
            head.writeUInt16BE(datagram.length, 2);
            this.#socket.send(Buffer.concat([head, datagram]), client.port, client.address);
        });
        return relay;
    }
}
