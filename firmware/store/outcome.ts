import type {Call} from "../phone/call.ts";
import type {RecentCall} from "../phone/state.ts";

/** How an ended call stands in the log: answered elsewhere is not missed, nor is what the owner declined. */
export function outcomeOf(call: Call, talkSeconds: number | null): RecentCall["outcome"] {
    if (call.direction === "outgoing") return "placed";
    if (talkSeconds !== null) return "received";
    switch (call.reason?.code) {
        case "answeredElsewhere":
        case "declinedElsewhere": {
            return "elsewhere";
        }
        case "declined":
        case "localHangUp": {
            return "received";
        }
        default: {
            return "missed";
        }
    }
}

/**
 * The form in which two numbers are compared: separators gone, an international prefix 00 as +, SIP addresses in lower
 * case. Whole numbers only: a short code never matches the end of a long number.
 */
export function comparableNumber(number: string): string {
    if (number.includes("@")) return number.toLowerCase();
    const bare = number.replaceAll(/[\s().\-/]/g, "");
    return bare.startsWith("00") ? `+${bare.slice(2)}` : bare;
}
