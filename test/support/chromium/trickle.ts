/** ICE candidates by INFO (RFC 8840), which JsSIP does not have itself. */
import type {IncomingInfoEvent, OutgoingInfoEvent, RTCSession} from "jssip/lib/RTCSession.js";

const FRAGMENT = "application/trickle-ice-sdpfrag";

/** Lets descriptions go out with their first candidate and sends the others after them, once INFO may be sent. */
export class Trickle {
    readonly #session: RTCSession;
    #waiting: string[] = [];

    constructor(session: RTCSession) {
        this.#session = session;
        session.on("icecandidate", ({ready}) => ready());
        session.on("confirmed", () => this.#flush());
        session.on("newInfo", ({originator, info}: IncomingInfoEvent | OutgoingInfoEvent) => {
            if (`${originator}` === "remote" && info.contentType === FRAGMENT) void this.#take(info.body);
        });
        if (session.connection != null) this.#watch(session.connection);
        else session.on("peerconnection", ({peerconnection}) => this.#watch(peerconnection));
    }

    #watch(connection: RTCPeerConnection): void {
        connection.addEventListener("icecandidate", ({candidate}) => {
            this.#waiting.push(candidate === null ? "a=end-of-candidates" : `a=${candidate.candidate}`);
            if (this.#session.isEstablished()) this.#flush();
        });
    }

    #flush(): void {
        if (this.#waiting.length === 0) return;
        const sdp = this.#session.connection.localDescription?.sdp ?? "";
        const ice = /^a=ice-(?:ufrag|pwd):.*$/gm;
        const media = [/^m=.*$/m, /^a=mid:.*$/m].map((line) => line.exec(sdp)?.[0] ?? "");
        // RFC 8840 §9.2: credentials of the session first, then each m-line with its candidates.
        const lines = [...new Set(sdp.match(ice)), ...media, ...this.#waiting];
        this.#waiting = [];
        this.#session.sendInfo(FRAGMENT, `${lines.join("\r\n")}\r\n`);
    }

    async #take(fragment: string): Promise<void> {
        const sdpMid = /^a=mid:(\S+)/m.exec(fragment)?.[1] ?? "0";
        for (const [, candidate = ""] of fragment.matchAll(/^a=(candidate:.*?)\r?$/gm)) {
            await this.#session.connection.addIceCandidate({candidate, sdpMid});
        }
    }
}
