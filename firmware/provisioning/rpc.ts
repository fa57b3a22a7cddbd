/** A line of a tool and its answer: JSON-RPC 2.0, one object a line. */
import {messageOf} from "../errors.ts";
import type {Log} from "../log.ts";
import {errorLine, parseRequest, type Request, RpcError, resultLine} from "./rpc-message.ts";
import {type ProvisionedPhone, runMethod} from "./rpc-methods.ts";

/** Octets of the longest answer: a link holds 64 KiB, and what exceeds that is dropped whole. */
const longestAnswer = 61_440;

/** The answer to a line without its end; null where none is wanted. Never throws. */
export async function answerLine(phone: ProvisionedPhone, log: Log, line: string): Promise<string | null> {
    const parsed = parseRequest(line);
    if (!parsed.ok) return errorLine(parsed.id, parsed.error);
    const answer = await answerRequest(phone, log, parsed.request);
    return parsed.request.id === undefined ? null : answer;
}

async function answerRequest(phone: ProvisionedPhone, log: Log, {id = null, method, params}: Request): Promise<string> {
    try {
        const answer = resultLine(id, await runMethod(phone, method, params));
        if (Buffer.byteLength(answer) <= longestAnswer) return answer;
        return errorLine(id, new RpcError("tooLong", "the answer is too long for the port: ask for less at once"));
    } catch (thrown) {
        if (thrown instanceof RpcError) return errorLine(id, thrown);
        log.error(`a tool's request failed: ${messageOf(thrown)}`);
        return errorLine(id, new RpcError("internal", "the phone failed at this; its log says how"));
    }
}

/** The answer to a line that is none: too long, or no UTF-8. */
export const refuseLine = (what: string): string => errorLine(null, new RpcError("parse", what));
