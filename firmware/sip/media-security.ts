/** How an account's media are protected: its setting, what its transport allows, and fresh keys. */
import {randomBytes} from "node:crypto";
import {PhoneError} from "../errors.ts";
import type {AccountSettings, SipSettings} from "./account.ts";
import {isSecure} from "./dial.ts";
import {keyOctets, suiteKey, suites} from "./sdp-crypto.ts";
import type {LocalSecurity} from "./sdp-security.ts";

/** What a call may be protected with; keys are made anew for each session. */
export type Protection =
    | {readonly type: "plain"}
    | {readonly type: "sdes"; readonly profile: "RTP/AVP" | "RTP/SAVP"; readonly required: boolean};

/** Ways to protect a call, in the order in which they are tried. */
export interface Protections {
    readonly first: Protection;
    /** Where the far end refuses the first one. */
    readonly second: Protection | null;
}

const opportunistic: Protection = {type: "sdes", profile: "RTP/AVP", required: false};

/**
 * What the account asks for. Keys in SDP are for signalling that nobody can read (RFC 4568 §7): without it, `best` is
 * plain and `sdes` cannot be. Throws PhoneError `openSignalling` then.
 */
export function protectionOf(
    {media, transport}: Pick<AccountSettings, "media" | "transport">,
    {keysOverClear}: Pick<SipSettings, "keysOverClear">,
): Protection {
    const mayTellKeys = keysOverClear || isSecure({transport});
    switch (media) {
        case "plain": {
            return {type: "plain"};
        }
        case "best": {
            return mayTellKeys ? opportunistic : {type: "plain"};
        }
        case "sdes": {
            if (mayTellKeys) return {type: "sdes", profile: "RTP/SAVP", required: true};
            throw new PhoneError(
                "openSignalling",
                `the account demands encryption, whose keys ${transport} would carry in clear`,
            );
        }
    }
}

/**
 * For a call of ours. A far end that takes nothing but RTP/SAVP refuses the RTP/AVP of `best`, and is asked again. An
 * emergency call is made as well as it can be, and never fails for want of protection.
 */
export function protectionsOf(
    account: Pick<AccountSettings, "media" | "transport">,
    sip: Pick<SipSettings, "keysOverClear">,
    emergency: boolean,
): Protections {
    const demanded: Protection = {type: "sdes", profile: "RTP/SAVP", required: false};
    if (emergency && account.media === "sdes") {
        const mayTellKeys = sip.keysOverClear || isSecure(account);
        return mayTellKeys ? {first: demanded, second: opportunistic} : {first: {type: "plain"}, second: null};
    }
    const first = protectionOf(account, sip);
    return {first, second: first === opportunistic ? demanded : null};
}

/** The protection of one session, with keys that no other has. */
export function withFreshKeys(protection: Protection): LocalSecurity {
    if (protection.type === "plain") return protection;
    return {...protection, keys: suites.map((suite) => suiteKey(suite, randomBytes(keyOctets[suite])))};
}
