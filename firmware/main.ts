/**
 * The firmware: the only file that constructs. `node build/offhook.mjs --profile FILE --data FOLDER`.
 *
 *   board (hal) --+                       +--> engine (native)
 *   accounts (sip)+--> Phone.post(event) -+--> accounts, store, config
 *   engine -------+                       +--> display, lamps
 */
import {join} from "node:path";
import {parseArgs} from "node:util";
import type {Board} from "../hal/board.ts";
import {createEngine, type OwnedMediaEngine} from "../native/index.ts";
import {screenOf} from "../ui/screen.ts";
import {screenWakeAt} from "../ui/wake.ts";
import {type OpenedBoard, openBoard} from "./board.ts";
import {Config} from "./config/config.ts";
import {serversOf} from "./config/derive.ts";
import {messageOf} from "./errors.ts";
import {createLog, type Log} from "./log.ts";
import {type OpenSessions, openSessionsOf} from "./open-sessions.ts";
import {ownAddresses} from "./own-addresses.ts";
import {type Call, qualityOf} from "./phone/call.ts";
import {initialState} from "./phone/initial-state.ts";
import {createPhone, type Phone, type PhoneOptions, type PhonePorts} from "./phone/phone.ts";
import type {PhoneEvent, StatusFacts} from "./phone/state.ts";
import {attachConsole} from "./provisioning/console.ts";
import {MicrophoneTest} from "./self-test/microphone-test.ts";
import {Accounts} from "./sip/accounts.ts";
import {statusLines} from "./status.ts";
import {Store} from "./store/store.ts";
import {openVault} from "./store/vault.ts";
import {version} from "./version.ts";

const levelsMs = 100;
/** Calls that the display can go back through. */
const shownCalls = 100;
const savedNames = {
    language: "phone.language",
    country: "phone.country",
    volume: "audio.volume",
    ringVolume: "audio.ring-volume",
} as const;
/** Audio period in ms, and the priority that is asked for the audio thread (SCHED_FIFO). */
const periodMs = 5;
const audioPriority = 50;

/** Everything that lives as long as the process. */
interface Parts {
    readonly log: Log;
    readonly opened: OpenedBoard;
    readonly store: Store;
    readonly config: Config;
    readonly engine: OwnedMediaEngine;
    readonly sessions: OpenSessions;
    readonly accounts: Accounts;
    readonly post: (event: PhoneEvent) => void;
}

const now = (): number => performance.now();

/** Events that arrive while the parts are being made wait here for the phone. */
class Door {
    #phone: Phone | null = null;
    #waiting: PhoneEvent[] = [];

