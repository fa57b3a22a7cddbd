import type {CodecName} from "../../native/index.ts";
import type {Secret} from "../secret.ts";
import type {IceSettings} from "./ice-servers.ts";

export type SipTransport = "tcp" | "tls" | "wss" | "ws";

/**
 * How media are protected. `plain`: RTP. `sdes`: SRTP with keys in SDP (RFC 4568), or no call. `webrtc`: DTLS-SRTP on a
 * path of ICE (RFC 8827), or no call. `best`: the best that both sides can (RFC 8643), else RTP.
 */
export type MediaPolicy = "plain" | "sdes" | "webrtc" | "best";

/** What the SIP agent of one account is given; it derives from the settings registry. */
export interface AccountSettings {
    readonly id: number;
    readonly label: string;
    readonly user: string;
    readonly domain: string;
    /** Digest user name; that of the address-of-record where empty. */
    readonly authUser: string;
    readonly password: Secret;
    readonly displayName: string;
    readonly transport: SipTransport;
    readonly server: string;
    readonly port: number;
    /** Path of the WebSocket, `/` unless told. */
    readonly path: string;
    /** Registration time asked for, in seconds. */
    readonly expires: number;
    readonly media: MediaPolicy;
}

/** What all accounts share. */
export interface SipSettings {
    /** PEM of a private CA, empty for the public ones. */
    readonly ca: string;
    /** Seconds between our keep-alives (RFC 5626 §4.4.1). */
    readonly keepAlive: number;
    /** DSCP of SIP (RFC 4594: CS3 is 24, CS5 is 40). */
    readonly dscp: number;
    /** Codecs in the order of preference. */
    readonly codecs: readonly CodecName[];
    /** Packet time in ms. */
    readonly ptime: number;
    /** Local address for RTP; empty: the one that the connection to the server has. */
    readonly mediaAddress: string;
    /** Keys of SRTP may be told over signalling that is not encrypted. */
    readonly keysOverClear: boolean;
    readonly ice: IceSettings;
    /** SIP URI of who gets a report of each call's quality (RFC 6035), empty: nobody. */
    readonly collector: string;
    /** Persisted instance id, a UUID without `urn:uuid:` (RFC 5626 §4.1). */
    readonly instanceId: string;
    readonly userAgent: string;
}
