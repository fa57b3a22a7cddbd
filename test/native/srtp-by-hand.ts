/**
 * SRTP and SRTCP by Node's own crypto, written from RFC 3711 and RFC 7714 alone, so that what the engine makes of keys,
 * indices and tags is read by other code than libsrtp. AES_CM_128_HMAC_SHA1_80 and AEAD_AES_128_GCM.
 *
 *   SRTP   RTP header | encrypted payload | tag                             over header, payload and rollover counter
 *   SRTCP  first 8 octets | encrypted rest | (GCM: tag) | E, index | (CM: tag)   over all before, and the index
 */
import {createCipheriv, createDecipheriv, createHmac, timingSafeEqual} from "node:crypto";
import type {SrtpSuite} from "../../native/index.ts";

export type SuiteByHand = Extract<SrtpSuite, "AES_CM_128_HMAC_SHA1_80" | "AEAD_AES_128_GCM">;

interface SessionKeys {
    readonly encryption: Buffer;
    readonly authentication: Buffer;
    readonly salt: Buffer;
}

const HEADER = {rtp: 12, rtcp: 8};
const CM_TAG = 10;
const GCM_TAG = 16;

/** Key derivation with a rate of zero (RFC 3711 §4.3.1); the shorter salt of GCM is padded (RFC 7714 §11). */
function derive(master: Uint8Array, label: number, length: number): Buffer {
    const iv = Buffer.alloc(16);
    iv.set(master.subarray(16));
    iv.writeUInt8(iv.readUInt8(7) ^ label, 7);
    return createCipheriv("aes-128-ctr", master.subarray(0, 16), iv).update(Buffer.alloc(length));
}

function sessionKeysOf(suite: SuiteByHand, master: Uint8Array, firstLabel: number): SessionKeys {
    return {
        encryption: derive(master, firstLabel, 16),
        authentication: derive(master, firstLabel + 1, 20),
        salt: derive(master, firstLabel + 2, suite === "AEAD_AES_128_GCM" ? 12 : 14),
    };
}

function xor(left: Uint8Array, right: Uint8Array): Buffer {
    return Buffer.from(left.map((octet, i) => octet ^ (right[i] ?? 0)));
}

/** RFC 3711 §4.1.1. `index` is the packet's: ROC and sequence number, or SRTCP's own. */
function counterOf(salt: Buffer, ssrc: number, index: number): Buffer {
    const block = Buffer.alloc(16);
    block.writeUInt32BE(ssrc, 4);
    block.writeUIntBE(index, 8, 6);
    return xor(block, salt);
}

/** RFC 7714 §8.1 and §9.1: with SRTCP, the two octets above its index of 32 bits are zero. */
function nonceOf(salt: Buffer, ssrc: number, index: number): Buffer {
    const block = Buffer.alloc(12);
    block.writeUInt32BE(ssrc, 2);
    block.writeUIntBE(index, 6, 6);
    return xor(block, salt);
}

function word(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value >>> 0);
    return bytes;
}

function hmacOf(keys: SessionKeys, ...parts: readonly Uint8Array[]): Buffer {
    const hmac = createHmac("sha1", keys.authentication);
    for (const part of parts) {
        hmac.update(part);
    }
    return hmac.digest().subarray(0, CM_TAG);
}

function checkTag(tag: Uint8Array, expected: Uint8Array): void {
    if (tag.length !== expected.length || !timingSafeEqual(tag, expected)) {
        throw new Error("the authentication tag is wrong");
    }
}

/** Both directions of counter mode are one. */
function countermode(keys: SessionKeys, counter: Buffer, octets: Uint8Array): Buffer {
    return createCipheriv("aes-128-ctr", keys.encryption, counter).update(octets);
}

