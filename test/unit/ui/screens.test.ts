/** The screens as pictures: what is written here is what stands on the glass. */
import {describe, expect, it} from "vitest";
import type {Notice, PhoneState, SelfTestStep, ServiceFault} from "../../../firmware/phone/state.ts";
import {sceneOf} from "../../../ui/scene.ts";
import {statusScreen} from "../../../ui/screens/status.ts";
import {incoming, LARGE, media, NOW, outgoing, picture, quality, quiet, recents, SMALL, talking} from "./states.ts";

const lifted: PhoneState = {...quiet, hook: "off"};
const fresh: PhoneState = {...quiet, accounts: [], settings: {...quiet.settings, language: null}};
const notice: Notice = {
    reason: {code: "busy", sip: 486},
    party: {number: "601", name: "Zoë"},
    talkSeconds: null,
    since: NOW,
    until: NOW + 30_000,
};

function without(fault: ServiceFault, retryAt: number | null = null): PhoneState {
    const account = {id: 0, label: "Anna 201", registered: false, fault, detail: "no answer", retryAt};
    return {...quiet, accounts: [account]};
}

function testing(step: SelfTestStep, found: Partial<PhoneState["selfTest"]>): PhoneState {
    return {...quiet, view: {type: "selfTest", step, since: NOW}, selfTest: {...quiet.selfTest, ...found}};
}

/** A picture as it is drawn in a test, its indentation taken off. */
function glass(drawn: string): string {
    return drawn
        .trim()
        .split("\n")
        .map((row) => row.trim())
        .join("\n");
}

describe("idle", () => {
    it("shows time, date and the account that is ready", () => {
        expect(picture(quiet)).toBe(
            glass(`
                |09:41     Tue 24 Nov|
                |Anna 201       ready|
                |                    |
                |↑ Calls      OK Menu|
            `),
        );
    });

    it("counts missed calls", () => {
        expect(picture({...quiet, missed: 3})).toBe(
            glass(`
                |09:41     Tue 24 Nov|
                |Anna 201       ready|
                |Missed calls:      3|
                |↑ Calls      OK Menu|
            `),
        );
    });

    it("says why there is no service and what to do", () => {
        expect(picture(without("wrongPassword"))).toBe(
            glass(`
                |09:41     Tue 24 Nov|
                |Wrong password      |
                |Enter it again      |
                |↑ Calls      OK Menu|
            `),
        );
    });

    it("counts down to the next attempt where there is nothing to do but wait", () => {
        expect(picture(without("timeout", NOW + 24_000))).toBe(
            glass(`
                |09:41     Tue 24 Nov|
                |Server not answering|
                |Next try in 0:24    |
                |↑ Calls      OK Menu|
            `),
        );
    });

    it("asks for the cable before anything is set up", () => {
        expect(picture({...quiet, accounts: []})).toBe(
            glass(`
                |09:41     Tue 24 Nov|
                |Not set up yet      |
                |Connect USB cable   |
                |↑ Calls      OK Menu|
            `),
        );
    });

    it("has no time before the clock is known", () => {
        expect(picture({...quiet, wallOffset: null})).toBe(
            glass(`
                |--:--               |
                |Anna 201       ready|
                |                    |
                |↑ Calls      OK Menu|
            `),
        );
    });

    it("lets a broken sound card take the row of the hints when all rows are needed", () => {
        expect(picture({...without("unreachable"), soundFault: "no such device"})).toBe(
            glass(`
                |09:41     Tue 24 Nov|
                |Server not reached  |
                |Check the network   |
                |Sound card fault    |
            `),
        );
    });

    it("says that only emergency calls are possible without consent", () => {
        expect(picture({...quiet, consent: false})).toBe(
            glass(`
                |09:41     Tue 24 Nov|
                |Anna 201       ready|
                |Emergency calls only|
                |↑ Calls      OK Menu|
            `),
        );
    });

    it("shows the ringer's volume while it is being set", () => {
        expect(picture({...quiet, volumeShown: "ringVolume", volumeShownUntil: NOW + 3_000})).toBe(
            glass(`
                |09:41     Tue 24 Nov|
                |Anna 201       ready|
                |Ringing     ■■■■■■--|
                |↑ Calls      OK Menu|
            `),
        );
    });

    it("lists every account with its state where there is room", () => {
        expect(
            picture(
                {
                    ...without("unreachable", NOW + 65_000),
                    accounts: [
                        ...without("unreachable", NOW + 65_000).accounts,
                        {id: 1, label: "Office", registered: true, fault: null, detail: "200 OK", retryAt: null},
                    ],
                    storeFault: "disk is full",
                },
                LARGE,
            ),
        ).toBe(
            glass(`
                |Server not reached      Tue 24 Nov 09:41|
                |                                        |
                |Tuesday 24 November                09:41|
                |Server not reached                      |
                |Check the network                       |
                |Next try in 1:05                        |
                |Anna 201                      No service|
                |Office                             ready|
                |Storage fault               disk is full|
                |                                        |
                |                                        |
                |↑ Calls                          OK Menu|
            `),
        );
    });
});

