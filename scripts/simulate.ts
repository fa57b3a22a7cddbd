/**
 * A phone in the terminal: a whole phone with registrar and far ends, on a machine without any of its hardware.
 *
 *   node scripts/simulate.ts [--board simulated|virtual] [--sound virtual|card] [--transport tcp|tls|wss]
 *                            [--media plain|sdes|webrtc|best] [--glass cfa635|vt100] [--notice FILE]
 *
 * The simulated board is the firmware as a process of this machine; the virtual board is a machine of its own in QEMU,
 * with a sound card of its own. Ctrl-C ends everything that it started.
 */
import {mkdtempSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";
import type {MediaPolicy} from "../firmware/sip/account.ts";
import type {BenchTransport} from "../test/support/bench-phone.ts";
import {outerAddress} from "../test/support/peers.ts";
import {putUpNotice, usualPlace} from "./bench-notice.ts";
import {Terminal} from "./terminal.ts";
import {BenchOnShow} from "./terminal-bench.ts";
import {BoardOnShow} from "./terminal-board.ts";
import {PhoneAtHand} from "./terminal-hand.ts";

/** The way to the registrar on which each protection of sound is what it is meant to be. */
const transportFor: Readonly<Record<MediaPolicy, BenchTransport>> = {
    plain: "tcp",
    sdes: "tls",
    webrtc: "wss",
    best: "tls",
};

function choice<T extends string>(name: string, value: string | undefined, choices: readonly T[]): T {
    const found = choices.find((one) => one === (value ?? choices[0]));
    return found ?? refuse(`--${name}: one of ${choices.join(", ")} is wanted, not ${value}`);
}

function refuse(why: string): never {
    console.error(why);
    process.exit(2);
}

const {values} = parseArgs({
    options: {
        board: {type: "string"},
        sound: {type: "string"},
        transport: {type: "string"},
        media: {type: "string"},
        glass: {type: "string"},
        notice: {type: "string", default: usualPlace},
    },
});
const board = choice("board", values.board, ["simulated", "virtual"]);
const sound = choice("sound", values.sound, ["virtual", "card"]);
const display = choice("glass", values.glass, ["cfa635", "vt100"]);
const media =
    values.media === undefined ? undefined : choice("media", values.media, ["plain", "sdes", "webrtc", "best"]);
const transport = choice("transport", values.transport ?? (media && transportFor[media]), ["tcp", "tls", "wss"]);
if (board === "virtual" && values.sound !== undefined) refuse("--sound: the virtual board has a sound card of its own");
if (media === "sdes" && transport === "tcp")
    refuse("--media sdes: its keys want a way that nobody can read, tls or wss");

const folder = mkdtempSync(join(tmpdir(), "offhook-bench-"));
const terminal = new Terminal(folder);
void terminal.run(async () => {
    if (media === "webrtc" && outerAddress() === null) {
        terminal.note(
            "this machine has no network: 600 and 601 find no path by ICE, only a browser does (make run-web-peer)",
        );
    }
    const progress = (what: string): void => terminal.note(what);
    const options = {folder, transport, display, progress, ...(media === undefined ? {} : {media})};
    const phone = await (board === "simulated"
        ? BenchOnShow.prepare({...options, sound})
        : BoardOnShow.prepare(options));
    putUpNotice(values.notice, phone.registrar);
    return new PhoneAtHand(phone, terminal);
});
