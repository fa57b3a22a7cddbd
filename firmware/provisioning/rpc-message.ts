/** JSON-RPC 2.0, one object a line, for a tool at a provisioning port. Pure: a line in, a request or what is wrong. */

/** The codes of JSON-RPC 2.0 §5.1, and ours from -32000 down. */
export const errorCodes = {
    parse: -32700,
    request: -32600,
    method: -32601,
    params: -32602,
    internal: -32603,
    /** A setting was changed elsewhere since the revision that the tool knew. */
    conflict: -32001,
    /** What is asked for cannot be meant, or cannot be stored; `data.errors` names every setting. */
    refused: -32002,
    /** The answer would not fit the port. */
    tooLong: -32003,
} as const;

/** What is wrong with a request; the message is ours and quotes nothing of the line, which may hold a password. */
export class RpcError extends Error {
    readonly code: number;
    readonly data: unknown;

    constructor(kind: keyof typeof errorCodes, message: string, data?: unknown) {
        super(message);
        this.name = "RpcError";
        this.code = errorCodes[kind];
        this.data = data;
    }
}

export type Id = string | number | null;
export type Members = ReadonlyMap<string, unknown>;

export interface Request {
    /** Undefined with a notification, which gets no answer. */
    readonly id: Id | undefined;
    readonly method: string;
    readonly params: Members;
}

export type ParsedRequest =
    | {readonly ok: true; readonly request: Request}
    | {readonly ok: false; readonly id: Id; readonly error: RpcError};

const deepest = 16;

/** The members of an object, null for anything else. A `Map` has no prototype that a name could reach. */
export function membersOf(value: unknown): Members | null {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    return new Map(Object.entries(value));
}

/** Names that we repeat to a tool are bounded. */
export const shortName = (name: string): string => name.slice(0, 40);

export function parseRequest(line: string): ParsedRequest {
    let id: Id = null;
    try {
        const members = requestMembers(line);
        const given = members.get("id");
        if (given === undefined || isId(given)) id = given ?? null;
        else throw new RpcError("request", "an id is a text, a whole number or null");
        return {ok: true, request: requestOf(members, members.has("id") ? id : undefined)};
    } catch (thrown) {
        if (thrown instanceof RpcError) return {ok: false, id, error: thrown};
        throw thrown;
    }
}

/** A number that is not exact could not be given back as it came. */
const isId = (value: unknown): value is Id =>
    value === null || typeof value === "string" || (typeof value === "number" && Number.isSafeInteger(value));

function requestMembers(line: string): Members {
    const value = parseJson(line);
    if (Array.isArray(value)) throw new RpcError("request", "batches are not taken: one request a line");
    const members = membersOf(value);
    if (members === null) throw new RpcError("request", "a request is an object");
    return members;
}

function requestOf(members: Members, id: Id | undefined): Request {
    const known = ["jsonrpc", "id", "method", "params"];
    if ([...members.keys()].some((name) => !known.includes(name)))
        throw new RpcError("request", "a request has jsonrpc, id, method and params, and nothing else");
    if (members.get("jsonrpc") !== "2.0") throw new RpcError("request", 'jsonrpc has to be "2.0"');
    const method = members.get("method");
    if (typeof method !== "string") throw new RpcError("request", "the name of a method is missing");
    const params = members.has("params") ? membersOf(members.get("params")) : new Map();
    if (params === null) throw new RpcError("params", "params are an object with names");
    return {id, method, params};
}

function parseJson(line: string): unknown {
    let value: unknown;
    try {
        value = JSON.parse(line);
    } catch {
        // The words of JSON.parse quote the line.
        throw new RpcError("parse", "the line is not JSON");
    }
    judgeShape(line);
    return value;
}

/** What `JSON.parse` takes and we do not: a name twice in an object, of which it would drop one unseen, and depth. */
function judgeShape(json: string): void {
    const open: Set<string>[] = [];
    for (const [token, , colon] of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*(:))?|[{}[\]]/g)) {
        if (token === "{" || token === "[") {
            if (open.push(new Set()) > deepest) throw new RpcError("parse", `nothing nests deeper than ${deepest}`);
        } else if (token === "}" || token === "]") open.pop();
        else if (colon !== undefined) {
            const name = String(JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)));
            const names = open.at(-1);
            if (names?.has(name)) throw new RpcError("parse", "a name stands twice in one object");
            names?.add(name);
        }
    }
}

export const resultLine = (id: Id, result: unknown): string => JSON.stringify({jsonrpc: "2.0", id, result});

export function errorLine(id: Id, {code, message, data}: RpcError): string {
    return JSON.stringify({jsonrpc: "2.0", id, error: {code, message, ...(data === undefined ? {} : {data})}});
}
