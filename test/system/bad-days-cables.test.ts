import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {type BadDay, echoIsHeard, putDown, startBadDay, talkToEcho} from "../support/bad-day.ts";
import {Cfa635Emulator} from "../support/cfa635-emulator.ts";
import {ConsoleClient} from "../support/console-client.ts";
import {openPty, type Pty} from "../support/pty.ts";
import {seededRandom} from "../support/random.ts";

let day: BadDay;
/** What is at the far ends now. */
let cable: Pty;
let keyboard: ConsoleClient;
let module: Cfa635Emulator;
const consoles: ConsoleClient[] = [];

const displayTty = (): string => join(day.bench.options.folder, "display-tty");
const provisioningTty = (): string => join(day.bench.options.folder, "provisioning-tty");

/** Puts a new cable in; the phone finds it under the old name. */
function plugConsole(): void {
    cable = openPty(provisioningTty());
    keyboard = new ConsoleClient(cable);
    consoles.push(keyboard);
}

function plugDisplay(): void {
    module = new Cfa635Emulator(openPty(displayTty()));
    day.watchGlass(module);
}

/** Types until the phone has found the cable again: what is typed before goes nowhere. */
async function consoleAnswers(client = keyboard): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
        try {
            await client.type("", 200);
            return;
        } catch (thrown) {
            if (attempt === 40) throw thrown;
        }
    }
}

/** Resolves when all that was typed before has been answered. */
async function consoleIsQuiet(): Promise<void> {
    const answered = new Promise<void>((resolve) => {
        keyboard.onText(() => {
            if (/no help for "marker"\r\n[^\n]*> $/.test(keyboard.seen)) resolve();
        });
    });
    // Leaves any line or question that stands.
    cable.write("\x03help marker\r");
    await answered;
}

const reads = (pattern: RegExp): Promise<void> => module.until(() => pattern.test(module.lines.join("\n")));

beforeAll(async () => {
    day = await startBadDay();
    day.bench.glass.close();
    plugDisplay();
    await reads(/ready/);
    await day.bench.board.unplug("provisioning");
    plugConsole();
    await day.bench.board.plug("provisioning");
    await consoleAnswers();
});
afterEach(({task}) => {
    if (task.result?.state === "fail") console.log(day?.bench.process.log.slice(-40).join("\n"));
});
afterAll(async () => {
    cable?.close();
    module?.close();
    await day?.close();
});

describe("a display that is unplugged in a call", () => {
    it("leaves the call as it is", async () => {
        await talkToEcho(day.bench);
        module.close();
        await day.bench.process.logs(/display\.plug: .*; trying again/);
        await echoIsHeard(day.bench);
        await day.bench.phase("talking");
    });

    it("leaves the keys and the hook as they are", async () => {
        await day.bench.board.tap("mute");
        await day.bench.says(({outputs}) => outputs?.microphone === "muted");
        await day.bench.board.tap("mute");
        await day.bench.says(({outputs}) => outputs?.microphone === "open");
        await echoIsHeard(day.bench);
    });

    it("is painted whole when it is back, with the lamps of its own", async () => {
        plugDisplay();
        await reads(/^600[^\n]*\n[\s\S]*0:\d\d/);
        // The microphone's lamp is the red LED at the top.
        await module.until(() => (module.leds[0]?.red ?? 0) > 0 && module.backlight.display === 100);
        await reads(/0:\d[05]/);
        await putDown(day.bench);
        await reads(/ready/);
    });

    it("that says rubbish is drawn on all the same", async () => {
        const random = seededRandom(4);
        await talkToEcho(day.bench);
        for (let count = 0; count < 60; count += 1) {
            module.inject(Uint8Array.from({length: 64}, () => random.below(256)));
            if (count % 10 === 0) await echoIsHeard(day.bench);
        }
        await putDown(day.bench);
        await reads(/ready/);
        await day.harmless();
    });

    it("on a line that loses and changes bytes shows the right words in the end", async () => {
        module.faults.corruptIncoming = 0.02;
        module.faults.corruptOutgoing = 0.02;
        module.faults.loseIncoming = 0.02;
        await talkToEcho(day.bench);
        await putDown(day.bench);
        module.faults.corruptIncoming = 0;
        module.faults.corruptOutgoing = 0;
        module.faults.loseIncoming = 0;
        await reads(/desk +ready/);
        await day.harmless();
    });
});

