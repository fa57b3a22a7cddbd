/** What the SIP side tells. A call that it names and we do not know, and a move that the chart lacks, are dropped. */
import type {Call, CallId, CallPhase} from "./call.ts";
import {mayMove, movePhase} from "./call.ts";
import {endOfCall, giveUpCall, isTooOpen, newCall, opening, rejectCall, turnAwayCall} from "./calls.ts";
import {liveCalls} from "./standing.ts";
import type {AccountState, PhoneState, SignalEvent, Step} from "./state.ts";
import {andThen, stepOf, wallOf, withCall} from "./step.ts";

export function signal(state: PhoneState, event: SignalEvent): Step {
    switch (event.type) {
        case "registration": {
            return stepOf({...state, accounts: withAccount(state.accounts, event.account)});
        }
        case "incoming": {
            return incoming(state, event);
        }
        case "security": {
            return onCall(state, event.call, (call) => secured(state, call, event));
        }
        case "progress": {
            return onCall(state, event.call, (call) => progress(state, call, event.media));
        }
        case "session": {
            return onCall(state, event.call, (call) => {
                const hearing = call.hearing && call.session === event.session;
                return stepOf(withCall(state, {...call, session: event.session, hearing}));
            });
        }
        case "confirmed": {
            return onCall(state, event.call, (call) => confirmed(state, call));
        }
        case "hold": {
            return onCall(state, event.call, (call) => held(state, call, event.by, event.held));
        }
        case "holdFailed": {
            return onCall(state, event.call, (call) => stepOf(withCall(state, withoutPending(call))));
        }
        case "ended": {
            return onCall(state, event.call, (call) => endOfCall(state, call, event.reason));
        }
    }
}

function onCall(state: PhoneState, id: CallId, rule: (call: Call) => Step): Step {
    const call = state.calls.find((known) => known.id === id);
    return call === undefined ? stepOf(state) : rule(call);
}

function withAccount(accounts: readonly AccountState[], account: AccountState): readonly AccountState[] {
    const others = accounts.filter((other) => other.id !== account.id);
    return [...others, account].sort((a, b) => a.id - b.id);
}

/** One call at a time: a second caller hears busy and is a missed call. An INVITE that repeats is not a new call. */
function incoming(state: PhoneState, event: SignalEvent & {readonly type: "incoming"}): Step {
    if (state.calls.some((call) => call.id === event.call)) return stepOf(state);
    const {account, party} = event;
    const seed = {id: event.call, direction: "incoming", account, party, emergency: false} as const;
    const call = {...newCall(state, seed), security: event.security ?? "none"};
    const appeared = stepOf({...state, calls: [...state.calls, call]}, opening(state, call));
    const busy = liveCalls(state).length > 0 || state.cellularBusy;
    if (busy) return andThen(appeared, (next) => rejectCall(next, call, 486, "busy"));
    if (!state.consent) return andThen(appeared, (next) => rejectCall(next, call, 480, "unavailable"));
    const open = event.security !== null && isTooOpen(state, call, event.security);
    return open ? andThen(appeared, (next) => turnAwayCall(next, call)) : appeared;
}

/** Less protected than the owner wants, the call ends before a word is said. */
function secured(state: PhoneState, call: Call, event: SignalEvent & {readonly type: "security"}): Step {
    if (call.phase === "ending") return stepOf(state);
    const {security, suite} = event;
    const changed = {...call, security, suite};
    const next = withCall(state, changed);
    return isTooOpen(state, call, security) ? giveUpCall(next, changed, "notSecure") : stepOf(next);
}

function networkMove(state: PhoneState, call: Call, to: CallPhase): PhoneState {
    return mayMove(call, to) ? withCall(state, movePhase(call, to, state.now)) : state;
}

/**
 * 18x: with SDP the far end may sound, and local ringback ends when it does (RFC 3960 §3.2). A 180 without SDP, from
 * another branch of a fork, brings local ringback back only while nothing is heard.
 */
function progress(state: PhoneState, call: Call, media: boolean): Step {
    if (call.direction === "incoming") return stepOf(state);
    if (!media && call.phase === "earlyMedia" && call.hearing) return stepOf(state);
    if (media && call.phase !== "ending" && isTooOpen(state, call, call.security)) {
        return giveUpCall(state, call, "notSecure");
    }
    return stepOf(networkMove(state, call, media ? "earlyMedia" : "alerting"));
}

function confirmed(state: PhoneState, call: Call): Step {
    if (!mayMove(call, "talking")) return stepOf(state);
    if (isTooOpen(state, call, call.security)) return giveUpCall(state, call, "notSecure");
    const talking = movePhase(call, "talking", state.now);
    return stepOf(withCall(state, talking), [{type: "answerLog", call: talking, wall: wallOf(state)}]);
}

function withoutPending(call: Call): Call {
    return call.phase === "talking" ? {...call, pending: null, deadline: null} : call;
}

function held(state: PhoneState, call: Call, by: "local" | "remote", isHeld: boolean): Step {
    if (call.phase !== "talking") return stepOf(state);
    const settled = by === "local" ? withoutPending(call) : call;
    return stepOf(withCall(state, {...settled, hold: {...call.hold, [by]: isHeld}}));
}
