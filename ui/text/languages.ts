/** The table of a language; English before one is chosen. */
import type {LanguageCode} from "../../firmware/phone/state.ts";
import {de} from "./de.ts";
import {en} from "./en.ts";
import {es} from "./es.ts";
import {fr} from "./fr.ts";
import {it} from "./it.ts";
import {nl} from "./nl.ts";
import {pl} from "./pl.ts";
import {pt} from "./pt.ts";
import type {Text} from "./text.ts";

const TEXTS: Readonly<Record<LanguageCode, Text>> = {en, de, fr, es, it, nl, pt, pl};

export function textOf(language: LanguageCode | null): Text {
    return TEXTS[language ?? "en"];
}