describe("dialling", () => {
    it("asks for a number at the dial tone and names the line", () => {
        expect(picture({...lifted, offHook: {stage: "dialTone", until: NOW + 20_000}})).toBe(
            glass(`
                |Dial a number       |
                |Anna 201            |
                |                    |
                |↑↓ Volume           |
            `),
        );
    });

    it("offers the last number again", () => {
        expect(picture({...lifted, recents, offHook: {stage: "dialTone", until: NOW + 20_000}})).toBe(
            glass(`
                |Dial a number       |
                |Anna 201            |
                |                    |
                |↑↓ Volume  OK Redial|
            `),
        );
    });

    it("says at the lift why there is no dial tone", () => {
        expect(picture({...without("unreachable"), hook: "off", offHook: {stage: "dialTone", until: NOW}})).toBe(
            glass(`
                |No service          |
                |Server not reached  |
                |Check the network   |
                |↑↓ Volume           |
            `),
        );
    });

    it("says that the handset was left lying", () => {
        expect(picture({...lifted, offHook: {stage: "warning", until: NOW}})).toBe(
            glass(`
                |Handset is off hook |
                |Please hang up      |
                |                    |
                |                    |
            `),
        );
    });

    it("shows the digits with the line that will be used", () => {
        expect(picture({...lifted, dialling: {digits: "0301234", dialAt: NOW + 4_000}})).toBe(
            glass(`
                |Number      Anna 201|
                |0301234             |
                |                    |
                |X Delete     OK Call|
            `),
        );
    });

    it("keeps the end of a long number in sight", () => {
        expect(picture({...lifted, dialling: {digits: "00491701234567890123", dialAt: NOW + 4_000}})).toBe(
            glass(`
                |Number      Anna 201|
                |…491701234567890123 |
                |                    |
                |X Delete     OK Call|
            `),
        );
    });

    it("marks an emergency number before it is sent", () => {
        expect(picture({...quiet, dialling: {digits: "112", dialAt: null}})).toBe(
            glass(`
                |Number      Anna 201|
                |112                 |
                |EMERGENCY CALL      |
                |X Delete     OK Call|
            `),
        );
    });

    it("warns before sending that there is no service", () => {
        expect(picture({...without("connecting"), dialling: {digits: "600", dialAt: null}})).toBe(
            glass(`
                |Number      Anna 201|
                |600                 |
                |Connecting          |
                |X Delete     OK Call|
            `),
        );
    });
});

describe("an outgoing call", () => {
    it("is being set up", () => {
        expect(picture({...lifted, calls: [outgoing]})).toBe(
            glass(`
                |0301234567          |
                |Calling             |
                |Anna 201            |
                |Put down to end     |
            `),
        );
    });

    it("rings at the other end", () => {
        expect(
            picture({...lifted, calls: [{...outgoing, phase: "alerting", party: {number: "601", name: "Zoë"}}]}),
        ).toBe(
            glass(`
                |Zoë                 |
                |601                 |
                |Ringing             |
                |Put down to end     |
            `),
        );
    });

    it("has the network's announcement", () => {
        expect(picture({...lifted, calls: [{...outgoing, phase: "earlyMedia"}]})).toBe(
            glass(`
                |0301234567          |
                |Please listen       |
                |Anna 201            |
                |Put down to end     |
            `),
        );
    });

    it("is ended by a key when the loudspeaker is on", () => {
        expect(picture({...quiet, handsFree: true, speaker: true, calls: [outgoing]})).toBe(
            glass(`
                |0301234567          |
                |Calling             |
                |Anna 201            |
                |X End               |
            `),
        );
    });

    it("bears the mark of an emergency, and no key to end it", () => {
        expect(picture({...lifted, calls: [{...outgoing, emergency: true, party: {number: "112", name: null}}]})).toBe(
            glass(`
                |EMERGENCY CALL      |
                |112                 |
                |Calling             |
                |Put down to end     |
            `),
        );
    });
});

