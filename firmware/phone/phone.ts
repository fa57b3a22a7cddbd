/**
 * The shell around the rules: it queues events, carries out effects, hands changed outputs to the ports and keeps the
 * one timer. Nothing here knows a telephony rule.
 *
 *   post(event) -> [queue] -> transition -> effects  -> signalling, call log, names, settings, facts
 *                                        -> outputs  -> audio, lamps, microphone test   (only what changed)
 *                                        -> screen   -> display                         (only what changed)
 */
import {isDeepStrictEqual} from "node:util";
import type {Digit, Display, Frame, Lamps} from "../../hal/board.ts";
import type {WantedAudio} from "../../native/index.ts";
import {messageOf} from "../errors.ts";
import type {Log} from "../log.ts";
import {BlackBox, eventText, standingText} from "./black-box.ts";
import type {AccountId, Call, CallId} from "./call.ts";
import {outputsOf} from "./outputs.ts";
import type {Effect, Outputs, PhoneEvent, PhoneState, StatusFacts} from "./state.ts";
import {transition} from "./transition.ts";

/** A port may throw, or reject later: either is caught here, logged, and becomes the event that says so. */
type Done = void | Promise<void>;
type SavedSetting = Effect & {readonly type: "saveSetting"};

export interface SignallingPort {
    dial(call: CallId, account: AccountId, number: string, emergency: boolean): Done;
    answer(call: CallId): Done;
    reject(call: CallId, status: 480 | 486 | 488 | 603): Done;
    hangUp(call: CallId): Done;
    setHold(call: CallId, held: boolean): Done;
    /** `ms` is the length of the telephone-event. */
    sendDigit(call: CallId, digit: Digit, ms: number): Done;
}

export interface CallLogPort {
    open(call: Call, wall: number | null): Done;
    answer(call: Call, wall: number | null): Done;
    note(call: Call): Done;
    close(call: Call, wall: number | null, talkSeconds: number | null): Done;
    markMissedSeen(): Done;
}

export interface PhonePorts {
    readonly signalling: SignallingPort;
    readonly audio: {setAudio(wanted: WantedAudio): void};
    readonly display: Display;
    readonly lamps: {setLamps(lamps: Lamps): void};
    readonly callLog: CallLogPort;
    /** The contact's name for a number, null for a stranger. */
    readonly names: {nameOf(number: string): Promise<string | null>};
    readonly settings: {save(name: SavedSetting["name"], value: SavedSetting["value"]): Done};
    readonly microphoneTest: {start(): Done; stop(): Done};
    /** `session`: the engine's session of the call in the mix, for its statistics. */
    readonly facts: {read(session: number | null): StatusFacts | Promise<StatusFacts>};
    /** The pure screens, of the size of the display. `wakeAt`: when the frame next changes by time alone. */
    readonly screen: {frameOf(state: PhoneState): Frame; wakeAt(state: PhoneState): number | null};
}

export interface PhoneOptions {
    readonly state: PhoneState;
    readonly ports: PhonePorts;
    readonly log: Log;
    /** Monotonic ms, the clock of every event's `at`. */
    readonly now: () => number;
    /** UTC ms. */
    readonly wall: () => number;
    /** Told after each event that changed something, for whoever watches (the bench phone). */
    readonly onChange?: (state: PhoneState, outputs: Outputs) => void;
}

/** Lines of the black box. */
const blackBoxLines = 1000;
/** While facts are shown (on the status screen, and the codec in a call) they are read so often, ms. */
const factsMs = 1000;
/** A screen cannot ask for more frames than this apart, ms. */
const frameMs = 50;
/** No timer is longer, ms: Node's own bound is 2^31, and a clock that was set is noticed. */
const longestTimer = 60_000;
/** Events too frequent to be told one by one. */
const quiet: ReadonlySet<PhoneEvent["type"]> = new Set(["clock", "microphoneLevel", "facts"]);

/** An event that tells of a failure, before its time is known. */
type Failure = DistributiveOmit<PhoneEvent, "at">;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** What the rules hear of an effect that could not be carried out; they say what follows. */
function failureOf(effect: Effect): Failure | null {
    switch (effect.type) {
        case "dial":
        case "answer":
        case "reject":
        case "hangUp": {
            return {type: "ended", call: effect.call, reason: {code: "failed", sip: null}};
        }
        case "setHold": {
            return {type: "holdFailed", call: effect.call};
        }
        // The store tells its fault itself, and when it is well again. A lost digit, name or fact changes nothing that
        // the rules could mend; the log has it.
        case "openLog":
        case "answerLog":
        case "noteLog":
        case "closeLog":
        case "markMissedSeen":
        case "saveSetting":
        case "sendDigit":
        case "lookUpName":
        case "readFacts": {
            return null;
        }
    }
}

