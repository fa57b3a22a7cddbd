/**
 * A Crystalfontz CFA635 at the end of a serial line, written from the module's data sheet and sharing nothing with the driver
 * (not even the checksum), so that both cannot share a misreading. Paced like the real line at 115200 baud.
 *
 *   driver's bytes --> arrival clock --> faults --> packets --> commands --> state
 *                                                                 |
 *   driver  <-- faults <-- departure clock <-- answers and key reports
 */
import {Cfa635Module, type EmulatedKey, VERSION} from "./cfa635-emulator-module.ts";
import type {SerialEnd} from "./pty.ts";

/** 10 bits a byte: start, 8 data, stop. */
const BYTE_MS = 10_000 / 115_200;
const LONGEST_DATA = 22;
const LAST_COMMAND = 35;
/** Time to start, in which the module is deaf and dumb. */
const BOOT_MS = 60;

/** Faults to switch on while it runs. Probabilities are for each byte. */
export interface EmulatorFaults {
    /** Extra ms before each answer; the data sheet allows up to 250. */
    delayMs: number;
    loseIncoming: number;
    corruptIncoming: number;
    loseOutgoing: number;
    corruptOutgoing: number;
    /** Hears nothing and says nothing, as with its power gone. */
    silent: boolean;
    /** Commands that are answered by an error packet. */
    refuse: Set<number>;
    /** Reports this many times the state of a key that nobody touches, in between. */
    chatter: number;
}

/** CRC as the data sheet words it: bits shifted in from the right, the register turned round at the end. */
function checksum(bytes: Uint8Array): number {
    let register = 0xffff;
    for (const byte of bytes) {
        for (let bit = 0; bit < 8; bit += 1) {
            const top = (register >>> 15) ^ ((byte >>> bit) & 1);
            register = (register << 1) & 0xffff;
            if (top) register ^= 0x1021;
        }
    }
    let turned = 0;
    for (let bit = 0; bit < 16; bit += 1) if (register & (1 << bit)) turned |= 0x8000 >>> bit;
    return turned ^ 0xffff;
}

/** One way of the line: what was put on it comes out in that order, each at its time (performance.now) or later. */
class Line {
    readonly #waiting: {readonly at: number; readonly step: () => void}[] = [];
    #timer: NodeJS.Timeout | null = null;

    push(arrival: {readonly at: number; readonly step: () => void}): void {
        this.#waiting.push(arrival);
        this.#arm();
    }

    clear(): void {
        this.#waiting.length = 0;
        if (this.#timer !== null) clearTimeout(this.#timer);
        this.#timer = null;
    }

    // One timer for all: of two timers the later may fire first, since Node rounds their times.
    #arm(): void {
        const [next] = this.#waiting;
        if (this.#timer !== null || next === undefined) return;
        this.#timer = setTimeout(() => this.#pass(), Math.max(0, next.at - performance.now()));
    }

    #pass(): void {
        this.#timer = null;
        for (let next = this.#waiting[0]; next !== undefined && next.at <= performance.now(); next = this.#waiting[0]) {
            this.#waiting.shift();
            next.step();
        }
        this.#arm();
    }
}

export class Cfa635Emulator {
    readonly faults: EmulatorFaults = {
        delayMs: 0,
        loseIncoming: 0,
        corruptIncoming: 0,
        loseOutgoing: 0,
        corruptOutgoing: 0,
        silent: false,
        refuse: new Set(),
        chatter: 0,
    };
    /** Packets understood so far, each as its code and data. */
    readonly heard: {readonly code: number; readonly data: Uint8Array; readonly at: number}[] = [];
    readonly #listeners = new Set<() => void>();
    readonly #timers = new Set<NodeJS.Timeout>();
    readonly #line: SerialEnd;
    readonly #module = new Cfa635Module();
    readonly #arriving = new Line();
    readonly #leaving = new Line();
    #input: number[] = [];
    #arrivedAt = 0;
    #departedAt = 0;
    #booting = false;
    #seed = 1;
    #badBytes = 0;

