import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";

let folder = "";
let bench: BenchPhone;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-restart-"));
    bench = await BenchPhone.prepare({
        folder,
        transport: "tcp",
        display: "cfa635",
        sound: "virtual",
        farEnds: ["echo"],
        settings: {"audio.codecs": "PCMA"},
    });
});
afterAll(async () => {
    await bench?.stop();
    rmSync(folder, {recursive: true, force: true});
});

describe("a fresh phone", () => {
    it("asks for the language, in the words of the one that is marked", async () => {
        await bench.startPhone();
        await bench.glass.shows("►English");
        await bench.board.tap("down");
        await bench.glass.shows(/►Deutsch[\s\S]*OK Auswahl/);
        await bench.board.tap("ok");
    });

    it("asks for the country in that language, then says what to do", async () => {
        await bench.glass.shows("►Deutschland");
        await bench.board.tap("down");
        await bench.board.tap("up");
        await bench.board.tap("ok");
        await bench.glass.shows(/USB/);
        await bench.board.tap("ok");
        await bench.glass.shows(/--:--|\d\d:\d\d/);
    });

    it("keeps both answers over a restart and does not ask again", async () => {
        await bench.stopPhone();
        await bench.startPhone();
        await bench.glass.shows(/\d\d:\d\d/);
        expect(bench.glass.lines.join("\n")).not.toContain("►");
        await bench.console.type("");
        expect(await bench.console.type("show phone.")).toMatch(/phone\.language +de[\s\S]*phone\.country +de/);
    });

    it("is registered once it was given an account, without a restart", async () => {
        await bench.provision();
        await bench.registered();
        await bench.glass.shows(/desk +ready/);
    });
});

describe("a phone whose power fails in a call", () => {
    it("comes back, registers, and lists the call as interrupted", async () => {
        await bench.board.lift();
        await bench.board.dial("600#");
        await bench.phase("talking");
        await bench.glass.shows("0:01");
        await bench.stopPhone("kill");
        expect(bench.process.ended).toBe("SIGKILL");
        await bench.startPhone();
        await bench.registered();
        await bench.board.putDown();
        expect(await bench.console.type("calls")).toMatch(/interrupted +600/);
        await bench.board.tap("up");
        await bench.glass.shows("►~600");
        await bench.board.tap("back");
    });

    it("makes the next call as any other", async () => {
        // The echo was never told that the call is over, and takes one at a time.
        await bench.farEnds[0]?.control.hangUp();
        await bench.board.lift();
        await bench.board.dial("600#");
        await bench.phase("talking");
        await bench.board.putDown();
        await bench.phase("none");
        expect(await bench.console.type("calls")).toMatch(/placed +600/);
    });
});
