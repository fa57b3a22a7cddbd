/**
 * The far end of both phones: registrar and caller in one process, so that neither proxy nor network differs. It is
 * started by far-end-process.ts and speaks with it in the messages of far-end-messages.ts.
 *
 *   phone --REGISTER--> 401, then 200      (digest MD5 as everywhere; what the phone proves is not the bench's question)
 *   phone <--INVITE, one codec--  --180-->  --200-->  <--ACK--  and RTP both ways from the 200 on
 */
import {createServer, type Socket} from "node:net";
import {type PeerMessage, readMessage, requestText, responseTo} from "../support/sip-peer.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {type BenchCodec, packetMs, wireFormats} from "./codecs.ts";
import type {FarEndCommand, FarEndReport} from "./far-end-messages.ts";
import {RtpLine} from "./rtp-line.ts";

const CHALLENGE = 'WWW-Authenticate: Digest realm="bench", nonce="6f66666c696e65", algorithm=MD5, qop="auth"';
const CONTACT = "<sip:bench@127.0.0.1:5099;transport=tcp>";

function tell(report: FarEndReport): void {
    process.send?.(report);
}

/** Cuts a stream into messages by their Content-Length; keep-alives between them are answered (RFC 5626 §4.4.1). */
function onMessages(socket: Socket, take: (message: PeerMessage) => void): void {
    let text = "";
    socket.setEncoding("latin1");
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
        text += chunk;
        for (;;) {
            if (text.startsWith("\r\n")) {
                if (text.startsWith("\r\n\r\n")) socket.write("\r\n");
                text = text.replace(/^(\r\n){1,2}/, "");
            }
            const head = text.indexOf("\r\n\r\n");
            if (head < 0) return;
            const length = Number(/\r\n(?:content-length|l)[ \t]*:[ \t]*(\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
            const end = head + 4 + length;
            if (text.length < end) return;
            take(readMessage(text.slice(0, end)));
            text = text.slice(end);
        }
    });
}

function offer(codec: BenchCodec, port: number): string {
    const {payloadType, rtpmap} = wireFormats[codec];
    return [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        `m=audio ${port} RTP/AVP ${payloadType}`,
        `a=rtpmap:${payloadType} ${rtpmap}`,
        `a=ptime:${packetMs}`,
        "a=sendrecv",
        "",
    ].join("\r\n");
}

/** Where an SDP wants its RTP. Throws where it names no port. */
function targetOf(sdp: string): {readonly address: string; readonly port: number} {
    const address = /^c=IN IP4 (\S+)/m.exec(sdp)?.[1];
    const port = Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
    if (address === undefined || !(port > 0)) throw new Error(`the answer names no port:\n${sdp}`);
    return {address, port};
}

interface Talk {
    readonly codec: BenchCodec;
    readonly callId: string;
    readonly socket: Socket;
    readonly uri: string;
    readonly rtp: RtpLine;
    readonly invitedAt: number;
    /** With the tag once the phone gave it. */
    to: string;
    answered: boolean;
}

class FarEnd {
    readonly #media = new Map<BenchCodec, readonly Uint8Array[]>();
    #phone: {readonly socket: Socket; readonly uri: string} | null = null;
    #talk: Talk | null = null;
    #calls = 0;

    accept(socket: Socket): void {
        // A phone that is ended cuts its connection; the next one opens another.
        socket.on("error", () => undefined);
        onMessages(socket, (message) => this.#take(message, socket));
    }

    #take(message: PeerMessage, socket: Socket): void {
        const at = monotonicNow();
        if (message.status > 0) {
            if (message.header("Call-ID") === this.#talk?.callId) this.#answered(this.#talk, message, at);
            return;
        }
        if (message.method === "REGISTER") this.#register(message, socket);
        else if (message.method !== "ACK") socket.write(responseTo(message, 200, "OK", {contact: CONTACT}), "latin1");
        if (message.method === "BYE" && this.#talk?.callId === message.header("Call-ID")) this.#end(this.#talk);
    }

    #register(request: PeerMessage, socket: Socket): void {
        if (request.header("Authorization") === "") {
            socket.write(responseTo(request, 401, "Unauthorized", {headers: [CHALLENGE]}));
            return;
        }
        const contact = request.header("Contact");
        const uri = /<([^>]+)>/.exec(contact)?.[1];
        const leaves = /expires=0\b/.test(contact) || request.header("Expires") === "0" || uri === undefined;
        const granted = leaves ? {} : {contact: `<${uri}>;expires=600`};
        const at = monotonicNow();
        socket.write(responseTo(request, 200, "OK", granted));
        if (leaves) return;
        this.#phone = {socket, uri};
        tell({type: "registered", at});
    }

    async obey(command: FarEndCommand): Promise<void> {
        switch (command.type) {
            case "media": {
                this.#media.set(command.codec, command.frames);
                return;
            }
            case "call": {
                await this.#call(command.codec);
                return;
            }
            case "hangUp": {
                this.#hangUp();
                return;
            }
        }
    }

    async #call(codec: BenchCodec): Promise<void> {
        if (this.#phone === null) throw new Error("no phone is registered");
        // A call that failed half-way on the bench's side.
        this.#talk?.rtp.close();
        const rtp = await RtpLine.open();
        this.#calls++;
        const {socket, uri} = this.#phone;
        const to = "<sip:phone@127.0.0.1>";
        const invitedAt = monotonicNow();
        const talk = {codec, callId: `bench-${this.#calls}`, socket, uri, rtp, invitedAt, to, answered: false};
        this.#talk = talk;
        this.#request("INVITE", talk, offer(codec, rtp.port));
    }

    #request(method: "INVITE" | "ACK" | "BYE", {uri, to, callId, socket}: Talk, body = ""): void {
        const cseq = method === "BYE" ? 2 : 1;
        const text = requestText(method, {
            uri,
            from: `<sip:bench@127.0.0.1>;tag=bench`,
            to,
            callId,
            cseq,
            contact: CONTACT,
            body,
        });
        socket.write(text, "latin1");
    }

    #answered(talk: Talk, response: PeerMessage, at: number): void {
        if (response.method === "BYE") {
            this.#end(talk);
        } else if (response.status === 180 || response.status === 183) {
            tell({type: "ringing", invitedAt: talk.invitedAt, at});
        } else if (response.status === 200) {
            this.#begin(talk, response, at);
        } else if (response.status >= 300) {
            tell({type: "failed", reason: response.startLine});
        }
    }

    #begin(talk: Talk, response: PeerMessage, at: number): void {
        talk.to = response.header("To");
        // A 200 that is repeated wants its ACK again.
        this.#request("ACK", talk);
        if (talk.answered) return;
        talk.answered = true;
        const mediaAt = talk.rtp.send(talk.codec, this.#media.get(talk.codec) ?? [], targetOf(response.body));
        tell({type: "answered", at, mediaAt});
    }

    #hangUp(): void {
        if (this.#talk !== null) this.#request("BYE", this.#talk);
    }

    #end(talk: Talk): void {
        this.#talk = null;
        tell({type: "ended", ...talk.rtp.close()});
    }
}

const farEnd = new FarEnd();
const server = createServer((socket) => farEnd.accept(socket));
server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") tell({type: "listening", port: address.port});
});
process.on("message", (command) => {
    farEnd.obey(command as FarEndCommand).catch((thrown: unknown) => tell({type: "failed", reason: String(thrown)}));
});
// Whoever started it is gone.
process.on("disconnect", () => process.exit(0));