export class Phone {
    readonly #options: PhoneOptions;
    readonly #ports: PhonePorts;
    readonly #log: Log;
    readonly #queue: PhoneEvent[] = [];
    readonly #blackBox = new BlackBox(blackBoxLines);
    #state: PhoneState;
    #outputs: Outputs;
    #running = false;
    #closed = false;
    #timer: ReturnType<typeof setTimeout> | null = null;
    /** When the facts were read last. */
    #factsAt = Number.NEGATIVE_INFINITY;
    #shown: Frame | null = null;
    #audio: WantedAudio | null = null;
    #lamps: Lamps | null = null;
    #testing = false;

    constructor(options: PhoneOptions) {
        this.#options = options;
        this.#ports = options.ports;
        this.#log = options.log;
        this.#state = options.state;
        this.#outputs = outputsOf(options.state);
    }

    /** Reads the clocks and hands everything to the ports for the first time. */
    start(): void {
        this.#tick();
    }

    get state(): PhoneState {
        return this.#state;
    }

    get outputs(): Outputs {
        return this.#outputs;
    }

    /** Takes an event. One that a port posts during a step waits until the step is done. After `close` it is dropped. */
    post(event: PhoneEvent): void {
        if (this.#closed) return;
        this.#queue.push(event);
        if (this.#running) return;
        this.#running = true;
        try {
            for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
        } finally {
            this.#running = false;
            this.#schedule();
        }
    }

    /** The last thousand events, oldest first, without numbers and names. */
    blackBox(): readonly string[] {
        return this.#blackBox.lines();
    }

    /** Stops the timer and the microphone test; ports are not touched again. Idempotent. */
    close(): void {
        if (this.#closed) return;
        this.#closed = true;
        if (this.#timer !== null) clearTimeout(this.#timer);
        if (this.#testing) this.#attempt("stopping the microphone test", () => this.#ports.microphoneTest.stop());
    }

    #step(event: PhoneEvent): void {
        const before = this.#state;
        let effects: readonly Effect[];
        try {
            ({state: this.#state, effects} = transition(before, event));
        } catch (thrown) {
            // A mistake in the rules: the event is lost, the phone is not.
            this.#log.error(`${standingText(before)} + ${eventText(event)} failed: ${messageOf(thrown)}`);
            return;
        }
        this.#record(before, event);
        this.#outputs = outputsOf(this.#state);
        this.#handSound(event);
        for (const effect of effects) this.#carryOut(effect);
        this.#handRest();
    }

    #record(before: PhoneState, event: PhoneEvent): void {
        const from = standingText(before);
        const to = standingText(this.#state);
        if (quiet.has(event.type) && from === to) return;
        const line = `${from} + ${eventText(event)} -> ${to}`;
        this.#blackBox.add(`${Math.round(event.at)} ${line}`);
        if (event.type === "key" || quiet.has(event.type)) this.#log.debug(line);
        else this.#log.info(line);
    }

    #carryOut(effect: Effect): void {
        this.#attempt(
            effect.type,
            () => this.#workOf(effect),
            () => failureOf(effect),
        );
    }

    #workOf(effect: Effect): Done {
        const {signalling, callLog, settings} = this.#ports;
        switch (effect.type) {
            case "dial": {
                return signalling.dial(effect.call, effect.account, effect.number, effect.emergency);
            }
            case "answer": {
                return signalling.answer(effect.call);
            }
            case "reject": {
                return signalling.reject(effect.call, effect.status);
            }
            case "hangUp": {
                return signalling.hangUp(effect.call);
            }
            case "setHold": {
                return signalling.setHold(effect.call, effect.held);
            }
            case "sendDigit": {
                return signalling.sendDigit(effect.call, effect.digit, effect.ms);
            }
            case "openLog": {
                return callLog.open(effect.call, effect.wall);
            }
            case "answerLog": {
                return callLog.answer(effect.call, effect.wall);
            }
            case "noteLog": {
                return callLog.note(effect.call);
            }
            case "closeLog": {
                return callLog.close(effect.call, effect.wall, effect.talkSeconds);
            }
            case "markMissedSeen": {
                return callLog.markMissedSeen();
            }
            case "saveSetting": {
                return settings.save(effect.name, effect.value);
            }
            case "lookUpName": {
                return this.#lookUp(effect.call, effect.number);
            }
            case "readFacts": {
                return this.#readFacts();
            }
        }
    }

    /** Does work of a port; what it throws, now or later, is logged and told as an event. */
    #attempt(what: string, work: () => Done, failure: (why: string) => Failure | null = () => null): void {
        const fail = (thrown: unknown): void => {
            const why = messageOf(thrown);
            this.#log.error(`${what} failed: ${why}`);
            const told = failure(why);
            if (told !== null) this.post({...told, at: this.#options.now()});
        };
        try {
            work()?.catch(fail);
        } catch (thrown) {
            fail(thrown);
        }
    }

    async #lookUp(call: CallId, number: string): Promise<void> {
        const name = await this.#ports.names.nameOf(number);
        if (name !== null) this.post({type: "named", call, name, at: this.#options.now()});
    }

    async #readFacts(): Promise<void> {
        this.#factsAt = this.#options.now();
        const status = await this.#ports.facts.read(this.#sessions()[0] ?? null);
        this.post({type: "facts", status, at: this.#options.now()});
    }

    #sessions(): readonly number[] {
        const {mix} = this.#outputs;
        const mixed = this.#state.calls.filter((call) => mix.includes(call.id));
        return mixed.map((call) => call.session).filter((session) => session !== null);
    }

    /**
     * Sound goes first: at a hang-up the microphone closes before anything is signalled. The engine closes capture by
     * itself when its own eye sees the handset down, so that a move of the hook tells it anew.
     */
    #handSound(event: PhoneEvent): void {
        if (!this.#outputs.microphoneTest) this.#setTesting(false);
        const {route, microphone, volume, earTone, ring} = this.#outputs;
        const wanted: WantedAudio = {route, mix: this.#sessions(), microphone, volume, earTone, ring};
        if (event.type !== "hook" && isDeepStrictEqual(wanted, this.#audio)) return;
        this.#audio = wanted;
        this.#attempt(
            "setting the audio",
            () => this.#ports.audio.setAudio(wanted),
            (reason) => ({type: "device", pcm: "playback", ok: false, reason}),
        );
    }

    /** A port that fails is asked again only when its value changes again. */
    #handRest(): void {
        this.#setLamps(this.#outputs.lamps);
        if (this.#outputs.microphoneTest) this.#setTesting(true);
        this.#attempt(
            "showing the screen",
            () => this.#show(),
            (reason) =>
                this.#state.faults.includes("display") ? null : {type: "fault", part: "display", lost: true, reason},
        );
        this.#attempt("telling who watches", () => this.#options.onChange?.(this.#state, this.#outputs));
    }

    #setLamps(lamps: Lamps): void {
        if (isDeepStrictEqual(lamps, this.#lamps)) return;
        this.#lamps = lamps;
        this.#attempt("setting the lamps", () => this.#ports.lamps.setLamps(lamps));
    }

    #setTesting(testing: boolean): void {
        if (testing === this.#testing) return;
        this.#testing = testing;
        const {microphoneTest} = this.#ports;
        this.#attempt(
            "the microphone test",
            () => (testing ? microphoneTest.start() : microphoneTest.stop()),
            (reason) => ({type: "device", pcm: "capture", ok: false, reason}),
        );
    }

    #show(): void {
        const frame = this.#ports.screen.frameOf(this.#state);
        if (isDeepStrictEqual(frame, this.#shown)) return;
        this.#shown = frame;
        this.#ports.display.show(frame);
    }

    #tick(): void {
        const {now, wall} = this.#options;
        this.post({type: "clock", at: now(), wall: wall()});
        const stale = this.#state.now - this.#factsAt >= factsMs;
        if (showsFacts(this.#state) && stale) this.#attempt("reading the facts", () => this.#readFacts());
    }

    /** One timer for all that waits: the state's deadlines, the screen's next change, the facts that are shown. */
    #schedule(): void {
        if (this.#closed) return;
        if (this.#timer !== null) clearTimeout(this.#timer);
        const now = this.#options.now();
        const wait = Math.min(
            longestTimer,
            (this.#outputs.wakeAt ?? Number.POSITIVE_INFINITY) - now,
            Math.max(frameMs, this.#screenWakeAt() - now),
            showsFacts(this.#state) ? factsMs : Number.POSITIVE_INFINITY,
        );
        this.#timer = setTimeout(() => this.#tick(), Math.max(0, Math.ceil(wait)));
    }

    #screenWakeAt(): number {
        try {
            return this.#ports.screen.wakeAt(this.#state) ?? Number.POSITIVE_INFINITY;
        } catch (thrown) {
            this.#log.error(`asking the screen for its next change failed: ${messageOf(thrown)}`);
            return Number.POSITIVE_INFINITY;
        }
    }
}

function showsFacts(state: PhoneState): boolean {
    return state.view.type === "status" || state.calls.some(({phase}) => phase === "talking");
}

/** A phone that has not started yet: `start()` it once its ports can post back. */
export function createPhone(options: PhoneOptions): Phone {
    return new Phone(options);
}