describe("an incoming call", () => {
    it("shows name and number and how to answer", () => {
        expect(picture({...quiet, calls: [incoming]})).toBe(
            glass(`
                |Bérénice Müller     |
                |+49301234567        |
                |Lift to answer      |
                |X Reject  OK Silence|
            `),
        );
    });

    it("has no more to silence once the bell is silenced", () => {
        expect(picture({...quiet, silenced: "in-1", calls: [incoming]})).toBe(
            glass(`
                |Bérénice Müller     |
                |+49301234567        |
                |Lift to answer      |
                |X Reject            |
            `),
        );
    });

    it("hides its number", () => {
        expect(picture({...quiet, calls: [{...incoming, party: {number: "", name: null}}]})).toBe(
            glass(`
                |Incoming call       |
                |Number withheld     |
                |Lift to answer      |
                |X Reject  OK Silence|
            `),
        );
    });

    it("is answered by OK with the handset off hook", () => {
        expect(picture({...lifted, calls: [incoming]})).toBe(
            glass(`
                |Incoming call       |
                |Bérénice Müller     |
                |+49301234567        |
                |X Reject   OK Answer|
            `),
        );
    });

    it("is being answered", () => {
        expect(picture({...lifted, calls: [{...incoming, phase: "answering"}]})).toBe(
            glass(`
                |Bérénice Müller     |
                |+49301234567        |
                |Connecting          |
                |Put down to end     |
            `),
        );
    });

    it("shows digits of an emergency number that is being dialled over it", () => {
        expect(picture({...quiet, calls: [incoming], dialling: {digits: "11", dialAt: null}})).toBe(
            glass(`
                |Bérénice Müller     |
                |Lift to answer      |
                |11                  |
                |X Reject  OK Silence|
            `),
        );
    });
});

