import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import type {AccountState, SignalEvent} from "../../../firmware/phone/state.ts";
import {Secret} from "../../../firmware/secret.ts";
import type {AccountSettings, SipSettings} from "../../../firmware/sip/account.ts";
import {Accounts} from "../../../firmware/sip/accounts.ts";
import {RecordingEngine} from "../../fakes/recording-engine.ts";
import {type PeerConnection, responseTo, SipPeer, sdpBody} from "../../support/sip-peer.ts";

const sip: SipSettings = {
    ca: "",
    keepAlive: 90,
    dscp: 24,
    codecs: ["PCMA"],
    ptime: 20,
    mediaAddress: "",
    keysOverClear: false,
    ice: {stun: null, turn: [], turnUser: "", turnPassword: new Secret(""), relayOnly: false},
    collector: "",
    instanceId: "6f1a2b3c-0000-4000-8000-000000000001",
    userAgent: "Offhook/test",
};

let peer: SipPeer;
let accounts: Accounts;
let states: readonly AccountState[] = [];
let events: SignalEvent[] = [];

const account = (id: number): AccountSettings => ({
    id,
    label: `line ${id}`,
    user: `user${id}`,
    domain: "phone.test",
    authUser: "",
    password: new Secret("x"),
    displayName: "",
    transport: "tcp",
    server: "127.0.0.1",
    port: peer.port,
    path: "/",
    expires: 600,
    media: "best",
});

/** Accepts the next connection and the REGISTER on it. */
async function registered(): Promise<PeerConnection> {
    const wire = await peer.connection();
    const register = await wire.next("REGISTER");
    wire.send(responseTo(register, 200, "OK", {contact: `${register.header("Contact")};expires=600`}));
    return wire;
}

beforeEach(async () => {
    peer = await SipPeer.start();
    events = [];
    accounts = new Accounts({
        engine: new RecordingEngine(),
        ownAddresses: () => [],
        log: createLog(() => undefined, "error"),
        onEvent: (event) => events.push(event),
        onAccounts: (next) => {
            states = next;
        },
    });
});
afterEach(async () => {
    await accounts.close();
    await peer.close();
});

describe("the accounts", () => {
    it("start one agent each and say so", async () => {
        accounts.apply({accounts: [account(0), account(2)], sip});
        await Promise.all([registered(), registered()]);
        expect(states.map(({id}) => id)).toEqual([0, 2]);
        await vi.waitUntil(
            () => events.filter((event) => event.type === "registration" && event.account.registered).length === 2,
        );
    });

    it("send a call that was dialled while they start anew", async () => {
        accounts.apply({accounts: [account(0)], sip});
        const first = await registered();
        await vi.waitUntil(() => events.some((event) => event.type === "registration" && event.account.registered));
        accounts.apply({accounts: [account(1)], sip});
        void accounts.dial("out-1", 1, "600", false);
        const gone = await first.next("REGISTER");
        first.send(responseTo(gone, 200, "OK"));
        const second = await registered();
        const invite = await second.next("INVITE");
        expect(invite.header("From")).toContain("user1");
        second.send(responseTo(invite, 486, "Busy Here"));
        await vi.waitUntil(() => events.some((event) => event.type === "ended"));
    });

    it("do not start anew under a call", async () => {
        accounts.apply({accounts: [account(0)], sip});
        const wire = await registered();
        await vi.waitUntil(() => events.some((event) => event.type === "registration" && event.account.registered));
        void accounts.dial("out-1", 0, "600", false);
        const invite = await wire.next("INVITE");
        wire.send(responseTo(invite, 200, "OK", {contact: "<sip:600@127.0.0.1>", body: sdpBody(40_000)}));
        await vi.waitUntil(() => events.some((event) => event.type === "confirmed"));
        accounts.apply({accounts: [account(1)], sip});
        accounts.hangUp("out-1");
        expect((await wire.next("ACK")).text).toContain("ACK");
        const bye = await wire.next("BYE");
        wire.send(responseTo(bye, 200, "OK"));
        const gone = await wire.next("REGISTER");
        wire.send(responseTo(gone, 200, "OK"));
        await registered();
        expect(states.map(({id}) => id)).toEqual([1]);
    });

    it("end a call at once for which there is no account, and carry an emergency call on any", async () => {
        void accounts.dial("out-1", 3, "600", false);
        await vi.waitUntil(() => events.length > 0);
        expect(events).toMatchObject([{type: "ended", call: "out-1", reason: {code: "noService"}}]);
        accounts.apply({accounts: [account(0)], sip});
        const wire = await registered();
        void accounts.dial("out-2", 3, "112", true);
        const invite = await wire.next("INVITE");
        expect(invite.text).toContain("INVITE sip:112@phone.test");
        wire.send(responseTo(invite, 486, "Busy Here"));
        await vi.waitUntil(() => events.some((event) => event.type === "ended" && event.call === "out-2"));
    });
});
