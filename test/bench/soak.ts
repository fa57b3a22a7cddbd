/**
 * Calls for as long as wanted, one after the other in every way of ending, and what they leave behind:
 *
 *   node test/bench/soak.ts [--minutes 60]
 *
 * Prints a line every 20 calls: calls, resident memory, open descriptors, xruns. Fails when a call fails, or when memory
 * or descriptors have grown between the first and the last tenth of the run.
 */
import {mkdtempSync, readdirSync, readFileSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";
import {BenchPhone} from "../support/bench-phone.ts";

const {values} = parseArgs({options: {minutes: {type: "string", default: "60"}}});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new RangeError("--minutes: a number above 0 is wanted");

/** Growth that is still called none: V8 collects when it likes. */
const memoryMargin = 1.15;
const descriptorMargin = 4;
const callsALine = 20;

interface Sample {
    /** Resident set in MB. */
    readonly memory: number;
    readonly descriptors: number;
}

function sampleOf(pid: number): Sample {
    const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return {memory: Number(resident) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length};
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

/** The ways of ending, each a whole call that leaves the phone on the hook with none. */
const ways: readonly ((bench: BenchPhone) => Promise<void>)[] = [
    // Answered, and hung up here.
    async (bench) => {
        await bench.board.lift();
        await bench.board.dial("600#");
        await bench.phase("talking");
        await bench.board.dial("12");
        await bench.board.putDown();
    },
    // Declined there.
    async (bench) => {
        await bench.board.lift();
        await bench.board.dial("603#");
        await bench.says(({outputs, calls}) => calls?.length === 0 && outputs?.earTone !== null);
        await bench.board.putDown();
    },
    // Given up while it is being set up.
    async (bench) => {
        await bench.board.lift();
        await bench.board.dial("600#");
        await bench.board.putDown();
    },
    // Held and resumed.
    async (bench) => {
        await bench.board.lift();
        await bench.board.dial("600#");
        await bench.phase("talking");
        await bench.board.tap("right");
        await bench.says(({outputs}) => outputs?.microphone === "closed");
        await bench.board.putDown();
    },
];

async function soak(bench: BenchPhone): Promise<readonly Sample[]> {
    const samples: Sample[] = [];
    const until = performance.now() + minutes * 60_000;
    for (let calls = 0; performance.now() < until; calls++) {
        await ways[calls % ways.length]?.(bench);
        await bench.phase("none");
        samples.push(sampleOf(bench.process.pid));
        const {memory, descriptors} = samples.at(-1) ?? {memory: 0, descriptors: 0};
        if ((calls + 1) % callsALine !== 0) continue;
        const xruns = /xruns: +(\d+)/.exec(await bench.console.type("status"))?.[1] ?? "?";
        console.log(`${calls + 1} calls, ${memory.toFixed(1)} MB, ${descriptors} descriptors, ${xruns} xruns`);
    }
    return samples;
}

function judge(samples: readonly Sample[]): string[] {
    const tenth = Math.max(1, Math.floor(samples.length / 10));
    const [first, last] = [samples.slice(0, tenth), samples.slice(-tenth)];
    const of = (part: readonly Sample[], name: keyof Sample): number => median(part.map((sample) => sample[name]));
    const grown = of(last, "memory") > of(first, "memory") * memoryMargin;
    const leaked = of(last, "descriptors") > of(first, "descriptors") + descriptorMargin;
    return [
        ...(grown ? [`memory grew from ${of(first, "memory")} to ${of(last, "memory")} MB`] : []),
        ...(leaked ? [`descriptors grew from ${of(first, "descriptors")} to ${of(last, "descriptors")}`] : []),
    ];
}

const folder = mkdtempSync(join(tmpdir(), "offhook-soak-"));
const bench = await BenchPhone.start({
    folder,
    transport: "tcp",
    display: "cfa635",
    sound: "virtual",
    keepSeconds: 2,
    farEnds: ["echo"],
});
try {
    const samples = await soak(bench);
    const faults = judge(samples);
    for (const fault of faults) console.error(fault);
    console.log(
        `${samples.length} calls in ${minutes} minutes; ${faults.length === 0 ? "nothing was left behind" : "see above"}`,
    );
    process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
    await bench.stop();
    rmSync(folder, {recursive: true, force: true});
}
