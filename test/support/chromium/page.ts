/** The page that Chromium opens: JsSIP, one call at a time. Bundled and driven by peers-chromium.ts. */
import {UA, WebSocketInterface} from "jssip";
import type {DTMF_TRANSPORT} from "jssip/lib/Constants.js";
import type {
    IncomingDTMFEvent,
    IncomingInfoEvent,
    OutgoingDTMFEvent,
    OutgoingInfoEvent,
    RTCSession,
} from "jssip/lib/RTCSession.js";
import type {RTCSessionEvent} from "jssip/lib/UA.js";
import {Ear} from "./ear.ts";
import type {CallOptions, PageApi, WebEvent} from "./page-api.ts";
import {statisticsOf} from "./statistics.ts";
import {Trickle} from "./trickle.ts";

declare global {
    var page: PageApi;
    var tell: (event: WebEvent) => void;
}

const ear = new Ear();
let options: CallOptions;
let microphone: MediaStream;
let ua: UA;
let session: RTCSession | null = null;

function connectionOfCall(): RTCPeerConnection {
    if (session?.connection == null) throw new Error("there is no call");
    return session.connection;
}

function sessionOfCall(): RTCSession {
    if (session === null) throw new Error("there is no call");
    return session;
}

function callOptions(): object {
    const {iceServers, iceTransportPolicy} = options;
    return {mediaStream: microphone, pcConfig: {iceServers, iceTransportPolicy, rtcpMuxPolicy: "require"}};
}

/** Restricts what is offered and answered, and the role that is answered with. */
function shape(connection: RTCPeerConnection): void {
    const {codecs, setup} = options;
    const prefer = (): void => {
        const known = RTCRtpReceiver.getCapabilities("audio")?.codecs ?? [];
        const wanted = codecs?.flatMap((name) => known.filter(({mimeType}) => mimeType.endsWith(`/${name}`)));
        for (const transceiver of connection.getTransceivers()) {
            if (wanted !== undefined) transceiver.setCodecPreferences(wanted);
        }
    };
    const createOffer = connection.createOffer.bind(connection);
    const createAnswer = connection.createAnswer.bind(connection);
    Object.assign(connection, {
        createOffer: (given?: RTCOfferOptions) => {
            prefer();
            return createOffer(given);
        },
        createAnswer: async () => {
            prefer();
            const {type, sdp = ""} = await createAnswer();
            return {type, sdp: setup === null ? sdp : sdp.replace(/a=setup:\w+/g, `a=setup:${setup}`)};
        },
    });
}

function watchConnection(connection: RTCPeerConnection): void {
    for (const name of ["iceConnectionState", "iceGatheringState", "connectionState"] as const) {
        connection.addEventListener(`${name.toLowerCase()}change`, () => tell({type: name, param: connection[name]}));
    }
    connection.addEventListener("icecandidateerror", ({errorCode, errorText, url}) =>
        tell({type: "iceCandidateError", param: `${url} ${errorCode} ${errorText}`}),
    );
    connection.addEventListener("track", ({streams: [stream]}) => {
        if (stream !== undefined) ear.hear(stream);
    });
    shape(connection);
}

const forged = (sdp: string): string =>
    sdp.replace(
        /(a=fingerprint:\S+ )(\S\S)/g,
        (_, name: string, octet: string) => name + (octet === "00" ? "01" : "00"),
    );