    constructor(line: SerialEnd) {
        this.#line = line;
        line.onData((chunk) => this.#arrive(chunk));
    }

    /** What a person reads, four strings of 20. */
    get lines(): readonly string[] {
        return this.#module.lines;
    }

    /** The 80 codes behind the glass. */
    get codes(): Uint8Array {
        return this.#module.settings.text;
    }

    /** Per LED from the top: green and red, 0 to 100 %. */
    get leds(): readonly {readonly green: number; readonly red: number}[] {
        return [11, 9, 7, 5].map((index) => ({
            green: this.#module.settings.gpio[index] ?? 0,
            red: this.#module.settings.gpio[index + 1] ?? 0,
        }));
    }

    get backlight(): {readonly display: number; readonly keypad: number} {
        return this.#module.settings.backlight;
    }

    get contrast(): number {
        return this.#module.settings.contrast;
    }

    /** Style: 0 none, 1 blinking block, 2 underscore, 3 blinking underscore. */
    get cursor(): {readonly column: number; readonly row: number; readonly style: number} {
        return this.#module.settings.cursor;
    }

    get glyphs(): readonly Uint8Array[] {
        return this.#module.settings.glyphs;
    }

    /** Bytes thrown away because no valid packet began there. */
    get badBytes(): number {
        return this.#badBytes;
    }

    /** Calls after each command that was carried out. */
    onChange(listener: () => void): void {
        this.#listeners.add(listener);
    }

    /** Resolves as soon as `condition` holds, looked at after each command; the test's own timeout bounds it. */
    until(condition: () => boolean): Promise<void> {
        if (condition()) return Promise.resolve();
        return new Promise((resolve) => {
            const look = (): void => {
                if (!condition()) return;
                this.#listeners.delete(look);
                resolve();
            };
            this.#listeners.add(look);
        });
    }

    press(key: EmulatedKey): void {
        const report = this.#module.key(key, true);
        if (report !== null) this.#send(0x80, [report]);
    }

    release(key: EmulatedKey): void {
        const report = this.#module.key(key, false);
        if (report !== null) this.#send(0x80, [report]);
    }

    /** Loses power for a moment: back in the stored boot state, and its version is said unasked. */
    reboot(): void {
        this.#module.boot();
        this.#input = [];
        this.#booting = true;
        this.#later(BOOT_MS, () => {
            this.#booting = false;
            this.#send(0x41, VERSION);
        });
    }

    /** Puts raw bytes on the line to the driver. */
    inject(bytes: Uint8Array): void {
        this.#line.write(bytes);
    }

    /** Pulls the cable out. */
    close(): void {
        for (const timer of this.#timers) clearTimeout(timer);
        this.#timers.clear();
        this.#arriving.clear();
        this.#leaving.clear();
        this.#line.close();
    }

    #later(ms: number, step: () => void): void {
        const timer = setTimeout(() => {
            this.#timers.delete(timer);
            step();
        }, ms);
        this.#timers.add(timer);
    }

    /** A chunk is cut to pieces so that an answer to its first packet need not wait for its last byte. */
    #arrive(chunk: Uint8Array): void {
        for (let at = 0; at < chunk.length; at += 8) {
            const piece = chunk.slice(at, at + 8);
            const now = performance.now();
            this.#arrivedAt = Math.max(now, this.#arrivedAt) + piece.length * BYTE_MS;
            this.#arriving.push({at: this.#arrivedAt, step: () => this.#hear(piece)});
        }
    }

    #hear(piece: Uint8Array): void {
        if (this.faults.silent || this.#booting) return;
        this.#input.push(...this.#disturb(piece, this.faults.loseIncoming, this.faults.corruptIncoming));
        for (;;) {
            const packet = this.#nextPacket();
            if (packet === null) return;
            this.heard.push({...packet, at: performance.now()});
            this.#obey(packet.code, packet.data);
            for (const listener of [...this.#listeners]) listener();
        }
    }

    #nextPacket(): {readonly code: number; readonly data: Uint8Array} | null {
        while (this.#input.length >= 4) {
            const [code = 0, length = 0] = this.#input;
            if (code > LAST_COMMAND || length > LONGEST_DATA) {
                this.#input.shift();
                this.#badBytes += 1;
                continue;
            }
            if (this.#input.length < length + 4) return null;
            const packet = Uint8Array.from(this.#input.slice(0, length + 4));
            const said = (packet[length + 2] ?? 0) + (packet[length + 3] ?? 0) * 256;
            if (said !== checksum(packet.subarray(0, length + 2))) {
                this.#input.shift();
                this.#badBytes += 1;
                continue;
            }
            this.#input.splice(0, length + 4);
            return {code, data: packet.slice(2, length + 2)};
        }
        return null;
    }

    /** Answers within the pace of the line; a wrong length or value is answered by an error packet. */
    #obey(code: number, data: Uint8Array): void {
        const answer = this.faults.refuse.has(code) ? null : this.#module.obey(code, data);
        const send = (): void => {
            if (answer === null) this.#send(0xc0 | code, []);
            else this.#send(0x40 | code, answer);
            if (code === 5 && answer !== null) this.reboot();
        };
        for (let count = 0; count < this.faults.chatter; count += 1) this.#send(0x80, [7]);
        if (this.faults.delayMs > 0) this.#later(this.faults.delayMs, send);
        else send();
    }

    #send(type: number, data: readonly number[]): void {
        if (this.faults.silent || this.#booting) return;
        const head = Uint8Array.from([type, data.length, ...data]);
        const crc = checksum(head);
        const packet = Uint8Array.from([...head, crc & 0xff, crc >>> 8]);
        const bytes = this.#disturb(packet, this.faults.loseOutgoing, this.faults.corruptOutgoing);
        const now = performance.now();
        this.#departedAt = Math.max(now, this.#departedAt) + packet.length * BYTE_MS;
        this.#leaving.push({at: this.#departedAt, step: () => this.#line.write(Uint8Array.from(bytes))});
    }

    #disturb(bytes: Uint8Array, lose: number, corrupt: number): number[] {
        return [...bytes]
            .filter(() => lose === 0 || this.#random() >= lose)
            .map((byte) =>
                corrupt > 0 && this.#random() < corrupt ? byte ^ (1 << Math.floor(this.#random() * 8)) : byte,
            );
    }

    /** Repeatable noise: a linear congruential generator (Numerical Recipes), 0 to 1. */
    #random(): number {
        this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
        return this.#seed / 2 ** 32;
    }
}
