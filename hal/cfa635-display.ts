/**
 * The driver of a CFA635: one command outstanding, the next one always the next difference between what the glass shows
 * and what it should show.
 *
 *   closed --port open--> probing --any answer--> well --two timeouts--> probing
 *      ^                     |                      |
 *      +---- port lost ------+----------------------+
 *
 * Probing sends pings, slower and slower, and opens the port anew now and then. On the way to `well` everything is
 * unknown and therefore painted. Answers carry no number: after a timeout the next command is a ping, whose data come
 * back, so that an answer that was only late is never taken for that of a later command.
 */
import type {CursorKey, Frame} from "./board.ts";
import {
    afterCommand,
    afterSilence,
    type Command,
    forgetRow,
    type Glass,
    LED_HALVES,
    nextCommand,
    unknownGlass,
    wantedGlass,
} from "./cfa635-glass.ts";
import {
    ANSWER_MS,
    type CfaPacket,
    COMMAND,
    encodePacket,
    keyOfReport,
    keysDown,
    parsePackets,
} from "./display-protocol-cfa635.ts";
import {checkFrame, FrameGate} from "./frame-gate.ts";
import type {DisplayOptions, SerialDisplay} from "./serial-display.ts";

const PING_MS = 2_000;
/** While a key is down the module is asked whether it still is: a lost release report must not hold it for ever. */
const KEY_POLL_MS = 300;
/** One row is sent anew each time, for a glass disturbed without a word. */
const HEAL_MS = 15_000;
const TIMEOUTS_TO_FAULT = 2;
const REFUSALS_TO_SKIP = 3;
const FIRST_PROBE_MS = 250;
const LONGEST_PROBE_MS = 2_000;
/** A silent module's port is opened anew after so many probes: a hung USB adapter wakes up only that way. */
const PROBES_TO_REOPEN = 8;
const PATIENCE_MS = 1_000;

const READ_KEYS: Command = {code: COMMAND.readKeys, data: []};

export class Cfa635Display implements SerialDisplay {
    readonly columns: number;
    readonly rows: number;
    readonly #options: DisplayOptions;
    readonly #gate = new FrameGate();
    #frame: Frame | null = null;
    #leds: readonly number[] = new Array<number>(LED_HALVES).fill(0);
    #shown: Glass;
    #phase: "closed" | "probing" | "well" = "closed";
    #lost = false;
    #outstanding: Command | null = null;
    #timeouts = 0;
    #refusals = 0;
    #probes = 0;
    /** Number of the last ping, its data. */
    #pings = 0;
    /** A command was not answered; what comes now may still be its answer. */
    #unsure = false;
    #input: Uint8Array = new Uint8Array();
    #heardAt = 0;
    #healedAt = 0;
    #healRow = 0;
    #probeAt = 0;
    readonly #down = new Set<CursorKey>();
    #answerTimer: NodeJS.Timeout | null = null;
    #nextTimer: NodeJS.Timeout | null = null;
    #patience: NodeJS.Timeout | null = null;

    constructor(options: DisplayOptions) {
        this.#options = options;
        this.columns = options.columns;
        this.rows = options.rows;
        this.#shown = unknownGlass(options.columns, options.rows);
        options.port.onOpen((open) => this.#onOpen(open));
        options.port.onData((chunk) => this.#onData(chunk));
    }

    start(): void {
        this.#options.port.open();
        this.#patience = setTimeout(() => {
            if (this.#phase !== "well") this.#tell(true, "it does not answer");
        }, PATIENCE_MS);
    }

    show(frame: Frame): void {
        checkFrame(frame, this.columns, this.rows);
        this.#gate.put(frame);
        this.#advance();
    }

    setLeds(levels: readonly number[]): void {
        if (levels.length !== LED_HALVES) throw new RangeError(`${LED_HALVES} LED levels are wanted`);
        this.#leds = levels;
        this.#advance();
    }

    async close(): Promise<void> {
        this.#phase = "closed";
        this.#stopTimers();
        if (this.#patience !== null) clearTimeout(this.#patience);
        await this.#options.port.close();
    }

    #onOpen(open: boolean): void {
        this.#stopTimers();
        this.#input = new Uint8Array();
        this.#timeouts = 0;
        this.#releaseKeys();
        if (open) {
            this.#phase = "probing";
            this.#probeAt = 0;
            this.#advance();
        } else {
            this.#phase = "closed";
            this.#tell(true, "its port was lost");
        }
    }

    #tell(lost: boolean, reason: string): void {
        if (lost === this.#lost) return;
        this.#lost = lost;
        this.#options.onFault(lost, reason);
    }

    /** Sends the one thing that is due now, or sleeps until something is. */
    #advance(): void {
        if (this.#phase === "closed" || this.#outstanding !== null) return;
        const now = performance.now();
        const frame = this.#gate.pass(now);
        if (frame !== null) this.#frame = frame;
        const command = this.#phase === "probing" ? this.#nextProbe(now) : this.#nextDue(now);
        if (command === null) this.#sleep(now);
        else this.#send(command);
    }

    #nextProbe(now: number): Command | null {
        return now >= this.#probeAt ? this.#ping() : null;
    }

