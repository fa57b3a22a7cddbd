import type {PhoneSettings, PhoneState, StatusFacts} from "./state.ts";
import {countries} from "./tone-plan.ts";

const noFacts: StatusFacts = {version: "", serial: "", addresses: [], servers: [], realTime: null, media: null};

/**
 * The phone as it starts: handset down until the board tells, no account, no call. `handsFree`: the board has a
 * loudspeaker path. Without a language chosen, the first start asks for one.
 */
export function initialState(settings: PhoneSettings, now: number, handsFree = false): PhoneState {
    return {
        now,
        wallOffset: null,
        hook: "on",
        handsFree,
        speaker: false,
        muted: false,
        silenced: null,
        calls: [],
        nextCall: 1,
        offHook: null,
        dialling: null,
        notice: null,
        view: settings.language === null ? {type: "firstStart", step: "language", selected: 0} : {type: "idle"},
        details: null,
        feedback: null,
        volumeShownUntil: null,
        volumeShown: "volume",
        accounts: [],
        recents: [],
        missed: 0,
        settings,
        countries,
        cellularBusy: false,
        consent: true,
        captureOpen: false,
        testCaptureOpen: false,
        soundFault: null,
        storeFault: null,
        faults: [],
        keysDown: [],
        longPress: null,
        selfTest: {level: null, keysSeen: [], hookSeen: false},
        status: noFacts,
    };
}