    readonly post = (event: PhoneEvent): void => {
        if (this.#phone === null) this.#waiting.push(event);
        else this.#phone.post(event);
    };

    open(phone: Phone): void {
        this.#phone = phone;
        for (const event of this.#waiting) phone.post(event);
        this.#waiting = [];
    }
}

function startEngine(board: Board, config: Config, post: (event: PhoneEvent) => void): OwnedMediaEngine {
    return createEngine({
        playback: board.sound.handsetPlayback,
        capture: board.sound.handsetCapture,
        ringer: board.sound.ringer,
        // Each session names the address of its own account's connection.
        address: "127.0.0.1",
        ports: config.settings["rtp.ports"],
        periodMs,
        priority: audioPriority,
        hookSensor: board.hookSensor,
        dscp: config.settings["rtp.dscp"],
        onEvent: (event) => post({...event, at: now()}),
    });
}

/** Tells the phone the newest calls; what the disk refuses is told by the store itself. */
async function tellRecents({store, post, log}: Parts): Promise<void> {
    try {
        const recents = await store.calls.recents(shownCalls);
        post({type: "recents", recents, missed: await store.calls.missedCount(), at: now()});
    } catch (thrown) {
        log.error(`the recent calls cannot be read: ${messageOf(thrown)}`);
    }
}

function facts({config, engine, sessions}: Parts, session: number | null): StatusFacts {
    return {
        version,
        serial: config.instanceId,
        addresses: ownAddresses(),
        servers: serversOf(config.settings),
        realTime: engine.stats().realTime,
        media: session === null ? null : sessions.statsOf(session),
    };
}

/** The facts of a talk are a second old at its end. */
function withLastQuality({sessions}: Parts, call: Call): Call {
    const stats = call.session === null || call.talkingSince === null ? null : sessions.statsOf(call.session);
    return stats === null ? call : {...call, quality: qualityOf(stats) ?? call.quality};
}

function portsOf(parts: Parts): PhonePorts {
    const {opened, store, config, engine, accounts, post} = parts;
    const size = {columns: opened.board.display.columns, rows: opened.board.display.rows};
    const microphoneTest = new MicrophoneTest(opened.board.sound.handsetCapture, {
        capture: (open) => post({type: "testCapture", open, at: now()}),
        level: (level) => post({type: "microphoneLevel", level, at: now()}),
        failed: (reason) => post({type: "device", pcm: "capture", ok: false, reason, at: now()}),
    });
    return {
        signalling: accounts,
        audio: engine,
        display: opened.board.display,
        lamps: opened.board,
        callLog: {
            open: (call, wall) => store.calls.open(call, wall),
            answer: (call, wall) => store.calls.answer(call, wall),
            note: (call) => store.calls.note(call),
            close: (call, wall, talkSeconds) =>
                store.calls.close(withLastQuality(parts, call), wall, talkSeconds).then(() => tellRecents(parts)),
            markMissedSeen: () => store.calls.markMissedSeen().then(() => tellRecents(parts)),
        },
        names: store,
        settings: {
            save: async (name, value) => {
                const changes = new Map([[savedNames[name], value === null ? "" : String(value)]]);
                const result = await config.commit(changes);
                if (!result.ok)
                    throw new Error(result.errors.map((error) => `${error.name}: ${error.what}`).join("; "));
            },
        },
        microphoneTest,
        facts: {read: (session) => facts(parts, session)},
        screen: {frameOf: (state) => screenOf(state, size), wakeAt: (state) => screenWakeAt(state, size)},
    };
}

/** Where a change of the settings takes effect. */
function follow({config, engine, accounts, post}: Parts): void {
    const apply = (): void => accounts.apply({accounts: config.accounts(), sip: config.sipSettings(version)});
    const setTransport = (): void =>
        engine.setTransport({ports: config.settings["rtp.ports"], dscp: config.settings["rtp.dscp"]});
    config.onChange((scopes) => {
        post({type: "settings", settings: config.phoneSettings(), at: now()});
        if (scopes.has("register")) apply();
        if (scopes.has("now")) setTransport();
    });
    apply();
    setTransport();
}

/** What the bench and the tests see through the simulated board's door. */
function publishing(opened: OpenedBoard): NonNullable<PhoneOptions["onChange"]> {
    return (state, outputs) =>
        opened.publish({
            calls: state.calls.map(({id, direction, phase, party}) => ({id, direction, phase, ...party})),
            accounts: state.accounts.map(({label, registered, fault}) => ({label, registered, fault})),
            outputs: {
                earTone: outputs.earTone,
                ring: outputs.ring !== null,
                microphone: outputs.microphone,
                route: outputs.route,
            },
        });
}

/** Level meters for who watches a simulated board; a real one has nobody to tell. Answers how to stop it. */
function publishLevels({opened, engine}: Parts): () => void {
    if (!opened.watched) return () => undefined;
    let silent = false;
    const timer = setInterval(() => {
        const {captureOpen, playbackOpen, captureLevel, playbackLevel} = engine.stats();
        const open = captureOpen || playbackOpen;
        if (open || !silent) opened.publish({levels: {capture: captureLevel, playback: playbackLevel}});
        silent = !open;
    }, levelsMs);
    return () => clearInterval(timer);
}

async function main(): Promise<void> {
    process.umask(0o077);
    const {values} = parseArgs({options: {profile: {type: "string"}, data: {type: "string"}}});
    if (values.profile === undefined || values.data === undefined) {
        throw new TypeError("usage: offhook --profile FILE --data FOLDER");
    }
    const door = new Door();
    const early = createLog(console.log, "info");
    const store = await Store.open({
        folder: values.data,
        log: early.area("store"),
        onFault: (fault) => door.post({type: "storeFault", fault, at: now()}),
    });
    const config = await Config.load(
        store,
        openVault(join(values.data, "key"), early.area("vault")),
        early.area("config"),
    );
    const log = createLog(console.log, config.settings["log.level"]);
    const opened = await openBoard(values.profile, log.area("board"));
    const engine = startEngine(opened.board, config, door.post);
    const sessions = openSessionsOf(engine);
    const accounts = new Accounts({
        engine: sessions.engine,
        log,
        onEvent: door.post,
        ownAddresses,
        onAccounts: (states) => door.post({type: "accounts", accounts: states, at: now()}),
    });
    const parts: Parts = {log, opened, store, config, engine, sessions, accounts, post: door.post};
    const phone = createPhone({
        // No board has a loudspeaker path yet: hands-free would open the microphone of a handset on its cradle.
        state: initialState(config.phoneSettings(), now()),
        ports: portsOf(parts),
        log,
        now,
        wall: Date.now,
        onChange: publishing(opened),
    });
    await start(parts, phone, door);
    stopOnSignals(parts, phone, publishLevels(parts));
}

async function start(parts: Parts, phone: Phone, door: Door): Promise<void> {
    const {opened, store, config, engine, log} = parts;
    phone.start();
    door.open(phone);
    opened.board.provisioning.forEach((link, index) => {
        attachConsole({
            link,
            config,
            store,
            status: () => statusLines(phone.state, engine.stats(), config.instanceId),
            blackBox: () => phone.blackBox(),
            version,
            log: log.area(index === 0 ? "console" : `console${index + 1}`),
        });
    });
    await opened.board.start(phone.post.bind(phone));
    if (store.fault !== null) phone.post({type: "storeFault", fault: store.fault, at: now()});
    phone.post({type: "facts", status: facts(parts, null), at: now()});
    await tellRecents(parts);
    follow(parts);
    log.info("the phone is ready");
}

/** Why a promise failed, null where it did not: the end goes on in any case. */
const settled = (ending: Promise<void>): Promise<string | null> => ending.then(() => null, messageOf);

/** Ends in order: the phone hangs up, sound stops, accounts unregister, the store is written. */
function stopOnSignals({log, opened, store, engine, accounts}: Parts, phone: Phone, stopLevels: () => void): void {
    let stopping = false;
    const stop = async (signal: string): Promise<void> => {
        if (stopping) return;
        stopping = true;
        log.info(`ending on ${signal}`);
        const ended = [await settled(accounts.close())];
        phone.close();
        stopLevels();
        engine.close();
        ended.push(await settled(store.close()), await settled(opened.board.close()));
        for (const reason of ended) if (reason !== null) log.error(`not ended in order: ${reason}`);
        process.exit(0);
    };
    for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void stop(signal));
}

main().catch((thrown: unknown) => {
    console.error(`offhook: ${messageOf(thrown)}`);
    process.exit(1);
});
