/**
 * Lets libFuzzer see which statements, functions and branches of our JavaScript ran: istanbul counts them in objects,
 * which are replaced by parts of one array that libFuzzer watches.
 */
import {readFileSync} from "node:fs";
import {registerHooks, stripTypeScriptTypes} from "node:module";
import {join} from "node:path";
import {fileURLToPath} from "node:url";
import {createInstrumenter} from "istanbul-lib-instrument";

const TOP = join(import.meta.dirname, "../..");
/** Our own sources, and what of JsSIP reads messages; its grammar would cost nineteen twentieths of the speed. */
const INSTRUMENTED = /^(firmware|hal)\/.*\.ts$|^node_modules\/jssip\/lib\/(Parser|URI|NameAddrHeader)\.js$/;
const VARIABLE = "offhookFuzzCoverage";

/** What istanbul counts in, for one file; branches have several counters each. */
interface FileCounters {
    s: Record<string, number> | Uint8Array;
    f: Record<string, number> | Uint8Array;
    readonly b: Record<string, number[] | Uint8Array>;
}

const istanbul = createInstrumenter({esModules: true, coverageVariable: VARIABLE, compact: true});
const commonJs = createInstrumenter({esModules: false, coverageVariable: VARIABLE, compact: true});

/** From now on modules are counted when they are loaded. */
export function instrument(): void {
    registerHooks({
        load(url, context, next) {
            const path = url.startsWith("file:") ? fileURLToPath(url) : "";
            const name = path.slice(TOP.length + 1);
            if (!path.startsWith(TOP) || !INSTRUMENTED.test(name)) return next(url, context);
            const text = readFileSync(path, "utf8");
            if (name.endsWith(".js")) {
                return {format: "commonjs", source: commonJs.instrumentSync(text, name), shortCircuit: true};
            }
            // Types become blanks, so that places stay.
            const source = istanbul.instrumentSync(stripTypeScriptTypes(text), name);
            return {format: "module", source, shortCircuit: true};
        },
    });
}

const files = (): readonly FileCounters[] =>
    Object.values((globalThis as unknown as Record<string, Record<string, FileCounters> | undefined>)[VARIABLE] ?? {});

const sizeOf = (counters: object): number => Object.keys(counters).length;

/** How many counters the modules have that are loaded now. */
export function countersNeeded(): number {
    const branches = (file: FileCounters): number =>
        Object.values(file.b).reduce((sum, counters) => sum + counters.length, 0);
    return files().reduce((sum, file) => sum + sizeOf(file.s) + sizeOf(file.f) + branches(file), 0);
}

/** Makes the loaded modules count in `counters`, from where the fuzzer takes them. */
export function countIn(counters: Uint8Array): void {
    let at = 0;
    const take = (size: number): Uint8Array => {
        at += size;
        return counters.subarray(at - size, at);
    };
    for (const file of files()) {
        file.s = take(sizeOf(file.s));
        file.f = take(sizeOf(file.f));
        for (const [branch, counts] of Object.entries(file.b)) file.b[branch] = take(counts.length);
    }
}
