/** SDP of a far end that has keys (RFC 4568); no code of the product is used here. */
import type {SrtpSuite} from "../../native/index.ts";
import {sdpBody} from "./sip-peer.ts";

/** A key of the far end: the same seed gives the same key. */
export interface PeerKey {
    readonly tag: number;
    readonly suite: SrtpSuite;
    readonly seed: number;
}

const octets: Readonly<Record<SrtpSuite, number>> = {
    AEAD_AES_256_GCM: 44,
    AEAD_AES_128_GCM: 28,
    AES_CM_128_HMAC_SHA1_80: 30,
    AES_CM_128_HMAC_SHA1_32: 30,
};

/** Key and salt in base64. */
export function keyText({suite, seed}: PeerKey): string {
    return Buffer.alloc(octets[suite], `key ${seed} `).toString("base64");
}

export function cryptoLine(key: PeerKey): string {
    return `a=crypto:${key.tag} ${key.suite} inline:${keyText(key)}`;
}

/** As `sdpBody`, with one key, in RTP/SAVP unless told. */
export function secureBody(key: PeerKey, port = 40_000, direction = "sendrecv", profile = "RTP/SAVP"): string {
    return sdpBody(port, direction)
        .replace("RTP/AVP", profile)
        .replace("a=rtpmap:8", `${cryptoLine(key)}\r\na=rtpmap:8`);
}
