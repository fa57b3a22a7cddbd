/** A stage for the rules: a phone with service, and small words to move it. Times are ms on the phone's own clock. */
import {expect} from "vitest";
import type {Call, CallSecurity, EndReason} from "../../../firmware/phone/call.ts";
import {initialState} from "../../../firmware/phone/initial-state.ts";
import {outputsOf} from "../../../firmware/phone/outputs.ts";
import type {
    AccountState,
    Effect,
    Outputs,
    PhoneEvent,
    PhoneSettings,
    PhoneState,
    RecentCall,
} from "../../../firmware/phone/state.ts";
import {tonesOf} from "../../../firmware/phone/tone-plan.ts";
import {transition} from "../../../firmware/phone/transition.ts";
import type {Key} from "../../../hal/board.ts";
import type {SessionStats, SrtpSuite} from "../../../native/index.ts";

export const settings: PhoneSettings = {
    language: "en",
    country: "de",
    timeZone: "Europe/Berlin",
    digitMap: "",
    interDigit: 4000,
    emergencyNumbers: ["110", "112"],
    defaultAccount: 0,
    volume: 0,
    ringVolume: -10,
    supportContact: "",
    leastSecurity: "none",
};

export const account: AccountState = {
    id: 0,
    label: "Office",
    registered: true,
    fault: null,
    detail: "200",
    retryAt: null,
};

/** Statistics of a session in which all is well; the codec alone tells whether they count. */
export const stats: SessionStats = {
    codec: "PCMA",
    packetsSent: 500,
    octetsSent: 80_000,
    packetsReceived: 490,
    octetsReceived: 78_400,
    packetsLost: 10,
    packetsLate: 1,
    packetsMalformed: 0,
    packetsUnauthentic: 0,
    packetsReplayed: 0,
    jitter: 2.5,
    bufferDelay: 40,
    roundTrip: 30,
    remoteLoss: null,
    remoteSsrc: 0xf1,
    quality: {
        lossRate: 0.02,
        discardRate: 0.002,
        burstDensity: 0,
        gapDensity: 0.02,
        burstDuration: 0,
        gapDuration: 10_000,
        roundTrip: 30,
        endSystemDelay: 60,
        rFactor: 88,
        mosListening: 4.2,
        mosConversational: 4.1,
    },
    remoteQuality: null,
};

export const german = tonesOf("de");

/** A recent call of this number. */
export function recent(row: number, number: string, outcome: RecentCall["outcome"] = "placed"): RecentCall {
    return {
        row,
        direction: outcome === "placed" ? "outgoing" : "incoming",
        party: {number, name: null},
        startedAt: 0,
        talkSeconds: null,
        outcome,
        reason: null,
        security: null,
        quality: null,
    };
}

type Timeless<T> = T extends unknown ? Omit<T, "at"> : never;

/** One phone and its clock. Each method returns the phone, so that a story reads as a line. */
export class Stage {
    state: PhoneState;
    /** The effects of the last move. */
    effects: readonly Effect[] = [];
    /** The effects of all moves. */
    readonly all: Effect[] = [];
    at = 1000;

    constructor(changes: Partial<PhoneSettings> = {}, state: Partial<PhoneState> = {}) {
        const first = initialState({...settings, ...changes}, this.at, state.handsFree ?? false);
        this.state = {...first, accounts: [account], ...state};
        this.wait(0);
    }

    post(event: Timeless<PhoneEvent>): this {
        const step = transition(this.state, {...event, at: this.at} as PhoneEvent);
        this.state = step.state;
        this.effects = step.effects;
        this.all.push(...step.effects);
        return this;
    }

    lift(): this {
        return this.post({type: "hook", hook: "off"});
    }

    putDown(): this {
        return this.post({type: "hook", hook: "on"});
    }

    /** Presses and releases keys, half a second each; a text is its digits. `effects` are those of the last press. */
    press(keys: Key | string): this {
        const list = /^[0-9*#]+$/.test(keys) ? [...keys] : [keys];
        for (const key of list) {
            const {effects} = this.wait(250).post({type: "key", key: key as Key, down: true});
            this.wait(250).post({type: "key", key: key as Key, down: false});
            this.effects = effects;
        }
        return this;
    }

    /** A key goes down and stays down for `ms`, 700 being a long press; it comes up with `release`. */
    hold(key: Key, ms = 700): this {
        return this.wait(250).post({type: "key", key, down: true}).wait(ms);
    }

    release(key: Key): this {
        return this.post({type: "key", key, down: false});
    }

    /** Lets time pass; the clock tells at each deadline, as the shell does. */
    wait(ms: number): this {
        const end = this.at + ms;
        const effects: Effect[] = [];
        for (let due = outputsOf(this.state).wakeAt; due !== null && due <= end; due = outputsOf(this.state).wakeAt) {
            this.at = Math.max(this.at, due);
            this.post({type: "clock", wall: 1_700_000_000_000 + this.at});
            effects.push(...this.effects);
        }
        this.at = end;
        this.post({type: "clock", wall: 1_700_000_000_000 + this.at});
        this.effects = [...effects, ...this.effects];
        return this;
    }

    incoming(call = "in-1", number = "4930123", security: CallSecurity | null = "none"): this {
        return this.post({type: "incoming", call, account: 0, party: {number, name: null}, security});
    }

    /** What was agreed is protected so. */
    security(security: CallSecurity, suite: SrtpSuite | null = null): this {
        return this.post({type: "security", call: this.call.id, security, suite});
    }

    /** The facts are read; null: no session is in the mix. */
    facts(media: SessionStats | null = stats): this {
        return this.post({type: "facts", status: {...this.state.status, media}});
    }

    progress(media: boolean): this {
        return this.post({type: "progress", call: this.call.id, media});
    }

    confirmed(): this {
        return this.post({type: "confirmed", call: this.call.id});
    }

    /** The SIP side's last word about the newest call. */
    ended(code: EndReason["code"], sip: number | null = null): this {
        const call = this.state.calls.at(-1)?.id ?? "none";
        return this.post({type: "ended", call, reason: {code, sip}});
    }

    /** Lifted, dialled, answered, with a session. */
    talking(number = "600"): this {
        this.lift().press(number).press("#");
        return this.post({type: "session", call: this.call.id, session: 7}).confirmed();
    }

    get out(): Outputs {
        return outputsOf(this.state);
    }

    /** The call that is not ending; the test fails without one. */
    get call(): Call {
        const call = this.state.calls.find(({phase}) => phase !== "ending");
        if (call === undefined) expect.fail("there is no live call");
        return call;
    }

    did(type: Effect["type"]): readonly Effect[] {
        return this.effects.filter((effect) => effect.type === type);
    }
}