describe("a call", () => {
    it("runs its clock and names the codec", () => {
        expect(picture({...lifted, calls: [talking], status: {...quiet.status, media}})).toBe(
            glass(`
                |Bérénice Müller     |
                |+49301234567        |
                |2:05          Opus ○|
                |↑↓ Volume    OK Mute|
            `),
        );
    });

    it.each([
        ["none", "○", "none"],
        ["hop", "◐", "to the server"],
        ["end", "◉", "end to end"],
    ] as const)("is marked as protected: %s, and says how far where there is room", (security, mark, words) => {
        const state = {...lifted, calls: [{...talking, security}], status: {...quiet.status, media}};
        expect(picture(state)).toContain(`|2:05          Opus ${mark}|`);
        expect(picture(state, LARGE)).toContain(`|2:05${" ".repeat(30)}Opus ${mark}|`);
        expect(picture(state, LARGE)).toContain(`|Encryption${words.padStart(30)}|`);
    });

    it("keeps the mark of its protection where the codec has no room", () => {
        const since = NOW - 3_723_000;
        const state = {...lifted, muted: true, status: {...quiet.status, media}};
        const polish = {...state, settings: {...state.settings, language: "pl"} as const};
        expect(picture({...polish, calls: [{...talking, talkingSince: since, security: "hop"}]})).toContain(
            "|1:02:03 Wyciszono  ◐|",
        );
    });

    it("is muted", () => {
        expect(picture({...lifted, muted: true, calls: [talking], status: {...quiet.status, media}})).toBe(
            glass(`
                |Bérénice Müller     |
                |+49301234567        |
                |2:05 Muted    Opus ○|
                |↑↓ Volume  OK Unmute|
            `),
        );
    });

    it("is held by us", () => {
        expect(picture({...lifted, calls: [{...talking, hold: {local: true, remote: false}}]})).toBe(
            glass(`
                |Bérénice Müller     |
                |On hold             |
                |2:05               ○|
                |↑↓ Volume    OK Mute|
            `),
        );
    });

    it("is held by the other side, muted, and is made louder", () => {
        expect(
            picture({
                ...lifted,
                muted: true,
                calls: [{...talking, hold: {local: false, remote: true}}],
                volumeShown: "volume",
                volumeShownUntil: NOW + 1,
            }),
        ).toBe(
            glass(`
                |Bérénice Müller     |
                |Held by other side  |
                |2:05 Muted         ○|
                |Volume      ■■■■■---|
            `),
        );
    });

    it("offers hold where there is no key for it, in turn with the volume and the details", () => {
        const held = {...talking, hold: {local: true, remote: false}};
        expect(picture({...lifted, now: lifted.now + 4_000, calls: [talking]})).toContain("|← Details    OK Mute|");
        expect(picture({...lifted, now: lifted.now + 8_000, calls: [talking]})).toContain("|→ Hold X End OK Mute|");
        expect(picture({...lifted, now: lifted.now + 8_000, calls: [held]})).toContain("|→ Resume     OK Mute|");
        expect(picture({...lifted, now: lifted.now + 4_000, calls: [talking]}, LARGE)).toContain(
            "|← Details    → Hold    X End     OK Mute|",
        );
    });

    it("is being resumed", () => {
        expect(picture({...lifted, calls: [{...talking, pending: "resume", hold: {local: true, remote: false}}]})).toBe(
            glass(`
                |Bérénice Müller     |
                |Resuming            |
                |2:05               ○|
                |↑↓ Volume    OK Mute|
            `),
        );
    });

    it("stays on the glass when the sound card fails", () => {
        expect(picture({...lifted, calls: [talking], soundFault: "no such device"})).toBe(
            glass(`
                |Bérénice Müller     |
                |2:05               ○|
                |Sound card fault    |
                |↑↓ Volume    OK Mute|
            `),
        );
    });

    it("stays on the glass when everything fails", () => {
        expect(
            picture({
                ...lifted,
                calls: [talking],
                soundFault: "gone",
                storeFault: "full",
                faults: ["keypad", "provisioning"],
            }),
        ).toBe(
            glass(`
                |Bérénice Müller     |
                |2:05               ○|
                |Sound card fault    |
                |Storage fault       |
            `),
        );
    });

    it("is an emergency call", () => {
        expect(
            picture({
                ...lifted,
                calls: [{...talking, emergency: true, direction: "outgoing", party: {number: "112", name: null}}],
            }),
        ).toBe(
            glass(`
                |EMERGENCY CALL      |
                |112                 |
                |2:05               ○|
                |↑↓ Volume    OK Mute|
            `),
        );
    });

    it("names who calls meanwhile", () => {
        expect(
            picture({...lifted, calls: [talking, {...incoming, id: "in-2", party: {number: "601", name: "Zoë"}}]}),
        ).toBe(
            glass(`
                |Bérénice Müller     |
                |2:05               ○|
                |Waiting:         Zoë|
                |↑↓ Volume    OK Mute|
            `),
        );
    });

    it("tells more where there is room", () => {
        expect(
            picture(
                {
                    ...lifted,
                    muted: true,
                    calls: [talking],
                    captureOpen: true,
                    soundFault: "no such device",
                    status: {...quiet.status, media},
                },
                LARGE,
            ),
        ).toBe(
            glass(`
                |Anna 201                Tue 24 Nov 09:41|
                |                                        |
                |Bérénice Müller                         |
                |+49301234567                            |
                |2:05 Muted                        Opus ○|
                |Microphone                         Muted|
                |Encryption                          none|
                |Sound card fault          no such device|
                |                                        |
                |                                        |
                |                                        |
                |↑↓ Volume   → Hold    X End    OK Unmute|
            `),
        );
    });
});

