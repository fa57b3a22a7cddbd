import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {type BadDay, congestionIsHeard, echoIsHeard, prepareBadDay, putDown, talkToEcho} from "../support/bad-day.ts";
import {benchPassword} from "../support/bench-phone.ts";
import {type Baresip, type Kamailio, startKamailio} from "../support/peers.ts";

let day: BadDay;
let registrar: Kamailio | null = null;
let echo: Baresip | null = null;
let comings = 0;

/** The registrar comes back where it was, and an echo at 602 with it. */
async function registrarComes(): Promise<void> {
    const {kamailio, options} = day.bench;
    comings += 1;
    registrar = await startKamailio({
        folder: join(options.folder, `kamailio-${comings}`),
        auth: "md5",
        users: ["phone", "602"].map((name) => ({name, password: benchPassword})),
        ports: kamailio.ports,
    });
    echo = await day.bench.startFarEnd({mode: "echo"});
}

async function registrarGoes(): Promise<void> {
    await registrar?.stop();
    registrar = null;
}

beforeAll(async () => {
    day = await prepareBadDay({farEnds: []});
    await day.bench.kamailio.stop();
    await day.bench.startPhone();
    await day.bench.provision();
});
afterEach(({task}) => {
    if (task.result?.state === "fail") console.log(day?.bench.process.log.slice(-40).join("\n"));
});
afterAll(async () => {
    await echo?.stop();
    await registrar?.stop();
    await day?.close();
});

describe("without a registrar at the start", () => {
    it("says so on the glass, with what to do", async () => {
        await day.bench.glass.shows("Server not reached");
        await day.bench.glass.shows("Check the network");
        expect(day.bench.said.lamps?.service).toBe("blinking");
    });

    it("plays the congestion tone to who lifts, not the dial tone that promises a call", async () => {
        const {bench} = day;
        await bench.board.lift();
        await bench.glass.shows("No service");
        await congestionIsHeard(bench);
        await bench.board.putDown();
    });

    it("ends a call in words and with the congestion tone, soon and not after a patience of SIP's", async () => {
        const {bench} = day;
        await bench.board.lift();
        await bench.board.dial("600#");
        await bench.glass.shows("No service", 10_000);
        await bench.phase("none", 10_000);
        await congestionIsHeard(bench);
        await bench.board.putDown();
    });

    it("registers by itself when the registrar appears, and calls", async () => {
        await registrarComes();
        await day.bench.registered(45_000);
        await day.bench.glass.shows("ready");
        await day.harmless("602");
    });
});

describe("a registrar that goes in a call", () => {
    it("leaves the talk as it is, heard both ways", async () => {
        const {bench} = day;
        await talkToEcho(bench, "602");
        await registrarGoes();
        await bench.says(({accounts}) => accounts?.[0]?.registered === false);
        await echoIsHeard(bench);
        await bench.phase("talking");
    });

    it("lets the owner hang up as ever", async () => {
        const {bench} = day;
        const before = performance.now();
        await putDown(bench);
        expect(performance.now() - before).toBeLessThan(2_000);
        await bench.glass.shows("Server not reached", 30_000);
    });

    it("is found again", async () => {
        await echo?.stop();
        await registrarComes();
        await day.bench.registered(60_000);
        await day.harmless("602");
        const rows = await day.bench.console.type("calls");
        expect(rows).toMatch(/placed +602/);
    });
});
