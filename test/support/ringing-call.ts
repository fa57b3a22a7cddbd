import type {Call} from "../../firmware/phone/call.ts";

/** A call that has just come in, as tests of what keeps calls want it. */
export function ringingCall(changes: Partial<Call> = {}): Call {
    return {
        id: "in-1",
        direction: "incoming",
        phase: "ringing",
        account: 0,
        party: {number: "", name: null},
        emergency: false,
        appearedAt: 0,
        talkingSince: null,
        hearing: false,
        deadline: null,
        security: "none",
        suite: null,
        quality: null,
        notedAt: null,
        hold: {local: false, remote: false},
        pending: null,
        session: null,
        reason: null,
        ...changes,
    };
}
