/** SRTP with keys in SDP, against baresip and with kamailio between, all over TLS. */
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {listenUnbroken, undisturbed} from "../support/listening.ts";
import type {Baresip} from "../support/peers.ts";
import {findTone} from "../support/sound-analysis.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {cut, levelAt, sine} from "../support/sound-signal.ts";
import {decodeWav, encodeWav} from "../support/sound-wav.ts";

const rate = 48_000;
const voice = {frequency: 1_000, level: -20};
/** What `manual` sends. */
const farTone = {frequency: 600, level: -20};
/** On the glass: no padlock, and one that is closed as far as the server. */
const OPEN = /\d:\d\d +\S+ ○/;
const CLOSED = /\d:\d\d +\S+ ◐/;

type Encryption = "none" | "srtp" | "srtp-mand";

let folder = "";
let sourceWav = "";
let bench: BenchPhone;
let farEnd: Baresip | null = null;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-sdes-"));
    sourceWav = join(folder, "far.wav");
    const samples = sine(8_000, 120_000, farTone.frequency, farTone.level);
    writeFileSync(sourceWav, encodeWav({rate: 8_000, samples}));
    bench = await BenchPhone.start({
        folder,
        transport: "tls",
        display: "cfa635",
        sound: "virtual",
        farEnds: [],
        settings: {"audio.codecs": "PCMA"},
        microphone: {rate, samples: sine(rate, 1_000, voice.frequency, voice.level)},
    });
});
afterAll(async () => {
    await bench?.stop();
    rmSync(folder, {recursive: true, force: true});
});

afterEach(async () => {
    if (bench.said.hook === "off") await bench.board.putDown();
    await bench.phase("none");
    await farEnd?.stop();
    farEnd = null;
});

/** Starts 602. `echo` takes calls by itself, `loop` waits for a word, both send back what they hear; `manual` a tone. */
async function startFarEnd(mode: "echo" | "loop" | "manual", encryption: Encryption): Promise<Baresip> {
    const media = encryption === "none" ? {} : {mediaEncryption: encryption};
    const sound = mode === "manual" ? {sourceWav, record: true} : {};
    farEnd = await bench.startFarEnd({mode, transport: "tls", codecs: ["PCMA"], ...media, ...sound});
    return farEnd;
}

async function provision(settings: Readonly<Record<string, string>>): Promise<void> {
    const before = bench.kamailio.process.log.length;
    await bench.console.provision(settings);
    const names = Object.keys(settings);
    if (!names.some((name) => name.startsWith("account"))) return;
    await expect
        .poll(() => bench.kamailio.process.log.slice(before).join("\n"), {timeout: 15_000})
        .toContain("registered phone over tls");
    await bench.registered();
}

async function isHeard({frequency, level}: typeof voice): Promise<void> {
    await undisturbed(
        [bench.handset],
        () => listenUnbroken(bench.handset, 1_000, monotonicNow() + 700e6),
        ({samples}) => expect(levelAt(samples, rate, frequency)).toBeCloseTo(level, 0),
    );
}

async function call(): Promise<void> {
    await bench.board.lift();
    await bench.board.dial("602#");
    await bench.phase("talking");
}

/** Puts down and checks that the far end's call is over as well. */
async function hangUp(far: Baresip): Promise<void> {
    const closed = far.control.next("CALL_CLOSED");
    await bench.board.putDown();
    await closed;
    await bench.phase("none");
}

const suiteOf = ({process}: Baresip): string =>
    /SRTP is Enabled \(cryptosuite=([A-Z0-9_]+)\)/.exec(process.log.join("\n"))?.[1] ?? "none";

/** Levels in dBFS of the stretches in which the far end heard our voice in its last call. */
async function heardBy(far: Baresip): Promise<readonly number[]> {
    const wav = decodeWav(readFileSync(await far.heard()));
    return findTone(wav.samples, wav.rate, voice.frequency, {window: 10, shortest: 400}).map(({from, to}) =>
        levelAt(cut(wav.samples, wav.rate, from + 100, to - 100), wav.rate, voice.frequency),
    );
}

