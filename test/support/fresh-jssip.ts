/** Loads JsSIP anew, untouched by any guard, so that a test can leave one guard out and see what JsSIP does alone. */
import {createRequire} from "node:module";
import type {JsSipInternals, UA} from "../../firmware/sip/jssip.ts";
import {guards} from "../../firmware/sip/jssip-guard.ts";

export interface FreshJsSip {
    readonly internals: JsSipInternals;
    readonly UA: typeof UA;
}

const require = createRequire(import.meta.url);

/** JsSIP's grammar requires these two anew in each parse; every copy must get its own. */
const LAZY = ["jssip/lib/URI.js", "jssip/lib/NameAddrHeader.js"].map((path) => require.resolve(path));

/** Lets the grammar that is in the cache now always find the modules that are in the cache now. */
function pinGrammar(): void {
    const grammar = require("jssip/lib/Grammar.js") as {parse: (...given: unknown[]) => unknown};
    const own = LAZY.map((path) => require.cache[path]);
    const {parse} = grammar;
    grammar.parse = (...given) => {
        LAZY.forEach((path, index) => {
            require.cache[path] = own[index];
        });
        return parse.apply(grammar, given);
    };
}

// The copy that the product has imported is in the cache first.
require("jssip");
pinGrammar();

/** A copy of the package that shares nothing with any other. */
export function freshJsSip(): FreshJsSip {
    for (const path of Object.keys(require.cache)) {
        if (/[\\/]node_modules[\\/]jssip[\\/]/.test(path)) delete require.cache[path];
    }
    const main = require("jssip") as {version: string; UA: typeof UA};
    pinGrammar();
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
