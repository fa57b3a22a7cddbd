/** What the engine tells. */
import {qualityOf} from "./call.ts";
import {giveUpCall} from "./calls.ts";
import {currentCall} from "./standing.ts";
import type {PhoneState, StatusFacts, Step, TimedMediaEvent} from "./state.ts";
import {stepOf, withCall} from "./step.ts";

/** Silence on the wire after which a call is over, ms. Long, for the far end may send nothing while nobody speaks. */
const longestSilence = 120_000;

/** How often the figures of a talk go into its row of the log, ms. */
const noteMs = 60_000;

export function media(state: PhoneState, event: TimedMediaEvent): Step {
    switch (event.type) {
        case "capture": {
            const works = event.open && state.soundFault?.startsWith("capture: ") === true;
            return stepOf({...state, captureOpen: event.open, soundFault: works ? null : state.soundFault});
        }
        case "firstPacket": {
            const call = state.calls.find((known) => known.session === event.session);
            return stepOf(call === undefined ? state : withCall(state, {...call, hearing: true}));
        }
        case "silent": {
            return silent(state, event.session, event.ms);
        }
        case "device": {
            return stepOf({...state, soundFault: soundFaultOf(state, event)});
        }
        // Digits of the far end mean nothing to a telephone, and SIP alone says that a call is over.
        case "digit":
        case "bye": {
            return stepOf(state);
        }
    }
}

/** Neither a held call nor an emergency call ends for want of sound. */
function silent(state: PhoneState, session: number, ms: number): Step {
    const call = state.calls.find((known) => known.session === session && known.phase === "talking");
    if (call === undefined || ms < longestSilence || call.emergency) return stepOf(state);
    const held = call.hold.local || call.hold.remote;
    return held ? stepOf(state) : giveUpCall(state, call, "mediaLost");
}

/** The newest fault, named by its PCM; only the return of the same PCM takes it away. */
function soundFaultOf(state: PhoneState, event: TimedMediaEvent & {readonly type: "device"}): string | null {
    if (!event.ok) return `${event.pcm}: ${event.reason}`;
    return state.soundFault?.startsWith(`${event.pcm}: `) === true ? null : state.soundFault;
}

/** Facts were read anew: those of the talk in the mix are its quality. */
export function takeFacts(state: PhoneState, status: StatusFacts): Step {
    const next: PhoneState = {...state, status};
    const call = currentCall(next);
    const quality = status.media === null ? null : qualityOf(status.media);
    if (call?.phase !== "talking" || quality === null) return stepOf(next);
    const due = call.notedAt === null || next.now - call.notedAt >= noteMs;
    const noted = {...call, quality, notedAt: due ? next.now : call.notedAt};
    return stepOf(withCall(next, noted), due ? [{type: "noteLog", call: noted}] : []);
}
