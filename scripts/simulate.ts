/**
 * A phone in the terminal: a whole phone with registrar and far ends, on a machine without any of its hardware.
 *
 *   node scripts/simulate.ts [--board simulated|virtual] [--sound virtual|card] [--transport tcp|tls|wss]
 *                            [--glass cfa635|vt100]
 *
 * The simulated board is the firmware as a process of this machine; the virtual board is a machine of its own in QEMU,
 * with a sound card of its own. Ctrl-C ends everything that it started.
 */
import {mkdtempSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";
import {Terminal} from "./terminal.ts";
import {BenchOnShow} from "./terminal-bench.ts";
import {BoardOnShow} from "./terminal-board.ts";

function choice<T extends string>(name: string, value: string | undefined, choices: readonly T[]): T {
    const found = choices.find((one) => one === (value ?? choices[0]));
    if (found !== undefined) return found;
    console.error(`--${name}: one of ${choices.join(", ")} is wanted, not ${value}`);
    process.exit(2);
}

const {values} = parseArgs({
    options: {board: {type: "string"}, sound: {type: "string"}, transport: {type: "string"}, glass: {type: "string"}},
});
const board = choice("board", values.board, ["simulated", "virtual"]);
const sound = choice("sound", values.sound, ["virtual", "card"]);
const transport = choice("transport", values.transport, ["tcp", "tls", "wss"]);
const display = choice("glass", values.glass, ["cfa635", "vt100"]);
if (board === "virtual" && values.sound !== undefined) {
    console.error("--sound: the virtual board has a sound card of its own");
    process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "offhook-bench-"));
void new Terminal(folder).run((progress) => {
    const options = {folder, transport, display, progress};
    return board === "simulated" ? BenchOnShow.prepare({...options, sound}) : BoardOnShow.prepare(options);
});
