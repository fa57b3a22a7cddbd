import {describe, expect, it} from "vitest";
import {codeOfStatus, type Ending, endReasonOf, reasonCauses} from "../../../firmware/sip/end-reason.ts";

const outgoing: Ending = {
    direction: "outgoing",
    originator: "remote",
    cause: "",
    answered: false,
    status: null,
    reasons: [],
    own: null,
};
const incoming: Ending = {...outgoing, direction: "incoming", cause: "Canceled"};

describe("a final response to our INVITE", () => {
    it.each([
        [486, "busy"],
        [600, "busy"],
        [603, "declined"],
        [607, "declined"],
        [408, "noAnswer"],
        [480, "noAnswer"],
        [404, "notFound"],
        [410, "notFound"],
        [604, "notFound"],
        [484, "incomplete"],
        [403, "forbidden"],
        [401, "forbidden"],
        [407, "forbidden"],
        [488, "notAcceptable"],
        [606, "notAcceptable"],
        [500, "congestion"],
        [503, "congestion"],
        [504, "congestion"],
        [302, "failed"],
        [482, "failed"],
        [699, "declined"],
    ] as const)("%i is %s", (status, code) => {
        expect(endReasonOf({...outgoing, status})).toEqual({code, sip: status});
        expect(codeOfStatus(status)).toBe(code);
    });
});

describe("what we do ourselves", () => {
    it("is a hang-up of a talk", () => {
        expect(endReasonOf({...outgoing, originator: "local", answered: true, own: "hangUp"})).toEqual({
            code: "localHangUp",
            sip: null,
        });
    });

    it("is a CANCEL before the answer, whatever comes back", () => {
        const ending = {...outgoing, originator: "local", cause: "Canceled", own: "hangUp"} as const;
        expect(endReasonOf(ending)).toEqual({code: "cancelled", sip: 487});
    });

    it("is a refusal with its status", () => {
        const ending = {...incoming, originator: "local", cause: "Rejected", own: "reject", status: 486} as const;
        expect(endReasonOf(ending)).toEqual({code: "declined", sip: 486});
    });
});

describe("the other side", () => {
    it("hangs up by BYE", () => {
        expect(endReasonOf({...outgoing, answered: true, cause: "Terminated"}).code).toBe("remoteHangUp");
    });

    it.each([
        [[], "cancelled"],
        [['SIP;cause=200;text="Call completed elsewhere"'], "answeredElsewhere"],
        [["Q.850;cause=26"], "answeredElsewhere"],
        [['Q.850;cause=16;text="a, b;cause=26"', "SIP ;cause=200"], "answeredElsewhere"],
        [["SIP;cause=603"], "declinedElsewhere"],
        [["SIP;cause=600"], "declinedElsewhere"],
        [["SIP;cause=480"], "cancelled"],
        [["Q.850;cause=200"], "cancelled"],
        [["nonsense"], "cancelled"],
    ])("gives up with Reason %j", (reasons, code) => {
        expect(endReasonOf({...incoming, reasons})).toEqual({code, sip: null});
    });

    it("never sends the ACK", () => {
        expect(endReasonOf({...incoming, answered: true, cause: "No ACK"}).code).toBe("connectionLost");
    });
});

describe("what gives way by itself", () => {
    it.each([
        ["Canceled", "connectionLost"],
        ["Request Timeout", "connectionLost"],
        ["Dialog Error", "connectionLost"],
        ["Connection Error", "connectionLost"],
        ["RTP Timeout", "mediaLost"],
        ["WebRTC Error", "notAcceptable"],
        ["Bad Media Description", "notAcceptable"],
        ["Expires", "noAnswer"],
        ["Internal Error", "failed"],
    ] as const)("%s is %s", (cause, code) => {
        for (const originator of ["local", "system"] as const) {
            expect(endReasonOf({...outgoing, originator, cause}).code).toBe(code);
            expect(endReasonOf({...outgoing, originator, cause, answered: true}).code).toBe(code);
        }
    });

    it("a 200 whose SDP we cannot take", () => {
        const ending = {...outgoing, status: 200, cause: "Bad Media Description"};
        expect(endReasonOf(ending)).toEqual({code: "notAcceptable", sip: 200});
    });
});

it("reads several causes out of one header", () => {
    expect(reasonCauses('Q.850 ;cause=16;text="Terminated, by;cause=1", SIP;cause=600, preemption')).toEqual([
        {protocol: "q.850", cause: 16},
        {protocol: "sip", cause: 600},
    ]);
});