describe("the details of a call", () => {
    const detailed: PhoneState = {
        ...lifted,
        details: 0,
        calls: [{...talking, security: "hop", suite: "AEAD_AES_256_GCM", quality}],
    };

    it("tell on three pages of a small glass how it sounds, how it travels, and what protects it", () => {
        expect(picture(detailed)).toBe(
            glass(`
                |MOS LQ/CQ  4.2 / 4.1|
                |Lost           1.3 %|
                |Jitter          3 ms|
                |X Back        ←→ 1/3|
            `),
        );
        expect(picture({...detailed, details: 4})).toBe(
            glass(`
                |Codec         Opus ◐|
                |Round trip     24 ms|
                |                    |
                |X Back        ←→ 2/3|
            `),
        );
        expect(picture({...detailed, details: -1})).toBe(
            glass(`
                |Encryption         ◐|
                |to the server       |
                |SDES AES-256 GCM    |
                |X Back        ←→ 3/3|
            `),
        );
    });

    it("tell all at once where there is room", () => {
        expect(picture(detailed, LARGE)).toBe(
            glass(`
                |Anna 201                Tue 24 Nov 09:41|
                |                                        |
                |Bérénice Müller                         |
                |MOS LQ/CQ                      4.2 / 4.1|
                |Lost                               1.3 %|
                |Jitter                              3 ms|
                |Codec                             Opus ◐|
                |Round trip                         24 ms|
                |Encryption               to the server ◐|
                |SDES AES-256 GCM                        |
                |                                        |
                |X Back                           OK Mute|
            `),
        );
    });

    it.each([
        ["none", null, "|Encryption         ○|\n|none                |\n|                    |"],
        ["hop", null, "|to the server       |\n|SDES                |"],
        ["end", "AES_CM_128_HMAC_SHA1_80", "|end to end          |\n|DTLS AES-128 SHA1-80|"],
    ] as const)("name the protection in full: %s with %s", (security, suite, rows) => {
        expect(picture({...detailed, details: 2, calls: [{...talking, security, suite}]})).toContain(rows);
    });

    it("say so where nothing is known yet", () => {
        expect(picture({...detailed, calls: [talking]})).toContain("|MOS LQ/CQ    unknown|");
        const [call] = detailed.calls;
        const half = {...quality, mosListening: null, lossRate: null, roundTrip: null};
        const calls = call === undefined ? [] : [{...call, quality: half}];
        expect(picture({...detailed, calls})).toContain("|MOS LQ/CQ    ? / 4.1|\n|Lost         unknown|");
    });

    it("never hide an emergency call", () => {
        const party = {number: "112", name: null};
        expect(picture({...detailed, calls: [{...talking, emergency: true, party}]})).toContain("|112 ");
    });
});

describe("the end of a call", () => {
    it("has its reason and its duration", () => {
        expect(
            picture({...quiet, notice: {...notice, reason: {code: "remoteHangUp", sip: null}, talkSeconds: 3_725}}),
        ).toBe(
            glass(`
                |Other side hung up  |
                |Zoë                 |
                |Call time    1:02:05|
                |X Close             |
            `),
        );
    });

    it("is busy", () => {
        expect(picture({...lifted, notice})).toBe(
            glass(`
                |Busy                |
                |Zoë                 |
                |601                 |
                |Please hang up      |
            `),
        );
    });

    it("is unreachable", () => {
        expect(
            picture({...lifted, notice: {...notice, reason: {code: "unavailable", sip: 480}, party: outgoing.party}}),
        ).toBe(
            glass(`
                |Not reachable now   |
                |0301234567          |
                |                    |
                |Please hang up      |
            `),
        );
    });

    it("says what forbade it here", () => {
        expect(
            picture({...quiet, cellularBusy: true, notice: {...notice, reason: {code: "notAcceptable", sip: null}}}),
        ).toBe(
            glass(`
                |Call not possible   |
                |Mobile is in a call |
                |Zoë                 |
                |X Close             |
            `),
        );
    });

    it("says when the other side cannot take our sound", () => {
        expect(picture({...quiet, notice: {...notice, reason: {code: "notAcceptable", sip: 488}}})).toBe(
            glass(`
                |No common codec     |
                |Zoë                 |
                |601                 |
                |X Close             |
            `),
        );
    });

    it("says why there is no service", () => {
        expect(
            picture({
                ...without("serverError", NOW + 90_000),
                notice: {...notice, reason: {code: "noService", sip: null}},
            }),
        ).toBe(
            glass(`
                |No service          |
                |Fault at the server |
                |Next try in 1:30    |
                |X Close             |
            `),
        );
    });
});

