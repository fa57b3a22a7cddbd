import {mkdtemp, readFile, rm, writeFile} from "node:fs/promises";
import {createServer} from "node:net";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {connect as connectTls} from "node:tls";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {WebSocket} from "ws";
import {
    type Baresip,
    type Kamailio,
    PeerProcess,
    startBaresip,
    startCallback,
    startKamailio,
} from "../support/peers.ts";
import {NetstringReader, netstring} from "../support/peers-control.ts";
import {makePki} from "../support/pki.ts";

/** Three seconds of 1000 Hz at -12 dBFS, as a WAV file of this many samples a second. */
function tone(rate: number): Buffer {
    const samples = Int16Array.from({length: 3 * rate}, (_, n) => 8231 * Math.sin((2 * Math.PI * 1000 * n) / rate));
    const header = Buffer.alloc(44);
    header.write("RIFF....WAVEfmt ", "latin1");
    header.writeUInt32LE(samples.byteLength + 36, 4);
    header.set([16, 0, 0, 0, 1, 0, 1, 0], 16);
    header.writeUInt32LE(rate, 24);
    header.writeUInt32LE(2 * rate, 28);
    header.set([2, 0, 16, 0], 32);
    header.write("data", 36, "latin1");
    header.writeUInt32LE(samples.byteLength, 40);
    return Buffer.concat([header, Buffer.from(samples.buffer)]);
}

/** Level in dBFS of what in `samples` is 1000 Hz, by correlation over whole periods. */
function levelOf1000(samples: Int16Array, rate: number): number {
    let inPhase = 0;
    let quadrature = 0;
    samples.forEach((sample, n) => {
        inPhase += sample * Math.cos((2 * Math.PI * 1000 * n) / rate);
        quadrature += sample * Math.sin((2 * Math.PI * 1000 * n) / rate);
    });
    return 20 * Math.log10((2 * Math.hypot(inPhase, quadrature)) / samples.length / 32768);
}

/** The median of the levels of 10 ms each: a machine that is busy lets a soft phone stutter, not speak softly. */
function medianLevel(samples: Int16Array, rate: number): number {
    const length = rate / 100;
    const windows = Array.from({length: Math.floor(samples.length / length)}, (_, n) => n * length);
    const levels = windows
        .map((from) => levelOf1000(samples.subarray(from, from + length), rate))
        .sort((a, b) => a - b);
    return levels[levels.length >> 1] ?? Number.NEGATIVE_INFINITY;
}

let folder: string;
beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "offhook-peers-"));
});
afterAll(() => rm(folder, {recursive: true}));

