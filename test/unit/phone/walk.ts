/** Any event for any state: seeded, so that a failure can be walked again. */

import type {EndReason} from "../../../firmware/phone/call.ts";
import {initialState} from "../../../firmware/phone/initial-state.ts";
import {languages} from "../../../firmware/phone/menu.ts";
import type {AccountState, PhoneEvent, PhoneSettings, PhoneState, RecentCall} from "../../../firmware/phone/state.ts";
import type {Key} from "../../../hal/board.ts";
import {recent, settings, stats} from "./stage.ts";

/** Mulberry32: the same seed gives the same numbers, in 0 to 1. */
export function randomFrom(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}

export const keys: readonly Key[] = [
    ..."0123456789*#",
    ...["up", "down", "left", "right", "ok", "back"],
    ...["hold", "mute", "louder", "softer", "speaker", "line1", "line4"],
] as readonly Key[];

const codes: readonly EndReason["code"][] = [
    "localHangUp",
    "remoteHangUp",
    "cancelled",
    "busy",
    "declined",
    "noAnswer",
    "notFound",
    "answeredElsewhere",
    "connectionLost",
    "failed",
];

export class Walk {
    readonly #random: () => number;
    #at = 5000;
    #incoming = 0;

    constructor(seed: number) {
        this.#random = randomFrom(seed);
    }

    number(below: number): number {
        return Math.floor(this.#random() * below);
    }

    pick<T>(list: readonly T[]): T {
        const item = list[this.number(list.length)];
        if (item === undefined) throw new RangeError("nothing to pick from");
        return item;
    }

    chance(share: number): boolean {
        return this.#random() < share;
    }

    settings(): PhoneSettings {
        return {
            ...settings,
            language: this.pick([null, ...languages]),
            country: this.pick(["de", "us", "xx", ""]),
            digitMap: this.pick(["", "[2-9]xxxxx|0x.T|*xx.#", "6xx|1xxx", "((broken", "x.T"]),
            interDigit: this.pick([0, 1000, 4000]),
            emergencyNumbers: this.pick([[], ["112"], ["112", "110", "1"]]),
            defaultAccount: this.number(2),
            volume: this.pick([-24, 0, 12]),
            ringVolume: this.pick([null, -30, -7, 0]),
            leastSecurity: this.pick(["none", "none", "none", "hop", "end"]),
        };
    }

    account(): AccountState {
        const registered = this.chance(0.8);
        const id = this.number(2);
        return {id, label: `a${id}`, registered, fault: registered ? null : "timeout", detail: "", retryAt: null};
    }

    state(): PhoneState {
        const first = initialState(this.settings(), this.#at, this.chance(0.5));
        return {
            ...first,
            consent: this.chance(0.8),
            cellularBusy: this.chance(0.1),
            hook: "on",
            accounts: [this.account()],
            recents: this.recents(),
            missed: this.number(3),
            view: this.pick([first.view, {type: "menu", selected: 4}, {type: "menu", selected: 2}]),
        };
    }

    recents(): readonly RecentCall[] {
        const outcomes = ["placed", "received", "missed", "elsewhere", "interrupted"] as const;
        return Array.from({length: this.number(5)}, (_, row) =>
            recent(row, this.pick(["600", "112", "", "sip:a@b", "+4930"]), this.pick(outcomes)),
        );
    }

    /** The name of a call: mostly one that exists, sometimes one that is gone or never was. */
    #call(state: PhoneState): string {
        const known = state.calls.map(({id}) => id);
        return this.chance(0.85) && known.length > 0 ? this.pick(known) : this.pick(["in-1", "out-1", "in-9999"]);
    }

    /** Time goes on, mostly a little; sometimes past every deadline, and sometimes an event is stamped late. */
    #time(): number {
        const step = this.pick([0, 1, 20, 20, 100, 100, 500, 3000, 30_000, 200_000]);
        this.#at += this.number(step + 1);
        return this.chance(0.02) ? this.#at - this.number(500) : this.#at;
    }

