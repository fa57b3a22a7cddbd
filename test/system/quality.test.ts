/** What a real call's quality comes to on the glass, in the log and at a collector, by kamailio and baresip. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {readVqReport, type VqReport} from "../support/vq-report.ts";

let folder = "";
let bench: BenchPhone;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-quality-"));
    bench = await BenchPhone.start({
        folder,
        transport: "tls",
        display: "cfa635",
        sound: "virtual",
        farEnds: ["echo"],
        settings: {"audio.codecs": "PCMA"},
    });
});
afterEach(({task}) => {
    if (task.result?.state === "fail") console.log(bench?.process.log.slice(-40).join("\n"));
});
afterAll(async () => {
    await bench?.stop();
    rmSync(folder, {recursive: true, force: true});
});

async function call(): Promise<void> {
    await bench.board.lift();
    await bench.board.dial("600#");
    await bench.phase("talking");
}

async function putDown(): Promise<void> {
    await bench.board.putDown();
    await bench.phase("none");
}

const published = /report of (\w+) to (\w+): ([0-9A-Fa-f]+)$/;
const reports = (): readonly string[] => bench.kamailio.process.log.filter((line) => published.test(line));

/** The body of a line of kamailio's log, by the grammar of RFC 6035. */
function reportOf(line: string): VqReport {
    const [, from, to, body = ""] = published.exec(line) ?? [];
    expect([from, to]).toEqual(["phone", "quality"]);
    return readVqReport(Buffer.from(body, "hex").toString());
}

async function collect(uri: string): Promise<void> {
    const registered = bench.kamailio.process.nextLine(/registered phone over tls/);
    await bench.console.provision({"quality.collector": uri});
    await registered;
    await bench.registered();
}

describe("a call to the echo", () => {
    it("shows its details while it is on, new each second, and goes on when they are put away", async () => {
        await call();
        await bench.board.tap("left");
        await bench.glass.shows(/MOS LQ\/CQ +[34]\.\d \/ [34]\.\d/);
        await bench.glass.shows(/Lost +\d+\.\d %/);
        await bench.board.tap("right");
        await bench.glass.shows(/Codec +G\.711A ○/);
        // The round trip comes with the far end's first report by RTCP, within the seconds of RFC 3550 §6.2.
        await bench.glass.shows(/Round trip +\d+ ms/, 15_000);
        await bench.board.tap("back");
        await bench.glass.shows(/0:\d\d/);
        await putDown();
    });

    it("stands in the recent calls with how it sounded, and in the console's list", async () => {
        await bench.board.tap("up");
        await bench.glass.shows(/►→600/);
        await bench.board.tap("left");
        await bench.board.tap("right");
        await bench.glass.shows(/Codec +G\.711A ○/);
        await bench.glass.shows(/Round trip +\d+ ms/);
        await bench.board.tap("back");
        await bench.board.tap("back");
        expect(await bench.console.type("calls")).toMatch(
            /placed +600 +\d+ s +PCMA, encrypted none, lost \d+\.\d %, MOS [34]\.\d/,
        );
    });

    it("keeps its row, with how it sounded so far, when the power goes in the middle of it", async () => {
        await call();
        await bench.glass.shows("0:02");
        await bench.stopPhone("kill");
        // Nobody tells the far end; its owner hangs up in the end.
        await bench.farEnds[0]?.control.hangUp();
        await bench.startPhone();
        await bench.registered();
        await bench.board.putDown();
        await bench.console.type("");
        expect(await bench.console.type("calls")).toMatch(
            /interrupted +600 +PCMA, encrypted none, lost .*MOS [34]\.\d/,
        );
    });

    it("is told to nobody while no collector is set", () => {
        expect(reports()).toEqual([]);
    });
});

describe("with a collector", () => {
    it("a call is reported once, after its end, past the server's challenge, with its figures", async () => {
        await collect(`sip:quality@${bench.kamailio.domain}`);
        await call();
        await bench.glass.shows("0:04", 10_000);
        expect(reports()).toEqual([]);
        const line = bench.kamailio.process.nextLine(published);
        await putDown();
        const {session, local} = reportOf(await line);
        const {domain} = bench.kamailio;
        expect(session).toMatchObject({
            LocalID: `<sip:phone@${domain}>`,
            RemoteID: `<sip:600@${domain}>`,
            OrigID: `<sip:phone@${domain}>`,
        });
        expect(session["LocalAddr"]).toMatch(/^IP=127\.0\.0\.1 PORT=1\d{4} /);
        expect(session["RemoteAddr"]).toMatch(/^IP=127\.0\.0\.1 PORT=\d+ SSRC=0x(?!0{8})/);
        expect(local).toMatchObject({PT: "8", PD: "PCMA", SR: "8000", PPS: "50"});
        const seconds = (Date.parse(local["STOP"] ?? "") - Date.parse(local["START"] ?? "")) / 1_000;
        expect(seconds).toBeGreaterThanOrEqual(3);
        expect(seconds).toBeLessThan(30);
        expect(Number(local["IAJ"])).toBeLessThan(100);
        expect(Number(local["NLR"])).toBeLessThan(5);
        expect(local).toMatchObject({GMIN: "16", QoEEstAlg: "G.107", PLC: "3"});
        // G.711 on a good way (ITU-T G.107: R 93 is 4.4).
        expect(Number(local["MOSLQ"])).toBeGreaterThan(3.5);
        expect(Number(local["MOSCQ"])).toBeLessThanOrEqual(Number(local["MOSLQ"]));
        expect(Number(local["ESD"])).toBeGreaterThan(20);
    });

    it("a call that hardly began is not reported, and the next one is, once", async () => {
        const before = reports().length;
        await call();
        await putDown();
        await call();
        await bench.glass.shows("0:04", 10_000);
        const line = bench.kamailio.process.nextLine(published);
        await putDown();
        await line;
        expect(reports().length).toBe(before + 1);
    });

    it("that is not there costs a line of the log, and no call", async () => {
        await collect(`sip:nobody@${bench.kamailio.domain}`);
        await call();
        await bench.glass.shows("0:04", 10_000);
        const lost = bench.process.logs(/the report of a call's quality was lost: the collector said 404/);
        await putDown();
        await call();
        await lost;
        await putDown();
        expect(bench.process.log.join("\n")).not.toMatch(/report.*600@/);
    });
});
