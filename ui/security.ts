/** How the protection of a call is drawn: one cell, more of it filled the further it reaches. */
import type {CallSecurity} from "../firmware/phone/call.ts";

/** A display with glyphs of its own draws padlocks: an open one, a closed one, a closed and filled one. */
export const SECURITY_MARKS: Readonly<Record<CallSecurity, string>> = {none: "○", hop: "◐", end: "◉"};
