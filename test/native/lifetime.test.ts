import {spawnSync} from "node:child_process";
import {readFileSync} from "node:fs";
import {setTimeout as pass} from "node:timers/promises";
import {fileURLToPath} from "node:url";
import {beforeEach, describe, expect, test} from "vitest";
import {createEngine, type EngineOptions, type Transport, type WantedAudio} from "../../native/index.ts";
import {inCall, PCMA, QUIET, Rig, remoteOf} from "./rig.ts";

const CLOSED = expect.objectContaining({code: "closed"});

const OPTIONS: EngineOptions = {
    playback: "null",
    capture: "null",
    ringer: "null",
    address: "127.0.0.1",
    ports: [21000, 21098],
    periodMs: 10,
    priority: 0,
    hookSensor: null,
    dscp: 46,
    onEvent: () => undefined,
};

const FAR = {port: 30000, rtcpPort: 30001};

const SECURITY = {
    type: "srtp",
    suite: "AES_CM_128_HMAC_SHA1_80",
    send: new Uint8Array(30).fill(1),
    receive: new Uint8Array(30).fill(2),
};

// The PCM `null` is in the machine's own configuration.
beforeEach(() => {
    delete process.env["ALSA_CONFIG_PATH"];
});

/** Runs a program that has `engine`, `session` and `inCall` at hand; it must end by itself. */
function runProgram(body: string): {status: number | null; signal: string | null; stderr: string} {
    const index = fileURLToPath(new URL("../../native/index.ts", import.meta.url));
    const program = `
        import {createEngine} from ${JSON.stringify(index)};
        const options = ${JSON.stringify({...OPTIONS, onEvent: undefined})};
        const engine = createEngine({...options, onEvent: () => undefined});
        const session = engine.openSession();
        session.start(${JSON.stringify(remoteOf(FAR))});
        engine.setAudio({...${JSON.stringify(QUIET)}, mix: [session.id], microphone: "open"});
        const pass = (ms) => new Promise((done) => setTimeout(done, ms));
        await pass(100);
        ${body}
    `;
    const {status, signal, stderr} = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
        encoding: "utf8",
        timeout: 20_000,
        env: {...process.env, NODE_OPTIONS: ""},
    });
    return {status, signal, stderr};
}