describe.each(["srtp", "srtp-mand"] as const)("with a far end that has %s", (encryption) => {
    it("is called and talked with in cipher, and the padlock is closed", async () => {
        const far = await startFarEnd("echo", encryption);
        const before = bench.process.log.length;
        await call();
        await bench.glass.shows(CLOSED);
        await isHeard(voice);
        const log = bench.process.log.slice(before).join("\n");
        // It answers with the first suite of our offer that it has, which is our first.
        expect(suiteOf(far)).toBe("AEAD_AES_256_GCM");
        expect(log).toContain(`is protected by ${suiteOf(far)}`);
        expect(log).not.toContain("is in clear");
        await hangUp(far);
    });

    it("calls and is talked with in cipher", async () => {
        const far = await startFarEnd("loop", encryption);
        await far.control.dial("phone");
        await bench.phase("ringing");
        await bench.board.lift();
        await bench.phase("talking");
        await bench.glass.shows(CLOSED);
        await isHeard(voice);
        expect(bench.process.log.join("\n")).toContain(`is protected by ${suiteOf(far)}`);
        await hangUp(far);
    });

    it.each(["we", "they"] as const)("is held and resumed in cipher when %s call", async (who) => {
        const far = await startFarEnd("manual", encryption);
        if (who === "we") {
            const incoming = far.control.next("CALL_INCOMING");
            await bench.board.lift();
            await bench.board.dial("602#");
            await incoming;
            await far.control.answer();
        } else {
            await far.control.dial("phone");
            await bench.phase("ringing");
            await bench.board.lift();
        }
        await bench.phase("talking");
        await isHeard(farTone);
        await bench.board.tap("hold");
        await bench.glass.shows("On hold");
        const {samples} = await listenUnbroken(bench.handset, 500, monotonicNow() + 300e6);
        expect(levelAt(samples, rate, farTone.frequency)).toBeLessThan(-60);
        await bench.board.tap("hold");
        await expect.poll(() => bench.glass.lines.join("\n"), {timeout: 10_000}).not.toMatch(/On hold|Resuming/);
        await bench.glass.shows(CLOSED);
        await isHeard(farTone);
        await hangUp(far);
        // Its recorder stops at a re-INVITE, with or without keys; what it could not decipher it would say.
        const [level = -100] = await heardBy(far);
        expect(level).toBeCloseTo(voice.level, 0);
        expect(far.process.log.filter((line) => /srtp.*(fail|error)/i.test(line))).toEqual([]);
    });
});

describe("with a far end that has no SRTP", () => {
    it("best is talked in clear, and the padlock is open", async () => {
        const far = await startFarEnd("echo", "none");
        await call();
        await bench.glass.shows(OPEN);
        await isHeard(voice);
        await hangUp(far);
    });

    it("a call below the least protection ends with words, both ways", async () => {
        await provision({"call.least-security": "hop"});
        const far = await startFarEnd("loop", "none");
        await far.control.dial("phone");
        await bench.glass.shows("Not secure enough");
        await bench.phase("none");
        await far.stop();
        await startFarEnd("echo", "none");
        await bench.board.lift();
        await bench.board.dial("602#");
        await bench.glass.shows("Not secure enough");
        await bench.phase("none");
        expect(bench.handset.isOpen("capture")).toBe(false);
        await bench.board.putDown();
        await provision({"call.least-security": "none"});
    });

    it("sdes ends with words, and its caller is refused", async () => {
        await provision({"account1.media": "sdes"});
        const far = await startFarEnd("loop", "none");
        const closed = far.control.next("CALL_CLOSED");
        await far.control.dial("phone");
        expect((await closed).param).toContain("488");
        await bench.board.lift();
        await bench.board.dial("602#");
        await bench.glass.shows("Not secure enough");
        await bench.board.putDown();
    });

    it("sdes with one that can is talked in cipher", async () => {
        await provision({"account1.media": "sdes"});
        const far = await startFarEnd("echo", "srtp-mand");
        await call();
        await bench.glass.shows(CLOSED);
        await isHeard(voice);
        await hangUp(far);
        await provision({"account1.media": "best"});
    });
});

it("no key is in the log, in the black box and on the glass", async () => {
    const events = await bench.console.type("events");
    const said = [readFileSync(bench.logFile, "utf8"), ...bench.process.log, events, ...bench.glass.lines].join("\n");
    expect(events).toContain("security out-");
    // The shortest key and salt is 28 octets: 38 characters of base64.
    expect(/inline:|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{38,59}(?![A-Za-z0-9+/])/.exec(said)?.[0]).toBeUndefined();
});
