/** Who is at the other end: the emergency mark, the name, the number. */
import type {Call} from "../../firmware/phone/call.ts";
import {partyLines} from "../format.ts";
import {line, type PageLine, RANK} from "../page.ts";
import type {Scene} from "../scene.ts";

export function partyBody({text}: Scene, call: Call): readonly PageLine[] {
    const [first, second] = partyLines(call.party, text);
    const mark = call.emergency ? [line(RANK.about, text.call.emergency)] : [];
    const number = second === null ? [] : [line(RANK.detail, second)];
    return [...mark, line(RANK.thing, first), ...number];
}
