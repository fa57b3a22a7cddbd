import {execFileSync} from "node:child_process";
import {mkdirSync, rmSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {type BadDay, callEcho, prepareBadDay, talkToEcho} from "../support/bad-day.ts";
import {mayMount} from "../support/mount.ts";

const canMount = mayMount("a phone with a full or a read-only data folder");

let day: BadDay;

beforeAll(async () => {
    day = await prepareBadDay();
    mkdirSync(day.bench.data);
});
afterEach(({task}) => {
    if (task.result?.state === "fail") console.log(day?.bench.process.log.slice(-40).join("\n"));
});
afterAll(async () => {
    await day?.bench.stopPhone();
    if (canMount) execFileSync("umount", [day.bench.data]);
    await day?.close();
});

const mount = (...options: string[]): void => void execFileSync("mount", [...options, day.bench.data]);

/** Ends the phone, changes the folder's mount and starts the phone again. */
async function remount(how: "ro" | "rw"): Promise<void> {
    await day.bench.stopPhone();
    mount("-o", `remount,${how}`);
    await day.bench.startPhone();
}

/** Resolves when the glass no longer speaks of it; the store tries again every ten seconds. */
async function storeIsWell(): Promise<void> {
    await day.bench.process.logs(/the store is well again/, 20_000);
    await day.bench.glass.shows(/^(?![\s\S]*Storage fault)/);
}

describe.runIf(canMount)("a data folder that is read-only at the very first start", () => {
    beforeAll(async () => {
        mount("-t", "tmpfs", "-o", "size=2m,mode=0700,ro", "tmpfs");
        await day.bench.startPhone();
    });

    it("is said on the glass, and at the console to who wants to set something", async () => {
        const {bench} = day;
        await bench.glass.shows("Storage fault");
        await bench.console.type("");
        expect(await bench.console.type("status")).toMatch(/store: +(?!well)/);
        await bench.console.type("set phone.language en");
        expect(await bench.console.type("apply")).toMatch(/error: store/);
        await bench.console.type("discard");
        await expect(bench.provision()).rejects.toThrow(/store|vault/);
        await bench.console.type("discard");
    });

    it("is used as soon as it takes what is written", async () => {
        mount("-o", "remount,rw");
        await day.bench.process.logs(/the store is well again/, 20_000);
        // From the next start on all that is said is looked through for secrets.
        await day.bench.provision({"log.level": "debug"});
        await day.bench.registered();
        await day.harmless();
    });
});

describe.runIf(canMount)("a data folder that is read-only at the start", () => {
    it("still has the account, and the phone calls", async () => {
        await remount("ro");
        await day.bench.registered();
        await day.bench.glass.shows("Storage fault");
        await day.harmless();
    });

    it("keeps what was called for the list meanwhile", async () => {
        expect((await day.bench.console.type("calls")).match(/placed +600/g)).toHaveLength(2);
        expect(await day.bench.console.type("set phone.name Hall")).not.toContain("error");
        expect(await day.bench.console.type("apply")).toContain("nothing was changed");
        await day.bench.console.type("discard");
    });

    it("gets it all when it can be written to again", async () => {
        mount("-o", "remount,rw");
        await storeIsWell();
        await day.bench.stopPhone();
        await day.bench.startPhone();
        await day.bench.registered();
        expect((await day.bench.console.type("calls")).match(/placed +600/g)).toHaveLength(2);
        await day.harmless();
    });
});

describe.runIf(canMount)("a data folder that is full", () => {
    const ballast = (): string => join(day.bench.data, "ballast");

    /** Writes until nothing fits, down to single bytes. */
    function fill(): void {
        for (let size = 65_536; size >= 1; size /= 4) {
            try {
                for (;;) writeFileSync(ballast(), Buffer.alloc(size), {flag: "a"});
            } catch (thrown) {
                if ((thrown as NodeJS.ErrnoException).code !== "ENOSPC") throw thrown;
            }
        }
    }

    it("is said on the glass, and the phone calls as ever", async () => {
        fill();
        // The log of writes has room left from before: calls fill it up.
        for (let count = 0; count < 30 && !/full|fails/.test(day.bench.process.log.join("\n")); count += 1) {
            await day.bench.console.type(
                `contacts add "Somebody with a long name ${count}" ${"5".repeat(200)}${count}`,
            );
        }
        await callEcho(day.bench);
        await day.bench.glass.shows("Storage fault");
        await day.harmless();
        expect((await day.bench.console.type("calls")).match(/placed +600/g)?.length).toBe(5);
    });

    it("is no reason not to start, nor to forget the account", async () => {
        await day.bench.stopPhone();
        // The store gave room back when it closed.
        fill();
        await day.bench.startPhone();
        await day.bench.registered();
        await day.harmless();
        await day.bench.glass.shows("Storage fault");
    });

    it("gets the calls of this start when there is room", async () => {
        const before = (await day.bench.console.type("calls")).match(/placed +600/g)?.length;
        rmSync(ballast());
        await storeIsWell();
        await day.bench.stopPhone("kill");
        await day.bench.startPhone();
        await day.bench.registered();
        expect((await day.bench.console.type("calls")).match(/placed +600/g)?.length).toBe(before);
        await day.harmless();
    });
});

describe.runIf(canMount)("a power cut in a call", () => {
    it("leaves the call in the list as interrupted, and a phone that starts", async () => {
        const {bench} = day;
        await talkToEcho(bench);
        await bench.stopPhone("kill");
        // Nobody tells the far end; its owner hangs up in the end.
        await bench.farEnds[0]?.control.hangUp();
        expect(bench.handset.isOpen("capture")).toBe(false);
        writeFileSync(join(bench.options.folder, "board/hook"), "0");
        await bench.startPhone();
        await bench.registered();
        await bench.board.tap("up");
        await bench.glass.shows(/►[^\n]*600/);
        await bench.board.tap("back");
        expect(await bench.console.type("calls")).toMatch(/interrupted +600/);
        await bench.says(({calls}) => calls?.length === 0);
        await day.harmless();
    });
});
