/** Who calls, from the header fields of an INVITE. */
import type {Party} from "../phone/call.ts";
import {parseAddress, parseSipUri} from "./name-addr.ts";
import {splitOutside} from "./sip-message.ts";

/** The header values that tell it. */
export interface CallerHeaders {
    readonly from: string;
    /** `P-Asserted-Identity` (RFC 3325 §9.1), in order. */
    readonly asserted: readonly string[];
}

interface Identity {
    readonly name: string | null;
    readonly user: string;
    readonly host: string;
}

/** What the network asserts counts more than From. An anonymous caller has neither number nor name. */
export function partyOf({from, asserted}: CallerHeaders): Party {
    const values = [...asserted.flatMap((value) => splitOutside(value, ",")), from];
    const known = values.map(identityOf).filter((identity) => !isAnonymous(identity));
    const user = known[0]?.user;
    if (user === undefined) return {number: "", name: null};
    // The name may stand only in From, or only in the second asserted identity.
    const name = known.find((identity) => identity.name !== null && identity.user === user)?.name ?? null;
    return {number: user, name: name === user ? null : name};
}

/** RFC 3261 §8.1.1.3 and RFC 3323 §4.1.1.3. */
function isAnonymous({user, host}: Identity): boolean {
    return user === "" || user.toLowerCase() === "anonymous" || host === "anonymous.invalid";
}

/** `"Zoë \"Q\"" <sip:+4930@example.org;user=phone>;tag=1`, `<tel:+49-30>`, `sip:alice@example.org`. */
function identityOf(value: string): Identity {
    const address = parseAddress(value);
    if (address === null) return {name: null, user: "", host: ""};
    const name = unquoted(address.display);
    const tel = /^tel:([^;]*)/i.exec(address.uri)?.[1];
    if (tel !== undefined) return {name, user: tel.replaceAll(/[().-]/g, ""), host: ""};
    const uri = parseSipUri(address.uri);
    const host = uri?.rest.split(/[;?:]/)[0] ?? "";
    // Behind a semicolon stand parameters of the number, for instance phone-context (RFC 3261 §19.1.6).
    return {name, user: decoded(uri?.user.split(";")[0] ?? ""), host: host.toLowerCase()};
}

function decoded(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        // Not escaped as a URI should be: shown as it came.
        return text;
    }
}

function unquoted(display: string): string | null {
    const text = display.startsWith('"') ? display.replaceAll(/^"|"$/g, "").replaceAll(/\\(.)/g, "$1") : display;
    // Control characters have no place on a display.
    const name = text.replaceAll(/\p{Cc}/gu, " ").trim();
    return name === "" ? null : name;
}
