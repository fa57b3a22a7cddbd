/** The registrar and the far end of a call in one, inside the board: it takes whoever calls and sends a steady tone. */
import {encodeALaw, RtpPeer} from "../../support/rtp-peer.ts";
import {type PeerConnection, type PeerMessage, responseTo, SipPeer, sdpBody} from "../../support/sip-peer.ts";
import {sine} from "../../support/sound-signal.ts";
import {monotonicMs} from "./clock.ts";

const packetMs = 20;
const samplesPerPacket = 160;
const payloadType = 8;

export class FarEnd {
    readonly sip: SipPeer;
    readonly rtp: RtpPeer;
    #wire: PeerConnection | null = null;
    #timer: NodeJS.Timeout | null = null;

    private constructor(sip: SipPeer, rtp: RtpPeer) {
        this.sip = sip;
        this.rtp = rtp;
    }

    static async start(): Promise<FarEnd> {
        return new FarEnd(await SipPeer.start(), await RtpPeer.open());
    }

    async register(): Promise<void> {
        const wire = await this.sip.connection();
        this.#wire = wire;
        const request = await wire.next("REGISTER");
        wire.send(responseTo(request, 200, "OK", {contact: `${request.header("Contact")};expires=600`}));
    }

    /** Takes the next call; resolves when it is confirmed. */
    async answer(): Promise<void> {
        const invite = await this.#on.next("INVITE");
        this.#on.send(responseTo(invite, 200, "OK", {contact: this.#contact, body: sdpBody(this.rtp.port)}));
        await this.#on.next("ACK");
        this.#sendTone(Number(/^m=audio (\d+)/m.exec(invite.body)?.[1]));
    }

    async hungUp(): Promise<PeerMessage> {
        const bye = await this.#on.next("BYE");
        this.#on.send(responseTo(bye, 200, "OK"));
        if (this.#timer !== null) clearInterval(this.#timer);
        return bye;
    }

    async close(): Promise<void> {
        this.rtp.close();
        await this.sip.close();
    }

    get #on(): PeerConnection {
        if (this.#wire === null) throw new Error("the phone has not registered");
        return this.#wire;
    }

    get #contact(): string {
        return `<sip:600@127.0.0.1:${this.sip.port};transport=tcp>`;
    }

    /** 500 Hz: whole periods in a packet. What a late timer owes is sent at once. */
    #sendTone(port: number): void {
        const payload = encodeALaw(sine(8_000, packetMs, 500, -12));
        const from = monotonicMs();
        let sent = 0;
        this.#timer = setInterval(() => {
            for (; from + sent * packetMs <= monotonicMs(); sent += 1) {
                const timestamp = sent * samplesPerPacket;
                this.rtp.send({marker: sent === 0, payloadType, sequence: sent, timestamp, ssrc: 7, payload}, port);
            }
        }, 2);
    }
}
