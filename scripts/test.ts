/**
 * Runs parts of the tests one after the other and adds up what passed and failed. A part that ran nothing has failed.
 *
 *   check    types, lint, formatting: one each
 *   unit     vitest's project of that name
 *   native   the C++ tests (plain, address and undefined, thread sanitizer), the fuzz targets (bounded), then vitest's
 *            project
 *   system   vitest's project
 *   board    vitest's project, on the virtual board
 */
import {spawn} from "node:child_process";
import {globSync, mkdirSync, readFileSync, rmSync} from "node:fs";
import {availableParallelism} from "node:os";
import {join, relative} from "node:path";
import {fuzzBounded} from "../test/fuzz/run.ts";

const TOP = join(import.meta.dirname, "..");
const RESULTS = join(TOP, "build", "test-results");

interface Count {
    readonly passed: number;
    readonly failed: number;
    readonly skipped: number;
    /** What failed, where the step can name it. */
    readonly names?: readonly string[];
}

interface Step {
    readonly name: string;
    run(): Promise<Count>;
}

interface Finished {
    readonly code: number;
    readonly output: string;
}

/** A step that hangs is ended after this long, in ms. */
const LIMIT_MS = 20 * 60_000;

/** Runs a command; what it says goes to the terminal and, where it is to be read, into `output`. */
function command(argv: readonly string[], {read = false} = {}): Promise<Finished> {
    const [file = "", ...args] = argv;
    return new Promise((resolve) => {
        const stdio = ["ignore", read ? "pipe" : "inherit", "inherit"] as const;
        const child = spawn(file, args, {cwd: TOP, stdio: [...stdio], timeout: LIMIT_MS});
        let output = "";
        child.stdout?.on("data", (chunk: Buffer) => {
            output += chunk.toString();
            process.stdout.write(chunk);
        });
        child.once("error", (error) => {
            console.error(error.message);
            resolve({code: 1, output});
        });
        child.once("close", (code) => resolve({code: code ?? 1, output}));
    });
}

/** A step that is one test: it passes when the command does. */
function single(name: string, argv: readonly string[]): Step {
    return {
        name,
        run: async () => {
            const {code} = await command(argv);
            return {passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0};
        },
    };
}

/** A command that failed although no test did, or that ran no test, is a failure of its own. */
function judged(count: Count, code: number): Count {
    const silent = count.passed + count.failed === 0;
    return (code !== 0 && count.failed === 0) || silent ? {...count, failed: count.failed + 1} : count;
}

/** Adds up the summaries of doctest: `[doctest] test cases: 12 | 12 passed | 0 failed | 0 skipped`. */
export function countDoctest(output: string): Count {
    const lines = output.matchAll(/test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped/g);
    return sum([...lines].map(([, passed, failed, skipped]) => count(passed, failed, skipped)));
}

function count(...[passed, failed, skipped]: (string | undefined)[]): Count {
    return {passed: Number(passed), failed: Number(failed), skipped: Number(skipped)};
}

/** How test/native/Makefile builds the engine: as it is, and under the sanitizers. */
const FLAVOURS = ["plain", "address", "thread"];

const NATIVE_TESTS: Step = {
    name: "C++ tests",
    run: async () => {
        const make = ["make", "--no-print-directory", "-C", "test/native"];
        await command([...make, `-j${availableParallelism()}`, ...FLAVOURS.map((name) => `build/${name}/media-test`)]);
        // The compiler takes all cores; the tests mostly wait for real time, and the flavours run at once.
        const all = [...make, `-j${FLAVOURS.length}`, "--output-sync", "--keep-going"];
        const {code, output} = await command(all, {read: true});
        return judged(countDoctest(output), code);
    },
};

const FUZZ: Step = {name: "fuzz targets", run: async () => ({...(await fuzzBounded()), skipped: 0})};

/** What of vitest's JSON report is read here. */
interface VitestReport {
    readonly numPassedTests: number;
    readonly numFailedTests: number;
    readonly numPendingTests: number;
    readonly numTodoTests: number;
    readonly testResults: readonly VitestFile[];
}

