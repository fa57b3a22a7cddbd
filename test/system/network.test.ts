/** Hosts in a network of a test's own: what its cables do to datagrams, and calls that go on over them. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, describe, expect, it} from "vitest";
import {
    type ImpairmentRules,
    type Kamailio,
    type NetworkHost,
    networkRefusal,
    PeerProcess,
    type Place,
    startBaresip,
    startKamailio,
    TestNetwork,
    WebPeer,
} from "../support/peers.ts";
import {hears, toneFile} from "../support/peers-hearing.ts";

const refusal = networkRefusal();
if (refusal !== null) console.warn(`skipped: ${refusal}`);

let folder = "";
beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "offhook-network-"));
});
afterAll(() => rmSync(folder, {recursive: true, force: true}));

const PORT = 4_000;
const COUNT = 400;

/** Tells the port and the bytes of each datagram, and ends after one that is empty. */
const LISTEN = `const socket = require("node:dgram").createSocket("udp6");
socket.on("message", (data, {port}) => {
    console.log(port, data.toString("hex"));
    if (data.length === 0) socket.close();
});
socket.bind(${PORT}, () => console.log("up"));`;

/** Sends numbers from 1 to `count`, each in four octets; where there are none, one datagram that is empty. */
const SEND = (to: Place, count: number): string => `const socket = require("node:dgram").createSocket("udp6");
const send = (n) => {
    const data = Buffer.alloc(${Math.min(count, 1)} * 4);
    if (data.length > 0) data.writeUInt32BE(n);
    socket.send(data, ${PORT}, "${to.ipv6}", () => (n < ${count} ? setTimeout(send, 1, n + 1) : socket.close()));
};
socket.bind(() => {
    console.log("from", socket.address().port);
    send(1);
});`;

async function ended(peer: PeerProcess): Promise<void> {
    await expect(peer.line(/never/)).rejects.toThrow("has ended");
}

interface Arrival {
    readonly port: number;
    /** The port of the true sender. */
    readonly own: number;
    readonly octets: string;
}

/** What arrives of COUNT datagrams that are sent under these rules. */
async function arrivals(from: NetworkHost, to: NetworkHost, rules: ImpairmentRules): Promise<readonly Arrival[]> {
    const node = (name: string, script: string, {within}: Place): PeerProcess =>
        new PeerProcess(name, [process.execPath, "-e", script], {within});
    const listener = node("listener", LISTEN, to);
    await listener.line(/^up$/);
    await from.impairment.set(rules);
    const sender = node("sender", SEND(to, COUNT), from);
    const own = Number((await sender.line(/^from/)).slice("from ".length));
    await ended(sender);
    await from.impairment.set({});
    await ended(node("last", SEND(to, 0), from));
    await ended(listener);
    return listener.log.slice(1, -1).map((line) => {
        const [port = "", octets = ""] = line.split(" ");
        return {port: Number(port), own, octets};
    });
}

const numberOf = ({octets}: Arrival): number => Number.parseInt(octets, 16);

describe.skipIf(refusal !== null)("a cable with a bad middle", () => {
    let network: TestNetwork;
    let near: NetworkHost;
    let far: NetworkHost;
    beforeAll(async () => {
        network = await TestNetwork.start({folder, seed: 7});
        near = await network.host({impaired: true});
        far = await network.host();
    });
    afterAll(() => network?.stop());

    it("passes all in order until it is told otherwise", async () => {
        const arrived = await arrivals(near, far, {});
        expect(arrived.map(numberOf)).toEqual(Array.from({length: COUNT}, (_, n) => n + 1));
    });

    it("loses, doubles and delays as often as it is told, and counts it", async () => {
        const before = await near.impairment.counts();
        const rules = {lose: 0.2, duplicate: 0.1, reorder: 0.1, reorderBy: 20};
        const numbers = (await arrivals(near, far, rules)).map(numberOf);
        const after = await near.impairment.counts();
        // The last one is empty.
        expect(after.seen - before.seen).toBe(COUNT + 1);
        expect(COUNT - new Set(numbers).size).toBe(after.lose - before.lose);
        expect(after.lose - before.lose).toBeGreaterThan(COUNT / 10);
        expect(numbers.length).toBeGreaterThan(new Set(numbers).size);
        expect(numbers).not.toEqual(numbers.toSorted((a, b) => a - b));
    });

    it("adds forged datagrams beside the true ones", async () => {
        const arrived = await arrivals(near, far, {flip: 0.1, replay: 0.1, stranger: 0.1});
        const sent = new Set(Array.from({length: COUNT}, (_, n) => n + 1));
        const authentic = arrived.filter((arrival) => arrival.port === arrival.own && sent.has(numberOf(arrival)));
        expect(new Set(authentic.map(numberOf))).toEqual(sent);
        expect(authentic.length).toBeGreaterThan(COUNT * 1.05);
        expect(arrived.filter(({port, own}) => port !== own).length).toBeGreaterThan(COUNT / 20);
        // Of 32 bits at most nine turn one number into another of them.
        expect(arrived.filter((arrival) => !sent.has(numberOf(arrival))).length).toBeGreaterThan(COUNT / 20);
    });
});