describe("recent calls", () => {
    it("stand newest first, with a mark, a name and when", () => {
        expect(
            picture({...quiet, recents, view: {type: "recents", filter: "all", selected: 1, since: NOW, page: null}}),
        ).toBe(
            glass(`
                | !Bérénice Mü… 08:41|
                |►→600          07:41|
                | ←Zoë            Mon|
                |All→         OK Call|
            `),
        );
    });

    it("let the selected name scroll", () => {
        expect(
            picture({
                ...quiet,
                recents,
                view: {type: "recents", filter: "missed", selected: 0, since: NOW - 3_000, page: null},
            }),
        ).toBe(
            glass(`
                |►!ce Müller-Lü 08:41|
                |                    |
                |                    |
                |Missed→      OK Call|
            `),
        );
    });

    it("tell that there are none", () => {
        expect(
            picture({...quiet, view: {type: "recents", filter: "received", selected: 0, since: NOW, page: null}}),
        ).toBe(
            glass(`
                |No calls            |
                |                    |
                |                    |
                |Received→     X Back|
            `),
        );
    });

    it("tell more of the selected one where there is room", () => {
        expect(
            picture(
                {...quiet, recents, view: {type: "recents", filter: "all", selected: 2, since: NOW, page: null}},
                LARGE,
            ),
        ).toBe(
            glass(`
                |Anna 201                Tue 24 Nov 09:41|
                |                                        |
                |All 3/4                                 |
                | !Bérénice Müller-Lüdenscheidt     08:41|
                | →600                              07:41|
                |►←Zoë                    yesterday 03:41|
                | =Number withheld            15/10 10:41|
                |601                                     |
                |Other side hung up               1:02:05|
                |                                        |
                |                                        |
                |All→ ↑↓ Select ← Details X Back  OK Call|
            `),
        );
    });
});

describe("the details of a recent call", () => {
    const at = (selected: number, page: number): PhoneState => ({
        ...quiet,
        recents,
        view: {type: "recents", filter: "all", selected, since: NOW, page},
    });

    it("tell on three pages of a small glass who and when, what became of it, and how it sounded", () => {
        expect(picture(at(1, 0))).toBe(
            glass(`
                |600                 |
                |24/11          07:41|
                |                    |
                |←→ 1/3       OK Call|
            `),
        );
        expect(picture(at(1, 1))).toBe(
            glass(`
                |Call ended      1:15|
                |Codec         Opus ◐|
                |Round trip     24 ms|
                |←→ 2/3       OK Call|
            `),
        );
        expect(picture(at(1, 2))).toContain("|MOS LQ/CQ  4.2 / 4.1|\n|Lost           1.3 %|\n|Jitter          3 ms|");
    });

    it("are one page for a call in which nothing was said", () => {
        expect(picture(at(0, 5))).toBe(
            glass(`
                |Bérénice Müller-Lüd…|
                |0301234567          |
                |Call cancelled      |
                |X Back       OK Call|
            `),
        );
    });

    it("are one page where there is room", () => {
        expect(picture(at(1, 7), LARGE)).toBe(
            glass(`
                |Anna 201                Tue 24 Nov 09:41|
                |                                        |
                |600                                07:41|
                |Call ended                          1:15|
                |Codec                             Opus ◐|
                |Round trip                         24 ms|
                |MOS LQ/CQ                      4.2 / 4.1|
                |Lost                               1.3 %|
                |Jitter                              3 ms|
                |                                        |
                |                                        |
                |X Back                           OK Call|
            `),
        );
    });

    it("are named in turn with the next filter on a small glass", () => {
        const list = {
            ...at(1, 0),
            view: {type: "recents", filter: "all", selected: 1, since: NOW, page: null},
        } as const;
        expect(picture(list)).toContain("|All→         OK Call|");
        expect(picture({...list, now: NOW + 4_000})).toContain("|← Details    OK Call|");
        expect(picture({...list, now: NOW + 8_000})).toContain("|All→         OK Call|");
    });
});

