/**
 * Runs inside the board, in its virtual time, with everything that the phone talks to: the CFA635 at ttyS2, the PC at
 * ttyACM0, registrar and far end, the ear. Prints one line of JSON. `node measure.mjs REPETITIONS`, as root.
 */
import {setPriority} from "node:os";
import {Cfa635Emulator} from "../../support/cfa635-emulator.ts";
import {audioWindows, type Bench, keyToGlass, liftToDialTone} from "./deadlines.ts";
import {FarEnd} from "./far-end.ts";
import {type InsideFigures, registrarPort} from "./figures.ts";
import {Finger, readProfile} from "./finger.ts";
import {PhoneInside} from "./phone-inside.ts";
import {openPort} from "./port-end.ts";

const highest = -20;

async function prepare(): Promise<Bench> {
    // The world does not wait for the phone's processor.
    setPriority(highest);
    const finger = new Finger(readProfile());
    const module = new Cfa635Emulator(openPort("/dev/ttyS2"));
    const farEnd = await FarEnd.start();
    const phone = new PhoneInside();
    said("provisioning");
    await phone.answers();
    await phone.provision(farEnd.sip.port);
    await farEnd.register();
    await module.until(() => module.lines.join("").includes("ready"));
    return {finger, module, phone, farEnd};
}

async function measure(repetitions: number): Promise<InsideFigures> {
    const bench = await prepare();
    const {hook, keypad} = readProfile();
    said("lift to dial tone");
    const dialTone = await liftToDialTone(bench, 3 * repetitions);
    said("key to glass");
    const {glass, module} = await keyToGlass(bench, repetitions);
    said("audio in a call");
    const audio = await audioWindows(bench, repetitions);
    const realTime = (await bench.phone.status("real time")) === "granted";
    // The next power-on finds the registrar of the board's root.
    await bench.phone.console.provision({"account1.port": String(registrarPort)});
    const debounce = {hook: hook.offMs, key: keypad?.pressMs ?? 0};
    return {dialTone, glass, module, audio, debounce, realTime};
}

function said(what: string): void {
    console.error(`measure: ${what}`);
}

console.log(JSON.stringify(await measure(Number(process.argv[2]))));
process.exit(0);
