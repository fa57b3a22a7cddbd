/**
 * A second account of the phone whose registrar and callers are a script, so that they can do wrong. The first account
 * stays at the real registrar, and shows that all is well beside.
 */
import {createSocket, type Socket} from "node:dgram";
import {once} from "node:events";
import type {BenchPhone} from "./bench-phone.ts";
import {type PeerConnection, type PeerMessage, requestText, responseTo, SipPeer, tagOf} from "./sip-peer.ts";

/** The password of this account. */
export const SCRIPTED_PASSWORD = "a-word-for-the-script-alone";

/** An INVITE of ours and where its dialog stands. */
export interface ScriptedCall {
    readonly callId: string;
    readonly branch: string;
    /** The status of the newest answer; resolves with the final one, provisional ones are passed over. */
    final(): Promise<PeerMessage>;
    /** A request within the dialog that `answer` made. */
    send(method: string, answer: PeerMessage, parts?: {readonly cseq?: number; readonly body?: string}): void;
    /** As the transaction wants it: by the INVITE's own branch. */
    cancel(): void;
}

export class ScriptedAccount {
    readonly #peer: SipPeer;
    readonly #bench: BenchPhone;
    #wire: PeerConnection | null = null;
    #count = 0;

    private constructor(bench: BenchPhone, peer: SipPeer) {
        this.#bench = bench;
        this.#peer = peer;
    }

    /** Sets up account 2 through the console and accepts its first REGISTER. */
    static async add(bench: BenchPhone): Promise<ScriptedAccount> {
        const account = new ScriptedAccount(bench, await SipPeer.start());
        await bench.console.provision({
            "sip.keep-alive": "5",
            "account2.enabled": "on",
            "account2.label": "script",
            "account2.user": "100",
            "account2.domain": "phone.test",
            "account2.server": "127.0.0.1",
            "account2.port": String(account.#peer.port),
            "account2.transport": "tcp",
            "account2.password": SCRIPTED_PASSWORD,
        });
        await account.accept();
        await bench.registered();
        return account;
    }

    /** The connection that the phone has registered on. */
    get wire(): PeerConnection {
        if (this.#wire === null) throw new Error("the phone has not registered yet");
        return this.#wire;
    }

    /** Takes the next connection and the REGISTER on it; resolves when the phone knows that it is registered. */
    async accept(): Promise<void> {
        this.#wire = await this.#peer.connection();
        const register = await this.#wire.next("REGISTER");
        this.#wire.send(responseTo(register, 200, "OK", {contact: `${register.header("Contact")};expires=600`}));
        await this.#bench.says(({accounts}) => accounts?.[1]?.registered === true);
    }

    /** Whether requests are answered. */
    async answersOptions(): Promise<void> {
        this.wire.send(requestText("OPTIONS"));
        await this.wire.nextWhere(({method, status}) => method === "OPTIONS" && status === 200, "200 to OPTIONS");
    }

    /** Calls the phone. */
    invite(body: string, headers: readonly string[] = []): ScriptedCall {
        this.#count += 1;
        const {wire} = this;
        const callId = `script-${this.#count}`;
        const branch = `z9hG4bKscript${this.#count}`;
        const parts = {callId, from: `<sip:200@phone.test>;tag=script${this.#count}`};
        wire.send(requestText("INVITE", {...parts, branch, body, headers}));
        return {
            callId,
            branch,
            final: () =>
                wire.nextWhere(
                    (message) => message.header("Call-ID") === callId && isFinal(message),
                    "final response to INVITE",
                ),
            send: (method, answer, {cseq = 1, body: content = ""} = {}) => {
                const to = `<sip:100@phone.test>;tag=${tagOf(answer.header("To"))}`;
                wire.send(requestText(method, {...parts, to, cseq, body: content}));
            },
            cancel: () => wire.send(requestText("CANCEL", {...parts, branch})),
        };
    }

    async close(): Promise<void> {
        await this.#peer.close();
    }
}

function isFinal({status, method}: PeerMessage): boolean {
    return method === "INVITE" && status >= 200;
}

/** The port of the audio in an SDP. */
export function audioPort(sdp: string): number {
    return Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 0);
}

/** Sends every RTP packet back to where it came from, under an SSRC of its own. */
export class RtpEcho {
    readonly #socket: Socket;

    private constructor(socket: Socket) {
        this.#socket = socket;
        socket.on("message", (bytes, {address, port}) => {
            if (bytes.length < 12) return;
            bytes.writeUInt32BE((bytes.readUInt32BE(8) ^ 1) >>> 0, 8);
            socket.send(bytes, port, address);
        });
    }

    static async open(): Promise<RtpEcho> {
        const socket = createSocket("udp4");
        socket.bind(0, "127.0.0.1");
        await once(socket, "listening");
        return new RtpEcho(socket);
    }

    get port(): number {
        return this.#socket.address().port;
    }

    close(): void {
        this.#socket.close();
    }
}
