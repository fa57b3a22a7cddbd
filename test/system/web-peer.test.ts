/** `make run` and `make run-web-peer` in two terminals, used as by a person. */
import {spawnSync} from "node:child_process";
import {existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, beforeAll, expect, it} from "vitest";
import {TerminalClient} from "../support/terminal-client.ts";

const scripts = join(import.meta.dirname, "../../scripts");
/** On the glass: the mark of sound that is secret to the other end. */
const END_TO_END = /\d:\d\d +Opus ◉/;

let folder = "";
let notice = "";
let phone: TerminalClient;
let web: TerminalClient;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-two-terminals-"));
    notice = join(folder, "bench.json");
    phone = new TerminalClient(join(folder, "phone"), "simulate.ts", "--media", "webrtc", "--notice", notice);
    await phone.shows(/ready/);
    web = new TerminalClient(join(folder, "web"), "web-peer.ts", "--notice", notice);
    await web.shows(/registration +registered/);
});
afterAll(() => {
    web?.close();
    phone?.close();
    rmSync(folder, {recursive: true, force: true});
});

/** Both hear the other's voice, and see how it is protected. */
async function talk(role: "client" | "server"): Promise<void> {
    await phone.shows(END_TO_END);
    await phone.shows(/earpiece +█{5,}/);
    await web.shows(/heard +█{5,}/);
    await web.shows(new RegExp(`DTLS +connected, as ${role}, version 1\\.2`));
    expect(web.picture).toMatch(/path +host \S+:\d+ to host 127\.0\.0\.1:\d+/);
    expect(web.picture).toMatch(/codec +audio\/opus, \d+ packets/);
}

it("only its user can read where the bench is", () => {
    expect(statSync(notice).mode & 0o777).toBe(0o600);
});

it("the browser calls the phone, and hangs up", async () => {
    web.type("c");
    await phone.shows(/Browser[\s\S]*603/);
    phone.type(" ");
    await talk("server");
    web.type("5h");
    await web.shows(/call +none; the last one: Terminated/);
    phone.type(" ");
    await phone.shows(/ready/);
});

it("the phone calls the browser, and hangs up", async () => {
    phone.type(" 603#");
    await web.shows(/phone calls: a answers/);
    web.type("a");
    await talk("client");
    phone.type(" ");
    await web.shows(/call +none; the last one: Terminated/);
    await phone.shows(/ready/);
});

it("a call that the browser refuses is over at both", async () => {
    phone.type(" 603#");
    await web.shows(/phone calls: a answers/);
    web.type("h");
    await web.shows(/call +none/);
    await phone.shows(/Please hang up/);
    phone.type(" ");
    await phone.shows(/ready/);
});

it("both end all that they started, and the notice is gone with the bench", async () => {
    expect(web.processes()).toContain("chromium");
    web.type("q");
    expect(await web.exited).toBe(0);
    // What compiled the page takes its leave a moment later.
    await expect.poll(() => web.processes(), {timeout: 10_000}).toEqual([]);
    expect(readdirSync(join(folder, "web"))).toEqual([]);
    phone.type("\u0003");
    expect(await phone.exited).toBe(0);
    expect(phone.processes()).toEqual([]);
    expect(existsSync(notice)).toBe(false);
});

it.each([
    ["none was started", null],
    ["one was killed", JSON.stringify({pid: 2 ** 22 + 1})],
    ["the file is no notice", "{"],
])("says that no bench runs where %s", (_, content) => {
    const place = join(folder, "other.json");
    if (content !== null) writeFileSync(place, content);
    const {status, stdout} = spawnSync(process.execPath, [join(scripts, "web-peer.ts"), "--notice", place], {
        encoding: "utf8",
    });
    expect({status, stdout}).toEqual({status: 1, stdout: expect.stringContaining("no bench phone runs here")});
});

it("keys in SDP are refused on a way that others can read", () => {
    const words = [join(scripts, "simulate.ts"), "--media", "sdes", "--transport", "tcp", "--notice", notice];
    expect(spawnSync(process.execPath, words, {encoding: "utf8"})).toMatchObject({
        status: 2,
        stderr: expect.stringContaining("tls or wss"),
    });
});
