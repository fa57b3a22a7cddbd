/** Chromium with Chromium over coturn and nothing else. */
import {mkdtempSync, rmSync} from "node:fs";
import {networkInterfaces, tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, expect, it} from "vitest";
import {type Kamailio, startKamailio, startTurnServer, type TurnServer, WebPeer} from "../support/peers.ts";
import {hears, toneFile} from "../support/peers-hearing.ts";
import {makePki, type Pki} from "../support/pki.ts";

const user = {name: "phone", password: "secret"};

let folder = "";
let pki: Pki;
let kamailio: Kamailio;
let alice: WebPeer;
let bob: WebPeer;
let server: TurnServer | null = null;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-turn-"));
    // The browsers trust one authority, for both servers.
    pki = await makePki(join(folder, "pki"));
    const certificate = pki.server;
    kamailio = await startKamailio({folder: join(folder, "kamailio"), auth: "none", users: [], certificate});
    [alice, bob] = await Promise.all([start("alice", 600), start("bob", 1_000)]);
});
afterAll(async () => {
    await Promise.all([alice?.stop(), bob?.stop()]);
    await kamailio?.stop();
    rmSync(folder, {recursive: true, force: true});
});
afterEach(async () => {
    await server?.stop();
    server = null;
});

function start(name: string, frequency: number): Promise<WebPeer> {
    const registrar = {domain: kamailio.domain, port: kamailio.wss, transport: "wss", caPem: pki.caPem} as const;
    const sourceWav = toneFile(folder, frequency);
    return WebPeer.start({folder: join(folder, name), account: {name}, registrar, sourceWav});
}

/** Both reach the server with this password and use nothing else. */
async function configure(url: string, password = user.password): Promise<void> {
    const iceServers = [{urls: url, username: user.name, credential: password}];
    await Promise.all([alice, bob].map((peer) => peer.configure({iceServers, iceTransportPolicy: "relay"})));
}

const hasIpv6 = Object.values(networkInterfaces()).some((found) => found?.some(({address}) => address === "::1"));

it.each([
    ["udp", "127.0.0.1"],
    ["tcp", "127.0.0.1"],
    ["tls", "127.0.0.1"],
    ...(hasIpv6 ? ([["udp", "::1"]] as const) : []),
] as const)(
    "two browsers hear one another over a TURN server that they reach over %s at %s",
    async (transport, address) => {
        const addresses = [address];
        const own = {folder: join(folder, `${transport}-${addresses.indexOf(address)}`), certificate: pki.server};
        server = await startTurnServer({...own, transport, user, addresses});
        await configure(server.url());
        const incoming = bob.next("incoming");
        await alice.call("bob");
        await incoming;
        await bob.answer();
        await Promise.all([hears(alice, 1_000), hears(bob, 600)]);
        const statistics = await alice.statistics();
        expect(statistics).toMatchObject({
            dtlsState: "connected",
            local: {type: "relay", relayProtocol: transport},
            remote: {type: "relay", address},
        });
        const ended = bob.next("ended");
        await alice.hangUp();
        await ended;
    },
);

it("who does not know the password gets no relay", async () => {
    server = await startTurnServer({folder: join(folder, "refuses"), transport: "udp", user});
    await configure(server.url(), "wrong");
    const refused = alice.next("iceCandidateError");
    const failed = alice.next("failed");
    await alice.call("bob");
    expect((await refused).param).toContain(" 401 ");
    await alice.hangUp();
    await failed;
});
