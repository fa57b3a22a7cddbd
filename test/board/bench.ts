/**
 * `make bench-board`: deadlines of the firmware on the virtual board, in virtual time: one core of 250 MIPS whose clock
 * counts instructions, so that nothing that this machine does shows in a figure.
 *
 *     node test/board/bench.ts [--repetitions N] [--json FILE]
 *
 * All that the phone talks to is a program in the board (measure/), since its clock leaps while it idles.
 */
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {loadavg, tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";
import {build} from "esbuild";
import {writeFirmwareImage} from "./firmware-image.ts";
import type {Guest} from "./guest.ts";
import {Machine, type MachineOptions} from "./machine.ts";
import {parseTurn} from "./measure/ear.ts";
import type {InsideFigures} from "./measure/figures.ts";
import {type PowerOn, textOf} from "./measure/report.ts";
import {PowerCutDisk} from "./power-cut-disk.ts";

const diskBytes = 64 * 2 ** 20;
/** A tone that lasts so long is the dial tone: the congestion tone comes and goes. In ms. */
const steadyMs = 1_000;
/** Of the board's time, in ms. */
const latestToneMs = 60_000;
/** No power-on but the first begins after that, in s: the whole takes at most six minutes on a machine with time. */
const lastBeginS = 300;
const {values: words} = parseArgs({options: {json: {type: "string"}, repetitions: {type: "string", default: "3"}}});
const repetitions = Number(words.repetitions);
if (!Number.isInteger(repetitions) || repetitions < 1) throw new RangeError("--repetitions is a whole number from 1");

const folder = mkdtempSync(join(tmpdir(), "offhook-bench-"));
process.once("exit", () => rmSync(folder, {recursive: true, force: true}));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const disk = PowerCutDisk.format(diskBytes, folder);

/** Switches a board on for as long as `use` takes. */
async function powered<T>(options: Partial<MachineOptions>, use: (guest: Guest) => Promise<T>): Promise<T> {
    const firmware = join(folder, "firmware.image");
    const machine = new Machine({folder: join(folder, "board"), firmware, disk, virtualTime: true, ...options});
    try {
        await machine.start();
        const used = await use(machine.guest);
        // What this one has set up is there for the next.
        await machine.guest.run("sync");
        return used;
    } finally {
        await machine.cutPower();
    }
}

/** The programs of measure/ as one file for the board. */
async function bundleMeasure(): Promise<Buffer> {
    const outfile = join(folder, "measure.mjs");
    await build({
        entryPoints: [join(import.meta.dirname, "measure/main.ts")],
        outfile,
        bundle: true,
        platform: "node",
        format: "esm",
        target: "node24",
        // CommonJS packages inside call require(), which an ES module lacks.
        banner: {js: 'import {createRequire} from "node:module";\nconst require = createRequire(import.meta.url);'},
        logLevel: "warning",
    });
    return readFileSync(outfile);
}

async function measureInside(guest: Guest): Promise<InsideFigures> {
    await guest.write("/run/measure.mjs", await bundleMeasure());
    const program = guest.spawn(`exec node /run/measure.mjs ${repetitions}`);
    const code = await program.exited;
    if (code !== 0) {
        const log = await guest.run("tail -n 40 /run/phone.log");
        throw new Error(`measure.mjs ended with ${code}:\n${program.errors}\n${log}`);
    }
    return JSON.parse(program.output.toString()) as InsideFigures;
}

/** What the ear of the power-on has heard, as soon as a tone has lasted. */
async function hearPowerOn(guest: Guest): Promise<PowerOn> {
    for (;;) {
        const {text, at} = await guest.read("/run/ear.log");
        const turns = text
            .split("\n")
            .map(parseTurn)
            .filter((turn) => turn !== null);
        const [first, last] = [turns[0], turns.at(-1)];
        const isSteady = last?.on === true && at / 1_000 - last.at > steadyMs;
        if (first !== undefined && last !== undefined && isSteady) return {tone: first.at, dialTone: last.at};
        if (at / 1_000 > latestToneMs) {
            throw new Error(`no dial tone in the ear:\n${text}\n${await guest.run("tail -n 40 /run/phone.log")}`);
        }
        await guest.run("usleep 200000");
    }
}

try {
    const began = performance.now();
    writeFirmwareImage(join(folder, "firmware.image"));
    console.error("bench: a call, the display and the console, inside the board");
    const inside = await powered({displayInside: true}, measureInside);
    const powerOns: PowerOn[] = [];

    const seconds = (): number => (performance.now() - began) / 1_000;
    for (let time = 1; time <= repetitions && (time === 1 || seconds() < lastBeginS); time += 1) {
        console.error(`bench: power-on with the handset lifted, ${time} of ${repetitions}`);
        powerOns.push(
            await powered({commandLine: "board.hook=off board.ear=yes", virtualTime: "waiting"}, hearPowerOn),
        );
    }
    const run = {inside, powerOns};
    console.log(textOf(run));
    console.error(`bench: ${seconds().toFixed(0)} s in all; load of this machine ${loadavg()[0]?.toFixed(1)}`);
    if (words.json !== undefined) writeFileSync(words.json, `${JSON.stringify(run, null, 4)}\n`);
} finally {
    await disk.close();
}
