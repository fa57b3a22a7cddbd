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
    return calls.map(({startedAt, outcome, party, talkSeconds, security, quality}) => {
        const name = party.name === null ? "" : `  ${party.name}`;
        const talk = talkSeconds === null ? "" : `  ${talkSeconds} s`;
        const who = `${party.number || "anonymous"}${name}`;
        return `${format.format(startedAt)}  ${outcome.padEnd(11)}  ${who}${talk}${soundWords(security, quality)}`;
    });
}

/** `  opus, encrypted hop, lost 0.4 %, MOS 4.3`: as much of it as is known. */
function soundWords(security: RecentCall["security"], quality: RecentCall["quality"]): string {
    const words = [
        quality?.codec,
        security === null ? null : `encrypted ${security}`,
        quality?.lossRate == null ? null : `lost ${(quality.lossRate * 100).toFixed(1)} %`,
        quality?.mosListening == null ? null : `MOS ${quality.mosListening.toFixed(1)}`,
    ].filter((word) => word != null);
    return words.length === 0 ? "" : `  ${words.join(", ")}`;
}
