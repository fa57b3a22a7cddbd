/** The moves that we make with calls: place, answer, reject, hang up, give up, and the end of one. */
import type {Call, CallPhase, CallSecurity, EndReason} from "./call.ts";
import {movePhase, patience, talkSecondsOf} from "./call.ts";
import {emergencyAccount, focusOf, hasService, ringingCall} from "./standing.ts";
import type {Effect, Notice, PhoneState, Step} from "./state.ts";
import {andThen, stepOf, wallOf, withCall, withoutCall} from "./step.ts";

/** How long a notice stays, ms: with its tone while the handset is off hook, else to be read. */
const noticeOffHookMs = 30_000;
const noticeMs = 5_000;

export function reasonOf(code: EndReason["code"], sip: number | null = null): EndReason {
    return {code, sip};
}

function noticeOf(state: PhoneState, call: Call, reason: EndReason): Notice {
    const lasts = state.hook === "off" ? noticeOffHookMs : noticeMs;
    const talkSeconds = talkSecondsOf(call, state.now);
    return {reason, party: call.party, talkSeconds, since: state.now, until: state.now + lasts};
}

/** Why an ordinary number cannot be sent now; an emergency number is never asked. */
function refusalOf(state: PhoneState): EndReason | null {
    if (!state.consent || state.cellularBusy) return reasonOf("notAcceptable");
    return hasService(state) ? null : reasonOf("noService");
}

function outgoingCall(state: PhoneState, number: string, emergency: boolean): Call {
    const account = emergency ? emergencyAccount(state) : state.settings.defaultAccount;
    const party = {number, name: null};
    return newCall(state, {id: `out-${state.nextCall}`, direction: "outgoing", account, party, emergency});
}

function deadlineOf(state: PhoneState, phase: CallPhase): number | null {
    const longest = patience[phase];
    return longest === null ? null : state.now + longest;
}

/** A call that just appeared. */
export function newCall(
    state: PhoneState,
    seed: Pick<Call, "id" | "direction" | "account" | "party" | "emergency">,
): Call {
    const {direction} = seed;
    const phase = direction === "incoming" ? "ringing" : "calling";
    return {
        id: seed.id,
        direction,
        phase,
        account: seed.account,
        party: seed.party,
        emergency: seed.emergency,
        appearedAt: state.now,
        talkingSince: null,
        deadline: deadlineOf(state, phase),
        security: "none",
        suite: null,
        quality: null,
        notedAt: null,
        hold: {local: false, remote: false},
        pending: null,
        hearing: false,
        session: null,
        reason: null,
    };
}

/** The call enters the log; its name is asked for. */
export function opening(state: PhoneState, call: Call): readonly Effect[] {
    const asked = call.party.number !== "" && !call.emergency;
    const lookUp: readonly Effect[] = asked ? [{type: "lookUpName", call: call.id, number: call.party.number}] : [];
    return [{type: "openLog", call, wall: wallOf(state)}, ...lookUp];
}

/**
 * Sends a number. What cannot be sent (`refusal`, or no service) is told at once and still is a call in the log, so
 * that it can be redialled. An emergency number needs nothing, and a call that rings gives way to it.
 */
export function placeCall(state: PhoneState, number: string, refusal: EndReason | null = null): Step {
    const emergency = state.settings.emergencyNumbers.includes(number);
    const ringing = ringingCall(state);
    const cleared = ringing === undefined ? stepOf(state) : rejectCall(state, ringing, 486, "busy");
    return andThen(cleared, (free) => {
        const call = outgoingCall(free, number, emergency);
        const refused = emergency ? null : (refusal ?? refusalOf(free));
        const dialled: PhoneState = {
            ...free,
            nextCall: free.nextCall + 1,
            calls: [...free.calls, call],
            dialling: null,
            notice: null,
            view: free.view.type === "recents" ? {type: "idle"} : free.view,
            speaker: free.speaker || (free.handsFree && free.hook === "on"),
        };
        if (refused !== null) return refuseCall(dialled, call, refused);
        return stepOf(dialled, [
            ...opening(free, call),
            {type: "dial", call: call.id, account: call.account, number, emergency},
        ]);
    });
}

/** The call ends before it was sent; the next tick of the clock takes it away, for nobody else will. */
function refuseCall(state: PhoneState, call: Call, reason: EndReason): Step {
    const ended: Call = {...movePhase(call, "ending", state.now), reason, deadline: state.now + 1};
    return stepOf({...withCall(state, ended), notice: noticeOf(state, call, reason)}, opening(state, call));
}

function endingCall(state: PhoneState, call: Call, reason: EndReason): PhoneState {
    return withCall(state, {...movePhase(call, "ending", state.now), reason});
}

/** The call that rings is answered; the handset or the loudspeaker is open. */
export function answerCall(state: PhoneState, call: Call): Step {
    const answered = movePhase(call, "answering", state.now);
    return stepOf(withCall(state, answered), [{type: "answer", call: call.id}]);
}

/** Turns a ringing call away: 486 as busy or declined, 480 when nobody came, 488 for want of protection. */
export function rejectCall(state: PhoneState, call: Call, status: 480 | 486 | 488, code: EndReason["code"]): Step {
    return stepOf(endingCall(state, call, reasonOf(code, status)), [{type: "reject", call: call.id, status}]);
}

/** A call that does not even ring for want of protection: who is there is told, unless something else goes on. */
export function turnAwayCall(state: PhoneState, call: Call): Step {
    const idle = focusOf({...state, calls: state.calls.filter(({id}) => id !== call.id)}) === "view";
    const {state: rejected, effects} = rejectCall(state, call, 488, "notSecure");
    const notice = idle ? noticeOf(state, call, reasonOf("notSecure", 488)) : state.notice;
    return stepOf({...rejected, notice}, effects);
}

/** Ends a call by our own hand: nothing more to say about it. */
export function hangUpCall(state: PhoneState, call: Call): Step {
    const code = call.talkingSince === null ? "cancelled" : "localHangUp";
    return stepOf(endingCall(state, call, reasonOf(code)), [{type: "hangUp", call: call.id}]);
}

/** Ends a call because it went on too long or went wrong: the owner is told why. */
export function giveUpCall(state: PhoneState, call: Call, code: EndReason["code"]): Step {
    const reason = reasonOf(code);
    const ending = {...endingCall(state, call, reason), notice: noticeOf(state, call, reason)};
    return stepOf(ending, [{type: "hangUp", call: call.id}]);
}

const levels: Readonly<Record<CallSecurity, number>> = {none: 0, hop: 1, end: 2};

/** Whether a call of that level is less protected than the owner wants; an emergency call never is. */
export function isTooOpen(
    {settings}: PhoneState,
    {emergency}: Pick<Call, "emergency">,
    security: CallSecurity,
): boolean {
    return !emergency && levels[security] < levels[settings.leastSecurity];
}

/** The call is gone. What we ended ourselves keeps our reason; a call that only rang leaves no notice, only a row. */
export function endOfCall(state: PhoneState, call: Call, told: EndReason): Step {
    const reason = call.reason ?? told;
    const talkSeconds = talkSecondsOf(call, state.now);
    const closed: Call = {...call, phase: "ending", reason, pending: null};
    const silent = call.phase === "ending" || call.phase === "ringing";
    const notice = silent ? state.notice : noticeOf(state, call, reason);
    return stepOf({...withoutCall(state, call.id), notice}, [
        {type: "closeLog", call: closed, wall: wallOf(state), talkSeconds},
    ]);
}
