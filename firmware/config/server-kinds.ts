/** The kinds of settings that name servers of ICE. */
import {isIPv6} from "node:net";
import type {NamedServer, NamedTurnServer} from "../sip/ice-servers.ts";
import type {Kind, Parsed} from "./kinds.ts";

/** As many TURN servers as the engine asks. */
const MAX_TURN = 4;
const TURN_PORT = 3478;

const bad = (what: string): {readonly ok: false; readonly what: string} => ({ok: false, what});

/** `host`, `host:port`, `[2001:db8::1]:port`. */
function parseServer(text: string, usualPort: number): Parsed<NamedServer> {
    const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/.exec(text);
    const [, v6, name, digits] = match ?? [];
    const port = digits === undefined ? usualPort : Number(digits);
    if (match === null || (v6 !== undefined && !isIPv6(v6))) {
        return bad("host, host:port or [IPv6 address]:port is wanted");
    }
    if (port < 1 || port > 65_535) return bad("a port from 1 to 65535 is wanted");
    return {ok: true, value: {host: v6 ?? name ?? "", port}};
}

const printServer = ({host, port}: NamedServer): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`;

/** A server whose port may be left out. */
export function serverKind(usualPort: number): Kind<NamedServer> {
    return {
        parse: (text) => parseServer(text, usualPort),
        print: printServer,
        range: `host[:port], the usual port is ${usualPort}`,
        choices: [],
        json: {type: "string"},
    };
}

/** `turn:host:port?transport=udp|tcp` (RFC 7065 §3.1). */
function parseTurn(text: string): Parsed<NamedTurnServer> {
    if (/^turns:/i.test(text)) {
        return bad(
            "TURN over TLS is not there: the password and who is called would go in clear where it seems secret",
        );
    }
    const match = /^turn:([^?]+)(?:\?transport=(udp|tcp))?$/i.exec(text);
    if (match === null) return bad("turn:host:port or turn:host:port?transport=tcp is wanted");
    const server = parseServer(match[1] ?? "", TURN_PORT);
    const transport = match[2]?.toLowerCase() === "tcp" ? "tcp" : "udp";
    return server.ok ? {ok: true, value: {...server.value, transport}} : server;
}

/** TURN URIs separated by commas, none twice. */
export const turnServersKind: Kind<readonly NamedTurnServer[]> = {
    parse: (text) => {
        const parts = text.split(/[\s,]+/).filter((part) => part !== "");
        if (parts.length > MAX_TURN) return bad(`at most ${MAX_TURN} servers`);
        const servers: NamedTurnServer[] = [];
        for (const part of parts) {
            const parsed = parseTurn(part);
            if (!parsed.ok) return bad(`${JSON.stringify(part.slice(0, 60))}: ${parsed.what}`);
            servers.push(parsed.value);
        }
        const printed = servers.map(printTurn);
        const twice = printed.find((uri, index) => printed.indexOf(uri) !== index);
        return twice === undefined ? {ok: true, value: servers} : bad(`${twice} stands twice`);
    },
    print: (servers) => servers.map(printTurn).join(","),
    range: "turn:host[:port][?transport=udp|tcp], separated by commas",
    choices: [],
    json: {type: "string"},
};

const printTurn = (server: NamedTurnServer): string => `turn:${printServer(server)}?transport=${server.transport}`;
