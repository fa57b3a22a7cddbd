/** JsSIP's own parser, which the product reaches by a user agent only. */
import {createRequire} from "node:module";
import type {DigestChallenge, JsSipMessage} from "../../firmware/sip/jssip.ts";

const require = createRequire(import.meta.url);
const Parser = require("jssip/lib/Parser.js") as {parseMessage(text: string, ua: object): JsSipMessage | undefined};
const Grammar = require("jssip/lib/Grammar.js") as {parse(text: string, rule: string): unknown};

/** Reads a message; throws where JsSIP throws. It may say that it is none. */
export function readableMessage(text: string): void {
    Parser.parseMessage(text, {});
}

/** The challenge in the value of a WWW-Authenticate; null where the grammar takes it for none. */
export function readableChallenge(text: string): DigestChallenge | null {
    const read = Grammar.parse(text, "WWW_Authenticate");
    return typeof read === "object" && read !== null ? (read as DigestChallenge) : null;
}