interface VitestFile {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {readonly status: string; readonly fullName: string}[];
}

/** Counts vitest's tests; a file that could not be loaded is one failure. */
export function countVitest(report: VitestReport): Count {
    const unloaded = report.testResults.filter(
        ({status, assertionResults}) => status === "failed" && assertionResults.length === 0,
    );
    return {
        passed: report.numPassedTests,
        failed: report.numFailedTests + unloaded.length,
        skipped: report.numPendingTests + report.numTodoTests,
        names: report.testResults.flatMap(failuresOf),
    };
}

/** Names what failed of a file: its tests, or all of it. */
function failuresOf({name, status, assertionResults}: VitestFile): string[] {
    const file = relative(TOP, name);
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (status === "failed" && failed.length === 0) return [file];
    return failed.map(({fullName}) => `${file}: ${fullName}`);
}

function vitest(project: string): Step {
    return {
        name: `vitest ${project}`,
        run: async () => {
            const file = join(RESULTS, `${project}.json`);
            rmSync(file, {force: true});
            const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
            const {code} = await command(["vitest", "run", "--project", project, ...reporters]);
            return judged(reportOf(file), code);
        },
    };
}

/** A run that ended before its report counts as nothing. */
function reportOf(file: string): Count {
    try {
        return countVitest(JSON.parse(readFileSync(file, "utf8")) as VitestReport);
    } catch (error) {
        console.error(`no report: ${String(error)}`);
        return {passed: 0, failed: 0, skipped: 0};
    }
}

function sum(counts: readonly Count[]): Count {
    return counts.reduce(
        (total, {passed, failed, skipped}) => ({
            passed: total.passed + passed,
            failed: total.failed + failed,
            skipped: total.skipped + skipped,
        }),
        {passed: 0, failed: 0, skipped: 0},
    );
}

function sources(): readonly string[] {
    const patterns = [
        "native/src/**/*.{cc,h}",
        "test/native/**/*.{cc,h}",
        "test/support/**/*.{c,h}",
        "test/board/{agent,sound}/*.c",
    ];
    return globSync(patterns, {cwd: TOP, exclude: (name) => name === "build" || name === "node_modules"});
}

const PARTS: ReadonlyMap<string, readonly Step[]> = new Map([
    [
        "check",
        [
            single("types", ["tsc", "-p", "."]),
            single("types of Chromium's page", ["tsc", "-p", "test/support/chromium"]),
            single("lint and format of TypeScript", ["biome", "check"]),
            single("format of C++", ["clang-format", "--dry-run", "-Werror", ...sources()]),
        ],
    ],
    ["unit", [vitest("unit")]],
    ["native", [NATIVE_TESTS, FUZZ, vitest("native")]],
    ["system", [vitest("system")]],
    ["board", [vitest("board")]],
]);

async function main(parts: readonly string[]): Promise<number> {
    const steps = parts.flatMap((part) => PARTS.get(part) ?? []);
    if (steps.length === 0 || parts.some((part) => !PARTS.has(part))) {
        throw new RangeError(`parts are ${[...PARTS.keys()].join(", ")}`);
    }
    mkdirSync(RESULTS, {recursive: true});
    const counts: Count[] = [];
    const table: string[] = [];
    for (const {name, run} of steps) {
        console.log(`\n== ${name}`);
        const began = performance.now();
        const told = await run();
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        counts.push(told);
        table.push(
            `${name.padEnd(32)}${seconds.padStart(7)} s${`${told.passed} good`.padStart(12)}, ${told.failed} bad`,
        );
    }
    const {passed, failed, skipped} = sum(counts);
    console.log(`\n${table.join("\n")}\n`);
    // A long run is read from its end.
    for (const name of counts.flatMap(({names = []}) => names)) console.log(`failed: ${name}`);
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
    return failed === 0 ? 0 : 1;
}

if (import.meta.main) {
    process.exitCode = await main(process.argv.slice(2));
}
