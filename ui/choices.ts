/** What can be chosen from a list, in the order in which the core counts `selected`. */
import type {LanguageCode, RecentsFilter, SelfTestStep} from "../firmware/phone/state.ts";

export type MenuItem = "recents" | "status" | "ringVolume" | "language" | "selfTest";

export const MENU_ITEMS: readonly MenuItem[] = ["recents", "status", "ringVolume", "language", "selfTest"];
export const LANGUAGES: readonly LanguageCode[] = ["en", "de", "fr", "es", "it", "nl", "pt", "pl"];
export const RECENTS_FILTERS: readonly RecentsFilter[] = ["all", "missed", "received", "placed"];
export const SELF_TEST_STEPS: readonly SelfTestStep[] = ["microphone", "earpiece", "keys", "hook", "lamps", "display"];
