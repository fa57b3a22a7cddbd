/** The phone at a host of its own and a browser at another, over IPv4 and over IPv6, also while the phone moves. */
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import type {BenchPhone} from "../support/bench-phone.ts";
import {type NetworkHost, networkRefusal, startTurnServer, type WebPeer} from "../support/peers.ts";
import {
    comesToRest,
    hangUp,
    hearOneAnother,
    marks,
    phoneCalls,
    provisionAnew,
    startWeb,
    webCalls,
} from "../support/phone-and-web.ts";
import {type AtDesk, startAtDesk} from "../support/phone-at-desk.ts";

const refusal = networkRefusal();
if (refusal !== null) console.warn(`skipped: ${refusal}`);

describe.skipIf(refusal !== null)("the phone at a host of its own", () => {
    let at: AtDesk;
    let bench: BenchPhone;
    let desk: NetworkHost;
    beforeAll(async () => {
        at = await startAtDesk("wss", {"account1.media": "webrtc"});
        ({bench, desk} = at);
    });
    afterAll(() => at?.stop());
    afterEach((context) => comesToRest(bench, context));

    describe.each([
        {family: "ipv4", other: "ipv6", moved: "198.18.0.99"},
        {family: "ipv6", other: "ipv4", moved: "fd00:198:18::99"},
    ] as const)("whose server is reached over $family", ({family, other, moved}) => {
        let web: WebPeer;
        beforeAll(async () => {
            const server = at.network.hub[family];
            // The display name makes it another account even where the server is the same.
            await provisionAnew(bench, {"account1.server": server, "account1.display-name": family});
            const host = server.includes(":") ? `[${server}]` : server;
            const user = family === "ipv4" ? "602" : "601";
            web = await startWeb(bench, {user, host, loopback: false, within: at.elsewhere.within});
        });
        afterAll(() => web?.stop());
        const number = family === "ipv4" ? "602" : "601";

        it("calls a browser, and each hears the other", async () => {
            await phoneCalls({bench, web}, {}, number);
            await bench.glass.shows(marks.end);
            await hearOneAnother({bench, web});
            await hangUp({bench, web});
        });

        it("is called by a browser, and each hears the other", async () => {
            await webCalls({bench, web});
            await bench.glass.shows(marks.end);
            await hearOneAnother({bench, web});
            await hangUp({bench, web});
        });

        it("hides its address behind a TURN server there", async () => {
            const {within, [family]: address} = at.network.hub;
            const user = {name: "turner", password: "a-secret-of-turn"};
            const where = {folder: join(at.folder, `turn-${family}`), within, addresses: [address]};
            const server = await startTurnServer({...where, transport: "udp", user});
            await provisionAnew(bench, {
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
            await provisionAnew(bench, {"ice.relay-only": "off"});
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
            await bench.glass.shows(marks.end);
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
