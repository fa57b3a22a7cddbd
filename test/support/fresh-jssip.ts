/** Loads JsSIP anew, untouched by any guard, so that a test can leave one guard out and see what JsSIP does alone. */
import {createRequire} from "node:module";
import type {JsSipInternals, UA} from "../../firmware/sip/jssip.ts";
import {guards} from "../../firmware/sip/jssip-guard.ts";

export interface FreshJsSip {
    readonly internals: JsSipInternals;
    readonly UA: typeof UA;
}

/** The grammar requires URI and NameAddrHeader anew in each parse, so all copies must share the three. */
const SHARED = /[\\/](Grammar|URI|NameAddrHeader)\.js$/;

/** A copy of the package that shares no class with any other that a guard touches. */
export function freshJsSip(): FreshJsSip {
    const require = createRequire(import.meta.url);
    for (const path of Object.keys(require.cache)) {
        if (/[\\/]node_modules[\\/]jssip[\\/]/.test(path) && !SHARED.test(path)) delete require.cache[path];
    }
    const main = require("jssip") as {version: string; UA: typeof UA};
    return {
        UA: main.UA,
        internals: {
            version: main.version,
            RtcSession: require("jssip/lib/RTCSession.js"),
            Dialog: require("jssip/lib/Dialog.js"),
            DialogRequestSender: require("jssip/lib/Dialog/RequestSender.js"),
            RequestSender: require("jssip/lib/RequestSender.js"),
            DigestAuthentication: require("jssip/lib/DigestAuthentication.js"),
            Utils: require("jssip/lib/Utils.js"),
        },
    };
}

/** A copy with all guards but one; with all if `omitted` is null. */
export function guardedJsSip(omitted: (typeof guards)[number] | null): FreshJsSip {
    const fresh = freshJsSip();
    for (const guard of guards) if (guard !== omitted) guard(fresh.internals);
    return fresh;
}
