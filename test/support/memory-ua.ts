/** A real JsSIP user agent on a socket in memory: for tests of what JsSIP makes of one message. */
import type {JsSipSocket} from "../../firmware/sip/jssip.ts";
import {type FreshJsSip, freshJsSip} from "./fresh-jssip.ts";
import {type PeerMessage, readMessage} from "./sip-peer.ts";

export interface MemoryUaOptions {
    /** The JsSIP to run on; a fresh one without guards unless told. */
    readonly jssip?: FreshJsSip;
    /** What stands between the wire and JsSIP; `answer` puts a text on the wire. Nothing unless told. */
    readonly ingress?: (text: string, deliver: (text: string) => void, answer: (text: string) => void) => void;
    readonly egress?: (text: string) => string;
    readonly configuration?: Readonly<Record<string, unknown>>;
    /** Whether a REGISTER is sent at once. */
    readonly isRegistering?: boolean;
}

type Listener = (event: never) => void;

export interface MemoryUa {
    readonly ua: {
        start(): void;
        stop(): void;
        register(): void;
        isRegistered(): boolean;
        on(type: string, listener: Listener): void;
        subscribe(target: string, event: string, accept: string, options: object): {subscribe(): void};
    };
    /** What went on the wire, oldest first. */
    readonly sent: PeerMessage[];
    /** A text comes in from the wire. What JsSIP throws comes out. */
    receive(text: string): void;
}

/** A user agent for `sip:100@phone.test` that is connected and rings for every INVITE. */
export function memoryUa(options: MemoryUaOptions = {}): MemoryUa {
    const {jssip = freshJsSip(), egress = (text) => text, configuration = {}, isRegistering = false} = options;
    const {ingress = (text, deliver) => deliver(text)} = options;
    const sent: PeerMessage[] = [];
    const write = (text: string): void => {
        sent.push(readMessage(text));
    };
    const socket: JsSipSocket = {
        url: "tcp://127.0.0.1:5060",
        via_transport: "TCP",
        sip_uri: "sip:127.0.0.1:5060;transport=tcp",
        connect() {
            this.onconnect();
        },
        disconnect() {},
        isConnected: () => true,
        isConnecting: () => false,
        send(text) {
            write(egress(text));
            return true;
        },
        onconnect() {},
        ondisconnect() {},
        ondata() {},
    };
    const ua = new jssip.UA({
        sockets: [socket as never],
        uri: "sip:100@phone.test",
        contact_uri: "sip:100@127.0.0.1:5061;transport=tcp",
        password: "secret",
        ...configuration,
        register: false,
    });
    ua.start();
    if (isRegistering) ua.register();
    ua.on("newRTCSession", () => {});
    return {
        ua: ua as unknown as MemoryUa["ua"],
        sent,
        receive: (text) => ingress(text, (kept) => socket.ondata(kept), write),
    };
}
