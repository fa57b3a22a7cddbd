/** What every screen is given: the state, the words, the glass and the time on the wall. */
import type {AccountState, PhoneState, ServiceFault} from "../firmware/phone/state.ts";
import {duration, type WallTime, wallTime} from "./format.ts";
import type {Hint, Size} from "./page.ts";
import {textOf} from "./text/languages.ts";
import type {HintWord, Text} from "./text/text.ts";

export interface Scene {
    readonly state: PhoneState;
    readonly size: Size;
    readonly text: Text;
    /** Null until the clock is known. */
    readonly wall: WallTime | null;
}

export function sceneOf(state: PhoneState, size: Size): Scene {
    const text = textOf(state.settings.language);
    const wall =
        state.wallOffset === null ? null : wallTime(state.now + state.wallOffset, state.settings.timeZone, text);
    return {state, size, text, wall};
}

export type HintKey = "ok" | "back" | "up" | "down" | "left" | "right" | "upDown" | "leftRight";

/** How a key is drawn. Back is the X of a display's own keys. */
const KEY_SIGNS: Readonly<Record<HintKey, string>> = {
    ok: "OK",
    back: "X",
    up: "↑",
    down: "↓",
    left: "←",
    right: "→",
    upDown: "↑↓",
    leftRight: "←→",
};

export function hint(scene: Scene, key: HintKey, word: HintWord | null): Hint {
    return {key: KEY_SIGNS[key], word: word === null ? "" : scene.text.hint[word]};
}

/** The account that dials; a phone without accounts has none. */
export function defaultAccount(state: PhoneState): AccountState | null {
    return accountOf(state, state.settings.defaultAccount) ?? state.accounts[0] ?? null;
}

export function accountOf(state: PhoneState, id: number): AccountState | null {
    return state.accounts.find((account) => account.id === id) ?? null;
}

/** Why the account cannot be used, null when it can. */
export function serviceFaultOf(account: AccountState | null): ServiceFault | null {
    if (account === null) return "notConfigured";
    return account.registered ? null : (account.fault ?? "connecting");
}

/** The time to the next attempt in words, null when none is planned. */
export function nextTry(scene: Scene, account: AccountState | null): string | null {
    const at = account?.retryAt ?? null;
    if (at === null || at <= scene.state.now) return null;
    return `${scene.text.nextTry} ${duration(Math.ceil((at - scene.state.now) / 1_000))}`;
}

/** When a clock that counts whole seconds from `since`, or down to it, moves next: monotonic ms after `now`. */
export function nextSecond(since: number, now: number): number {
    const next = since + (Math.floor((now - since) / 1_000) + 1) * 1_000;
    // Sums of fractions may round to now itself.
    return next > now ? next : next + 1_000;
}

/** When one of the clocks of the accounts' next attempts moves, null when none runs. */
export function nextRetrySecond(state: PhoneState): number | null {
    const running = state.accounts.map(({retryAt}) => retryAt).filter((at) => at !== null && at > state.now);
    return running.length === 0 ? null : Math.min(...running.map((at) => nextSecond(at ?? 0, state.now)));
}

/** When the minute of the wall clock changes, monotonic ms; null while the time is not known. */
export function nextMinute(state: PhoneState): number | null {
    if (state.wallOffset === null) return null;
    const wall = state.now + state.wallOffset;
    const next = (Math.floor(wall / 60_000) + 1) * 60_000 - state.wallOffset;
    return next > state.now ? next : next + 60_000;
}
