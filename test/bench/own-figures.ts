/** What only our phone has to show: the time from a key to the glass, and from the hook to the dial tone. */
import {setTimeout as sleep} from "node:timers/promises";
import type {Key} from "../../hal/board.ts";
import {monotonicNow} from "../support/sound-card.ts";
import {firstSoundAfter} from "./delays.ts";
import type {Values} from "./figures.ts";
import type {OffhookPhone} from "./offhook-phone.ts";

const MILLI = 1e6;
const LISTEN_MS = 700;
/** Short of the four seconds after which the number would be dialled. */
const KEYS: readonly Key[] = ["2", "5", "8", "3", "9"];
const PAUSE_MS = 200;

/** Lifts, listens for the tone, types some digits and puts down again. */
export async function ownFigures(phone: OffhookPhone): Promise<Values> {
    const dialTone = await liftToDialTone(phone);
    const glass: number[] = [];
    for (const [i, key] of KEYS.entries()) {
        glass.push(await keyToGlass(phone, key, KEYS.slice(0, i + 1).join("")));
        await sleep(PAUSE_MS);
    }
    await phone.board.putDown();
    await sleep(PAUSE_MS);
    return {glass, "dial-tone": dialTone === null ? [] : [dialTone]};
}

async function liftToDialTone({board, card}: OffhookPhone): Promise<number | null> {
    const from = monotonicNow();
    await board.lift();
    await sleep(LISTEN_MS);
    return firstSoundAfter(from, {...card.heard(from, from + LISTEN_MS * MILLI), at: from});
}

async function keyToGlass({board, glass}: OffhookPhone, key: Key, dialled: string): Promise<number> {
    const from = monotonicNow();
    const told = board.press(key);
    await glass.shows(dialled);
    const at = monotonicNow();
    await told;
    await board.release(key);
    return (at - from) / MILLI;
}
