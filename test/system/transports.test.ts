import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone, type BenchTransport} from "../support/bench-phone.ts";
import {listenUnbroken, undisturbed} from "../support/listening.ts";
import {levelAt, sine} from "../support/sound-signal.ts";

const rate = 48_000;

describe.each([
    ["tls", "md5", "MD5"],
    ["wss", "sha256", "SHA-256"],
] as const)("over %s with %s, on the glass of a VT100", (transport: BenchTransport, auth, algorithm) => {
    let folder = "";
    let bench: BenchPhone;
    beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), `offhook-${transport}-`));
        bench = await BenchPhone.start({
            folder,
            transport,
            auth,
            display: "vt100",
            sound: "virtual",
            farEnds: ["echo"],
            microphone: {rate, samples: sine(rate, 1_000, 1_000, -20)},
        });
    });
    afterAll(async () => {
        await bench?.stop();
        rmSync(folder, {recursive: true, force: true});
    });

    it(`registers under the private authority with ${algorithm}`, async () => {
        await bench.kamailio.registered("phone");
        const registered = bench.kamailio.process.log.filter((line) => line.includes("registered phone over"));
        expect(registered.join("\n")).toContain(`registered phone over ${transport}`);
        await bench.glass.shows(/desk +ready/);
    });

    it("calls the echo, hears it, and lists the call with its duration", async () => {
        await bench.board.lift();
        await bench.board.dial("600#");
        await bench.phase("talking");
        await bench.glass.shows("0:01");
        await bench.glass.shows(/Microphone +on/);
        await undisturbed(
            [bench.handset],
            () => listenUnbroken(bench.handset, 1_000),
            ({samples}) => expect(levelAt(samples, rate, 1_000)).toBeCloseTo(-20, 0),
        );
        await bench.board.putDown();
        await bench.phase("none");
        await bench.handset.until(() => !bench.handset.isOpen("capture"), 5_000);
        await bench.board.tap("up");
        await bench.glass.shows(/►→600/);
        await bench.glass.shows(/Call ended +0:0\d/);
        await bench.board.tap("back");
    });

    it("is called by another and answers", async () => {
        const caller = await bench.startFarEnd({mode: "loop"});
        await caller.control.dial("phone");
        await bench.phase("ringing");
        await bench.glass.shows("Far end");
        await bench.board.lift();
        await bench.phase("talking");
        await undisturbed(
            [bench.handset],
            () => listenUnbroken(bench.handset, 1_000),
            ({samples}) => expect(levelAt(samples, rate, 1_000)).toBeCloseTo(-20, 0),
        );
        await caller.control.hangUp();
        await bench.glass.shows("Other side hung up");
        await bench.board.putDown();
        await caller.stop();
    });
});

describe("a phone that was not given the private authority", () => {
    it("says that the server is not trusted and does not register", async () => {
        const folder = mkdtempSync(join(tmpdir(), "offhook-untrusted-"));
        const bench = await BenchPhone.prepare({
            folder,
            transport: "tls",
            display: "vt100",
            sound: "virtual",
            farEnds: [],
        });
        try {
            await bench.startPhone();
            await bench.provision({"sip.ca": '""'});
            await bench.glass.shows("Server not trusted");
            expect(bench.kamailio.process.log.join("\n")).not.toContain("registered phone");
        } finally {
            await bench.stop();
            rmSync(folder, {recursive: true, force: true});
        }
    });
});
