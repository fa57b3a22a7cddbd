import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {setTimeout as sleep} from "node:timers/promises";
import {afterAll, afterEach, beforeAll, describe, expect, it, vi} from "vitest";
import {seededRandom} from "../support/random.ts";
import {BoardPhone} from "./board-phone.ts";
import {callTheEcho} from "./finger.ts";
import {PowerCutDisk} from "./power-cut-disk.ts";

const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const random = seededRandom(seed);
/** Times that the console is asked for a row that it must list soon. */
const mostLists = 200;
/** For what a person does at the phone, in ms: the machine under the board may be busy. */
const slowMs = 180_000;
/** For a test, in ms: most of them start the board. */
const timeout = 600_000;

let folder = "";
let phone: BoardPhone;
let disk: PowerCutDisk;

beforeAll(async () => {
    console.log(`SEED=${seed}`);
    folder = mkdtempSync(join(tmpdir(), "offhook-power-"));
    const format = vi.spyOn(PowerCutDisk, "format");
    // Each digit is typed when the one before it is seen, and a slow board shall not take that for the end of the number.
    phone = await BoardPhone.start({folder: join(folder, "phone"), settings: {"dial.interdigit": "30"}});
    disk = format.mock.results[0]?.value as PowerCutDisk;
    format.mockRestore();
});
afterEach(async ({task}) => {
    if (task.result?.state === "fail") console.log((await phone.log().catch(String)).slice(-4_000));
});
afterAll(async () => {
    await phone?.stop();
    rmSync(folder, {recursive: true, force: true});
});

/** Types into the console until it has answered what matches; an answer never comes when the power goes. */
async function answerOf(board: BoardPhone, line: string, pattern: RegExp): Promise<RegExpExecArray> {
    const [console] = board.consoles;
    const from = console.seen.length;
    return new Promise((resolve) => {
        console.onText(() => {
            const match = pattern.exec(console.seen.slice(from));
            if (match !== null) resolve(match);
        });
        console.send(`${line}\r`);
    });
}

async function hangUp(): Promise<void> {
    await phone.contacts.putDown();
    await phone.glass.shows("ready", slowMs);
}

/** What became of each call, newest first, as the console tells it. */
async function calls(): Promise<readonly string[]> {
    const {input} = await answerOf(phone, "calls\rshow phone.name", /^phone\.name +\S/m);
    return [...input.matchAll(/ (placed|received|missed|interrupted) +600/g)].map(([, outcome]) => outcome ?? "");
}

/** Resolves when the console lists this many calls: then they are acknowledged. */
async function lists(count: number): Promise<void> {
    for (let attempt = 0; attempt < mostLists; attempt += 1) if ((await calls()).length >= count) return;
    throw new Error(`the console does not list ${count} calls`);
}

/** Lines of the firmware's log that complain. */
async function complaints(): Promise<readonly string[]> {
    return (await phone.log()).split("\n").filter((line) => / (warning|error) store: /.test(line));
}

/** What the file system's own check of its journal and checksums has to say against the disk. */
function fileSystemErrors(): Promise<string> {
    return phone.guest.run("dmesg | grep -i 'EXT4-fs \\(error\\|warning\\)\\|I/O error' || :");
}

describe("the plug, pulled in a call", {timeout}, () => {
    it("takes no call that the console had listed, and the phone is back without a touch", async () => {
        for (let count = 1; count <= 2; count += 1) {
            await callTheEcho(phone, slowMs);
            await hangUp();
            await lists(count);
        }
        await callTheEcho(phone, slowMs);
        await phone.cutPower();
        await phone.powerOn();
        await phone.glass.shows("ready", slowMs);
        expect(await complaints()).toEqual([expect.stringContaining("warning store: 1 calls were interrupted")]);
    });

    it("leaves that call in the lists as interrupted, above the earlier ones", async () => {
        await phone.consoleAnswers();
        expect(await calls()).toEqual(["interrupted", "placed", "placed"]);
        phone.glass.press("up");
        phone.glass.release("up");
        await phone.glass.shows(/►~600[\s\S]*600[\s\S]*600/, slowMs);
        phone.glass.press("exit");
        phone.glass.release("exit");
        await phone.glass.shows("ready", slowMs);
    });

    it("hinders no new call", async () => {
        // The echo was never told that the call is over, and takes one at a time.
        await phone.farEnds[0]?.control.hangUp();
        await callTheEcho(phone, slowMs);
        await hangUp();
        await lists(4);
        expect(await calls()).toEqual(["placed", "interrupted", "placed", "placed"]);
    });
});