    event(state: PhoneState): PhoneEvent {
        const held = state.longPress?.at ?? null;
        if (held !== null && this.chance(0.3)) return this.#clockAt(held);
        const at = this.#time();
        const kind = this.number(100);
        if (kind < 45) return {type: "key", key: this.pick(keys), down: this.chance(0.6), at};
        if (kind < 58) return {type: "hook", hook: this.chance(0.55) ? "off" : "on", at};
        if (kind < 70) return {type: "clock", at, wall: 1_700_000_000_000 + at + this.number(150)};
        if (kind < 92) return this.#signal(state, at);
        return this.#other(state, at);
    }

    /** The clock in time for a key that is held, as the shell has it. */
    #clockAt(due: number): PhoneEvent {
        this.#at = Math.max(this.#at, due);
        return {type: "clock", at: this.#at, wall: 1_700_000_000_000 + this.#at};
    }

    #signal(state: PhoneState, at: number): PhoneEvent {
        const call = this.#call(state);
        switch (this.number(9)) {
            case 0:
            case 1: {
                const repeats = this.chance(0.1) && state.calls.some((known) => known.id === call);
                if (!repeats) this.#incoming += 1;
                const id = repeats ? call : `in-${this.#incoming}`;
                const party = {number: this.pick(["", "112", "4930"]), name: null};
                const security = this.pick([null, "none", "none", "hop", "end"] as const);
                return {type: "incoming", call: id, account: this.number(2), party, security, at};
            }
            case 2: {
                return {type: "progress", call, media: this.chance(0.5), at};
            }
            case 3:
            case 4: {
                return {type: "confirmed", call, at};
            }
            case 5: {
                return this.chance(0.5)
                    ? {type: "session", call, session: this.number(5), at}
                    : {type: "security", call, security: this.pick(["none", "hop", "end"]), suite: null, at};
            }
            case 6: {
                return {type: "hold", call, by: this.pick(["local", "remote"]), held: this.chance(0.5), at};
            }
            case 7: {
                return {type: "ended", call, reason: {code: this.pick(codes), sip: null}, at};
            }
            default: {
                return this.chance(0.5)
                    ? {type: "holdFailed", call, at}
                    : {type: "registration", account: this.account(), at};
            }
        }
    }

    #other(state: PhoneState, at: number): PhoneEvent {
        const session = this.number(5);
        switch (this.number(14)) {
            case 0: {
                return {type: "cellular", busy: this.chance(0.3), at};
            }
            case 1: {
                const part = this.pick(["keypad", "hook", "display", "provisioning"] as const);
                return {type: "fault", part, lost: this.chance(0.5), reason: "gone", at};
            }
            case 2: {
                return {type: "settings", settings: this.settings(), at};
            }
            case 3: {
                return {type: "accounts", accounts: [this.account()], at};
            }
            case 4: {
                return {type: "recents", recents: this.recents(), missed: this.number(3), at};
            }
            case 5: {
                return {type: "named", call: this.#call(state), name: "Anna", at};
            }
            case 6: {
                return {type: "storeFault", fault: this.pick([null, "disk full"]), at};
            }
            case 7: {
                return this.chance(0.5)
                    ? {type: "microphoneLevel", level: -40, at}
                    : {type: "testCapture", open: this.chance(0.5), at};
            }
            case 8: {
                const codec = this.pick([null, "opus"] as const);
                return {type: "facts", status: {...state.status, media: this.pick([null, {...stats, codec}])}, at};
            }
            case 9: {
                return {type: "capture", open: this.chance(0.5), at};
            }
            case 10: {
                return {type: "firstPacket", session, at};
            }
            case 11: {
                return {type: "silent", session, ms: this.pick([10_000, 120_000]), at};
            }
            case 12: {
                const pcm = this.pick(["playback", "capture", "ringer"] as const);
                return {type: "device", pcm, ok: this.chance(0.5), reason: "no such device", at};
            }
            default: {
                return this.chance(0.5) ? {type: "bye", session, at} : {type: "digit", session, digit: "5", ms: 80, at};
            }
        }
    }
}