describe("a console cable", () => {
    const line = "set phone.name Hall";

    // Each byte is the console's unit test to try; here the cable is a real one, and takes a second to be found again.
    it("that is pulled within a change has changed nothing, and is a console again when it is back", async () => {
        for (const text of [line, "apply"]) {
            for (let typed = text.length; typed > 0; typed -= 4) {
                const all = text === line ? [line] : [line, "apply"];
                for (const whole of all.slice(0, -1)) await keyboard.type(whole);
                cable.write(text.slice(0, typed));
                cable.close();
                plugConsole();
                await consoleAnswers();
                expect(await keyboard.type("diff")).toContain("nothing is staged");
                expect(await keyboard.type("show phone.name")).toMatch(/Offhook +\(default\)/);
            }
        }
    });

    it("that is pulled while a password is asked for asks for none when it is back, and never shows it", async () => {
        const password = "typed-before-the-cable-went";
        day.secrets.add(password);
        expect(await keyboard.type("set account1.password")).toContain("(unseen)");
        cable.write(password);
        cable.close();
        plugConsole();
        await consoleAnswers();
        expect(await keyboard.type("diff")).toContain("nothing is staged");
        for (const client of consoles) expect(client.seen).not.toContain(password);
        await day.bench.registered();
    });

    it("that carries rubbish is a console again after a line's end, and sets nothing", async () => {
        const random = seededRandom(11);
        const before = await keyboard.type("show");
        await talkToEcho(day.bench);
        for (let count = 0; count < 60; count += 1) {
            cable.write(Uint8Array.from({length: 200}, () => random.below(256)));
        }
        await echoIsHeard(day.bench);
        await putDown(day.bench);
        await consoleIsQuiet();
        await keyboard.type("discard");
        expect(await keyboard.type("show")).toBe(before);
    });

    it("whose far end reads nothing holds up no call", async () => {
        cable.pause();
        for (let count = 0; count < 50; count += 1) cable.write("show\r");
        await day.harmless();
        cable.resume();
        await consoleAnswers();
        await day.harmless();
    });
});

describe("two console cables at once", () => {
    it("stage apart, and who comes second is told what would be replaced before it is", async () => {
        const {console2} = day.bench;
        await keyboard.type("set phone.name Hall");
        await console2.type("set phone.name Kitchen");
        await console2.type("set audio.ring-volume -3");
        expect(await keyboard.type("diff")).not.toMatch(/Kitchen|volume/);
        expect(await console2.type("apply")).toContain("applied 2 changes");
        expect(await keyboard.type("apply")).toMatch(
            /error: phone\.name: was changed elsewhere[\s\S]*nothing was applied/,
        );
        expect(await console2.type("show phone.name")).toMatch(/phone\.name +Kitchen/);
        expect(await keyboard.type("diff")).toMatch(
            /set phone\.name Hall\r\n +changed elsewhere meanwhile, now Kitchen/,
        );
        expect(await keyboard.type("apply")).toContain("applied 1 change");
        expect(await console2.type("show phone.name")).toMatch(/phone\.name +Hall/);
    });

    it("apply in a call that goes on", async () => {
        await talkToEcho(day.bench);
        await keyboard.type("set phone.name Attic");
        await day.bench.console2.type("set audio.ring-volume 0");
        const answers = await Promise.all([keyboard.type("apply"), day.bench.console2.type("apply")]);
        for (const answer of answers) expect(answer).toContain("applied 1 change");
        await echoIsHeard(day.bench);
        await putDown(day.bench);
    });

    it("are pulled one by one: the other goes on, and only what was staged at the pulled one is forgotten", async () => {
        const {console2, board} = day.bench;
        await keyboard.type("set phone.name Hall");
        expect(await console2.type("set audio.ring-volume -3")).toContain("offhook*> ");
        await board.unplug("provisioning2");
        expect(await keyboard.type("diff")).toContain("set phone.name Hall");
        expect(await keyboard.type("apply")).toContain("applied 1 change");
        await board.plug("provisioning2");
        await consoleAnswers(console2);
        expect(await console2.type("diff")).toContain("nothing is staged");

        await console2.type("set phone.name Kitchen");
        expect(await keyboard.type("set audio.ring-volume -3")).toContain("offhook*> ");
        cable.close();
        expect(await console2.type("apply")).toContain("applied 1 change");
        plugConsole();
        await consoleAnswers();
        expect(await keyboard.type("diff")).toContain("nothing is staged");
        expect(await keyboard.type("show audio.ring-volume")).toMatch(/audio\.ring-volume +0/);
        expect(await keyboard.type("show phone.name")).toMatch(/phone\.name +Kitchen/);
        await day.harmless();
    });
});