it.skipIf(refusal !== null)("a seed decides what is lost", async () => {
    const lost = await Promise.all(
        [1, 1, 2].map(async (seed) => {
            const network = await TestNetwork.start({folder: mkdtempSync(join(folder, "seed-")), seed});
            const [near, far] = [await network.host({impaired: true}), await network.host()];
            const arrived = await arrivals(near, far, {lose: 0.5});
            await network.stop();
            return arrived.map(numberOf);
        }),
    );
    expect(lost[0]?.length).toBeLessThan(COUNT);
    expect(lost[1]).toEqual(lost[0]);
    expect(lost[2]).not.toEqual(lost[0]);
});

describe.skipIf(refusal !== null)("calls between hosts", () => {
    let network: TestNetwork;
    let kamailio: Kamailio;
    let here: NetworkHost;
    let there: NetworkHost;
    let alice: WebPeer;
    beforeAll(async () => {
        network = await TestNetwork.start({folder});
        [here, there] = [await network.host({impaired: true}), await network.host()];
        kamailio = await startKamailio({folder: join(folder, "kamailio"), auth: "none", users: [], place: network.hub});
        alice = await browser("alice", 600, here);
    });
    afterAll(async () => {
        await alice?.stop();
        await kamailio?.stop();
        await network?.stop();
    });

    function browser(name: string, frequency: number, {within}: Place): Promise<WebPeer> {
        const registrar = {...kamailio, port: kamailio.wss, transport: "wss"} as const;
        const sourceWav = toneFile(folder, frequency);
        const options = {account: {name}, registrar, sourceWav, loopback: false, within};
        return WebPeer.start({folder: join(folder, name), ...options});
    }

    it("a phone is understood although the cable loses, doubles, reorders and forges", async () => {
        const options = {mode: "echo", mediaEncryption: "dtls_srtp", ice: true, place: there} as const;
        const registrar = {...kamailio, port: kamailio.tls, transport: "tls"} as const;
        const echo = await startBaresip({folder: join(folder, "600"), account: {name: "600"}, registrar, ...options});
        const ill = {lose: 0.02, duplicate: 0.02, reorder: 0.02, reorderBy: 30, flip: 0.1, replay: 0.1, stranger: 0.1};
        await here.impairment.set(ill);
        await alice.call("600");
        await hears(alice, 600);
        expect(await alice.statistics()).toMatchObject({local: {address: here.ipv4}, remote: {address: there.ipv4}});
        const counts = await here.impairment.set({});
        expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
        const closed = echo.control.next("CALL_CLOSED");
        await alice.hangUp();
        await closed;
        await echo.stop();
    });

    it("a host moves to another address, and the call goes on there after a restart of ICE", async () => {
        const bob = await browser("bob", 1_000, there);
        // Signalling is TCP over IPv4 and stays; sound has no way but IPv6.
        await here.impairment.set({blocked: 4});
        const incoming = bob.next("incoming");
        await alice.call("bob");
        await incoming;
        await bob.answer();
        await Promise.all([hears(alice, 1_000), hears(bob, 600)]);
        expect((await bob.statistics()).local?.address).toBe(there.ipv6);
        const moved = "fd00:198:18::99";
        await there.give(moved);
        await there.take(there.ipv6);
        // Chromium looks at its addresses every other second.
        const offer = async (): Promise<string> => {
            const told = bob.next("localDescription");
            await bob.restartIce();
            return (await told).param;
        };
        await expect.poll(offer, {interval: 1_000, timeout: 20_000}).toContain(moved);
        await expect.poll(async () => (await alice.statistics()).remote?.address, {timeout: 20_000}).toBe(moved);
        await Promise.all([hears(alice, 1_000), hears(bob, 600)]);
        const ended = bob.next("ended");
        await alice.hangUp();
        await ended;
        await bob.stop();
        await here.impairment.set({});
    });
});
