import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import type {ConsoleClient} from "../support/console-client.ts";
import {seededRandom} from "../support/random.ts";
import {findTone} from "../support/sound-analysis.ts";
import {sine} from "../support/sound-signal.ts";
import {BoardPhone} from "./board-phone.ts";
import {dial, talking} from "./finger.ts";
import {type Ear, listenTo, speak} from "./sound-ends.ts";

const rate = 48_000;
const voice = {frequency: 1_000, level: -20} as const;
/** An answer may take this long on a busy machine, in ms. */
const patience = 20_000;

/** Two changes of one length, one for each console. */
const changed = ["phone.name", "audio.volume"] as const;
const change = ["set phone.name Hall\rapply\r", "set audio.volume -3\rapply\r"] as const;

let folder = "";
let phone: BoardPhone;
let consoles: readonly [ConsoleClient, ConsoleClient];
let ear: Ear;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-provisioning-"));
    phone = await BoardPhone.start({folder});
    consoles = phone.consoles;
    speak(phone.guest, {rate, samples: sine(rate, voice.frequency, 1_000, voice.level)});
    ear = await listenTo(phone.guest, "handset");
});
afterEach(async ({task}) => {
    if (task.result?.state === "fail") console.log((await phone.log()).slice(-4_000));
});
afterAll(async () => {
    await phone?.stop();
    rmSync(folder, {recursive: true, force: true});
});

/** Resolves with what a console said since `from` when it matches. */
async function said(console: ConsoleClient, from: number, pattern: RegExp): Promise<string> {
    const text = (): string => console.seen.slice(from);
    await expect.poll(text, {timeout: patience, interval: 5}).toMatch(pattern);
    return text();
}

/** Types a line and answers all from there up to what matches, and a prompt behind it. */
function ask(console: ConsoleClient, line: string, pattern: RegExp): Promise<string> {
    const from = console.seen.length;
    console.send(`${line}\r`);
    return said(console, from, new RegExp(`${pattern.source}[\\s\\S]*> $`));
}

/** Presses Enter until the phone has opened its end anew: what is typed before goes nowhere. Answers the greeting. */
async function greeted(console: ConsoleClient, from: number): Promise<string> {
    for (let waited = 0; ; waited += 250) {
        console.send("\r");
        try {
            await expect.poll(() => console.seen.slice(from), {timeout: 250, interval: 5}).toMatch(/Offhook[\s\S]*> $/);
            return console.seen.slice(from);
        } catch (thrown) {
            if (waited >= patience) throw thrown;
        }
    }
}

/** Pulls the cable and plugs it again. Both consoles greet as new ones; answers what each said since. */
async function replug(before?: string): Promise<readonly string[]> {
    await phone.cable.unplug(before);
    const from = consoles.map(({seen}) => seen.length);
    await phone.cable.plug();
    return Promise.all(consoles.map((console, index) => greeted(console, from[index] ?? 0)));
}

/** The same at both consoles at once. */
async function both<T>(work: (console: ConsoleClient, index: 0 | 1) => Promise<T>): Promise<readonly T[]> {
    return Promise.all([work(consoles[0], 0), work(consoles[1], 1)]);
}

async function staged(console: ConsoleClient): Promise<string> {
    return /nothing is staged|set \S+ .*/.exec(await ask(console, "diff", /(nothing is staged|set \S+)/))?.[0] ?? "";
}

/** A setting's line as `show` has it: value and whether it is the default. */
async function shown(console: ConsoleClient, name: string): Promise<string> {
    const line = new RegExp(`^${name.replaceAll(".", "\\.")} .*`, "m");
    return (line.exec(await ask(console, `show ${name}`, new RegExp(`\\n${name} .*\\r\\n`)))?.[0] ?? "").trim();
}

/** All settings, as one text. */
const settings = (console: ConsoleClient): Promise<string> => ask(console, "show", /\naccount1\.user .*\r\n/);

/** Types, and resolves when the last of it was echoed. */
async function typeAndSee(console: ConsoleClient, text: string): Promise<void> {
    const from = console.seen.length;
    console.send(text);
    const [line = "", rest = ""] = text.split("\r");
    const echo = [line, ...(text.includes("\r") ? [`\r\n.*offhook\\*> ${rest}`] : [])].join("");
    await said(console, from, new RegExp(`${echo}$`));
}

