import {spawnSync} from "node:child_process";
import {existsSync, readdirSync, readFileSync, rmSync, statSync} from "node:fs";
import {dirname, join} from "node:path";
import {type IPty, spawn} from "node-pty";
import {afterAll, beforeAll, describe, expect, it} from "vitest";

const simulate = join(import.meta.dirname, "../../scripts/simulate.ts");
/** A board that boots beside a busy machine takes its time. */
const readyMs = 240_000;
const lookMs = 60_000;

let terminal: IPty;
let exited: Promise<number>;
let written = "";
let folder = "";
const watchers = new Set<() => void>();

/** What stands on the terminal, as far as its last picture has come. */
function picture(): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's sequences begin with one.
    return (written.split("\u001b[H").at(-1) ?? "").replaceAll(/\u001b\[[?0-9;]*[A-Za-z]/g, "");
}

async function shows(pattern: RegExp, ms = lookMs): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
        const look = (): void => {
            const match = pattern.exec(picture());
            if (match === null) return;
            finish();
            resolve(match);
        };
        const finish = (): void => {
            clearTimeout(timer);
            watchers.delete(look);
        };
        const timer = setTimeout(() => {
            finish();
            reject(new Error(`${pattern} was not shown in ${ms} ms:\n${picture()}`));
        }, ms);
        watchers.add(look);
        look();
    });
}

/** Names of the processes in the terminal's own group, and of those that were told its folder. */
function processes(): string[] {
    return readdirSync("/proc")
        .filter((entry) => /^\d+$/.test(entry))
        .flatMap((pid) => {
            try {
                const [, name = "", group = ""] =
                    /\((.*)\) \S+ \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
                const isOurs = Number(group) === terminal.pid;
                return isOurs || readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`${folder}/`) ? [name] : [];
            } catch {
                // It ended while it was looked at.
                return [];
            }
        });
}

beforeAll(async () => {
    terminal = spawn(process.execPath, [simulate, "--board", "virtual"], {cols: 110, rows: 40});
    exited = new Promise((resolve) => terminal.onExit(({exitCode}) => resolve(exitCode)));
    terminal.onData((text) => {
        written += text;
        for (const watcher of [...watchers]) watcher();
    });
    const ended = exited.then((code) => Promise.reject(new Error(`it ended (${code}):\n${written}`)));
    // Its end is no error later on.
    ended.catch(() => undefined);
    await Promise.race([shows(/ready/, readyMs), ended]);
    [, folder = ""] = await shows(/log (\S+)\/phone\.log/);
}, readyMs);
afterAll(() => {
    // SIGHUP; it ends in order by it, as by Ctrl-C.
    terminal?.kill();
    rmSync(folder, {recursive: true, force: true});
});

describe("the virtual board in the terminal", () => {
    it("tells what it starts, and then shows the phone", () => {
        expect(written).toMatch(/starting the registrar[\s\S]*switching the board on[\s\S]*provisioning the phone/);
        expect(picture()).toMatch(/Offhook on the virtual board/);
        expect(picture()).toMatch(/handset +on hook/);
    });

    it("takes keys in the order of their typing and lets a call be seen and heard", {timeout: 3 * lookMs}, async () => {
        terminal.write(" 600#");
        await shows(/600[\s\S]*\b\d:\d\d +G\.711A/);
        await shows(/● microphone/);
        expect(picture()).toMatch(/handset +OFF HOOK/);
        await shows(/microphone +█{5,}/);
        await shows(/earpiece +█{5,}/);
        terminal.write(" ");
        await shows(/ready/);
        await shows(/○ microphone/);
    });

    it("passes keys on to both consoles until Ctrl-]", {timeout: 3 * lookMs}, async () => {
        for (const key of ["c", "C"]) {
            terminal.write(key);
            await shows(/provisioning console; Ctrl-\] goes back[\s\S]*offhook> /);
            terminal.write("diff\r");
            await shows(/nothing is staged/);
            terminal.write("\u001d");
            await shows(/Offhook on the virtual board/);
        }
    });

    it("pulls the USB cable and plugs it in again", {timeout: 3 * lookMs}, async () => {
        terminal.write("u");
        await shows(/USB cable pulled/);
        terminal.write("u");
        await shows(/virtual board\s*┌/);
        terminal.write("C");
        await shows(/offhook> /);
        terminal.write("\u001d");
        await shows(/Offhook on the virtual board/);
    });

    it("cuts the power, and the phone comes back as it was set up", {timeout: readyMs + lookMs}, async () => {
        terminal.write("P");
        await shows(/no power[\s\S]*│ {22}│/);
        await shows(/│ .*ready │/, readyMs);
    });

    it("ends all that it started with Ctrl-C, and names the WAV file", async () => {
        expect(processes()).toEqual(expect.arrayContaining([expect.stringMatching(/^qemu/), "kamailio", "baresip"]));
        terminal.write("\u0003");
        expect(await exited).toBe(0);
        const [, path = ""] = /the earpiece: (\S+)/.exec(written) ?? [];
        expect(dirname(path)).toBe(folder);
        expect(statSync(path).size).toBeGreaterThan(100_000);
        expect(existsSync(join(folder, "firmware.image"))).toBe(false);
        expect(processes()).toEqual([]);
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
