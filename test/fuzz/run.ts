/**
 * Runs the fuzz targets, each in a process of its own, as many at a time as there are cores.
 *
 *   node test/fuzz/run.ts [--seconds N] [TARGET …]     for long; found inputs stay in build/fuzz/corpus
 *   node test/fuzz/run.ts --input FILE TARGET          one input again
 *
 * An input that crashes stays in build/fuzz/crashes.
 */
import {spawn} from "node:child_process";
import {mkdirSync, rmSync} from "node:fs";
import {availableParallelism} from "node:os";
import {join, relative} from "node:path";
import {parseArgs} from "node:util";
import {type FuzzTarget, fuzzTargets} from "./targets.ts";

const TOP = join(import.meta.dirname, "../..");
const NATIVE = join(TOP, "test", "native", "fuzz");
const STATE = join(TOP, "build", "fuzz");
/** An input that takes so many seconds is a crash; nothing here takes a hundredth, but a machine may be busy. */
const SLOW_SECONDS = 20;
/** Ten minutes for all on one core. */
const DEFAULT_SECONDS = 45;

/** What ends the run of one target. */
type Bound = {readonly type: "runs"} | {readonly type: "seconds"; readonly seconds: number};

interface Finished {
    readonly code: number;
    readonly output: string;
}

function command(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
    const [file = "", ...args] = argv;
    return new Promise((resolve) => {
        const child = spawn(file, args, {cwd: TOP, env: {...process.env, ...env}, stdio: ["ignore", "pipe", "pipe"]});
        let output = "";
        for (const stream of [child.stdout, child.stderr]) {
            stream.on("data", (chunk: Buffer) => {
                output += chunk.toString();
            });
        }
        child.once("error", (error) => resolve({code: 1, output: error.message}));
        child.once("close", (code) => resolve({code: code ?? 1, output}));
    });
}

/** Builds what the targets need; false where that fails, with the reason on the terminal. */
async function built(): Promise<boolean> {
    const {code, output} = await command(["make", "-s", "-C", NATIVE, `-j${availableParallelism()}`]);
    if (code !== 0) console.log(output);
    return code === 0;
}

/** Starts a target with libFuzzer's options and files. */
function start({name, kind}: FuzzTarget, options: readonly string[]): Promise<Finished> {
    switch (kind) {
        case "native":
            return command([join(NATIVE, "build", name), ...options]);
        case "javascript":
            return command(["node", join(import.meta.dirname, "javascript.ts"), name, ...options]);
        case "node": {
            const addon = JSON.stringify(join(NATIVE, "build", `${name}.node`));
            const script = `process.exitCode = require(${addon}).run(process.argv.slice(1))`;
            // Node frees at its end what a leak would be told for, and its own libraries come before the sanitizer.
            const env = {
                LD_PRELOAD: join(NATIVE, "build", "asan.so"),
                ASAN_OPTIONS: "detect_leaks=0:verify_asan_link_order=0",
            };
            return command(["node", "-e", script, "--", ...options], env);
        }
    }
}

/** The folder to which libFuzzer adds what it finds, empty at first where the run is to be the same each time. */
function corpusOf(name: string, bound: Bound): string {
    const folder = join(STATE, bound.type === "runs" ? "bounded" : "corpus", name);
    if (bound.type === "runs") rmSync(folder, {recursive: true, force: true});
    mkdirSync(folder, {recursive: true});
    return folder;
}

async function fuzz(target: FuzzTarget, bound: Bound): Promise<boolean> {
    const {name, octets, runs, dictionary} = target;
    const crashes = join(STATE, "crashes", name);
    mkdirSync(crashes, {recursive: true});
    const options = [
        bound.type === "runs" ? `-runs=${runs}` : `-max_total_time=${bound.seconds}`,
        ...(bound.type === "runs" ? ["-seed=1"] : []),
        `-max_len=${octets}`,
        `-timeout=${SLOW_SECONDS}`,
        `-artifact_prefix=${crashes}/`,
        ...(dictionary === undefined
            ? []
            : [`-dict=${join(import.meta.dirname, "dictionaries", `${dictionary}.dict`)}`]),
        corpusOf(name, bound),
        join(import.meta.dirname, "seeds", name),
    ];
    const {code, output} = await start(target, options);
    if (code === 0) console.log(`fuzz ${name.padEnd(10)} ${summaryOf(output)}`);
    else console.log(`${output}\n${repetitionOf(name, output)}`);
    return code === 0;
}

/** From libFuzzer's last line of progress: `#12 DONE   cov: 3 ft: 4 corp: 5/6b lim: 7 exec/s: 8 rss: 9Mb`. */
function summaryOf(output: string): string {
    const [, runs = "?", places = "?"] = /^#(\d+)\s+DONE\s+(cov: \d+ ft: \d+)/m.exec(output) ?? [];
    return `${runs.padStart(9)} runs, ${places}`;
}

function repetitionOf(name: string, output: string): string {
    const file = /Test unit written to (\S+)/.exec(output)?.[1];
    if (file === undefined) return `fuzz ${name} failed without an input`;
    return `fuzz ${name} failed; to repeat it: make fuzz TARGET=${name} INPUT=${relative(TOP, file)}`;
}

/** Runs targets side by side; how many were good and how many bad. */
async function fuzzAll(targets: readonly FuzzTarget[], bound: Bound): Promise<{passed: number; failed: number}> {
    if (!(await built())) return {passed: 0, failed: 1};
    const waiting = [...targets];
    let passed = 0;
    const work = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
            if (await fuzz(next, bound)) passed += 1;
        }
    };
    await Promise.all(Array.from({length: availableParallelism()}, work));
    return {passed, failed: targets.length - passed};
}

/** What `make test` does: each target for so many inputs, always the same ones as far as the clock and keys allow. */
export function fuzzBounded(): Promise<{passed: number; failed: number}> {
    return fuzzAll(fuzzTargets, {type: "runs"});
}

async function main(): Promise<number> {
    const {values, positionals} = parseArgs({
        options: {seconds: {type: "string", default: `${DEFAULT_SECONDS}`}, input: {type: "string"}},
        allowPositionals: true,
    });
    const targets = fuzzTargets.filter(({name}) => positionals.length === 0 || positionals.includes(name));
    const [first] = targets;
    if (first === undefined) throw new RangeError(`targets are ${fuzzTargets.map(({name}) => name).join(", ")}`);
    if (values.input !== undefined) {
        const {code, output} = (await built()) ? await start(first, [values.input]) : {code: 1, output: ""};
        console.log(output);
        return code;
    }
    const {passed, failed} = await fuzzAll(targets, {type: "seconds", seconds: Number(values.seconds)});
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
