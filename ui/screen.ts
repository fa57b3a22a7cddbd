/** From the state of the phone to what its glass shows. Pure: the same state and size give the same frame. */

import type {Call} from "../firmware/phone/call.ts";
import type {PhoneState, View} from "../firmware/phone/state.ts";
import type {Frame} from "../hal/board.ts";
import {notesOf} from "./notes.ts";
import {earliest, frameOf, isLarge, line, type Page, type PageLine, RANK, type Size} from "./page.ts";
import {defaultAccount, nextMinute, type Scene, sceneOf, serviceFaultOf} from "./scene.ts";
import {callDetailsScreen} from "./screens/call-details.ts";
import {diallingScreen} from "./screens/dialling.ts";
import {endedScreen} from "./screens/ended.ts";
import {firstStartScreen} from "./screens/first-start.ts";
import {idleScreen} from "./screens/idle.ts";
import {incomingScreen} from "./screens/incoming.ts";
import {languageScreen, menuScreen, ringVolumeScreen} from "./screens/menu.ts";
import {offHookScreen} from "./screens/off-hook.ts";
import {outgoingScreen} from "./screens/outgoing.ts";
import {recentsScreen} from "./screens/recents.ts";
import {selfTestScreen} from "./screens/self-test.ts";
import {statusScreen} from "./screens/status.ts";
import {talkingScreen} from "./screens/talking.ts";

/** The frame for a glass of at least 1 x 1 cells; throws RangeError for a size that no glass has. */
export function screenOf(state: PhoneState, size: Size): Frame {
    const {scene, page} = shownPage(state, size);
    return frameOf(page, headerOf(scene), size);
}

/** What is shown, with what stands on every page. */
export function shownPage(state: PhoneState, size: Size): {readonly scene: Scene; readonly page: Page} {
    if (!Number.isInteger(size.columns) || !Number.isInteger(size.rows) || size.columns < 1 || size.rows < 1) {
        throw new RangeError(`a glass of ${size.columns} x ${size.rows} cells`);
    }
    const scene = sceneOf(state, size);
    const page = pageOf(scene);
    const notes = notesOf(scene);
    const header = isLarge(size) ? nextMinute(state) : null;
    return {
        scene,
        page: {
            ...page,
            body: [...page.body, ...notes.lines],
            changesAt: earliest([page.changesAt, notes.changesAt, header]),
        },
    };
}

/** What owns the glass, in the order that `state.ts` draws. A call that is ending waits unseen. */
function pageOf(scene: Scene): Page {
    const {state} = scene;
    const call = shownCall(state.calls);
    if (call !== null) return callPage(scene, call);
    if (state.dialling !== null) return diallingScreen(scene);
    if (state.notice !== null) return endedScreen(scene, state.notice);
    if (state.offHook !== null && state.view.type !== "selfTest") return offHookScreen(scene);
    return viewPage(scene, state.view);
}

/** The call that the glass is about: an emergency, then one that is talked or set up, then one that rings. */
function shownCall(calls: readonly Call[]): Call | null {
    const live = calls.filter(({phase}) => phase !== "ending");
    const order: readonly ((call: Call) => boolean)[] = [
        ({emergency}) => emergency,
        ({phase, hold}) => phase === "talking" && !hold.local,
        ({phase}) => phase !== "ringing" && phase !== "talking",
        ({phase}) => phase === "ringing",
    ];
    return order.map((fits) => live.find(fits)).find((call) => call !== undefined) ?? live[0] ?? null;
}

function callPage(scene: Scene, call: Call): Page {
    if (call.phase === "ringing") return incomingScreen(scene, call);
    if (call.phase !== "talking") return outgoingScreen(scene, call);
    const {details} = scene.state;
    const detailed = details !== null && !call.emergency;
    return detailed ? callDetailsScreen(scene, call, details) : talkingScreen(scene, call);
}

function viewPage(scene: Scene, view: View): Page {
    switch (view.type) {
        case "idle": {
            return idleScreen(scene);
        }
        case "firstStart": {
            return firstStartScreen(scene, view);
        }
        case "menu": {
            return menuScreen(scene, view.selected);
        }
        case "recents": {
            return recentsScreen(scene, view);
        }
        case "status": {
            return statusScreen(scene, view.page);
        }
        case "language": {
            return languageScreen(scene, view.selected);
        }
        case "ringVolume": {
            return ringVolumeScreen(scene);
        }
        case "selfTest": {
            return selfTestScreen(scene, view);
        }
    }
}

/** The first row of a large glass: whose phone it is, or why it has no service, and the time. */
function headerOf({state, text, wall}: Scene): PageLine {
    const account = defaultAccount(state);
    const fault = serviceFaultOf(account);
    const left = fault === null ? (account?.label ?? "") : text.service[fault].why;
    return line(RANK.extra, left, wall === null ? "--:--" : `${wall.date} ${wall.time}`);
}
