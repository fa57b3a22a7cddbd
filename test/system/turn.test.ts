/** Sound by a TURN server alone: the phone over coturn with Chromium, on loopback. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {startTurnServer, type TurnServer, type TurnServerOptions, type WebPeer} from "../support/peers.ts";
import {
    comesToRest,
    hangUp,
    hearOneAnother,
    marks,
    type Pair,
    phoneCalls,
    phoneVoice,
    provisionAnew,
    startWeb,
    webCalls,
} from "../support/phone-and-web.ts";

const user = {name: "turner", password: "a-secret-of-turn"};
const NO_WAY = "No way for sound";

let folder = "";
let bench: BenchPhone;
let web: WebPeer;
let pair: Pair;
let server: TurnServer | null = null;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-turn-"));
    bench = await BenchPhone.start({
        folder,
        transport: "wss",
        display: "cfa635",
        sound: "virtual",
        farEnds: [],
        settings: {"account1.media": "webrtc", "ice.relay-only": "on", "ice.turn-user": user.name},
        microphone: phoneVoice,
    });
    web = await startWeb(bench);
    pair = {bench, web};
});
afterAll(async () => {
    await web?.stop();
    await bench?.stop();
    await server?.stop();
    rmSync(folder, {recursive: true, force: true});
});
afterEach((context) => comesToRest(bench, context));

let serverCount = 0;

/** One server at a time, which the phone knows from then on; `password` is what the phone has for it. */
async function useServer(
    transport: "udp" | "tcp",
    {password = user.password, ...more}: Partial<TurnServerOptions> & {readonly password?: string} = {},
): Promise<TurnServer> {
    await server?.stop();
    serverCount += 1;
    server = await startTurnServer({folder: join(folder, `turn-${serverCount}`), transport, user, ...more});
    await provisionAnew(bench, {"ice.turn": server.url(), "ice.turn-password": password});
    return server;
}

/** The browser knows no other address of the phone's than the one that the server lent. */
async function isRelayed(address: string): Promise<void> {
    await bench.glass.shows(marks.end);
    await hearOneAnother(pair);
    const {local, remote} = await web.statistics();
    expect(local?.type).not.toBe("relay");
    expect(remote?.address).toBe(address);
    // The ports that coturn has to lend.
    expect(remote?.port).toBeGreaterThanOrEqual(30_000);
    expect(remote?.port).toBeLessThanOrEqual(32_766);
}

describe.each(["udp", "tcp"] as const)("a TURN server that is reached over %s", (transport) => {
    beforeAll(() => useServer(transport));

    it("lends the address of a call that the phone makes", async () => {
        await phoneCalls(pair);
        await isRelayed("127.0.0.1");
        await hangUp(pair);
    });

    it("lends the address of a call that comes", async () => {
        await webCalls(pair);
        await isRelayed("127.0.0.1");
        await hangUp(pair);
    });
});

describe("a TURN server that does not know the phone", () => {
    beforeAll(() => useServer("udp", {password: "another-secret"}));

    it("leaves a call of the phone's without a way, which the glass says", async () => {
        await bench.board.lift();
        await bench.board.dial("602#");
        await bench.glass.shows(NO_WAY);
        await bench.board.putDown();
        await bench.phase("none");
    });

    it("leaves a call that comes without a way: both sides are told", async () => {
        const failed = web.next("failed");
        await web.call("phone");
        await bench.phase("ringing");
        await bench.board.lift();
        await failed;
        await bench.glass.shows(NO_WAY);
        await bench.board.putDown();
        await bench.phase("none");
    });

    it("is no hindrance once the password is right", async () => {
        await useServer("udp");
        await phoneCalls(pair);
        await isRelayed("127.0.0.1");
        await hangUp(pair);
        expect(bench.process.log.join("\n")).not.toContain("secret");
    });
});

it("the console refuses TURN over TLS, and says why", async () => {
    expect(await bench.console.type("set ice.turn turns:127.0.0.1:5349")).toMatch(/^error: .*TLS/m);
});
