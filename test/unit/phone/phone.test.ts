import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import {initialState} from "../../../firmware/phone/initial-state.ts";
import {createPhone, type Phone, type PhonePorts} from "../../../firmware/phone/phone.ts";
import type {PhoneEvent, PhoneState, StatusFacts} from "../../../firmware/phone/state.ts";
import type {Frame, Key, Lamps} from "../../../hal/board.ts";
import type {WantedAudio} from "../../../native/index.ts";
import {screenOf} from "../../../ui/screen.ts";
import {screenWakeAt} from "../../../ui/wake.ts";
import {account, german, settings} from "./stage.ts";

const size = {columns: 20, rows: 4};
const facts: StatusFacts = {version: "1", serial: "2", addresses: [], servers: [], realTime: null, media: null};

/** Everything that the ports were told, in order, and ports that can be made to fail. */
class Bench {
    readonly told: string[] = [];
    readonly audio: WantedAudio[] = [];
    readonly frames: Frame[] = [];
    readonly lamps: Lamps[] = [];
    readonly lines: string[] = [];
    /** Names of port calls that throw. */
    readonly broken = new Set<string>();
    factsRead = 0;
    readonly phone: Phone;

    /** `ports` go in the place of the recording ones. */
    constructor(state: Partial<PhoneState> = {}, ports: Partial<PhonePorts> = {}) {
        this.phone = createPhone({
            state: {
                ...initialState(settings, performance.now(), state.handsFree ?? false),
                accounts: [account],
                ...state,
            },
            ports: {...this.#ports(), ...ports},
            log: createLog((line) => this.lines.push(line), "debug"),
            now: () => performance.now(),
            wall: () => Date.now(),
        });
        this.phone.start();
    }

    #tell(what: string, ...values: readonly unknown[]): void {
        this.told.push([what, ...values].join(" "));
        if (this.broken.has(what)) throw new Error(`${what} is broken`);
    }

    #ports(): PhonePorts {
        return {
            signalling: {
                dial: (call, line, number, emergency) => this.#tell("dial", call, line, number, emergency),
                answer: (call) => this.#tell("answer", call),
                reject: (call, status) => this.#tell("reject", call, status),
                hangUp: (call) => this.#tell("hangUp", call),
                setHold: (call, held) => this.#tell("setHold", call, held),
                sendDigit: (call, digit, ms) => this.#tell("sendDigit", call, digit, ms),
            },
            audio: {
                setAudio: (wanted) => {
                    this.audio.push(wanted);
                    this.#tell("setAudio", wanted.microphone);
                },
            },
            display: {
                ...size,
                show: (frame) => {
                    this.frames.push(frame);
                    this.#tell("show");
                },
            },
            lamps: {
                setLamps: (lamps) => {
                    this.lamps.push(lamps);
                    this.#tell("setLamps");
                },
            },
            callLog: {
                open: async (call) => this.#tell("openLog", call.id),
                answer: async (call) => this.#tell("answerLog", call.id),
                note: async (call) => this.#tell("noteLog", call.id),
                close: async (call, _wall, talkSeconds) => this.#tell("closeLog", call.id, talkSeconds),
                markMissedSeen: async () => this.#tell("markMissedSeen"),
            },
            names: {
                nameOf: async (number) => {
                    this.#tell("nameOf");
                    return number === "600" ? "Echo" : null;
                },
            },
            settings: {save: async (name, value) => this.#tell("save", name, value)},
            microphoneTest: {
                start: () => this.#tell("startTest"),
                stop: async () => this.#tell("stopTest"),
            },
            facts: {
                read: async () => {
                    this.factsRead += 1;
                    return facts;
                },
            },
            screen: {
                frameOf: (state) => screenOf(state, size),
                wakeAt: (state) => screenWakeAt(state, size),
            },
        };
    }

    post(event: PhoneEvent extends infer E ? (E extends unknown ? Omit<E, "at"> : never) : never): void {
        this.phone.post({...event, at: performance.now()} as PhoneEvent);
    }