/** Resolves when the echo gives the voice back for a part of a second. */
async function voiceIsBack(): Promise<void> {
    const heard = async (): Promise<number> => {
        const {samples} = await ear.next(1_000);
        return findTone(samples, rate, voice.frequency, {floor: -50}).reduce((sum, {from, to}) => sum + to - from, 0);
    };
    await expect.poll(heard, {timeout: patience}).toBeGreaterThan(200);
}

async function call(): Promise<void> {
    await phone.contacts.lift();
    await phone.glass.shows("Dial a number", patience);
    await dial(phone, "600", talking);
    await voiceIsBack();
}

async function hangUp(): Promise<void> {
    await phone.contacts.putDown();
    await phone.ready();
}

describe("a USB cable that is pulled", () => {
    it("at any byte of a change leaves a fresh prompt, nothing staged and the old values", async () => {
        const before = await both((console, index) => shown(console, changed[index]));
        // All bytes but the last, which applies: on both functions in each round, each at another byte.
        const {length} = change[0];
        for (let round = 0; round < length; round += 1) {
            const cuts = [round, (round + length / 2) % length] as const;
            await both((console, index) => typeAndSee(console, change[index].slice(0, cuts[index])));
            for (const greeting of await replug()) expect(greeting, `cut at ${cuts}`).toMatch(/offhook> $/);
            const after = await both(async (console, index) => {
                expect(await staged(console), `cut at ${cuts}`).toBe("nothing is staged");
                return shown(console, changed[index]);
            });
            expect(after, `cut at ${cuts}`).toEqual(before);
        }
    }, 300_000);

    it("about when a change is applied leaves the old value or the new one, and the new one once that was said", async () => {
        const [console] = consoles;
        for (const [round, us] of [0, 2_000, 5_000, 10_000, 20_000, 40_000].entries()) {
            const before = await shown(console, "phone.name");
            const from = console.seen.length;
            const words = `set phone.name Hall ${round}\\rapply\\r`;
            await replug(`printf '${words}' >/dev/ttyACM0; usleep ${us}`);
            const applied = console.seen.slice(from).includes("applied");
            const after = await shown(console, "phone.name");
            const told = `${us} us, ${applied ? "applied was said" : "nothing was said"}: ${after}`;
            const wanted = [`phone.name  Hall ${round}`, ...(applied ? [] : [before])];
            expect(wanted.includes(after), told).toBe(true);
            expect(await staged(console), told).toBe("nothing is staged");
        }
        await ask(console, "set phone.name Hall", /\*/);
        await ask(console, "apply", /applied 1 change/);
        await replug();
        expect(await shown(console, "phone.name")).toBe("phone.name  Hall");
    });

    it("while a password is typed shows none of it, and applies none of it", async () => {
        const [console] = consoles;
        const before = await settings(console);
        for (const typed of ["c", "canary", "canary-secret", "canary-secret\r"]) {
            const from = console.seen.length;
            await ask(console, "unset phone.name", /offhook\*/);
            console.send("set account1.password\r");
            await said(console, from, /account1\.password \(unseen\): $/);
            console.send(typed);
            if (typed.endsWith("\r")) await said(console, from, /unseen\): \r\n.*offhook\*> $/);
            await replug();
            expect(await staged(console)).toBe("nothing is staged");
            expect(await ask(console, "apply", /nothing is staged/)).not.toContain("applied");
            // What was typed last is what the arrow brings back.
            console.send("\u001b[A\u001b[A\u001b[A\r");
            await ask(console, "status", /registered/);
            expect(console.seen.slice(from)).not.toMatch(/canar/);
        }
        expect(await settings(console)).toBe(before);
        expect(await phone.log()).not.toContain("canar");
        // The password in force is still the right one.
        await call();
        await hangUp();
    });

    it("leaves a call alone, and both consoles come back while it goes on", async () => {
        await call();
        for (let round = 0; round < 3; round += 1) {
            await Promise.all([replug(), voiceIsBack()]);
            await voiceIsBack();
        }
        await both((console) => ask(console, "status", /registered/));
        await hangUp();
    });
});

