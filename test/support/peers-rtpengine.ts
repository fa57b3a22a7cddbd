/** A private rtpengine: media of one kind on one side, of another on the other. In user space, without a kernel module. */
import {freePorts, PeerProcess, peerPath, unpackPeers} from "./peers-process.ts";

/**
 * Flags of rtpengine for the side of a call that faces a user. `webrtc`: ICE, DTLS-SRTP, RTP and RTCP on one port.
 * `sdes`: keys in SDP (RFC 4568), their Base64 with padding, which baresip needs and rtpengine leaves out unless told.
 * `plain`: RTP/AVP.
 */
export const MEDIA_SIDES = {
    webrtc: "replace-origin ICE=force transport-protocol=UDP/TLS/RTP/SAVPF rtcp-mux-offer generate-mid SDES-off",
    sdes: "replace-origin ICE=remove transport-protocol=RTP/SAVP rtcp-mux-demux DTLS=off SDES-pad",
    plain: "replace-origin ICE=remove transport-protocol=RTP/AVP rtcp-mux-demux",
} as const;

export interface RtpEngineOptions {
    /** Where media is sent from and taken. Default: 127.0.0.1. */
    readonly addresses?: readonly string[];
    /** Words before the command, for instance those that run it in a namespace of the network. Default: none. */
    readonly within?: readonly string[];
}

export interface RtpEngine {
    /** Where it is told of calls, over UDP on 127.0.0.1. */
    readonly port: number;
    readonly process: PeerProcess;
    stop(): Promise<void>;
}

/** Starts rtpengine in the foreground and resolves when it takes commands. */
export async function startRtpEngine({
    addresses = ["127.0.0.1"],
    within = [],
}: RtpEngineOptions = {}): Promise<RtpEngine> {
    unpackPeers("test");
    const [port = 0] = await freePorts(1);
    const process = new PeerProcess(
        "rtpengine",
        [
            peerPath("usr/bin/rtpengine"),
            // No kernel table, no configuration of the system's, log to standard error.
            ..."--table=-1 --config-file=none --foreground --log-stderr --log-level=6 --num-threads=1".split(" "),
            ...addresses.map((address) => `--interface=${address}`),
            `--listen-ng=127.0.0.1:${port}`,
            // Between the ports of baresip and those that the kernel gives.
            ..."--port-min=30000 --port-max=32766 --delete-delay=0".split(" "),
        ],
        {sound: true, within},
    );
    try {
        await process.line(/Startup complete/);
    } catch (error) {
        await process.stop();
        throw error;
    }
    return {port, process, stop: () => process.stop()};
}
