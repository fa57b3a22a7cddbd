/** Fingers of a person who looks at the glass: a key is pressed again when the phone did not see it. */
import type {Key} from "../../hal/board.ts";
import type {BoardPhone} from "./board-phone.ts";

/** Long enough for a busy machine to see it, short enough to be no held key. */
const downUs = 150_000;
const upUs = 150_000;
/** How long the glass may take, ms: first to look, then for good. */
const lookMs = 2_500;
const looks = 8;

/** Taps a key once; it is long enough down and up that a phone on a busy machine sees both. */
export async function tap(phone: BoardPhone, key: Key): Promise<void> {
    await phone.contacts.move({close: key}, {waitUs: downUs}, {open: key}, {waitUs: upUs});
}

/** Taps a key until the glass shows what it is to do. Only for keys that do no more when they are pressed twice. */
export async function tapUntil(phone: BoardPhone, key: Key, text: string | RegExp): Promise<void> {
    for (let look = 1; ; look += 1) {
        await tap(phone, key);
        try {
            await phone.glass.shows(text, lookMs);
            return;
        } catch (thrown) {
            if (look === looks) throw thrown;
        }
    }
}

/** Dials a number digit by digit, and lets # send it. Resolves when the glass shows what comes of it. */
export async function dial(phone: BoardPhone, number: string, then: string | RegExp): Promise<void> {
    for (let length = 1; length <= number.length; length += 1) {
        const far = number.slice(0, length);
        await tapUntil(phone, far.at(-1) as Key, new RegExp(`^${far} *$`, "m"));
    }
    await tap(phone, "#");
    await phone.glass.shows(then, lookMs * looks);
}

/** Lifts, and calls 600 digit by digit as the glass takes them; resolves when the echo has answered. */
export async function callTheEcho(phone: BoardPhone, ms: number): Promise<void> {
    await phone.contacts.lift();
    await phone.glass.shows("Dial a number", ms);
    for (const typed of ["6", "60", "600"]) {
        const key = typed.at(-1) as Key;
        await phone.contacts.press(key);
        await phone.glass.shows(new RegExp(`\\b${typed}\\b`), ms);
        await phone.contacts.move({open: key}, {waitUs: upUs});
    }
    await phone.contacts.tap("#");
    await phone.glass.shows(talking, ms);
}

/** The glass in a call that is talked in: its time and its codec. */
export const talking = /\b\d:\d\d +G\.711A/;