    press(keys: string | Key): void {
        for (const key of /^[0-9*#]+$/.test(keys) ? keys : [keys]) {
            this.post({type: "key", key: key as Key, down: true});
            this.post({type: "key", key: key as Key, down: false});
        }
    }

    glass(): string {
        return this.frames.at(-1)?.lines.join("\n") ?? "";
    }

    talk(): void {
        this.post({type: "hook", hook: "off"});
        this.press("600#");
        this.post({type: "session", call: "out-1", session: 7});
        this.post({type: "confirmed", call: "out-1"});
    }
}

beforeEach(() => {
    vi.useFakeTimers({toFake: ["setTimeout", "clearTimeout", "performance", "Date"]});
    vi.setSystemTime(new Date("2026-01-05T10:00:00Z"));
});

afterEach(() => {
    vi.useRealTimers();
});

describe("the phone", () => {
    it("hands everything once at its start, and knows the time", () => {
        const bench = new Bench();
        expect(bench.told).toEqual(["setAudio closed", "setLamps", "show"]);
        expect(bench.glass()).toContain("11:00");
    });

    it("plays the dial tone on a lift and is silent after the hang-up", () => {
        const bench = new Bench();
        bench.post({type: "hook", hook: "off"});
        expect(bench.audio.at(-1)?.earTone).toBe(german.dial);
        bench.post({type: "hook", hook: "on"});
        expect(bench.audio.at(-1)?.earTone).toBeNull();
    });

    it("carries a call from the digits to the log", async () => {
        const bench = new Bench();
        bench.talk();
        await vi.advanceTimersByTimeAsync(5000);
        expect(bench.audio.at(-1)).toMatchObject({mix: [7], microphone: "open", route: "handset"});
        expect(bench.glass()).toMatch(/Echo/);
        bench.post({type: "hook", hook: "on"});
        bench.post({type: "ended", call: "out-1", reason: {code: "remoteHangUp", sip: null}});
        const words = bench.told.filter((line) => !/^(setAudio|show|setLamps)/.test(line));
        expect(words).toEqual([
            "openLog out-1",
            "nameOf",
            "dial out-1 0 600 false",
            "answerLog out-1",
            "hangUp out-1",
            "closeLog out-1 5",
        ]);
    });

    it("closes the microphone before it signals the hang-up", () => {
        const bench = new Bench();
        bench.talk();
        bench.told.length = 0;
        bench.post({type: "hook", hook: "on"});
        expect(bench.told.slice(0, 2)).toEqual(["setAudio closed", "hangUp out-1"]);
    });

    it("hands nothing twice that has not changed, but tells the engine anew of each move of the hook", () => {
        const bench = new Bench();
        bench.told.length = 0;
        bench.post({type: "storeFault", fault: null});
        bench.post({type: "key", key: "mute", down: true});
        bench.post({type: "key", key: "mute", down: false});
        expect(bench.told).toEqual([]);
        bench.post({type: "hook", hook: "on"});
        expect(bench.told).toEqual(["setAudio closed"]);
    });

    it("runs its clock once a second in a call, once a minute in peace", async () => {
        const bench = new Bench();
        bench.frames.length = 0;
        await vi.advanceTimersByTimeAsync(180_000);
        expect(bench.frames.length).toBe(3);
        bench.talk();
        await vi.advanceTimersByTimeAsync(1000);
        bench.frames.length = 0;
        await vi.advanceTimersByTimeAsync(10_000);
        expect(bench.frames.length).toBe(10);
    });

    it("wakes for what waits in the state, with one timer", async () => {
        const bench = new Bench();
        bench.post({type: "hook", hook: "off"});
        bench.press("600");
        expect(vi.getTimerCount()).toBe(1);
        await vi.advanceTimersByTimeAsync(4000);
        expect(bench.told).toContain("dial out-1 0 600 false");
        expect(vi.getTimerCount()).toBe(1);
    });

    it("lets an event that a port posts wait until the step is done", () => {
        const order: string[] = [];
        const nothing = (): void => {};
        const signalling: PhonePorts["signalling"] = {
            dial: (call) => {
                order.push("dial begins");
                bench.post({type: "ended", call, reason: {code: "busy", sip: 486}});
                order.push("dial returns");
            },
            ...{answer: nothing, reject: nothing, hangUp: nothing, setHold: nothing, sendDigit: nothing},
        };
        const callLog: PhonePorts["callLog"] = {
            close: (call) => void order.push(`closed ${call.reason?.code}`),
            ...{open: nothing, answer: nothing, note: nothing, markMissedSeen: nothing},
        };
        const bench = new Bench({}, {signalling, callLog});
        bench.press("600");
        bench.press("ok");
        expect(order).toEqual(["dial begins", "dial returns", "closed busy"]);
    });

    it("reads the facts each second while the status is shown, and not before or after", async () => {
        const bench = new Bench({view: {type: "menu", selected: 1}});
        await vi.advanceTimersByTimeAsync(5000);
        expect(bench.factsRead).toBe(0);
        bench.press("ok");
        await vi.advanceTimersByTimeAsync(5000);
        expect(bench.factsRead).toBeGreaterThanOrEqual(5);
        expect(bench.factsRead).toBeLessThanOrEqual(7);
        expect(bench.phone.state.status).toEqual(facts);
        bench.press("back");
        const before = bench.factsRead;
        await vi.advanceTimersByTimeAsync(5000);
        expect(bench.factsRead).toBe(before);
    });

    it("reads the facts in a call too, for the codec on the glass, and forgets the call's figures with its end", async () => {
        const media = {codec: "PCMA"} as StatusFacts["media"];
        const bench = new Bench();
        bench.talk();
        await vi.advanceTimersByTimeAsync(3000);
        expect(bench.factsRead).toBeGreaterThanOrEqual(2);
        bench.post({type: "facts", status: {...facts, media}});
        expect(bench.phone.state.status.media).toEqual(media);
        bench.post({type: "hook", hook: "on"});
        expect(bench.phone.state.status.media).toBeNull();
        const before = bench.factsRead;
        await vi.advanceTimersByTimeAsync(3000);
        expect(bench.factsRead).toBe(before);
    });

    it("starts the microphone test with its step and stops it before a call's audio", () => {
        const bench = new Bench({view: {type: "menu", selected: 4}});
        bench.press("ok");
        expect(bench.told.filter((line) => line.endsWith("Test"))).toEqual(["startTest"]);
        bench.told.length = 0;
        bench.post({type: "incoming", call: "in-1", account: 0, party: {number: "1", name: null}, security: "none"});
        expect(bench.told.slice(0, 2)).toEqual(["stopTest", "setAudio closed"]);
    });

    it("does nothing any more when it is closed, even with what was due", async () => {
        const bench = new Bench({view: {type: "menu", selected: 4}});
        bench.press("ok");
        bench.phone.close();
        bench.phone.close();
        expect(bench.told.at(-1)).toBe("stopTest");
        const told = bench.told.length;
        bench.post({type: "hook", hook: "off"});
        await vi.advanceTimersByTimeAsync(300_000);
        expect(bench.told.length).toBe(told);
        expect(vi.getTimerCount()).toBe(0);
    });
});

describe("a port that fails", () => {
    it("in dialling ends the call with words and a tone, and one row", async () => {
        const bench = new Bench();
        bench.broken.add("dial");
        bench.post({type: "hook", hook: "off"});
        bench.press("600#");
        expect(bench.phone.state.notice?.reason.code).toBe("failed");
        await vi.advanceTimersByTimeAsync(100);
        expect(bench.audio.at(-1)?.earTone).toBe(german.congestion);
        expect(bench.told.filter((line) => line.startsWith("closeLog"))).toEqual(["closeLog out-1 "]);
        expect(bench.lines.some((line) => line.includes("error phone: dial failed: dial is broken"))).toBe(true);
    });

    it("in answering, hanging up and rejecting leaves no call behind", () => {
        const bench = new Bench();
        for (const what of ["answer", "hangUp", "reject"]) bench.broken.add(what);
        const party = {number: "1", name: null};
        bench.post({type: "incoming", call: "in-1", account: 0, party, security: "none"});
        bench.post({type: "hook", hook: "off"});
        bench.post({type: "hook", hook: "on"});
        bench.post({type: "incoming", call: "in-2", account: 0, party, security: "none"});
        bench.press("back");
        expect(bench.phone.state.calls).toEqual([]);
        expect(bench.told.filter((line) => line.startsWith("closeLog"))).toHaveLength(2);
    });

    it("in holding leaves the call as it was", () => {
        const bench = new Bench();
        bench.broken.add("setHold");
        bench.talk();
        bench.press("hold");
        expect(bench.phone.state.calls).toMatchObject([{phase: "talking", pending: null}]);
        expect(bench.audio.at(-1)?.microphone).toBe("open");
    });

    it("in storing is logged, and the call goes on: the store tells its faults itself", async () => {
        const bench = new Bench();
        bench.broken.add("openLog");
        bench.talk();
        await vi.advanceTimersByTimeAsync(0);
        expect(bench.lines.some((line) => line.includes("openLog is broken"))).toBe(true);
        expect(bench.phone.state.calls[0]?.phase).toBe("talking");
    });

    it("in playing is a sound fault, told once for each change", () => {
        const bench = new Bench();
        bench.broken.add("setAudio");
        bench.post({type: "hook", hook: "off"});
        expect(bench.phone.state.soundFault).toBe("playback: setAudio is broken");
        expect(bench.audio).toHaveLength(2);
    });

    it("in showing is a lost display, and the phone telephones on", async () => {
        const bench = new Bench();
        bench.broken.add("show");
        bench.talk();
        expect(bench.phone.state.faults).toEqual(["display"]);
        await vi.advanceTimersByTimeAsync(60_000);
        expect(bench.phone.state.calls[0]?.phase).toBe("talking");
    });

    it("in finding a name, testing the microphone or lighting lamps is logged", async () => {
        const bench = new Bench({view: {type: "menu", selected: 4}});
        for (const what of ["nameOf", "startTest", "setLamps", "save"]) bench.broken.add(what);
        bench.press("ok");
        expect(bench.phone.state.soundFault).toBe("capture: startTest is broken");
        bench.press("back");
        bench.press("louder");
        bench.talk();
        await vi.advanceTimersByTimeAsync(5000);
        // The store says its own faults, and takes them back when it is well again.
        expect(bench.phone.state.storeFault).toBeNull();
        expect(bench.lines.some((line) => line.includes("save is broken"))).toBe(true);
        expect(bench.phone.state.calls[0]?.phase).toBe("talking");
        expect(bench.lines.filter((line) => line.includes("nameOf is broken"))).toHaveLength(1);
    });

    it("in drawing does not stop the clock", async () => {
        const fail = (): never => {
            throw new Error("no frame");
        };
        const bench = new Bench({}, {screen: {frameOf: fail, wakeAt: fail}});
        bench.post({type: "hook", hook: "off"});
        await vi.advanceTimersByTimeAsync(20_000);
        expect(bench.phone.state.offHook?.stage).toBe("warning");
    });
});

describe("the black box", () => {
    it("keeps what happened without numbers, digits and names", async () => {
        const bench = new Bench();
        bench.post({
            type: "incoming",
            call: "in-1",
            account: 0,
            party: {number: "4930123", name: "Anna"},
            security: "none",
        });
        bench.post({type: "ended", call: "in-1", reason: {code: "cancelled", sip: 487}});
        bench.talk();
        await vi.advanceTimersByTimeAsync(10);
        const text = bench.phone.blackBox().join("\n");
        expect(text).toContain("idle, on hook + incoming in-1 -> call, in-1 ringing, on hook");
        expect(text).toContain("+ ended in-1 cancelled 487 ->");
        expect(text).toContain("offHook, off hook + key digit down -> dialling, off hook");
        expect(text).not.toMatch(/4930123|Anna|600|Echo/);
        expect(bench.lines.join("\n")).not.toMatch(/4930123|Anna|Echo/);
    });

    it("keeps the last thousand events, and no ticks of the clock among them", async () => {
        const bench = new Bench();
        bench.talk();
        await vi.advanceTimersByTimeAsync(600_000);
        expect(bench.phone.blackBox().length).toBeLessThan(20);
        for (let press = 0; press < 600; press += 1) bench.press("up");
        expect(bench.phone.blackBox()).toHaveLength(1000);
    });
});
