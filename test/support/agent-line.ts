/** A registered agent and the far end of its calls, for the tests of the agent. */
import type {AccountSettings, SipSettings} from "../../firmware/sip/account.ts";
import type {RecordingEngine} from "../fakes/recording-engine.ts";
import {type AgentBench, startAgent} from "./agent-bench.ts";
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

export const contact = "<sip:200@127.0.0.1:5099;transport=tcp>";
export const caller = "<sip:200@phone.test>;tag=peer";

export interface Line extends AgentBench<RecordingEngine> {
    readonly peer: SipPeer;
    wire: PeerConnection;
    /** Accepts the connection and the REGISTER that come next. */
    register(): Promise<void>;
    close(): Promise<void>;
}

export async function registeredLine(
    sip: Partial<SipSettings> = {},
    account: Partial<AccountSettings> = {},
): Promise<Line> {
    const peer = await SipPeer.start();
    const bench = startAgent({...account, port: peer.port}, sip);
    const line: Line = {
        ...bench,
        peer,
        wire: await peer.connection(),
        register: async () => {
            const register = await line.wire.next("REGISTER");
            line.wire.send(responseTo(register, 200, "OK", {contact: `${register.header("Contact")};expires=600`}));
            await bench.registration(null);
        },
        close: async () => {
            line.wire.destroy();
            await bench.agent.close();
            await peer.close();
        },
    };
    await line.register();
    return line;
}

/** Dials and returns the INVITE. */
export async function dial(line: Line, number = "200", call = "out-1", emergency = false): Promise<PeerMessage> {
    line.agent.dial(call, number, emergency);
    return line.wire.next("INVITE");
}

/** Dials and answers; returns the INVITE. */
export async function talk(line: Line, body = sdpBody(40_000)): Promise<PeerMessage> {
    const invite = await dial(line);
    line.wire.send(responseTo(invite, 200, "OK", {contact, body}));
    await line.wire.next("ACK");
    await line.next("confirmed");
    return invite;
}

/** A request of the far end within the dialog of our INVITE. */
export function within(invite: PeerMessage, method: string, parts: RequestParts = {}): string {
    const from = `${invite.header("To")};tag=peer`;
    return requestText(method, {callId: invite.header("Call-ID"), from, to: invite.header("From"), cseq: 1, ...parts});
}

/** What tells an incoming call apart, from the first response that has our tag. */
export function dialogOf(response: PeerMessage): Pick<RequestParts, "callId" | "from" | "to"> {
    return {
        callId: response.header("Call-ID"),
        from: response.header("From"),
        to: `<sip:100@phone.test>;tag=${tagOf(response.header("To"))}`,
    };
}