describe("a registrar without passwords", () => {
    let kamailio: Kamailio;
    let echo: Baresip;
    beforeAll(async () => {
        kamailio = await startKamailio({folder: join(folder, "kamailio"), auth: "none", users: []});
        const registrar = {domain: kamailio.domain, port: kamailio.tcp, transport: "tcp"} as const;
        echo = await startBaresip({folder: join(folder, "600"), account: {name: "600"}, registrar, mode: "echo"});
    });
    afterAll(async () => {
        await echo?.stop();
        await kamailio?.stop();
    });

    test("takes a registration over TCP and one over TLS under the private authority", async () => {
        const {domain, tls: port, caPem} = kamailio;
        const registrar = {domain, port, transport: "tls", caPem} as const;
        const baresip = await startBaresip({
            folder: join(folder, "tls"),
            account: {name: "700"},
            registrar,
            mode: "manual",
        });
        await kamailio.registered("600");
        await kamailio.registered("700");
        expect(kamailio.process.log.join("\n")).toMatch(/registered 600 over tcp[\s\S]*registered 700 over tls/);
        await baresip.stop();
        await kamailio.process.line(/ unregistered 700/);
    });

    test.each([
        ["PCMA", 8_000],
        ["PCMU", 8_000],
        ["G722", 16_000],
        ["opus", 48_000],
    ] as const)("its echo gives a tone in %s back at its level", async (codec, rate) => {
        const sourceWav = join(folder, `tone-${rate}.wav`);
        await writeFile(sourceWav, tone(rate));
        const registrar = {domain: kamailio.domain, port: kamailio.tcp, transport: "tcp"} as const;
        const options = {account: {name: "701"}, registrar, mode: "manual", codecs: [codec], sourceWav} as const;
        const caller = await startBaresip({folder: join(folder, `701-${codec}`), record: true, ...options});
        const after = echo.control.events.length;
        await caller.control.dial("600");
        await echo.control.next("CALL_ESTABLISHED", {after});
        // The call ends with the file.
        await echo.control.next("CALL_CLOSED", {after});
        await caller.stop();
        const heard = await readFile(await caller.heard());
        expect(heard.readUInt32LE(24)).toBe(rate);
        const samples = new Int16Array(heard.buffer.slice(heard.byteOffset + 44, heard.byteOffset + heard.length));
        expect(medianLevel(samples, rate)).toBeCloseTo(-12, 0);
    });

    test("carries digits between two phones, and both ends learn of the end of the call", async () => {
        const registrar = {domain: kamailio.domain, port: kamailio.tcp, transport: "tcp"} as const;
        const caller = await startBaresip({
            folder: join(folder, "702"),
            account: {name: "702"},
            registrar,
            mode: "manual",
        });
        const after = echo.control.events.length;
        await caller.control.dial("600");
        await caller.control.next("CALL_ESTABLISHED", {after: 0});
        await caller.control.sendDigits("5");
        expect((await echo.control.next("CALL_DTMF_START", {after})).param).toBe("5");
        await caller.control.hangUp();
        await echo.control.next("CALL_CLOSED", {after});
        await caller.stop();
    });

    test("601 declines and calls back", async () => {
        const registrar = {domain: kamailio.domain, port: kamailio.tcp, transport: "tcp"} as const;
        const callback = await startCallback({
            folder: join(folder, "601"),
            account: {name: "601"},
            registrar,
            waitMs: 100,
        });
        const caller = await startBaresip({
            folder: join(folder, "703"),
            account: {name: "703"},
            registrar,
            mode: "manual",
        });
        await caller.control.dial("601");
        expect((await caller.control.next("CALL_CLOSED", {after: 0})).param).toMatch(/486/);
        expect((await caller.control.next("CALL_INCOMING", {after: 0})).peerUri).toContain("sip:601@");
        await caller.control.answer();
        await caller.control.next("CALL_ESTABLISHED", {after: 0});
        const closed = callback.control.next("CALL_CLOSED");
        await caller.control.hangUp();
        await closed;
        await caller.stop();
        await callback.stop();
    });

    test.each(["ws", "wss"] as const)("answers the WebSocket handshake of RFC 7118 over %s", async (scheme) => {
        const ca = await readFile(kamailio.caPem);
        const socket = new WebSocket(`${scheme}://127.0.0.1:${kamailio[scheme]}`, "sip", {ca});
        await new Promise<void>((resolve, reject) => {
            socket.once("open", resolve);
            socket.once("error", reject);
        });
        expect(socket.protocol).toBe("sip");
        socket.terminate();
    });
});

test.each([
    ["md5", "secret", "registered"],
    ["md5", "wrong", "refused"],
] as const)("with %s the password %s is %s", async (auth, password, outcome) => {
    const users = [{name: "alice", password: "secret"}];
    const kamailio = await startKamailio({folder: join(folder, `auth-${password}`), auth, users});
    const registrar = {domain: kamailio.domain, port: kamailio.tcp, transport: "tcp"} as const;
    const options = {account: {name: "alice", password}, registrar, mode: "manual", readyMs: 3_000} as const;
    const baresip = startBaresip({folder: join(folder, `alice-${password}`), ...options});
    const told = await baresip.then(() => "registered").catch(() => "refused");
    expect(told).toBe(outcome);
    await (await baresip.catch(() => null))?.stop();
    await kamailio.stop();
});

