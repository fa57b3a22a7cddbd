/** What can be read off the state: which call counts, whether an ear listens, what owns the keys. */
import type {AccountId, Call} from "./call.ts";
import type {PhoneState, RecentCall, RecentsFilter} from "./state.ts";

/** Calls that are not ending; an ending call only waits for the network's last word. */
export function liveCalls(state: PhoneState): readonly Call[] {
    return state.calls.filter((call) => call.phase !== "ending");
}

/** The call that rings here, if any. */
export function ringingCall(state: PhoneState): Call | undefined {
    return state.calls.find((call) => call.phase === "ringing");
}

/** The call that the handset is about: live, and past ringing. */
export function currentCall(state: PhoneState): Call | undefined {
    return state.calls.find((call) => call.phase !== "ending" && call.phase !== "ringing");
}

/** Somebody listens: the handset is off hook, or hands-free is on. */
export function isListening(state: PhoneState): boolean {
    return state.hook === "off" || state.speaker;
}

/** The account that dials is registered. */
export function hasService(state: PhoneState): boolean {
    return state.accounts.some((account) => account.id === state.settings.defaultAccount && account.registered);
}

/** The account for an emergency call: the one that dials, or any that is registered (RFC 6881 §9). */
export function emergencyAccount(state: PhoneState): AccountId {
    if (hasService(state)) return state.settings.defaultAccount;
    return state.accounts.find((account) => account.registered)?.id ?? state.settings.defaultAccount;
}

/** What owns the keys and the glass now; the order is drawn in `state.ts`. */
export type Focus = "call" | "dialling" | "notice" | "selfTest" | "offHook" | "view";

export function focusOf(state: PhoneState): Focus {
    if (liveCalls(state).length > 0) return "call";
    if (state.dialling !== null) return "dialling";
    if (state.notice !== null) return "notice";
    if (state.view.type === "selfTest") return "selfTest";
    return state.offHook === null ? "view" : "offHook";
}

/** The rows of the recent calls that a filter shows; a call answered elsewhere is received, not missed. */
export function filteredRecents(state: PhoneState, filter: RecentsFilter): readonly RecentCall[] {
    switch (filter) {
        case "all": {
            return state.recents;
        }
        case "missed": {
            return state.recents.filter((call) => call.outcome === "missed");
        }
        case "placed": {
            return state.recents.filter((call) => call.direction === "outgoing");
        }
        case "received": {
            return state.recents.filter((call) => call.direction === "incoming" && call.outcome !== "missed");
        }
    }
}

/** The number of the selected recent call, null where there is none to dial (no row, an anonymous caller). */
export function selectedNumber(state: PhoneState): string | null {
    if (state.view.type !== "recents") return null;
    const number = filteredRecents(state, state.view.filter)[state.view.selected]?.party.number ?? "";
    return number === "" ? null : number;
}

/** The number dialled last, null when none was. */
export function lastDialled(state: PhoneState): string | null {
    const call = state.recents.find((recent) => recent.direction === "outgoing" && recent.party.number !== "");
    return call?.party.number ?? null;
}
