/**
 * A collector's reading of an application/vq-rtcpxr body, by the grammar of RFC 6035 §4.6.1 as far as a session report
 * goes. It shares no code with the product. Throws with the line that the grammar does not know.
 */

const decimal = String.raw`\d{1,3}(?:\.\d{1,2})?`;
const address = String.raw`IP=(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*) PORT=\d{1,5} SSRC=0x[0-9A-Fa-f]{1,8}`;
const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z`;
const word = String.raw`[A-Za-z0-9\-.!%*_+\x60'~()<>:\\"/[\]?{}]+`;
const identity = String.raw`<(?:sips?|tel):[^<>\s]+>`;
const score = String.raw`\d(?:\.\d{1,3})?`;

/** Parameters of a line that may each be left out, but stand in this order. */
const inOrder = (...parameters: readonly string[]): string =>
    `(?=\\S)${parameters.map((parameter) => `(?:${parameter}(?: |$))?`).join("")}`;

/** Lines of the session, all of which must be there, in order. */
const sessionLines: readonly (readonly [name: string, value: string])[] = [
    ["CallID", `${word}(?:@${word})?`],
    ["LocalID", identity],
    ["RemoteID", identity],
    ["OrigID", identity],
    ["LocalGroup", word],
    ["RemoteGroup", word],
    ["LocalAddr", address],
    ["RemoteAddr", address],
];

/** Lines of metrics, in order; all but the first may be left out. */
const metricLines: readonly (readonly [name: string, value: string])[] = [
    ["Timestamps", `START=${time} STOP=${time}`],
    [
        "SessionDesc",
        inOrder(
            ...[String.raw`PT=\d{1,3}`, `PD=${word}`, String.raw`SR=\d{1,6}`, String.raw`FD=\d{1,4}`],
            ...[String.raw`FO=\d{1,5}`, String.raw`FPP=\d{1,2}`, String.raw`PPS=\d{1,5}`, 'FMTP="[^"]+"'],
            ...["PLC=[0-3]", "SSUP=(?:on|off)"],
        ),
    ],
    [
        "JitterBuffer",
        inOrder(
            ...["JBA=[0-3]", String.raw`JBR=\d{1,2}`, String.raw`JBN=\d{1,5}`],
            ...[String.raw`JBM=\d{1,5}`, String.raw`JBX=\d{1,5}`],
        ),
    ],
    ["PacketLoss", inOrder(`NLR=${decimal}`, `JDR=${decimal}`)],
    [
        "BurstGapLoss",
        inOrder(
            ...[`BLD=${decimal}`, String.raw`BD=\d{1,7}`, `GLD=${decimal}`],
            ...[String.raw`GD=\d{1,7}`, String.raw`GMIN=\d{1,3}`],
        ),
    ],
    ["Delay", inOrder(...["RTD", "ESD", "OWD", "SOWD", "IAJ", "MAJ"].map((name) => String.raw`${name}=\d{1,5}`))],
    ["Signal", inOrder(String.raw`SL=-?\d{1,3}`, String.raw`NL=-?\d{1,3}`, String.raw`RERL=\d{1,3}`)],
    [
        "QualityEst",
        inOrder(
            ...[String.raw`RLQ=\d{1,3}`, String.raw`RCQ=\d{1,3}`, String.raw`EXTRI=\d{1,3}`, String.raw`EXTRO=\d{1,3}`],
            ...[`MOSLQ=${score}`, `MOSCQ=${score}`, `QoEEstAlg=${word}`],
        ),
    ],
];

export type Fields = Readonly<Record<string, string>>;

export interface VqReport {
    /** By the name of the line, its value as it stands. */
    readonly session: Fields;
    /** By the name of the parameter: `NLR`, `MOSLQ`, `START`. */
    readonly local: Fields;
    /** Null where there are none. */
    readonly remote: Fields | null;
}

/** Reads a session report that ends a call. */
export function readVqReport(body: string): VqReport {
    if (!body.endsWith("\r\n")) throw new SyntaxError("the last line has no CRLF");
    const lines = body.slice(0, -2).split("\r\n");
    if (lines.shift() !== "VQSessionReport: CallTerm") throw new SyntaxError("it is no VQSessionReport: CallTerm");
    const session = Object.fromEntries(
        sessionLines.map(([name, value]) => [name, fieldOf(lines.shift() ?? "", name, value)]),
    );
    if (lines.shift() !== "LocalMetrics:") throw new SyntaxError("no LocalMetrics follow");
    const local = metricsOf(lines);
    const hasRemote = lines[0] === "RemoteMetrics:";
    if (hasRemote) lines.shift();
    const remote = hasRemote ? metricsOf(lines) : null;
    if (lines.length > 0) throw new SyntaxError(`not in the grammar, or not here: ${lines[0]}`);
    return {session, local, remote};
}

function fieldOf(line: string, name: string, value: string): string {
    const found = new RegExp(`^${name} ?: ?(${value})$`).exec(line)?.[1];
    if (found === undefined) throw new SyntaxError(`not a line of ${name}: ${line}`);
    return found;
}

/** Takes the lines of one set of metrics off the front. */
function metricsOf(lines: string[]): Fields {
    const fields: Record<string, string> = {};
    for (const [name, value] of metricLines) {
        const isHere = lines[0]?.startsWith(name) === true;
        if (!isHere && name !== "Timestamps") continue;
        for (const parameter of fieldOf(lines.shift() ?? "", name, value).split(" ")) {
            const [key = "", ...rest] = parameter.split("=");
            fields[key] = rest.join("=");
        }
    }
    return fields;
}
