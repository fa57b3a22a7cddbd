/** The phone on the bench and a browser that call one another, each with a tone of its own. */
import {join} from "node:path";
import {expect, type TestContext} from "vitest";
import {type BenchPhone, benchPassword} from "./bench-phone.ts";
import {listen} from "./listening.ts";
import {type WebCallOptions, WebPeer, type WebPeerOptions} from "./peers.ts";
import {TONE_LEVEL, toneFile} from "./peers-hearing.ts";
import {levelAt, sine} from "./sound-signal.ts";
import type {Wav} from "./sound-wav.ts";

const rate = 48_000;
/** What each says, in Hz. */
export const tones = {phone: 1_000, web: 600} as const;
/** What the phone's microphone hears. */
export const phoneVoice: Wav = {rate, samples: sine(rate, 1_000, tones.phone, TONE_LEVEL)};

/** On the glass: how far the sound of a call is in cipher. */
export const marks = {end: /\d:\d\d +\S+ ◉/, hop: /\d:\d\d +\S+ ◐/, none: /\d:\d\d +\S+ ○/} as const;

export interface Pair {
    readonly bench: BenchPhone;
    readonly web: WebPeer;
}

/** A browser at the bench's registrar, by default as 602. `host` is the registrar's, as a URL has it. */
export function startWeb(
    bench: BenchPhone,
    {user = "602", host, ...more}: Partial<WebPeerOptions> & {readonly user?: string; readonly host?: string} = {},
): Promise<WebPeer> {
    const {domain, wss: port, caPem} = bench.kamailio;
    const folder = join(bench.options.folder, `web-${user}`);
    return WebPeer.start({
        folder,
        account: {name: user, password: benchPassword, displayName: "Web"},
        registrar: {domain, host: host ?? bench.kamailio.host, port, transport: "wss", caPem},
        sourceWav: toneFile(bench.options.folder, tones.web),
        ...more,
    });
}

/** The phone calls the browser; resolves once both have their keys. */
export async function phoneCalls({bench, web}: Pair, options: WebCallOptions = {}, number = "602"): Promise<void> {
    await web.configure(options);
    const incoming = web.next("incoming");
    await bench.board.lift();
    await bench.board.dial(`${number}#`);
    await incoming;
    const connected = web.next("connectionState", {param: "connected"});
    await web.answer();
    await connected;
    await bench.phase("talking");
}

/** The browser calls the phone, which is `user`; resolves once both have their keys. */
export async function webCalls({bench, web}: Pair, options: WebCallOptions = {}, user = "phone"): Promise<void> {
    await web.configure(options);
    const connected = web.next("connectionState", {param: "connected"});
    await web.call(user);
    await bench.phase("ringing");
    await bench.board.lift();
    await connected;
    await bench.phase("talking");
}

export interface Hearing {
    /** How far from its level a tone may be, in dB. Default 0.5. */
    readonly within?: number;
    /** How long it may take until it is heard, in ms. Default 10 000. */
    readonly timeout?: number;
}

/** Resolves once the phone hears this tone at its level. */
export async function phoneHears(
    bench: BenchPhone,
    frequency: number,
    {within = 0.5, timeout = 10_000}: Hearing = {},
): Promise<void> {
    const off = async (): Promise<number> => {
        const {samples} = await listen(bench.handset, 300);
        return Math.abs(levelAt(samples, rate, frequency) - TONE_LEVEL);
    };
    await expect.poll(off, {interval: 0, timeout}).toBeLessThan(within);
}

async function webHears(web: WebPeer, frequency: number, {within = 0.5, timeout = 10_000}: Hearing): Promise<void> {
    const off = async (): Promise<number> => {
        const {samples, rate: its} = await web.listen(300);
        return Math.abs(levelAt(samples, its, frequency) - TONE_LEVEL);
    };
    await expect.poll(off, {interval: 0, timeout}).toBeLessThan(within);
}

/** Resolves once each hears the other's tone at its level. */
export async function hearOneAnother({bench, web}: Pair, hearing: Hearing = {}): Promise<void> {
    await phoneHears(bench, tones.web, hearing);
    await webHears(web, tones.phone, hearing);
}

/** The phone puts down, and the call is over on both sides. */
export async function hangUp({bench, web}: Pair): Promise<void> {
    const ended = web.next("ended");
    await bench.board.putDown();
    await ended;
    await bench.phase("none");
}

/** Changes settings that have the phone register anew; resolves when it has. */
export async function provisionAnew(
    bench: BenchPhone,
    settings: Readonly<Record<string, string>>,
    transport: "tcp" | "tls" | "wss" = "wss",
): Promise<void> {
    const registered = bench.kamailio.process.nextLine(new RegExp(`registered phone over ${transport}`));
    await bench.console.provision(settings);
    await registered;
    await bench.registered();
}

/** After each test: the handset lies on its cradle, and of one that failed there is what the phone said. */
export async function comesToRest(bench: BenchPhone, {task}: TestContext): Promise<void> {
    if (task.result?.state === "fail") console.log(bench.process.log.slice(-40).join("\n"));
    if (bench.said.hook === "off") await bench.board.putDown();
    await bench.phase("none");
}