describe("the menus", () => {
    it("mark the selected item and keep it in sight", () => {
        expect(picture({...quiet, view: {type: "menu", selected: 3}})).toBe(
            glass(`
                | Ringing volume     |
                |►Language           |
                | Self-test          |
                |X Back       OK Open|
            `),
        );
    });

    it("name each language by itself", () => {
        expect(picture({...quiet, view: {type: "language", selected: 1}})).toBe(
            glass(`
                | English            |
                |►Deutsch            |
                | Français           |
                |X Back     OK Select|
            `),
        );
    });

    it("show the ringer's volume once", () => {
        expect(
            picture({...quiet, view: {type: "ringVolume"}, volumeShown: "ringVolume", volumeShownUntil: NOW + 3_000}),
        ).toBe(
            glass(`
                |Ringing volume      |
                |■■■■■■--            |
                |                    |
                |↑↓ Change   OK Close|
            `),
        );
    });

    it("call a silent ringer silent", () => {
        expect(picture({...quiet, settings: {...quiet.settings, ringVolume: null}, view: {type: "ringVolume"}})).toBe(
            glass(`
                |Ringing volume      |
                |silent              |
                |                    |
                |↑↓ Change   OK Close|
            `),
        );
    });
});

describe("the first start", () => {
    it("speaks the language under the mark", () => {
        expect(picture({...fresh, view: {type: "firstStart", step: "language", selected: 2}}, LARGE)).toBe(
            glass(`
                |Not set up yet          Tue 24 Nov 09:41|
                |                                        |
                |Langue                                  |
                | English                                |
                | Deutsch                                |
                |►Français                               |
                | Español                                |
                | Italiano                               |
                | Nederlands                             |
                |                                        |
                |                                        |
                |↑↓                            OK Choisir|
            `),
        );
    });

    it("asks for the language in four rows", () => {
        expect(picture({...fresh, view: {type: "firstStart", step: "language", selected: 0}})).toBe(
            glass(`
                |►English            |
                | Deutsch            |
                | Français           |
                |↑↓         OK Select|
            `),
        );
    });

    it("asks for the country", () => {
        expect(picture({...fresh, view: {type: "firstStart", step: "country", selected: 2}})).toBe(
            glass(`
                | Switzerland        |
                |►Germany            |
                | France             |
                |X Back     OK Select|
            `),
        );
    });

    it("says what to do next", () => {
        expect(picture({...fresh, view: {type: "firstStart", step: "next", selected: 0}})).toBe(
            glass(`
                |Connect the USB     |
                |cable and set up an |
                |account.            |
                |X Back       OK Next|
            `),
        );
    });

    it("names who helps in its turn", () => {
        expect(picture({...fresh, now: NOW + 4_000, view: {type: "firstStart", step: "next", selected: 0}})).toBe(
            glass(`
                |Help:               |
                |help@example.org    |
                |                    |
                |X Back       OK Next|
            `),
        );
    });

    it("names who helps where there is room", () => {
        expect(picture({...fresh, view: {type: "firstStart", step: "next", selected: 0}}, LARGE)).toBe(
            glass(`
                |Not set up yet          Tue 24 Nov 09:41|
                |                                        |
                |Connect the USB cable and set up an     |
                |account.                                |
                |                                        |
                |Help:                                   |
                |help@example.org                        |
                |                                        |
                |                                        |
                |                                        |
                |                                        |
                |X Back                           OK Next|
            `),
        );
    });
});