describe("the two functions of the cable", () => {
    it("are consoles of their own, and one does not replace unasked what the other changed", async () => {
        const [one, two] = consoles;
        await ask(one, "set phone.name Attic", /\*/);
        expect(await staged(two)).toBe("nothing is staged");
        await ask(two, "set phone.name Kitchen", /\*/);
        await ask(two, "apply", /applied 1 change/);
        await ask(one, "apply", /error: phone\.name: was changed elsewhere meanwhile[\s\S]*nothing was applied/);
        expect(await shown(two, "phone.name")).toBe("phone.name  Kitchen");
        await ask(one, "diff", /set phone\.name Attic\r\n *changed elsewhere meanwhile, now Kitchen/);
        await ask(one, "apply", /applied 1 change/);
        expect(await shown(two, "phone.name")).toBe("phone.name  Attic");
    });

    it("do not wait for one another: one goes on while the PC does not read the other", async () => {
        const [one, two] = consoles;
        const [first] = phone.cable.ports;
        await first.pause();
        const from = one.seen.length;
        try {
            one.send("show\r".repeat(60));
            await phone.logs(/\/dev\/ttyGS0: nobody reads, output is dropped/);
            await ask(two, "status", /registered/);
            // Nor does the phone.
            await call();
            await hangUp();
        } finally {
            await first.resume();
        }
        one.send("\rhelp apply\r");
        await said(one, from, /names every error and what was changed elsewhere\.\r\n[\s\S]*> $/);
        await ask(one, "status", /registered/);
    });
});

describe("rubbish on the cable", () => {
    it("in random octets changes no setting, and the console answers after it", async () => {
        const seed = 20_260_724;
        const random = seededRandom(seed);
        const [console] = consoles;
        const before = await settings(console);
        for (let piece = 0; piece < 60; piece += 1) {
            const octets = Buffer.from(Array.from({length: 1 + random.below(400)}, () => random.below(256)));
            phone.cable.ports[0].write(octets);
        }
        // Out of an escape sequence, of a modem's frame and of a question.
        console.send("\r\u0003\r");
        await ask(console, "discard", />/);
        expect(await settings(console), `seed ${seed}`).toContain(before.slice(before.indexOf("\n")));
    });

    it("of a megabyte without a line end is one error, and the other console answers meanwhile", async () => {
        const [one, two] = consoles;
        const from = one.seen.length;
        one.send("set phone.name ");
        const flood = phone.guest.run(`head -c ${2 ** 20} /dev/zero | tr '\\0' x >/dev/ttyACM0`);
        await ask(two, "status", /registered/);
        await flood;
        one.send("\r");
        await said(one, from, /error: the line has more than 16384 octets; nothing of it was taken\r\n.*> $/);
        expect(await staged(one)).toBe("nothing is staged");
    });

    it("that is no UTF-8 is an error that says so", async () => {
        const [console] = consoles;
        const from = console.seen.length;
        phone.cable.ports[0].write(Buffer.from("set phone.name \xff\xfe\xc3\r", "latin1"));
        await said(console, from, /error: the line is not valid UTF-8; nothing of it was taken\r\n.*> $/);
        expect(await staged(console)).toBe("nothing is staged");
    });

    it("from a PC that looks for a modem gets no answer", async () => {
        const [, console] = consoles;
        const before = await settings(console);
        const from = console.seen.length;
        // ModemManager's probes: AT commands, three times each, and a QCDM frame.
        for (const probe of ["AT", "ATZ", "ATE0", "AT+GCAP", "ATI", "AT+CPIN?"]) console.send(`${probe}\r`.repeat(3));
        phone.cable.ports[1].write(Uint8Array.of(0x7e, 0x00, 0x78, 0xf0, 0x7e));
        await ask(console, "diff", /nothing is staged/);
        expect(console.seen.slice(from).replace(/AT\S*/g, "")).not.toMatch(/error|ERROR|OK/);
        expect(await settings(console)).toBe(before);
    });
});