describe("lifetime", () => {
    test("close is idempotent, and every method after it throws an error with code closed", () => {
        const rig = new Rig();
        const session = rig.engine.openSession();
        session.start(remoteOf(FAR));
        rig.engine.setAudio(inCall(session));
        rig.close();
        rig.engine.close();
        expect(() => rig.engine.openSession()).toThrow(CLOSED);
        expect(() => rig.engine.setAudio(QUIET)).toThrow(CLOSED);
        expect(() => rig.engine.setTransport(OPTIONS)).toThrow(CLOSED);
        expect(() => rig.engine.stats()).toThrow(CLOSED);
        expect(() => session.start(remoteOf(FAR))).toThrow(CLOSED);
        expect(() => session.sendDigit("1", 100)).toThrow(CLOSED);
        expect(() => session.stats()).toThrow(CLOSED);
        session.close();
    });

    test("a closed session throws, the engine goes on, and its ports are free again", async () => {
        const engine = createEngine({...OPTIONS, ports: [21000, 21001]});
        for (let i = 0; i < 20; i++) {
            const session = engine.openSession();
            expect(() => engine.openSession()).toThrow(expect.objectContaining({code: "noPort"}));
            session.close();
            session.close();
            expect(() => session.stats()).toThrow(CLOSED);
            // The network thread says goodbye and closes the sockets a moment later.
            await pass(20);
        }
        engine.close();
    });

    test("ports set later are those of the next session; one that is open keeps its own", () => {
        const engine = createEngine({...OPTIONS, ports: [21000, 21001]});
        const before = engine.openSession();
        engine.setTransport({ports: [21200, 21201], dscp: 0});
        const after = engine.openSession();
        expect([before.local.port, after.local.port]).toEqual([21000, 21200]);
        // Were the first pair let go, it could be bound again.
        engine.setTransport({ports: [21000, 21001], dscp: 0});
        expect(() => engine.openSession()).toThrow(expect.objectContaining({code: "noPort"}));
        engine.close();
    });

    test("methods refuse a foreign this", () => {
        const engine = createEngine(OPTIONS);
        const session = engine.openSession();
        for (const foreign of [{}, session, null, undefined, Object.create(engine)]) {
            expect(() => engine.stats.call(foreign)).toThrow(TypeError);
        }
        expect(() => session.stats.call(engine)).toThrow(TypeError);
        engine.close();
    });

    test("an exception of the listener is an uncaught exception, and later events still come", () => {
        const {status, stderr} = runProgram(`
            let told = 0;
            process.on("uncaughtException", (error) => {
                if (error.message !== "listener") throw error;
                told++;
            });
            const other = createEngine({...options, onEvent: () => { throw new Error("listener"); }});
            const quiet = ${JSON.stringify(QUIET)};
            for (let i = 0; i < 3; i++) {
                other.setAudio({...quiet, microphone: "open"});
                await pass(100);
                other.setAudio(quiet);
                await pass(100);
            }
            other.close();
            engine.close();
            if (told < 4) throw new Error("told " + told);
        `);
        expect({status, stderr}).toEqual({status: 0, stderr: ""});
    });

    test.each([
        ["without close, at the natural end", ""],
        ["right after close", "engine.close();"],
        ["by process.exit with threads running", "process.exit(0);"],
        [
            "with many engines that nobody closed",
            "for (let i = 0; i < 5; i++) createEngine({...options, onEvent: () => undefined});",
        ],
        [
            "from a worker that ends",
            `const {Worker} = await import("node:worker_threads");
             const worker = new Worker("setTimeout(() => process.exit(), 50)", {eval: true});
             await new Promise((done) => worker.on("exit", done));`,
        ],
    ])("a process ends cleanly %s", (_, body) => {
        expect(runProgram(body)).toEqual({status: 0, signal: null, stderr: ""});
    });

    test("an uncaught exception ends the process as it should, not by a crash", () => {
        const {status, signal, stderr} = runProgram(`throw new Error("on purpose");`);
        expect({status, signal}).toEqual({status: 1, signal: null});
        expect(stderr).toContain("on purpose");
    });

    test("engines that nobody holds do not keep memory or threads", async () => {
        const threads = (): number => Number(/^Threads:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
        const before = threads();
        for (let i = 0; i < 20; i++) {
            const engine = createEngine(OPTIONS);
            const session = engine.openSession();
            session.start(remoteOf(FAR));
            engine.setAudio(inCall(session));
            engine.close();
        }
        await pass(50);
        expect(threads()).toBeLessThanOrEqual(before);
    });

    test("a null device does not run away", async () => {
        const engine = createEngine(OPTIONS);
        const session = engine.openSession();
        session.start(remoteOf(FAR));
        engine.setAudio(inCall(session));
        const from = performance.now();
        await pass(1000);
        const {framesPlayed, framesCaptured} = engine.stats();
        const frames = (performance.now() - from) * 48;
        engine.close();
        expect(framesPlayed).toBeLessThan(frames * 1.2 + 9600);
        expect(framesCaptured).toBeLessThan(frames * 1.2 + 9600);
        expect(framesPlayed).toBeGreaterThan(frames * 0.8);
        expect(framesCaptured).toBeGreaterThan(frames * 0.8);
    });

    test.each([
        ["exits", "process.exit(0)"],
        ["throws", "throw new Error('as meant')"],
        ["closes", "engine.close()"],
        ["simply ends", ""],
    ])("a program that gathers, restarts and %s ends by itself", (_, end) => {
        const {signal, status} = runProgram(`
            const ice = () => engine.openIceSession({role: "controlling", addresses: ["127.0.0.1"], stun: null,
                turn: [{address: "127.0.0.1", port: 9, transport: "udp", username: "a", password: "b"}],
                relayOnly: false, onEvent: () => undefined});
            ice().close();
            ice().restartIce({addresses: ["127.0.0.1"]});
            if (engine.fingerprint().value.length !== 32) process.abort();
            await pass(100);
            ${end}
        `);
        expect(signal).toBe(null);
        expect(status).toBe(end.startsWith("throw") ? 1 : 0);
    });

    test("no second OpenSSL comes with the addon", () => {
        createEngine(OPTIONS).close();
        expect(readFileSync("/proc/self/maps", "utf8")).not.toMatch(/libssl|libcrypto/);
    });
});

describe("values that cannot be meant", () => {
    const wrong = <T>(value: unknown): T => value as T;

    test.each<[string, Partial<EngineOptions>, ErrorConstructor]>([
        ["a PCM that is no string", {playback: wrong(7)}, TypeError],
        ["a host name", {address: "localhost"}, RangeError],
        ["one port only", {ports: wrong([20000])}, RangeError],
        ["ports without a pair", {ports: [20001, 20001]}, RangeError],
        ["ports upside down", {ports: [20010, 20000]}, RangeError],
        ["a period of 4 ms", {periodMs: 4}, RangeError],
        ["a period of 21 ms", {periodMs: 21}, RangeError],
        ["half a period", {periodMs: 10.5}, RangeError],
        ["priority 100", {priority: 100}, RangeError],
        ["a hook sensor that is a path", {hookSensor: wrong("/hook")}, TypeError],
        ["a hook sensor with another character", {hookSensor: wrong({path: "/hook", onHook: "x"})}, RangeError],
        ["DSCP 64", {dscp: 64}, RangeError],
        ["no listener", {onEvent: wrong(undefined)}, TypeError],
    ])("an engine with %s is refused", (_, change, kind) => {
        expect(() => createEngine({...OPTIONS, ...change})).toThrow(kind);
    });

    test.each<[string, unknown, string, ErrorConstructor]>([
        ["no transport", null, "the argument must be an object", TypeError],
        ["ports that are no array", {ports: 21200, dscp: 46}, "ports must be an array", TypeError],
        ["one port only", {ports: [21200], dscp: 46}, "ports must be of 2 to 2 elements", RangeError],
        ["a port that is no number", {ports: ["21200", 21299], dscp: 46}, "ports must be a number", TypeError],
        ["ports without a pair", {ports: [21201, 21201], dscp: 46}, "ports must be a range with an even", RangeError],
        ["port 70000", {ports: [21200, 70_000], dscp: 46}, "ports must be 1", RangeError],
        ["DSCP 64", {ports: [21200, 21299], dscp: 64}, "dscp must be 0", RangeError],
        ["half a DSCP", {ports: [21200, 21299], dscp: 0.5}, "dscp must be a whole number", RangeError],
        ["no DSCP", {ports: [21200, 21299]}, "dscp must be a number", TypeError],
    ])("a transport that is %s is refused by name and changes nothing", (_, transport, words, kind) => {
        const engine = createEngine({...OPTIONS, ports: [21000, 21001]});
        const set = (): void => engine.setTransport(wrong<Transport>(transport));
        expect(set).toThrow(kind);
        expect(set).toThrow(words);
        expect(engine.openSession().local.port).toBe(21000);
        engine.close();
    });

    test.each<[string, object, ErrorConstructor]>([
        ["security of another kind", {security: {type: "sdes"}}, RangeError],
        ["no security", {security: undefined}, TypeError],
        ["an unknown suite", {security: {...SECURITY, suite: "AES_CM_256"}}, RangeError],
        ["a key that is text", {security: {...SECURITY, send: "a".repeat(30)}}, TypeError],
        ["a key of wider elements", {security: {...SECURITY, send: new Uint16Array(15)}}, TypeError],
        ["no key to receive with", {security: {...SECURITY, receive: null}}, TypeError],
        ["a host name", {address: "example.org"}, RangeError],
        ["port 0", {port: 0}, RangeError],
        ["port 70000", {rtcpPort: 70_000}, RangeError],
        ["no codec", {codecs: []}, RangeError],
        ["an unknown codec", {codecs: [{...PCMA, name: "G729"}]}, RangeError],
        ["payload type 128", {codecs: [{...PCMA, payloadType: 128}]}, RangeError],
        ["a clock that is not the codec's", {codecs: [{...PCMA, clockRate: 16000}]}, RangeError],
        ["an event clock that is not the codec's", {telephoneEvent: {payloadType: 101, clockRate: 48000}}, RangeError],
        ["packets of 25 ms", {ptime: 25}, RangeError],
        ["an unknown direction", {direction: "both"}, RangeError],
        ["a direction that is no string", {direction: 1}, TypeError],
    ])("a negotiation with %s is refused", (_, change, kind) => {
        const engine = createEngine(OPTIONS);
        const session = engine.openSession();
        expect(() => session.start(wrong({...remoteOf(FAR), ...change}))).toThrow(kind);
        expect(() => session.start(wrong(null))).toThrow(TypeError);
        engine.close();
    });

    test.each<[string, object, ErrorConstructor]>([
        ["an unknown route", {route: "ceiling"}, RangeError],
        ["a mix that is no array", {mix: 1}, TypeError],
        ["a mix of half a session", {mix: [1.5]}, RangeError],
        ["a gate that is half open", {microphone: "ajar"}, RangeError],
        ["a volume that is no number", {volume: Number.NaN}, RangeError],
        ["a tone without steps", {earTone: {steps: [], repeatFrom: null, level: 0}}, RangeError],
        ["a tone that repeats from beyond", {earTone: toneWith({}, {repeatFrom: 1})}, RangeError],
        ["five frequencies", {earTone: toneWith({frequencies: [1, 2, 3, 4, 5]})}, RangeError],
        ["a frequency above half the rate", {earTone: toneWith({frequencies: [30_000]})}, RangeError],
        ["modulation of one frequency", {earTone: toneWith({modulated: true})}, RangeError],
        ["a step that ends before it began", {earTone: toneWith({ms: -1})}, RangeError],
        ["a ring without a tone", {ring: {tone: null, volume: 0}}, TypeError],
    ])("audio with %s is refused", (_, change, kind) => {
        const engine = createEngine(OPTIONS);
        expect(() => engine.setAudio(wrong<WantedAudio>({...QUIET, ...change}))).toThrow(kind);
        engine.close();
    });

    test("digits that do not exist are refused", () => {
        const engine = createEngine(OPTIONS);
        const session = engine.openSession();
        session.start(remoteOf(FAR));
        for (const digit of ["", "E", "12", "é"]) {
            expect(() => session.sendDigit(digit, 100)).toThrow(RangeError);
        }
        expect(() => session.sendDigit(wrong(5), 100)).toThrow(TypeError);
        expect(() => session.sendDigit("5", 0)).toThrow(RangeError);
        engine.close();
    });

    test("an address that is not ours cannot be bound, and says so", () => {
        const engine = createEngine({...OPTIONS, address: "192.0.2.77"});
        expect(() => engine.openSession()).toThrow(expect.objectContaining({code: "address"}));
        engine.close();
    });
});

function toneWith(step: object, tone: object = {}): object {
    const whole = {frequencies: [440], modulated: false, ms: 100, gain: 0, ...step};
    return {steps: [whole], repeatFrom: 0, level: -10, ...tone};
}
