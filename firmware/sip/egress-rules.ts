/** What JsSIP writes wrongly or leaves out, one rule a function; a response or request goes through all of them. */
import {formatAddress, parseAddress, telOfSip} from "./name-addr.ts";
import {addHeader, headerOf, isRequest, mapHeaders, methodOf, type SipMessage} from "./sip-message.ts";

export interface EgressContext {
    /** Our end of the connection as `host:port`, null while unknown. */
    readonly sentBy: string | null;
    /** Our Contact as `<uri>`, null before we sent one. */
    readonly contact: string | null;
}

export type EgressRule = (message: SipMessage, context: EgressContext) => SipMessage;

/** JsSIP's own 400, 416 and 482 lack a Content-Length, which a stream needs (RFC 3261 §18.3). */
export const withContentLength: EgressRule = (message) =>
    headerOf(message, "content-length") === undefined
        ? addHeader(message, "Content-Length", String(Buffer.byteLength(message.body)))
        : message;

/** Our requests say where they come from and ask for the port that the server sees (RFC 3581 §3). */
export const withSentBy: EgressRule = (message, {sentBy}) => {
    if (sentBy === null || !isRequest(message)) return message;
    let isTop = true;
    return mapHeaders(message, ["via"], (value) => {
        const semicolon = value.indexOf(";");
        const protocol = value.slice(0, value.indexOf(" "));
        if (!isTop || semicolon < 0) return value;
        isTop = false;
        const parameters = value.slice(semicolon);
        return `${protocol} ${sentBy}${/;rport\b/i.test(parameters) ? "" : ";rport"}${parameters}`;
    });
};

/** JsSIP offers ICE, which our engine does not speak here (RFC 5768). */
export const withoutIce: EgressRule = (message) => {
    const supported = mapHeaders(message, ["supported"], (value) => {
        const options = value.split(",").map((option) => option.trim());
        const kept = options.filter((option) => option !== "ice");
        if (kept.length === options.length) return value;
        return kept.length === 0 ? null : kept.join(",");
    });
    return mapHeaders(supported, ["contact"], (value) => value.replace(";+sip.ice", ""));
};

/** JsSIP's NOTIFY about a transfer has no Contact, which is mandatory (RFC 6665 §8.2.1 table). */
export const withNotifyContact: EgressRule = (message, {contact}) =>
    contact !== null && message.startLine.startsWith("NOTIFY ") && headerOf(message, "contact") === undefined
        ? addHeader(message, "Contact", contact)
        : message;

const ADDRESSES = ["from", "to", "contact", "refer-to", "referred-by"];

/** Gives back the tel URIs that came in, in header fields and in the Request-URI. */
export const withTelUris: EgressRule = (message) => {
    const restored = mapHeaders(message, ADDRESSES, (value) => {
        if (!value.includes("@tel.invalid")) return value;
        const address = parseAddress(value);
        return address === null ? value : formatAddress({...address, uri: telOfSip(address.uri)});
    });
    const [method, uri, version] = message.startLine.split(" ");
    if (!isRequest(message) || uri?.includes("@tel.invalid") !== true) return restored;
    return {...restored, startLine: `${method} ${telOfSip(uri)} ${version}`};
};

export const egressRules: readonly EgressRule[] = [
    withSentBy,
    withoutIce,
    withNotifyContact,
    withTelUris,
    withContentLength,
];

/** The `<uri>` of the Contact in a request or 2xx of ours, null if there is none. */
export function ownContactOf(message: SipMessage): string | null {
    const contact = headerOf(message, "contact");
    if (contact === undefined || methodOf(message) === "SUBSCRIBE") return null;
    const address = parseAddress(contact);
    return address === null || address.uri === "*" ? null : `<${address.uri}>`;
}
