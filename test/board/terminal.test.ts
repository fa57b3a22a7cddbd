import {spawnSync} from "node:child_process";
import {existsSync, mkdtempSync, rmSync, statSync} from "node:fs";
import {tmpdir} from "node:os";
import {dirname, join} from "node:path";
import {afterAll, beforeAll, describe, expect, it} from "vitest";
import {TerminalClient} from "../support/terminal-client.ts";

const simulate = join(import.meta.dirname, "../../scripts/simulate.ts");
/** A board that boots beside a busy machine takes its time. */
const readyMs = 240_000;
const lookMs = 60_000;
/** Much sooner than the clock on the glass moves on, which would have all drawn again. */
const backMs = 10_000;

let terminal: TerminalClient;
let folder = "";
/** Where the bench keeps what it makes. */
let bench = "";

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-terminal-"));
    const notice = join(folder, "bench.json");
    terminal = new TerminalClient(join(folder, "made"), "simulate.ts", "--board", "virtual", "--notice", notice);
    await terminal.shows(/ready/, readyMs);
    [, bench = ""] = await terminal.shows(/log (\S+)\/phone\.log/);
}, readyMs);
afterAll(() => {
    terminal?.close();
    rmSync(folder, {recursive: true, force: true});
});

describe("the virtual board in the terminal", () => {
    it("tells what it starts, and then shows the phone", () => {
        expect(terminal.written).toMatch(
            /starting the registrar[\s\S]*switching the board on[\s\S]*provisioning the phone/,
        );
        expect(terminal.picture).toMatch(/Offhook on the virtual board/);
        expect(terminal.picture).toMatch(/handset +on hook/);
    });

    it("takes keys in the order of their typing and lets a call be seen and heard", {timeout: 3 * lookMs}, async () => {
        terminal.type(" 600#");
        await terminal.shows(/600[\s\S]*\b\d:\d\d +G\.711A/);
        await terminal.shows(/● microphone/);
        expect(terminal.picture).toMatch(/handset +OFF HOOK/);
        await terminal.shows(/microphone +█{5,}/);
        await terminal.shows(/earpiece +█{5,}/);
        terminal.type(" ");
        await terminal.shows(/ready/);
        await terminal.shows(/○ microphone/);
    });

    it("passes keys on to both consoles until Ctrl-]", {timeout: 3 * lookMs}, async () => {
        for (const key of ["c", "C"]) {
            terminal.type(key);
            await terminal.shows(/provisioning console; Ctrl-\] goes back[\s\S]*offhook> /);
            terminal.type("diff\r");
            await terminal.shows(/nothing is staged/);
            terminal.type("\u001d");
            await terminal.shows(/Offhook on the virtual board/, backMs);
        }
    });

    it("pulls the USB cable and plugs it in again", {timeout: 3 * lookMs}, async () => {
        terminal.type("u");
        await terminal.shows(/USB cable pulled/);
        terminal.type("u");
        await terminal.shows(/virtual board\s*┌/);
        terminal.type("C");
        await terminal.shows(/offhook> /);
        terminal.type("\u001d");
        await terminal.shows(/Offhook on the virtual board/);
    });

    it("cuts the power, and the phone comes back as it was set up", {timeout: readyMs + lookMs}, async () => {
        terminal.type("P");
        await terminal.shows(/no power[\s\S]*│ {22}│/);
        await terminal.shows(/│ .*ready │/, readyMs);
    });

    it("ends all that it started with Ctrl-C, and names the WAV file", async () => {
        expect(terminal.processes()).toEqual(
            expect.arrayContaining([expect.stringMatching(/^qemu/), "kamailio", "baresip"]),
        );
        terminal.type("\u0003");
        expect(await terminal.exited).toBe(0);
        const [, path = ""] = /the earpiece: (\S+)/.exec(terminal.written) ?? [];
        expect(dirname(path)).toBe(bench);
        expect(statSync(path).size).toBeGreaterThan(100_000);
        expect(existsSync(join(bench, "firmware.image"))).toBe(false);
        expect(terminal.processes()).toEqual([]);
    });
});

describe("a board that there is not", () => {
    const refused = (...words: string[]): {status: number | null; stderr: string} =>
        spawnSync(process.execPath, [simulate, ...words], {encoding: "utf8"});

    it("is refused with the names of those that there are", () => {
        expect(refused("--board", "paper")).toMatchObject({
            status: 2,
            stderr: expect.stringContaining("simulated, virtual"),
        });
        expect(refused("--board", "virtual", "--sound", "card")).toMatchObject({status: 2});
    });
});