/** Settings that are changed in one transaction; from each of them one can tell which. */
function settingsOf(n: number): Readonly<Record<string, string>> {
    return {
        "phone.name": `phone ${n}`,
        "phone.support-contact": `${n} `.repeat(20).slice(0, 60).trim(),
        "rtp.dscp": String(n % 64),
        "dial.interdigit": String((n % 30) + 1),
        "audio.volume": String((n % 37) - 24),
    };
}

/** What the console shows of them. */
async function settingsShown(board: BoardPhone): Promise<Readonly<Record<string, string>>> {
    const shown: Record<string, string> = {};
    for (const name of Object.keys(settingsOf(0))) {
        const [, value] = await answerOf(board, `show ${name}`, new RegExp(`^${name} +(\\S.*?) *\\r\\n`, "m"));
        shown[name] = value ?? "";
    }
    return shown;
}

/** Sets them and applies; resolves when the console has acknowledged it, or refused. */
async function commit(board: BoardPhone, settings: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) => `set ${name} ${value}`);
    const [answer] = await answerOf(board, [...lines, "apply"].join("\r"), /applied \d+ changes?|error: .*/);
    if (!answer.startsWith("applied")) throw new Error(answer);
}

/** Commits `from`, the next, and so on, until the power goes; answers the last that was acknowledged. */
async function commitUntil(cut: Promise<unknown>, from: number): Promise<number> {
    let acknowledged = from - 1;
    let over = false;
    const committing = async (): Promise<void> => {
        for (let n = from; ; n += 1) {
            await commit(phone, settingsOf(n));
            // What the console says after the next power-on may look like the answer that never came.
            if (over) return;
            acknowledged = n;
        }
    };
    // The disk may be gone before the rest of the board; then the last one is refused.
    committing().catch(() => undefined);
    await cut;
    over = true;
    return acknowledged;
}

describe("the plug, pulled while settings are committed", {timeout}, () => {
    let last = 0;

    beforeAll(() => commit(phone, settingsOf(last)));

    /** Switches on again and looks at what there is. */
    async function lookAt(acknowledged: number): Promise<void> {
        await phone.powerOn();
        await phone.consoleAnswers();
        const shown = await settingsShown(phone);
        console.log(`acknowledged ${acknowledged}, on disk ${shown["phone.name"]}`);
        expect([settingsOf(acknowledged), settingsOf(acknowledged + 1)]).toContainEqual(shown);
        expect(await complaints()).toEqual([]);
        expect(await fileSystemErrors()).toBe("");
        last = acknowledged + 1;
    }

    it.each([0, 0.5])("at any moment, with a share of %d kept, costs nothing that was acknowledged", async (keep) => {
        const pulled = sleep(500 + random.below(1_000)).then(() => phone.cutPower({keep, seed: random.below(1_000)}));
        await lookAt(await commitUntil(pulled, last + 1));
    });

    it.each([0.5, 0.5, 1 / 8])("in a flush, with a share of %d kept, costs nothing either", async (keep) => {
        const cut = disk.cutInFlush(2 + random.below(8), {keep, seed: random.below(1_000)});
        const pulled = cut.then(async (toll) => {
            await phone.cutPower();
            return toll;
        });
        const acknowledged = await commitUntil(pulled, last + 1);
        const {kept, lost} = await pulled;
        console.log(`sectors kept ${kept}, lost ${lost}`);
        expect(kept + lost).toBeGreaterThan(0);
        await lookAt(acknowledged);
    });
});

describe("a phone whose database is told not to wait for the disk", {timeout}, () => {
    it("loses what it acknowledged: the cuts above can fail", async () => {
        const changes = [{from: "PRAGMA synchronous = FULL", to: "PRAGMA synchronous = OFF"}];
        const careless = await BoardPhone.prepare({folder: join(folder, "careless"), farEnds: [], changes});
        try {
            await careless.powerOn();
            await careless.consoleAnswers();
            await commit(careless, settingsOf(1));
            await careless.guest.run("sync");
            await commit(careless, settingsOf(2));
            await careless.cutPower();
            await careless.powerOn();
            await careless.consoleAnswers();
            expect(await settingsShown(careless)).toEqual(settingsOf(1));
        } finally {
            await careless.stop();
        }
    });
});
