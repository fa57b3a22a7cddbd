/** The table of a language; English before one is chosen. */
import type {LanguageCode} from "../../firmware/phone/state.ts";
import {en} from "./en.ts";
import type {Text} from "./text.ts";

const TEXTS: Readonly<Record<LanguageCode, Text>> = {en, de: en, fr: en, es: en, it: en, nl: en, pt: en, pl: en};

export function textOf(language: LanguageCode | null): Text {
    return TEXTS[language ?? "en"];
}