describe("the status pages", () => {
    it("page 1: addresses", () => {
        expect(picture({...quiet, status: {...quiet.status, media}, view: {type: "status", page: 0}})).toBe(
            glass(`
                |Address             |
                |192.0.2.17          |
                |                    |
                |X Back        ←→ 1/7|
            `),
        );
    });

    it("page 2: the account, its server and the last answer", () => {
        expect(picture({...quiet, status: {...quiet.status, media}, view: {type: "status", page: 1}})).toBe(
            glass(`
                |Anna 201       ready|
                |Last answer 200 OK  |
                |sip.example.org tls |
                |X Back        ←→ 2/7|
            `),
        );
    });

    it("page 3: codec and losses", () => {
        expect(picture({...quiet, status: {...quiet.status, media}, view: {type: "status", page: 2}})).toBe(
            glass(`
                |Codec           Opus|
                |Lost           1.0 %|
                |Late               3|
                |X Back        ←→ 3/7|
            `),
        );
    });

    it("page 4: jitter and delay", () => {
        expect(picture({...quiet, status: {...quiet.status, media}, view: {type: "status", page: 3}})).toBe(
            glass(`
                |Jitter          3 ms|
                |Delay          61 ms|
                |Round trip     24 ms|
                |X Back        ←→ 4/7|
            `),
        );
    });

    it.each(["none", "hop", "end"] as const)("page 5: how far a call is protected (%s)", (security) => {
        const view = {type: "status", page: 4} as const;
        const words = {none: "none", hop: "to the server", end: "end to end"}[security];
        const mark = {none: "○", hop: "◐", end: "◉"}[security];
        const page = statusScreen(sceneOf({...quiet, view, calls: [{...talking, security}]}, SMALL), 4);
        expect(page.body.map(({left, right}) => [left, right])).toEqual([
            ["Encryption", mark],
            [words, ""],
        ]);
        expect(picture({...quiet, view})).toContain("|Encryption          |\n|No call             |");
    });

    it("page 6: version, serial number and real time", () => {
        expect(picture({...quiet, status: {...quiet.status, media}, view: {type: "status", page: 5}})).toBe(
            glass(`
                |Version        0.1.0|
                |Serial       OH-0042|
                |Real time        yes|
                |X Back        ←→ 6/7|
            `),
        );
    });

    it("page 7: who helps", () => {
        expect(picture({...quiet, status: {...quiet.status, media}, view: {type: "status", page: 6}})).toBe(
            glass(`
                |Help                |
                |help@example.org    |
                |                    |
                |X Back        ←→ 7/7|
            `),
        );
    });

    it("go round", () => {
        expect(picture({...quiet, view: {type: "status", page: -1}})).toBe(
            glass(`
                |Help                |
                |help@example.org    |
                |                    |
                |X Back        ←→ 7/7|
            `),
        );
    });

    it("say why an account is not registered", () => {
        expect(picture({...without("forbidden"), view: {type: "status", page: 1}})).toBe(
            glass(`
                |Anna 201            |
                |Account refused     |
                |Last answer no answ…|
                |X Back        ←→ 2/7|
            `),
        );
    });
});

describe("the self-test", () => {
    it("shows the microphone's level", () => {
        expect(picture(testing("microphone", {level: -20}))).toBe(
            glass(`
                |Speak into the      |
                |handset             |
                |-20 dBFS  ■■■■■■■---|
                |X Quit       OK Next|
            `),
        );
    });

    it("waits for the microphone", () => {
        expect(picture(testing("microphone", {level: null}))).toBe(
            glass(`
                |Speak into the      |
                |handset             |
                |Please wait         |
                |X Quit       OK Next|
            `),
        );
    });

    it("asks for the earpiece", () => {
        expect(picture(testing("earpiece", {}))).toBe(
            glass(`
                |Self-test        2/6|
                |Is there a tone in  |
                |the earpiece?       |
                |X Quit       OK Next|
            `),
        );
    });

    it("counts keys and names the newest", () => {
        expect(picture(testing("keys", {keysSeen: ["1", "up"]}))).toBe(
            glass(`
                |Self-test        3/6|
                |Press every key     |
                |Keys 2             ↑|
                |X Quit       OK Next|
            `),
        );
    });

    it("sees the hook", () => {
        expect(picture(testing("hook", {hookSeen: true}))).toBe(
            glass(`
                |Lift and put down   |
                |the handset         |
                |on hook         seen|
                |X Quit       OK Next|
            `),
        );
    });

    it("asks for the lamps", () => {
        expect(picture(testing("lamps", {}))).toBe(
            glass(`
                |Self-test        5/6|
                |Are all lamps lit?  |
                |                    |
                |X Quit       OK Next|
            `),
        );
    });

    it("fills the glass", () => {
        expect(picture(testing("display", {}))).toBe(
            glass(`
                |Self-test        6/6|
                |Marks in every cell?|
                |■■■■■■■■■■■■■■■■■■■■|
                |X Quit       OK Next|
            `),
        );
    });
});