    #ping(): Command {
        this.#pings = (this.#pings + 1) & 0xff;
        return {code: COMMAND.ping, data: [this.#pings]};
    }

    #nextDue(now: number): Command | null {
        if (this.#unsure) return this.#ping();
        const change = this.#frame === null ? null : nextCommand(this.#shown, this.#wanted(this.#frame));
        if (change !== null) return change;
        if (this.#down.size > 0 && now >= this.#heardAt + KEY_POLL_MS) return READ_KEYS;
        if (now >= this.#heardAt + PING_MS) {
            if (now < this.#healedAt + HEAL_MS) return this.#ping();
            this.#healedAt = now;
            this.#healRow = (this.#healRow + 1) % this.rows;
            this.#shown = forgetRow(this.#shown, this.#healRow);
            return this.#nextDue(now);
        }
        return null;
    }

    #wanted(frame: Frame): Glass {
        const {bright, dim, contrast} = this.#options;
        return wantedGlass(frame, {bright, dim, contrast, leds: this.#leds});
    }

    #sleep(now: number): void {
        if (this.#nextTimer !== null) clearTimeout(this.#nextTimer);
        const idle = this.#heardAt + (this.#down.size > 0 ? KEY_POLL_MS : PING_MS) - now;
        const due = this.#phase === "probing" ? this.#probeAt - now : idle;
        const wait = Math.min(due, this.#gate.waitMs(now) ?? due);
        this.#nextTimer = setTimeout(() => this.#advance(), Math.max(1, Math.ceil(wait)));
    }

    #send(command: Command): void {
        this.#outstanding = command;
        this.#options.port.write(encodePacket(command.code, command.data));
        this.#answerTimer = setTimeout(() => this.#onTimeout(command), ANSWER_MS);
    }

    #onTimeout(command: Command): void {
        this.#outstanding = null;
        this.#answerTimer = null;
        this.#timeouts += 1;
        this.#unsure = true;
        this.#shown = afterSilence(this.#shown, command);
        if (this.#timeouts >= TIMEOUTS_TO_FAULT && this.#phase === "well") {
            this.#phase = "probing";
            this.#probes = 0;
            this.#probeAt = 0;
            this.#releaseKeys();
            this.#tell(true, "it does not answer");
        } else if (this.#phase === "probing") {
            this.#probes += 1;
            const wait = FIRST_PROBE_MS * 2 ** Math.min(this.#probes - 1, 10);
            this.#probeAt = performance.now() + Math.min(wait, LONGEST_PROBE_MS);
            if (this.#probes % PROBES_TO_REOPEN === 0) {
                this.#options.port.reopen("the display does not answer");
                return;
            }
        }
        this.#advance();
    }

    #onData(chunk: Uint8Array): void {
        const {packets, rest} = parsePackets(Buffer.concat([this.#input, chunk]));
        this.#input = rest;
        for (const packet of packets) this.#onPacket(packet);
    }

    #onPacket(packet: CfaPacket): void {
        switch (packet.type) {
            case "response": {
                if (packet.code === COMMAND.version) this.#onBoot();
                else if (this.#outstanding !== null && isAnswer(packet, this.#outstanding)) {
                    this.#onAnswer(this.#outstanding, packet.data);
                }
                return;
            }
            case "error": {
                if (packet.code === this.#outstanding?.code) this.#onRefusal(this.#outstanding);
                return;
            }
            case "report": {
                const key = keyOfReport(packet);
                if (key !== null) this.#setKey(key.key, key.down);
                return;
            }
            case "command": {
                // Our own bytes back: an echoing cable. Whoever answers pings with pings is no display.
                return;
            }
        }
    }

    /** The module says its version unasked when it has just started: nothing of what it shows is ours. */
    #onBoot(): void {
        this.#options.log("info", "the display has started and is painted anew");
        this.#shown = unknownGlass(this.columns, this.rows);
        this.#releaseKeys();
        this.#advance();
    }

    #onAnswer(command: Command, data: Uint8Array): void {
        this.#settle();
        this.#refusals = 0;
        if (command.code === COMMAND.ping) this.#unsure = false;
        if (this.#phase === "probing") {
            this.#phase = "well";
            this.#probes = 0;
            this.#shown = unknownGlass(this.columns, this.rows);
            this.#tell(false, "it answers");
        }
        this.#shown = afterCommand(this.#shown, command);
        if (command.code === COMMAND.readKeys) {
            const down = keysDown(data);
            for (const key of [...this.#down]) if (!down.includes(key)) this.#setKey(key, false);
        }
        this.#advance();
    }

    /** An error packet is tried again; what the module never takes is given up, or it would hold up all the rest. */
    #onRefusal(command: Command): void {
        this.#settle();
        this.#refusals += 1;
        if (this.#refusals >= REFUSALS_TO_SKIP) {
            this.#refusals = 0;
            this.#shown = afterCommand(this.#shown, command);
            this.#options.log("warning", `the display refuses command ${command.code}`);
        }
        this.#advance();
    }

    #settle(): void {
        this.#heardAt = performance.now();
        this.#timeouts = 0;
        this.#outstanding = null;
        if (this.#answerTimer !== null) clearTimeout(this.#answerTimer);
        this.#answerTimer = null;
    }

    #setKey(key: CursorKey, down: boolean): void {
        if (this.#down.has(key) === down) return;
        if (down) this.#down.add(key);
        else this.#down.delete(key);
        this.#options.onKey(key, down);
        this.#advance();
    }

    #releaseKeys(): void {
        for (const key of [...this.#down]) {
            this.#down.delete(key);
            this.#options.onKey(key, false);
        }
    }

    #stopTimers(): void {
        this.#outstanding = null;
        if (this.#answerTimer !== null) clearTimeout(this.#answerTimer);
        if (this.#nextTimer !== null) clearTimeout(this.#nextTimer);
        this.#answerTimer = null;
        this.#nextTimer = null;
    }
}

/** Of the same code; a ping's data are its own. */
function isAnswer({code, data}: CfaPacket, command: Command): boolean {
    return code === command.code && (code !== COMMAND.ping || Buffer.from(data).equals(Buffer.from(command.data)));
}
