/** The phone at a host of its own and a browser at another, over IPv4 and over IPv6, also while the phone moves. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {type NetworkHost, networkRefusal, startTurnServer, TestNetwork, type WebPeer} from "../support/peers.ts";
import {hangUp, hearOneAnother, phoneCalls, phoneVoice, startWeb, webCalls} from "../support/phone-and-web.ts";

/** On the glass: the padlock that is closed to the other end. */
const END_TO_END = /\d:\d\d +\S+ ◉/;

const refusal = networkRefusal();
if (refusal !== null) console.warn(`skipped: ${refusal}`);

describe.skipIf(refusal !== null)("the phone at a host of its own", () => {
    let folder = "";
    let network: TestNetwork;
    let desk: NetworkHost;
    let elsewhere: NetworkHost;
    let bench: BenchPhone;
    beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), "offhook-secure-"));
        network = await TestNetwork.start({folder});
        desk = await network.host();
        elsewhere = await network.host();
        bench = await BenchPhone.start({
            folder,
            transport: "wss",
            display: "cfa635",
            sound: "virtual",
            farEnds: [],
            settings: {"account1.media": "webrtc"},
            microphone: phoneVoice,
            network: {phone: desk, others: network.hub},
        });
    });
    afterAll(async () => {
        await bench?.stop();
        await network?.stop();
        rmSync(folder, {recursive: true, force: true});
    });
    afterEach(async ({task}) => {
        if (task.result?.state === "fail") console.log(bench.process.log.slice(-60).join("\n"));
        if (bench.said.hook === "off") await bench.board.putDown();
        await bench.phase("none");
    });

    async function provision(settings: Readonly<Record<string, string>>): Promise<void> {
        const registered = bench.kamailio.process.nextLine(/registered phone over wss/);
        await bench.console.provision(settings);
        await registered;
        await bench.registered();
    }

    describe.each([
        {family: "ipv4", other: "ipv6", moved: "198.18.0.99"},
        {family: "ipv6", other: "ipv4", moved: "fd00:198:18::99"},
    ] as const)("whose server is reached over $family", ({family, other, moved}) => {
        let web: WebPeer;
        beforeAll(async () => {
            const server = network.hub[family];
            // The display name makes it another account even where the server is the same.
            await provision({"account1.server": server, "account1.display-name": family});
            const host = server.includes(":") ? `[${server}]` : server;
            const user = family === "ipv4" ? "602" : "601";
            web = await startWeb(bench, {user, host, loopback: false, within: elsewhere.within});
        });
        afterAll(() => web?.stop());
        const number = family === "ipv4" ? "602" : "601";

        it("calls a browser, and each hears the other", async () => {
            await phoneCalls({bench, web}, {}, number);
            await bench.glass.shows(END_TO_END);
            await hearOneAnother({bench, web});
            await hangUp({bench, web});
        });

        it("is called by a browser, and each hears the other", async () => {
            await webCalls({bench, web});
            await bench.glass.shows(END_TO_END);
            await hearOneAnother({bench, web});
            await hangUp({bench, web});
        });

        it("hides its address behind a TURN server there", async () => {
            const {within, [family]: address} = network.hub;
            const user = {name: "turner", password: "a-secret-of-turn"};
            const at = {folder: join(folder, `turn-${family}`), within, addresses: [address]};
            const server = await startTurnServer({...at, transport: "udp", user});
            await provision({
                "ice.turn": server.url(),
                "ice.turn-user": user.name,
                "ice.turn-password": user.password,
                "ice.relay-only": "on",
            });
            await phoneCalls({bench, web}, {}, number);
            await hearOneAnother({bench, web});
            expect((await web.statistics()).remote?.address).toBe(address);
            await hangUp({bench, web});
            await bench.console.type("unset ice.turn");
            await provision({"ice.relay-only": "off"});
            await server.stop();
        });

        it("goes on with its call from another address, without its old one", async () => {
            await desk.take(desk[other]);
            await webCalls({bench, web});
            await hearOneAnother({bench, web});
            expect((await web.statistics()).remote?.address).toBe(desk[family]);
            const rows = (await bench.console.type("calls")).match(/received/g)?.length ?? 0;
            const began = web.events.length;
            const registered = bench.kamailio.process.nextLine(/registered phone over wss/, 40_000);
            await desk.give(moved);
            await desk.take(desk[family]);
            await registered;
            const address = async (): Promise<string | undefined> => (await web.statistics()).remote?.address;
            await expect.poll(address, {timeout: 20_000}).toBe(moved);
            await hearOneAnother({bench, web});
            await bench.glass.shows(END_TO_END);
            // It was the same dialog all along, of which the log has one row.
            expect(web.events.slice(began).map(({type}) => type)).not.toContain("incoming");
            expect(web.events.slice(began).map(({type}) => type)).not.toContain("ended");
            await hangUp({bench, web});
            expect((await bench.console.type("calls")).match(/received/g)?.length).toBe(rows + 1);
            for (const address of [desk.ipv4, desk.ipv6]) await desk.give(address);
            await desk.take(moved);
        }, 60_000);
    });
});
