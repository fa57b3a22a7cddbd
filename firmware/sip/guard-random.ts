/** Part of jssip-guard.ts: tokens that nobody can guess. */
import {randomInt, randomUUID} from "node:crypto";
import type {JsSipInternals} from "./jssip.ts";

/** `size` random digits of the given base (2 to 36). */
export function randomToken(size: number, base = 32): string {
    return Array.from({length: size}, () => randomInt(base).toString(base)).join("");
}

/**
 * Tags, Call-IDs, cnonces and UUIDs come from Math.random in JsSIP; who sees some of them can compute the rest and
 * send a BYE into our dialogs (RFC 3261 §19.3 asks for 32 bits of cryptographic chance in a tag).
 */
export function guardRandom({Utils}: JsSipInternals): void {
    Utils.createRandomToken = randomToken;
    Utils.newTag = () => randomToken(10);
    Utils.newUUID = randomUUID;
}
