/** The names of the keys that a board may have. */
import type {Key} from "./board.ts";

const KEY_NAMES: ReadonlySet<string> = new Set<Key>([
    ...(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"] as const),
    ...(["up", "down", "left", "right", "ok", "back"] as const),
    ...(["hold", "mute", "louder", "softer", "speaker", "line1", "line2", "line3", "line4"] as const),
]);

/** Whether a value names a key of the board's vocabulary. */
export function isKey(value: unknown): value is Key {
    return typeof value === "string" && KEY_NAMES.has(value);
}
