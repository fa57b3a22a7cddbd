/** How an account's media are protected: its setting, what its transport allows, and fresh keys. */
import {randomBytes} from "node:crypto";
import {PhoneError} from "../errors.ts";
import type {CallSecurity} from "../phone/call.ts";
import type {AccountSettings, SipSettings} from "./account.ts";
import {isSecure} from "./dial.ts";
import {keyOctets, suiteKey, suites} from "./sdp-crypto.ts";
import type {LocalSecurity} from "./sdp-security.ts";

/** What a call may be protected with; keys are made anew for each session. */
export type Protection =
    | {readonly type: "plain"}
    /** DTLS or nothing: keys must not be told. */
    | {readonly type: "keyless"}
    | {readonly type: "sdes"; readonly profile: "RTP/AVP" | "RTP/SAVP"; readonly required: boolean}
    | {readonly type: "dtls"};

/** Ways to protect a call, in the order in which they are tried: the next where the far end refuses one. */
export type Protections = readonly [Protection, ...Protection[]];

const plain: Protection = {type: "plain"};
const dtls: Protection = {type: "dtls"};
const opportunistic: Protection = {type: "sdes", profile: "RTP/AVP", required: false};
/** An offer that a far end understands that takes nothing in clear, by an account that would. */
const secureProfile: Protection = {type: "sdes", profile: "RTP/SAVP", required: false};

type Account = Pick<AccountSettings, "media" | "transport">;

/**
 * What the account demands of a call that comes. Keys in SDP are for signalling that nobody can read (RFC 4568 §7):
 * without it, `best` is DTLS or nothing and `sdes` cannot be. Throws PhoneError `openSignalling` then.
 */
export function protectionOf(account: Account, {keysOverClear}: Pick<SipSettings, "keysOverClear">): Protection {
    const mayTellKeys = keysOverClear || isSecure(account);
    switch (account.media) {
        case "plain": {
            return plain;
        }
        case "webrtc": {
            return dtls;
        }
        case "best": {
            return mayTellKeys ? opportunistic : {type: "keyless"};
        }
        case "sdes": {
            if (mayTellKeys) return {type: "sdes", profile: "RTP/SAVP", required: true};
            throw new PhoneError(
                "openSignalling",
                `the account demands encryption, whose keys ${account.transport} would carry in clear`,
            );
        }
    }
}

/**
 * For a call of ours. With `best`, servers at a WebSocket are asked for what browsers speak first, others for what
 * telephones speak; who takes nothing but the other refuses, and is asked again. An emergency call is made as well as
 * it can be, and never fails for want of protection.
 */
export function protectionsOf(
    account: Account,
    sip: Pick<SipSettings, "keysOverClear">,
    emergency: boolean,
): Protections {
    const mayTellKeys = sip.keysOverClear || isSecure(account);
    const inSdp: Protections = mayTellKeys ? [opportunistic, secureProfile] : [plain];
    switch (account.media) {
        case "plain": {
            return [plain];
        }
        case "webrtc": {
            return emergency ? [dtls, ...inSdp] : [dtls];
        }
        case "best": {
            const browsersFirst = account.transport === "ws" || account.transport === "wss";
            const [telephones, ...others] = inSdp;
            return browsersFirst ? [dtls, telephones, ...others] : [telephones, dtls, ...others];
        }
        case "sdes": {
            if (emergency) return mayTellKeys ? [secureProfile, opportunistic] : [plain];
            return [protectionOf(account, sip)];
        }
    }
}

/** The protection of one session, with keys that no other has. */
export function withFreshKeys(protection: Protection): LocalSecurity {
    if (protection.type !== "sdes") return protection;
    return {...protection, keys: suites.map((suite) => suiteKey(suite, randomBytes(keyOctets[suite])))};
}

/**
 * How far protection reaches. Whoever carries our signalling has seen the keys of SDES: they protect each hop for
 * itself. A fingerprint is as good as the way on which it came (RFC 8827 §5.1).
 */
export function levelOf(secured: "plain" | "srtp" | "dtls", secureSignalling: boolean): CallSecurity {
    if (secured === "plain") return "none";
    return secured === "dtls" && secureSignalling ? "end" : "hop";
}
