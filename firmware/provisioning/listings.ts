import type {RecentCall} from "../phone/state.ts";
import type {Contact} from "../store/store.ts";

/** One line a contact: its number for `contacts remove`, its name and its numbers. */
export function contactLines(contacts: readonly Contact[]): readonly string[] {
    if (contacts.length === 0) return ["no contacts"];
    return contacts.map(({id, name, numbers}) => `${String(id).padStart(4)}  ${name}  ${numbers.join(", ")}`);
}

/** One line a call: when it began in the given zone, what became of it, who, and how long was talked. */
export function callLines(calls: readonly RecentCall[], timeZone: string): readonly string[] {
    if (calls.length === 0) return ["no calls"];
    const format = new Intl.DateTimeFormat("sv-SE", {timeZone, dateStyle: "short", timeStyle: "medium"});
    return calls.map(({startedAt, outcome, party, talkSeconds}) => {
        const name = party.name === null ? "" : `  ${party.name}`;
        const talk = talkSeconds === null ? "" : `  ${talkSeconds} s`;
        return `${format.format(startedAt)}  ${outcome.padEnd(11)}  ${party.number || "anonymous"}${name}${talk}`;
    });
}
