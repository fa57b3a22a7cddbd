import {mkdtempSync, readFileSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BoardPhone} from "./board-phone.ts";
import {callTheEcho} from "./finger.ts";

/** For what the board does by itself, in ms: the machine under it may be busy. */
const slowMs = 180_000;
const timeout = 600_000;
/** Clock ticks of a second in /proc (USER_HZ). */
const ticksPerSecond = 100;
/** How the firmware is started, see root/bin/phone; find and cat are GNU's, as busybox prefers its own. */
const asPhone =
    "setpriv --reuid=phone --regid=phone --groups=audio,dialout,gpio --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all";

let folder = "";
let phone: BoardPhone;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-rights-"));
    // Each digit is typed when the one before it is seen, and a slow board shall not take that for the end of the number.
    phone = await BoardPhone.start({folder, settings: {"dial.interdigit": "30"}});
}, timeout);
afterEach(async ({task}) => {
    if (task.result?.state === "fail") console.log((await phone.log().catch(String)).slice(-4_000));
});
afterAll(async () => {
    await phone?.stop();
    rmSync(folder, {recursive: true, force: true});
});

const run = (command: string): Promise<string> => phone.guest.run(command);

/** A line of /proc/PID/status or limits of the firmware's process. */
async function processSays(file: "status" | "limits"): Promise<ReadonlyMap<string, string>> {
    const text = await run(`cat /proc/$(cat /run/phone.pid)/${file}`);
    const separator = file === "status" ? /:\s+/ : /\s{2,}/;
    return new Map(
        text
            .split("\n")
            .map((line) => line.split(separator))
            .map(([name, ...rest]) => [name ?? "", rest.join(" ").trim()]),
    );
}

describe("the firmware's process", {timeout}, () => {
    it("has the phone's user and groups, no capability, and no way to get one", async () => {
        const status = await processSays("status");
        const value = (name: string): string | undefined => status.get(name)?.replaceAll(/\s+/g, " ");
        expect([value("Uid"), value("Gid")]).toEqual(["1000 1000 1000 1000", "1000 1000 1000 1000"]);
        expect(value("Groups")).toBe("20 29 60");
        for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) expect(value(set)).toMatch(/^0+$/);
        expect(value("NoNewPrivs")).toBe("1");
        expect(value("Umask")).toBe("0077");
        await expect(run(`exec ${asPhone} unshare -U /bin/true`)).rejects.toThrow("exit");
    });

    it("may have real-time priority up to 50, and leaves no core dump", async () => {
        const limits = await processSays("limits");
        expect(limits.get("Max realtime priority")).toBe("50 50");
        expect(limits.get("Max core file size")).toMatch(/^0 0/);
        expect((await run("cat /proc/sys/kernel/core_pattern")).trim()).toBe("|/bin/false");
    });

    it("sees only its own user's processes, and may not trace even those", async () => {
        const seen = await run(
            `${asPhone} /bin/find /proc -maxdepth 1 -name '[0-9]*' -printf '%f %u\\n' | grep -v ' phone$' || :; cat /proc/sys/kernel/yama/ptrace_scope`,
        );
        expect(seen).toBe("2\n");
        const all = await run(`${asPhone} /bin/find /proc -maxdepth 1 -name '[0-9]*' -printf '%f\\n'`);
        expect(all.split("\n")).toContain((await run("cat /run/phone.pid")).trim());
    });

    it("runs its audio thread with SCHED_FIFO, and no other at its priority, in a call", async () => {
        await callTheEcho(phone, slowMs);
        const threads = await run(
            `for t in /proc/$(cat /run/phone.pid)/task/*; do echo "$(cat $t/comm) $(sed 's/.*) //' $t/stat | cut -d' ' -f38,39)"; done`,
        );
        // Fields 40 and 41 of stat: priority and policy, 1 being SCHED_FIFO.
        expect(threads.match(/^.* 50 1$/gm)).toEqual(["offhook-audio 50 1"]);
        expect(threads).toMatch(/^MainThread 0 0$/m);
        await phone.contacts.putDown();
        await phone.glass.shows("ready", slowMs);
    });
});

interface Right {
    readonly thing: string;
    readonly right: string;
}

