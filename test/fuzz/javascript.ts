/**
 * Fuzzes one of our parsers in this process: `node test/fuzz/javascript.ts TARGET [option or file of libFuzzer …]`.
 * What a target throws is a crash: libFuzzer writes the input down and the process ends.
 */
import {createRequire} from "node:module";
import {countersNeeded, countIn, instrument} from "./coverage.ts";

/** See test/native/fuzz/node_fuzzer.cc. */
interface Fuzzer {
    counters(size: number): Uint8Array;
    run(options: readonly string[], input: Uint8Array, target: (size: number) => void): number;
}

/** Most octets of one input. */
const MOST = 1 << 16;

const [name = "", ...options] = process.argv.slice(2);
instrument();
const {javascriptTargets} = await import("./javascript-targets.ts");
const target = javascriptTargets[name];
if (target === undefined) throw new RangeError(`targets are ${Object.keys(javascriptTargets).join(", ")}`);
const fuzzer = createRequire(import.meta.url)("../native/fuzz/build/js.node") as Fuzzer;
countIn(fuzzer.counters(countersNeeded()));
const input = Buffer.alloc(MOST);
// A copy: a target may keep what it got.
process.exitCode = fuzzer.run(options, input, (size) => target(Buffer.from(input.subarray(0, size))));