function seal(keys: SessionKeys, nonce: Buffer, associated: Uint8Array, plain: Uint8Array): Buffer {
    const cipher = createCipheriv("aes-128-gcm", keys.encryption, nonce).setAAD(associated);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(keys: SessionKeys, nonce: Buffer, associated: Uint8Array, sealed: Uint8Array): Buffer {
    const decipher = createDecipheriv("aes-128-gcm", keys.encryption, nonce, {authTagLength: GCM_TAG});
    decipher.setAAD(associated).setAuthTag(sealed.subarray(-GCM_TAG));
    return Buffer.concat([decipher.update(sealed.subarray(0, -GCM_TAG)), decipher.final()]);
}

/** One direction under one master key, with its salt behind it. RTP without contributing sources or extension. */
export class SrtpByHand {
    readonly #gcm: boolean;
    readonly #rtp: SessionKeys;
    readonly #rtcp: SessionKeys;

    constructor(suite: SuiteByHand, master: Uint8Array) {
        this.#gcm = suite === "AEAD_AES_128_GCM";
        this.#rtp = sessionKeysOf(suite, master, 0);
        this.#rtcp = sessionKeysOf(suite, master, 3);
    }

    protectRtp(packet: Buffer, rollover = 0): Buffer {
        const {header, payload, ssrc, index} = this.#readRtp(packet, rollover);
        if (this.#gcm) {
            return Buffer.concat([header, seal(this.#rtp, nonceOf(this.#rtp.salt, ssrc, index), header, payload)]);
        }
        const encrypted = countermode(this.#rtp, counterOf(this.#rtp.salt, ssrc, index), payload);
        return Buffer.concat([header, encrypted, hmacOf(this.#rtp, header, encrypted, word(rollover))]);
    }

    /** Throws what is not authentic. */
    unprotectRtp(packet: Buffer, rollover = 0): Buffer {
        const {header, payload, ssrc, index} = this.#readRtp(packet, rollover);
        if (this.#gcm) {
            return Buffer.concat([header, open(this.#rtp, nonceOf(this.#rtp.salt, ssrc, index), header, payload)]);
        }
        const encrypted = payload.subarray(0, -CM_TAG);
        checkTag(payload.subarray(-CM_TAG), hmacOf(this.#rtp, header, encrypted, word(rollover)));
        return Buffer.concat([header, countermode(this.#rtp, counterOf(this.#rtp.salt, ssrc, index), encrypted)]);
    }

    protectRtcp(packet: Buffer, index: number): Buffer {
        const [header, rest] = [packet.subarray(0, HEADER.rtcp), packet.subarray(HEADER.rtcp)];
        const [ssrc, trailer] = [packet.readUInt32BE(4), word(0x8000_0000 + index)];
        if (this.#gcm) {
            const nonce = nonceOf(this.#rtcp.salt, ssrc, index);
            return Buffer.concat([header, seal(this.#rtcp, nonce, Buffer.concat([header, trailer]), rest), trailer]);
        }
        const encrypted = countermode(this.#rtcp, counterOf(this.#rtcp.salt, ssrc, index), rest);
        return Buffer.concat([header, encrypted, trailer, hmacOf(this.#rtcp, header, encrypted, trailer)]);
    }

    /** Throws what is not authentic or not encrypted. */
    unprotectRtcp(packet: Buffer): Buffer {
        const end = this.#gcm ? packet.length : packet.length - CM_TAG;
        const trailer = packet.subarray(end - 4, end);
        const [header, rest] = [packet.subarray(0, HEADER.rtcp), packet.subarray(HEADER.rtcp, end - 4)];
        const [ssrc, index] = [packet.readUInt32BE(4), trailer.readUInt32BE() & 0x7fff_ffff];
        if ((trailer.readUInt8() & 0x80) === 0) {
            throw new Error("not encrypted");
        }
        if (this.#gcm) {
            const nonce = nonceOf(this.#rtcp.salt, ssrc, index);
            return Buffer.concat([header, open(this.#rtcp, nonce, Buffer.concat([header, trailer]), rest)]);
        }
        checkTag(packet.subarray(end), hmacOf(this.#rtcp, header, rest, trailer));
        return Buffer.concat([header, countermode(this.#rtcp, counterOf(this.#rtcp.salt, ssrc, index), rest)]);
    }

    #readRtp(packet: Buffer, rollover: number): {header: Buffer; payload: Buffer; ssrc: number; index: number} {
        return {
            header: packet.subarray(0, HEADER.rtp),
            payload: packet.subarray(HEADER.rtp),
            ssrc: packet.readUInt32BE(8),
            index: rollover * 0x1_0000 + packet.readUInt16BE(2),
        };
    }
}
