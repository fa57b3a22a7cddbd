/** A real JsSIP user agent on the product's TCP socket, connected to a scripted peer. */
import {once} from "node:events";
import {createLog} from "../../firmware/log.ts";
import type {JsSipSession, UA} from "../../firmware/sip/jssip.ts";
import {createSipSocket, type SipSocket} from "../../firmware/sip/sip-socket.ts";
import {mediaStream} from "../fakes/recording-peer-connection.ts";
import {
    type PeerConnection,
    type PeerMessage,
    type RequestParts,
    requestText,
    responseTo,
    SipPeer,
    sdpBody,
    tagOf,
} from "./sip-peer.ts";

/** What the tests do with a call of JsSIP's. */
export interface TestSession extends JsSipSession {
    terminate(options?: object): void;
    answer(options: object): void;
    isOnHold(): {readonly local: boolean; readonly remote: boolean};
}

interface TestUa {
    on(type: string, listener: (event: never) => void): void;
    once(type: string, listener: (event: never) => void): void;
    start(): void;
    stop(): void;
    call(target: string, options: object): TestSession;
}

export interface ScriptedUa {
    readonly ua: TestUa;
    readonly peer: SipPeer;
    readonly socket: SipSocket;
    readonly connection: PeerConnection;
    /** Lines that the phone logged. */
    readonly lines: string[];
    stop(): Promise<void>;
}

/** Starts a user agent for `sip:100@phone.test`; resolves once it is connected. */
export async function startScriptedUa(
    Class: typeof UA,
    configuration: Readonly<Record<string, unknown>> = {},
): Promise<ScriptedUa> {
    const peer = await SipPeer.start();
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), "debug");
    const socket = createSipSocket({transport: "tcp", host: "127.0.0.1", port: peer.port, user: "100", log});
    const ua = new Class({
        sockets: [socket as never],
        uri: "sip:100@phone.test",
        contact_uri: "sip:100@127.0.0.1:5061;transport=tcp",
        password: "secret",
        register: false,
        session_timers: false,
        ...configuration,
    }) as unknown as TestUa;
    const connected = new Promise<void>((resolve) => {
        ua.once("connected", () => resolve());
    });
    ua.start();
    const [connection] = await Promise.all([peer.connection(), connected]);
    const stop = async (): Promise<void> => {
        ua.stop();
        await peer.close();
    };
    return {ua, peer, socket, connection, lines, stop};
}

/** Waits until the phone has taken everything that was sent to it, by asking it something. */
export async function settled(connection: PeerConnection): Promise<void> {
    const callId = `settled-${Math.random()}`;
    connection.send(requestText("OPTIONS", {callId}));
    await connection.nextWhere((message) => message.header("Call-ID") === callId, "answer to OPTIONS");
}

export interface TestCall {
    readonly session: TestSession;
    /** The INVITE of the call. */
    readonly invite: PeerMessage;
}

/** The phone calls; the INVITE has come and nothing was answered. */
export async function placeCall({ua, connection}: ScriptedUa): Promise<TestCall> {
    const session = ua.call("sip:200@phone.test", {mediaStream: mediaStream()});
    return {session, invite: await connection.next("INVITE")};
}

export const CONTACT = "<sip:200@127.0.0.1:5099;transport=tcp>";

/** The phone calls, and the call stands; the tag of the peer is `peer`. */
export async function placedCall(scripted: ScriptedUa): Promise<TestCall> {
    const call = await placeCall(scripted);
    const confirmed = once(call.session, "confirmed");
    scripted.connection.send(responseTo(call.invite, 200, "OK", {contact: CONTACT, body: sdpBody()}));
    await confirmed;
    await scripted.connection.next("ACK");
    return call;
}

/** Where the peer goes on in a call that it placed. */
export interface IncomingCall extends TestCall {
    /** Parts of a request of the peer in this call. */
    readonly dialog: RequestParts;
}

/** The peer calls, and the call stands. */
export async function receivedCall({ua, connection}: ScriptedUa, callId = "incoming"): Promise<IncomingCall> {
    const from = "<sip:200@phone.test>;tag=caller";
    const ringing = new Promise<TestSession>((resolve) => {
        ua.once("newRTCSession", ({session}: {session: TestSession}) => resolve(session));
    });
    const text = requestText("INVITE", {callId, from, body: sdpBody()});
    connection.send(text);
    const session = await ringing;
    session.answer({mediaStream: mediaStream()});
    const answer = await connection.next(200);
    const dialog: RequestParts = {callId, from, to: answer.header("To"), uri: "sip:100@127.0.0.1:5061;transport=tcp"};
    const confirmed = once(session, "confirmed");
    connection.send(requestText("ACK", dialog));
    await confirmed;
    return {session, invite: answer, dialog: {...dialog, cseq: 2}};
}

/** The tag that the phone gave itself in a request of its own. */
export function ownTagOf(request: PeerMessage): string {
    return tagOf(request.header("From"));
}