test("a registrar that asks for SHA-256 says so, and lets those in that it does not ask", async () => {
    const users = [{name: "600", password: null}];
    const kamailio = await startKamailio({folder: join(folder, "sha256"), auth: "sha256", users});
    const registrar = {domain: kamailio.domain, port: kamailio.tcp, transport: "tcp"} as const;
    const baresip = await startBaresip({
        folder: join(folder, "sha256-600"),
        account: {name: "600"},
        registrar,
        mode: "echo",
    });
    const challenge = await new Promise<string>((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${kamailio.ws}`, "sip");
        socket.once("error", reject);
        socket.once("message", (data: Buffer) => {
            socket.terminate();
            resolve(data.toString());
        });
        socket.once("open", () =>
            socket.send(
                [
                    `REGISTER sip:${kamailio.domain} SIP/2.0`,
                    "Via: SIP/2.0/WS a.invalid;branch=z9hG4bK1",
                    "Max-Forwards: 70",
                    `From: <sip:alice@${kamailio.domain}>;tag=1`,
                    `To: <sip:alice@${kamailio.domain}>`,
                    "Call-ID: 1",
                    "CSeq: 1 REGISTER",
                    "Contact: <sip:alice@a.invalid;transport=ws>",
                    "Content-Length: 0\r\n\r\n",
                ].join("\r\n"),
            ),
        );
    });
    expect(challenge).toMatch(/^SIP\/2\.0 401 [\s\S]*WWW-Authenticate: Digest .*algorithm=SHA-256/);
    await baresip.stop();
    await kamailio.stop();
});

test.each([
    ["server", "trusted"],
    ["expired", "CERT_HAS_EXPIRED"],
    ["wrongName", "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["selfSigned", "DEPTH_ZERO_SELF_SIGNED_CERT"],
] as const)("the certificate %s of a test is %s", async (which, outcome) => {
    const pki = await makePki(join(folder, `pki-${which}`));
    const users: [] = [];
    const options = {folder: join(folder, `tls-${which}`), auth: "none", users, certificate: pki[which]} as const;
    const kamailio = await startKamailio(options);
    const ca = await readFile(pki.caPem);
    const told = await new Promise<string>((resolve) => {
        const socket = connectTls({host: "127.0.0.1", port: kamailio.tls, ca, servername: "localhost"});
        socket.once("secureConnect", () => {
            socket.destroy();
            resolve("trusted");
        });
        socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
    expect(told).toBe(outcome);
    await kamailio.stop();
});

test("a registrar comes back on the ports where its phones look for it", async () => {
    const first = await startKamailio({folder: join(folder, "first"), auth: "none", users: []});
    const registrar = {domain: first.domain, port: first.tcp, transport: "tcp"} as const;
    const baresip = await startBaresip({
        folder: join(folder, "stays"),
        account: {name: "704"},
        registrar,
        mode: "manual",
    });
    await first.stop();
    const second = await startKamailio({folder: join(folder, "second"), auth: "none", users: [], ports: first.ports});
    expect(second.tcp).toBe(first.tcp);
    await baresip.stop();
    await second.stop();
});

test("a peer that cannot start is reported with what it said", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const {port} = server.address() as {port: number};
    const ports = {udp: port, tcp: port, tls: port, ws: port, wss: port};
    const started = startKamailio({folder: join(folder, "taken"), auth: "none", users: [], ports});
    await expect(started).rejects.toThrow(/kamailio has ended.*[\s\S]*Address already in use/);
    server.close();
});

test("a peer that ignores SIGTERM is ended all the same", async () => {
    const stubborn = new PeerProcess("stubborn", ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"]);
    await stubborn.line(/up/);
    await stubborn.stop();
    await expect(stubborn.line(/never/)).rejects.toThrow("stubborn has ended");
}, 20_000);

test("netstrings are read however the stream is cut", () => {
    const stream = Buffer.from(netstring("é") + netstring("") + netstring("a:b,"));
    for (let cut = 0; cut <= stream.length; cut++) {
        const reader = new NetstringReader();
        const read = [...reader.push(stream.subarray(0, cut)), ...reader.push(stream.subarray(cut))];
        expect(read).toEqual(["é", "", "a:b,"]);
    }
    expect(() => new NetstringReader().push(Buffer.from("x1:a,"))).toThrow(RangeError);
});
