/** The frames of agent/agent.c: `ID WORD ARGUMENT LENGTH\n` and LENGTH bytes. Pure. */

export interface AgentFrame {
    readonly id: number;
    readonly word: string;
    /** A number from the board, a path or signal to it; `-` where there is none. */
    readonly argument: string;
    readonly bytes: Uint8Array;
}

export function encodeFrame({id, word, argument, bytes}: AgentFrame): Uint8Array {
    return Buffer.concat([Buffer.from(`${id} ${word} ${argument} ${bytes.length}\n`), bytes]);
}

/** Takes whole frames off the front of what has arrived. */
export function decodeFrames(arrived: Buffer): {readonly frames: readonly AgentFrame[]; readonly rest: Buffer} {
    const frames: AgentFrame[] = [];
    let rest = arrived;
    for (;;) {
        const end = rest.indexOf(10);
        if (end < 0) return {frames, rest};
        const [id = "", word = "", argument = "", length = ""] = rest.toString("latin1", 0, end).split(" ");
        const next = end + 1 + Number(length);
        if (rest.length < next) return {frames, rest};
        frames.push({id: Number(id), word, argument, bytes: rest.subarray(end + 1, next)});
        rest = rest.subarray(next);
    }
}