/** The table of hal/boards/README.md. */
function documentedRights(): readonly Right[] {
    const text = readFileSync(join(import.meta.dirname, "../../hal/boards/README.md"), "utf8");
    return [...text.matchAll(/^\| `([^`]+)` +\| (read, write|read|write) +\|/gm)].map(([, thing, right]) => ({
        thing: thing ?? "",
        right: right ?? "",
    }));
}

/** Shell pattern to expression: `*` within a name and `[ab]`. */
function patternOf(thing: string): RegExp {
    return new RegExp(`^${thing.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`);
}

/** Where the folders of exported lines are found by everybody. */
const classOf = (path: string): string => path.replace(/^\/sys\/devices\/.*\/gpio\/(gpio\d+\/)/, "/sys/class/gpio/$1");

/**
 * What the phone's user can reach, as the kernel answers access(2) for it: all that it may write, and what it may read
 * that is not in the root or the firmware, which are public and the same in every phone.
 */
async function foundRights(): Promise<readonly Right[]> {
    const everywhere = String.raw`/ -path '/proc/[0-9]*' -prune -o ! -type l -writable \( -readable -printf 'read, write %p\n' -o -printf 'write %p\n' \)`;
    const private_ = String.raw`/dev /data /run /root /tmp ! -type l ! -type d ! -writable -readable -printf 'read %p\n'`;
    // It may not enter each folder, which find tells by its exit code.
    const list = (where: string): Promise<string> => run(`${asPhone} /bin/find ${where} 2>/dev/null || :`);
    const lines = `${await list(everywhere)}${await list(private_)}`.trim().split("\n");
    return lines.map((line) => {
        const [, right = "", path = ""] = /^(read, write|write|read) (.*)$/.exec(line) ?? [];
        return {thing: classOf(path), right};
    });
}

describe("the phone's user", {timeout}, () => {
    it("may read and write what the table in hal/boards/README.md lists, and nothing else", async () => {
        const documented = documentedRights();
        const found = await foundRights();
        const fits = (one: Right, row: Right): boolean =>
            row.right === one.right && patternOf(row.thing).test(one.thing);
        expect(documented.length).toBeGreaterThan(10);
        expect(found.filter((one) => !documented.some((row) => fits(one, row)))).toEqual([]);
        expect(documented.filter((row) => !found.some((one) => fits(one, row)))).toEqual([]);
    });

    it("can start no program that it wrote", async () => {
        for (const place of ["/data/phone", "/tmp"]) {
            const program = `${place}/program`;
            const started = run(`${asPhone} sh -c 'cat /bin/true >${program}; chmod 700 ${program}; exec ${program}'`);
            await expect(started).rejects.toThrow("Permission denied");
            await run(`rm ${program}`);
        }
        expect(await run("/bin/find / -xdev -perm /6000")).toBe("");
    });

    it("keeps its data folder and all files in it to itself", async () => {
        const modes = await run(String.raw`/bin/find /data/phone -printf '%m %u %g %P\n' | sort`);
        const names = ["", "key", "offhook.db", "offhook.db-shm", "offhook.db-wal"];
        const expected = names.map((name) => `${name === "" ? "700" : "600"} phone phone ${name}`);
        expect(
            modes
                .trimEnd()
                .split("\n")
                .map((line) => line.trimEnd())
                .sort(),
        ).toEqual(expected.map((line) => line.trimEnd()).sort());
        expect(await run("stat -c %a /run/phone.log")).toBe("600\n");
    });
});

/**
 * Ends the firmware with a signal, and waits for the next process of it: answers the seconds between the end of the one
 * and the start of the other, by the board's clock. The handset is put down while no firmware runs.
 */
async function restartAfter(signal: "KILL" | "SEGV" | "TERM"): Promise<number> {
    const chip = "/sys/devices/platform/boardgpio/command";
    const said = await run(`
        old=$(cat /run/phone.pid)
        kill -${signal} $old
        while [ -e /proc/$old/exe ]; do usleep 5000; done
        read -r ended _ </proc/uptime
        echo 'drive 27 0' >${chip}
        until new=$(cat /run/phone.pid) && [ "$new" -ne $old ] && [ -e /proc/$new/stat ]; do usleep 5000; done
        echo "$ended $(sed 's/.*) //' /proc/$new/stat | cut -d' ' -f20)"`);
    const [ended = Number.NaN, startedTicks = Number.NaN] = said.trim().split(" ").map(Number);
    return startedTicks / ticksPerSecond - ended;
}

describe("a firmware that ends", {timeout}, () => {
    const pauses: number[] = [];

    it.each(["KILL", "SEGV", "TERM"] as const)("by SIG%s is started again, and is ready by itself", async (signal) => {
        await phone.contacts.lift();
        await phone.glass.shows("Dial a number", slowMs);
        pauses.push(await restartAfter(signal));
        await phone.glass.shows("ready", slowMs);
    });

    it("is missed for less than 3 s", () => {
        console.log(`without firmware: ${pauses.map((pause) => pause.toFixed(2)).join(", ")} s`);
        // A busy machine under the board can only make it more: the shortest is the board's own.
        expect(Math.min(...pauses)).toBeLessThan(3);
        expect(pauses.length).toBe(3);
    });

    it("leaves no core file anywhere", async () => {
        const log = await phone.log();
        expect([...log.matchAll(/the firmware ended \((\d+)\)/g)].map(([, code]) => code)).toEqual(["137", "139", "0"]);
        expect(await run("/bin/find /data /tmp /run /dev /root /app -name '*core*' -type f")).toBe("");
    });

    it("is tried again and again when it cannot live, and leaves most of a processor to others", async () => {
        const starter = (await run("cut -d' ' -f4 /proc/$(cat /run/phone.pid)/stat")).trim();
        await run("mkdir /run/empty && mount -o bind /run/empty /app/boards && kill -9 $(cat /run/phone.pid)");
        // The pauses grow; what counts is where they have grown to.
        await phone.logs(/(ended \(1\) after \d+ s[\s\S]*){2}/, slowMs);
        const before = await spent(starter);
        await phone.logs(/(ended \(1\) after \d+ s[\s\S]*){4}/, slowMs);
        const after = await spent(starter);
        expect(after.processor - before.processor).toBeGreaterThan(0);
        expect((after.processor - before.processor) / (after.uptime - before.uptime)).toBeLessThan(0.5);
        await run("umount /app/boards");
        await phone.contacts.lift();
        await phone.glass.shows("Dial a number", slowMs);
        await phone.contacts.putDown();
        await phone.glass.shows("ready", slowMs);
    });
});

/** Seconds of processor time that the ended children of a process took, and seconds since power-on. */
async function spent(pid: string): Promise<{readonly processor: number; readonly uptime: number}> {
    // Fields 16 and 17 of stat.
    const ticks = (await run(`sed 's/.*) //' /proc/${pid}/stat | cut -d' ' -f14,15`)).trim().split(" ").map(Number);
    const uptime = Number.parseFloat(await run("cat /proc/uptime"));
    return {processor: ticks.reduce((sum, one) => sum + one, 0) / ticksPerSecond, uptime};
}