function watchSession(begun: RTCSession): void {
    session = begun;
    const over = (type: string, cause: string): void => {
        if (session === begun) session = null;
        ear.rest();
        tell({type, param: cause});
    };
    if (options.trickle) new Trickle(begun);
    begun.on("progress", () => tell({type: "progress", param: ""}));
    begun.on("accepted", () => tell({type: "accepted", param: ""}));
    begun.on("confirmed", () => tell({type: "confirmed", param: ""}));
    begun.on("ended", ({cause}) => over("ended", cause));
    begun.on("failed", ({cause}) => over("failed", cause));
    begun.on("hold", ({originator}) => tell({type: "held", param: originator}));
    begun.on("unhold", ({originator}) => tell({type: "resumed", param: originator}));
    begun.on("sdp", (event) => {
        // What JsSIP sends is what stands here afterwards.
        if (`${event.originator}` === "local" && options.forgedFingerprint) event.sdp = forged(event.sdp);
        tell({type: `${event.originator}Description`, param: event.sdp});
    });
    begun.on("newDTMF", ({originator, dtmf}: IncomingDTMFEvent | OutgoingDTMFEvent) => {
        if (`${originator}` === "remote") tell({type: "digit", param: dtmf.tone});
    });
    begun.on("newInfo", ({originator, info}: IncomingInfoEvent | OutgoingInfoEvent) => {
        if (`${originator}` === "remote") tell({type: "trickled", param: info.body});
    });
    // A caller's connection is made before the session is told of, a called one's when it is answered.
    if (begun.connection != null) watchConnection(begun.connection);
    else begun.on("peerconnection", ({peerconnection}) => watchConnection(peerconnection));
}

/** An offer that a browser could only refuse once it is answered: better it does not ring at all. */
function isForBrowsers(offer: string): boolean {
    return offer === "" || /^a=fingerprint:/m.test(offer);
}

globalThis.page = {
    async start({server, uri, password, displayName}) {
        // The tone is to arrive as it is.
        const plain = {echoCancellation: false, noiseSuppression: false, autoGainControl: false};
        microphone = await navigator.mediaDevices.getUserMedia({audio: plain});
        await ear.open();
        ua = new UA({
            sockets: [new WebSocketInterface(server)],
            uri,
            ...(password === null ? {} : {password}),
            ...(displayName === null ? {} : {display_name: displayName}),
            session_timers: false,
        });
        ua.on("registered", () => tell({type: "registered", param: ""}));
        ua.on("unregistered", () => tell({type: "unregistered", param: ""}));
        ua.on("registrationFailed", ({cause}) => tell({type: "registrationFailed", param: cause ?? ""}));
        ua.on("newRTCSession", (event: RTCSessionEvent) => {
            if (`${event.originator}` === "remote" && session !== null) {
                event.session.terminate({status_code: 486});
                return;
            }
            if (`${event.originator}` === "remote" && !isForBrowsers(event.request.body)) {
                event.session.terminate({status_code: 488});
                return;
            }
            watchSession(event.session);
            if (`${event.originator}` === "remote") {
                tell({type: "incoming", param: event.session.remote_identity.uri.toString()});
            }
        });
        await new Promise<void>((resolve, reject) => {
            ua.on("registered", () => resolve());
            ua.on("registrationFailed", ({cause}) => reject(new Error(`not registered: ${cause}`)));
            ua.on("disconnected", () => reject(new Error(`not connected with ${server}`)));
            ua.start();
        });
    },
    async stop() {
        const gone = new Promise<void>((resolve) => {
            ua.on("unregistered", () => resolve());
            ua.on("disconnected", () => resolve());
        });
        // It hangs up and unregisters first.
        ua.stop();
        await gone;
    },
    configure: (given) => {
        options = given;
    },
    call: (target) => void ua.call(target, callOptions()),
    answer: () => sessionOfCall().answer(callOptions()),
    hangUp: () => sessionOfCall().terminate(),
    sendDigits: (digits) => sessionOfCall().sendDTMF(digits, {transportType: "RFC2833" as DTMF_TRANSPORT}),
    hold: () => void sessionOfCall().hold(),
    resume: () => void sessionOfCall().unhold(),
    restartIce() {
        if (!sessionOfCall().renegotiate({rtcOfferConstraints: {iceRestart: true}})) {
            throw new Error("the call cannot be renegotiated now");
        }
    },
    statistics: () => statisticsOf(connectionOfCall()),
    listen: (ms) => ear.listen(ms),
};
