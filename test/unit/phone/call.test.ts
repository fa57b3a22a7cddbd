import {describe, expect, it} from "vitest";
import {
    type Call,
    type CallPhase,
    IllegalMoveError,
    mayMove,
    movePhase,
    nextPhases,
    patience,
    talkSecondsOf,
} from "../../../firmware/phone/call.ts";

const phases = Object.keys(nextPhases) as CallPhase[];

function call(phase: CallPhase, changes: Partial<Call> = {}): Call {
    return {
        id: "out-1",
        direction: "outgoing",
        phase,
        account: 0,
        party: {number: "600", name: null},
        emergency: false,
        appearedAt: 0,
        talkingSince: null,
        deadline: null,
        security: "none",
        suite: null,
        quality: null,
        notedAt: null,
        hold: {local: false, remote: false},
        pending: null,
        hearing: false,
        session: null,
        reason: null,
        ...changes,
    };
}

describe("the chart of a call", () => {
    it.each(phases.flatMap((from) => phases.map((to) => [from, to] as const)))(
        "%s to %s: moves or throws",
        (from, to) => {
            const legal = nextPhases[from].includes(to);
            expect(mayMove(call(from), to)).toBe(legal);
            if (!legal) expect(() => movePhase(call(from), to, 5)).toThrow(IllegalMoveError);
            else expect(movePhase(call(from), to, 5).phase).toBe(to);
        },
    );

    it("leads from every phase to the end, and from the end nowhere", () => {
        for (const phase of phases) expect(nextPhases[phase].includes("ending")).toBe(phase !== "ending");
    });

    it("gives each phase its patience, so that only talking may last", () => {
        expect(movePhase(call("ringing"), "answering", 1000).deadline).toBe(33_000);
        expect(phases.filter((phase) => patience[phase] === null)).toEqual(["talking"]);
    });

    it("begins the talk when it is answered and forgets a hold that was under way", () => {
        expect(movePhase(call("alerting"), "talking", 7)).toMatchObject({talkingSince: 7, deadline: null});
        expect(movePhase(call("talking", {talkingSince: 7, pending: "hold"}), "ending", 9)).toMatchObject({
            talkingSince: 7,
            pending: null,
        });
    });
});

describe("the seconds talked", () => {
    it("are whole, and none of a call that was never answered", () => {
        expect(talkSecondsOf(call("alerting"), 9999)).toBeNull();
        expect(talkSecondsOf(call("talking", {talkingSince: 1000}), 1999)).toBe(0);
        expect(talkSecondsOf(call("talking", {talkingSince: 1000}), 3000)).toBe(2);
    });

    it("do not count the time that the network takes to end the call", () => {
        const ending = movePhase(call("talking", {talkingSince: 1000}), "ending", 61_000);
        expect(talkSecondsOf(ending, 65_000)).toBe(60);
    });
});
