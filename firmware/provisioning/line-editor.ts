/**
 * What a person types in a terminal, a byte at a time: echo, backspace, history, completion. Pure: a state and bytes in,
 * a state, bytes to echo and inputs out. Text is kept as one character an octet (latin1) until a line is whole, so that
 * a UTF-8 sequence may be split anywhere. A line that begins with `{` (or `[`, a batch) is a tool's: it may hold a
 * password, so that it is neither echoed nor kept, and nothing in it but its end is a key.
 */

export const longestLine = 16_384;
/** Octets of a tool's request. */
export const longestRequest = 65_536;
const historyLength = 50;

export interface Editor {
    readonly text: string;
    readonly history: readonly string[];
    /** Place in the history while it is looked through, null otherwise. */
    readonly recalled: number | null;
    /** Bytes of an escape sequence so far. */
    readonly escape: string;
    /** True after a CR, so that a following LF is not a second line end. */
    readonly afterReturn: boolean;
    /** True while the line is too long and dropped up to its end. */
    readonly overlong: boolean;
    /** True inside a frame of a modem probe (0x7E … 0x7E), which is none of our business. */
    readonly frame: boolean;
    /** True inside a tool's line. Told by its first octet alone: to look at a long text for each octet costs dearly. */
    readonly request: boolean;
}

export type Input =
    | {readonly type: "line"; readonly text: string}
    | {readonly type: "error"; readonly what: string}
    /** The same two of a tool. */
    | {readonly type: "request"; readonly text: string}
    | {readonly type: "requestError"; readonly what: string}
    | {readonly type: "cancel"}
    | {readonly type: "complete"};

export interface Edited {
    readonly editor: Editor;
    readonly echo: string;
    readonly inputs: readonly Input[];
}

export const emptyEditor: Editor = {
    text: "",
    history: [],
    recalled: null,
    escape: "",
    afterReturn: false,
    overlong: false,
    frame: false,
    request: false,
};

/** Takes one octet. With `hidden` the line is not echoed and not kept in the history. */
export function edit(editor: Editor, octet: number, hidden: boolean): Edited {
    const character = String.fromCharCode(octet);
    if (editor.frame) return stays({...editor, frame: octet !== 0x7e && character !== "\r" && character !== "\n"});
    if (editor.request) return editRequest(editor, character);
    if (beginsRequest(editor, character, hidden)) {
        return stays({...editor, text: character, request: true, escape: "", recalled: null, afterReturn: false});
    }
    if (editor.escape !== "") return editEscape(editor, character, hidden);
    if (character === "\n" && editor.afterReturn) return stays({...editor, afterReturn: false});
    const next = {...editor, afterReturn: character === "\r"};
    switch (character) {
        case "\r":
        case "\n": {
            return endOfLine(next, hidden);
        }
        case "\u007f":
        case "\b": {
            return backspace(next, hidden);
        }
        case "\u0003": {
            return {
                editor: {...next, text: "", recalled: null, overlong: false},
                echo: "^C\r\n",
                inputs: [{type: "cancel"}],
            };
        }
        case "\u0015": {
            return replace(next, "", hidden);
        }
        case "\t": {
            return hidden ? stays(next) : {editor: next, echo: "", inputs: [{type: "complete"}]};
        }
        case "\u001b": {
            return stays({...next, escape: character});
        }
        default: {
            return insert(next, character, hidden);
        }
    }
}

/** A `[` may be the second octet of a cursor key; a `{` behind a lone Esc is none of a key. */
function beginsRequest(editor: Editor, character: string, hidden: boolean): boolean {
    if (hidden || editor.text !== "" || editor.overlong) return false;
    return character === "{" || (character === "[" && editor.escape === "");
}

function editRequest(editor: Editor, character: string): Edited {
    if (character !== "\r" && character !== "\n") {
        const overlong = editor.overlong || editor.text.length >= longestRequest;
        return stays(overlong ? {...editor, overlong} : {...editor, text: editor.text + character});
    }
    const next = {...editor, text: "", request: false, overlong: false, afterReturn: character === "\r"};
    const read = editor.overlong ? tooLong(longestRequest) : decode(editor.text);
    const input: Input =
        read.type === "line" ? {type: "request", text: read.text} : {type: "requestError", what: read.what};
    return {editor: next, echo: "", inputs: [input]};
}

const stays = (editor: Editor): Edited => ({editor, echo: "", inputs: []});

function insert(editor: Editor, character: string, hidden: boolean): Edited {
    // ModemManager's QCDM probe: a frame between two 0x7E, with no line end of its own.
    if (character === "~" && editor.text === "") return stays({...editor, frame: true});
    if (character < " " || editor.overlong) return stays(editor);
    if (editor.text.length >= longestLine) return stays({...editor, overlong: true});
    return {editor: {...editor, text: editor.text + character}, echo: hidden ? "" : character, inputs: []};
}

/** Takes the octets of the last UTF-8 sequence off. */
function backspace(editor: Editor, hidden: boolean): Edited {
    if (editor.text === "") return stays(editor);
    const text = editor.text.replace(/[\s\S][\x80-\xbf]*$/, "");
    return {editor: {...editor, text}, echo: hidden ? "" : "\b \b", inputs: []};
}

function endOfLine(editor: Editor, hidden: boolean): Edited {
    const history =
        hidden || editor.text === "" || editor.history.at(-1) === editor.text
            ? editor.history
            : [...editor.history, editor.text].slice(-historyLength);
    const next = {...editor, text: "", recalled: null, overlong: false, history};
    return {editor: next, echo: "\r\n", inputs: [editor.overlong ? tooLong(longestLine) : decode(editor.text)]};
}

type Read = Input & {readonly type: "line" | "error"};

const tooLong = (most: number): Read => ({
    type: "error",
    what: `the line has more than ${most} octets; nothing of it was taken`,
});

function decode(octets: string): Read {
    try {
        const text = new TextDecoder("utf-8", {fatal: true}).decode(Buffer.from(octets, "latin1"));
        return {type: "line", text};
    } catch {
        // TextDecoder says nothing but that; the answer names it.
        return {type: "error", what: "the line is not valid UTF-8; nothing of it was taken"};
    }
}

/** Puts another text in the place of the line, on the terminal too. */
export function replace(editor: Editor, text: string, hidden: boolean): Edited {
    const shown = editor.text.replaceAll(/[\x80-\xbf]/g, "").length;
    const erase = hidden ? "" : "\b \b".repeat(shown);
    return {editor: {...editor, text}, echo: hidden ? "" : erase + text, inputs: []};
}

function editEscape(editor: Editor, character: string, hidden: boolean): Edited {
    const sequence = editor.escape + character;
    // CSI (ECMA-48 §5.4): parameters and intermediates until a final octet from 0x40; bounded against garbage.
    if (sequence === "\u001b[" || sequence === "\u001bO") return stays({...editor, escape: sequence});
    if (sequence.length > 2 && sequence.length < 16 && character >= " " && character < "@")
        return stays({...editor, escape: sequence});
    const done = {...editor, escape: ""};
    if (hidden) return stays(done);
    if (character === "A") return recall(done, -1);
    return character === "B" ? recall(done, +1) : stays(done);
}

function recall(editor: Editor, step: number): Edited {
    const place = Math.max(0, (editor.recalled ?? editor.history.length) + step);
    if (place >= editor.history.length) return replace({...editor, recalled: null}, "", false);
    const edited = replace(editor, editor.history[place] ?? "", false);
    return {...edited, editor: {...edited.editor, recalled: place}};
}
