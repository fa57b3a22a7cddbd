/** The two far ends that a phone has on any bench, 600 (echo) and 601 (calls back), and how they protect their sound. */
import {join} from "node:path";
import type {MediaPolicy} from "../../firmware/sip/account.ts";
import {type Baresip, type BaresipOptions, type Kamailio, type Place, startBaresip, startCallback} from "./peers.ts";

export type FarEnd = "echo" | "callback";

export interface FarEndsOptions {
    /** A private folder; each makes one of its own in it. */
    readonly folder: string;
    /** Null: the registrar asks for none. */
    readonly password: string | null;
    /** What the phone's account wants. Default: they speak RTP in clear. */
    readonly media?: MediaPolicy;
    /** As `BaresipOptions.place`. */
    readonly place?: Place;
    /** From 601's declining to its call back, in ms. Default 2000. */
    readonly callbackMs?: number;
}

const encryption: Readonly<Record<MediaPolicy, Pick<BaresipOptions, "mediaEncryption" | "ice">>> = {
    plain: {},
    sdes: {mediaEncryption: "srtp-mand"},
    webrtc: {mediaEncryption: "dtls_srtp", ice: true},
    // They offer keys and take what comes.
    best: {mediaEncryption: "srtp"},
};

/** Starts one of them at the registrar, over TLS where it has keys or fingerprints to tell. */
export function startFarEnd(farEnd: FarEnd, options: FarEndsOptions, kamailio: Kamailio): Promise<Baresip> {
    const {folder, password, media = "plain", callbackMs, place} = options;
    const {domain, host, caPem, tcp, tls} = kamailio;
    const [name, displayName] = farEnd === "echo" ? ["600", "Echo"] : ["601", "Call back"];
    const common = {
        folder: join(folder, farEnd),
        account: {name, displayName, ...(password === null ? {} : {password})},
        registrar:
            media === "plain"
                ? ({domain, host, port: tcp, transport: "tcp"} as const)
                : ({domain, host, port: tls, transport: "tls", caPem} as const),
        ...encryption[media],
        ...(place === undefined ? {} : {place}),
    };
    if (farEnd === "echo") return startBaresip({...common, mode: "echo", record: true});
    return startCallback({...common, ...(callbackMs === undefined ? {} : {waitMs: callbackMs})});
}
