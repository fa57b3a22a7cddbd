/** In a call: who, the running clock, what keeps them from hearing each other, and how the sound travels. */
import type {Call} from "../../firmware/phone/call.ts";
import {duration, partyLines} from "../format.ts";
import {type Hint, isLarge, line, type Page, type PageLine, RANK} from "../page.ts";
import {accountOf, hint, nextSecond, type Scene} from "../scene.ts";
import {SECURITY_MARKS} from "../security.ts";
import {partyBody} from "./party.ts";
import {CODEC_MARKS} from "./quality.ts";

export function talkingScreen(scene: Scene, call: Call): Page {
    const {state, text, size} = scene;
    const since = call.talkingSince ?? state.now;
    const codec = state.status.media?.codec ?? null;
    const lock = SECURITY_MARKS[call.security];
    const mark = codec === null ? lock : `${CODEC_MARKS[codec]} ${lock}`;
    const clock = duration((state.now - since) / 1_000);
    const muted = state.muted ? `${clock} ${text.call.muted}` : clock;
    return {
        body: [
            ...partyBody(scene, call),
            ...holdLines(scene, call),
            line(RANK.thing, muted, muted.length + mark.length < size.columns ? mark : lock),
            ...waitingLines(scene, call),
            ...accountLines(scene, call),
            line(RANK.extra, text.call.microphone, microphoneWord(scene)),
            line(RANK.extra, text.security.title, text.security[call.security]),
        ],
        hints: callHints(scene, call),
        backlight: true,
        changesAt: nextSecond(since, state.now),
    };
}

/** The header of a large glass names the account that dials. */
function accountLines({state, size}: Scene, call: Call): readonly PageLine[] {
    if (isLarge(size) && call.account === state.settings.defaultAccount) return [];
    return [line(RANK.detail, accountOf(state, call.account)?.label ?? "")];
}

/** How long hold, volume and details each have their place on a narrow glass, in ms. */
const TURN = 4_000;

/** The middle one goes first on a narrow glass: with the handset in the hand nobody needs a key to hang up. */
function callHints(scene: Scene, call: Call): readonly Hint[] {
    const {hook, muted, now} = scene.state;
    const turn = Math.floor((now - (call.talkingSince ?? now)) / TURN);
    const mute = hint(scene, "ok", muted ? "unmute" : "mute");
    const volume = hint(scene, "upDown", "volume");
    const details = hint(scene, "left", "details");
    const end = hint(scene, "back", "hangUp");
    const either = turn % 2 === 0 ? details : volume;
    if (hook === "on") return [end, call.emergency ? volume : either, mute];
    if (call.emergency) return [volume, mute];
    if (call.pending !== null) return [volume, end, mute];
    const hold = hint(scene, "right", call.hold.local ? "resume" : "hold");
    if (isLarge(scene.size)) return [either, hold, end, mute];
    return [[hold, volume, details][turn % 3] ?? volume, end, mute];
}

function holdLines({text}: Scene, call: Call): readonly PageLine[] {
    if (call.pending !== null) {
        return [line(RANK.state, call.pending === "hold" ? text.call.holding : text.call.resuming)];
    }
    const {local, remote} = call.hold;
    if (!local && !remote) return [];
    const words = local && remote ? text.call.heldByBoth : local ? text.call.heldByUs : text.call.heldByThem;
    return [line(RANK.state, words)];
}

/** As the engine says, not as was wished: the same truth as the lamp. */
function microphoneWord({state, text}: Scene): string {
    if (!state.captureOpen) return text.call.microphoneOff;
    return state.muted ? text.call.muted : text.call.microphoneOn;
}

/** Other calls that ring or are held beside this one. */
function waitingLines({state, text}: Scene, shown: Call): readonly PageLine[] {
    return state.calls
        .filter((call) => call !== shown && call.phase !== "ending")
        .map((call) => {
            const [name] = partyLines(call.party, text);
            const words = call.phase === "ringing" ? text.call.waiting : text.call.heldByUs;
            return line(call.phase === "ringing" ? RANK.state : RANK.extra, words, name);
        });
}
