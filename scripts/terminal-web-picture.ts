/** What the terminal shows of a browser at the bench, as pure functions: its state by its events, its picture, its keys. */
import type {WebCandidate, WebEvent, WebStatistics} from "../test/support/peers.ts";
import {bold, dim, keysStruck, meter, overdrawn} from "./terminal-picture.ts";

export type WebCall =
    | {readonly phase: "none"}
    | {readonly phase: "calling" | "ringing" | "incoming" | "talking"; readonly who: string};

export interface WebState {
    readonly registration: string;
    readonly call: WebCall;
    /** How the last call ended, or was refused. */
    readonly last: string;
    /** Of ICE and DTLS together, as the browser names it. */
    readonly connection: string;
}

export const webAtFirst: WebState = {registration: "not registered", call: {phase: "none"}, last: "", connection: ""};

/** A call that the user makes begins here, all else with the browser's events. */
export function called(state: WebState, who: string): WebState {
    return {...state, call: {phase: "calling", who}, last: "", connection: ""};
}

export function afterEvent(state: WebState, {type, param}: WebEvent): WebState {
    const {call} = state;
    switch (type) {
        case "registered": {
            return {...state, registration: "registered"};
        }
        case "unregistered": {
            return {...state, registration: "not registered"};
        }
        case "registrationFailed": {
            return {...state, registration: `refused: ${param}`};
        }
        case "incoming": {
            return {...state, call: {phase: "incoming", who: userOf(param)}, last: "", connection: ""};
        }
        case "progress": {
            return call.phase === "calling" ? {...state, call: {...call, phase: "ringing"}} : state;
        }
        case "accepted": {
            return call.phase === "none" ? state : {...state, call: {...call, phase: "talking"}};
        }
        case "connectionState": {
            return {...state, connection: param};
        }
        case "ended":
        case "failed": {
            return {...state, call: {phase: "none"}, last: param, connection: ""};
        }
        default: {
            return state;
        }
    }
}

const userOf = (uri: string): string => /^sips?:([^@]+)@/.exec(uri)?.[1] ?? uri;

/** All that is drawn. */
export interface WebView {
    readonly name: string;
    readonly state: WebState;
    /** Null without a call. */
    readonly statistics: WebStatistics | null;
    /** Peak of what it hears, in dBFS. */
    readonly heard: number;
    readonly facts: readonly string[];
}

const help = ["c  call the phone      a  answer      h  hang up", "0-9 * #  digits       q  ends"];

const unknown = "-";
/** As TLS numbers its datagram versions (RFC 9147 §5.3). */
const dtlsVersions: Readonly<Record<string, string>> = {FEFD: "1.2", FEFC: "1.3"};

const sideOf = (side: WebCandidate | null): string =>
    side === null ? unknown : `${side.type} ${side.address}:${side.port}`;
const listed = (parts: readonly (string | null)[]): string =>
    parts.filter((part) => part !== null).join(", ") || unknown;
const labelled = (label: string, text: string | null): string | null => text && `${label} ${text}`;

function callText({call, last}: WebState): string {
    switch (call.phase) {
        case "none": {
            return last === "" ? "none" : `none; the last one: ${last}`;
        }
        case "calling":
        case "ringing": {
            return `${call.phase}: ${call.who}`;
        }
        case "incoming": {
            return bold(`${call.who} calls: a answers, h refuses`);
        }
        case "talking": {
            return bold(`talking with ${call.who}`);
        }
    }
}

function pathLines(statistics: WebStatistics): string[] {
    const {dtlsState, dtlsRole, tlsVersion, dtlsCipher, srtpCipher, local, remote} = statistics;
    const version = tlsVersion && (dtlsVersions[tlsVersion] ?? tlsVersion);
    return [
        `  DTLS          ${listed([dtlsState, labelled("as", dtlsRole), labelled("version", version)])}`,
        `  cipher        ${listed([dtlsCipher, labelled("media", srtpCipher)])}`,
        `  path          ${sideOf(local)} to ${sideOf(remote)}`,
        `  codec         ${statistics.codec ?? unknown}, ${statistics.packetsReceived} packets, ${statistics.packetsLost} lost`,
    ];
}

/** The whole picture, at most `rows` lines. */
export function drawWebPeer({name, state, statistics, heard, facts}: WebView, rows: number): string {
    const lines = [
        bold(`  ${name}`),
        `  registration  ${state.registration}`,
        `  call          ${callText(state)}`,
        `  connection    ${state.connection || unknown}`,
        ...(statistics === null ? [] : pathLines(statistics)),
        `  heard         ${meter(heard)}`,
        ...facts.map((fact) => dim(`  ${fact}`)),
        "",
        ...help.map((line) => `  ${line}`),
    ];
    return overdrawn(lines.slice(0, rows - 1));
}

export type WebInput =
    | {readonly type: "call" | "answer" | "hangUp" | "end"}
    | {readonly type: "digit"; readonly digit: string};

const inputs: Readonly<Record<string, WebInput>> = {
    ...Object.fromEntries([..."0123456789*#"].map((digit) => [digit, {type: "digit", digit} as const])),
    c: {type: "call"},
    a: {type: "answer"},
    h: {type: "hangUp"},
    q: {type: "end"},
    "\u0003": {type: "end"},
    "\u0004": {type: "end"},
};

/** Reads what a terminal sent for keys that were struck; what means nothing is skipped. */
export function webInputs(text: string): WebInput[] {
    return keysStruck(text).flatMap((struck) => inputs[struck] ?? []);
}
