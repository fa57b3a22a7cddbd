import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import type {Digit} from "../../hal/board.ts";
import type {BaresipControl} from "../support/peers.ts";
import {seededRandom} from "../support/random.ts";
import {BoardPhone} from "./board-phone.ts";
import {bouncing, type Move, worn} from "./contacts.ts";

const digits = [..."1234567890*#"] as readonly Digit[];
/** What the board may lag behind what a test wanted of its contacts, in ms, before the test is no longer that test. */
const slackMs = 2;
const attempts = 6;
/** What a glass takes, generously, in an attempt that can be made again, in ms. */
const attemptMs = 8_000;
/** The glass in a call: its time and its codec. */
const talking = /^\d:\d\d +G\.711A/m;
/** From the end of the firmware until its next start has painted the glass, in ms; generous. */
const restartMs = 60_000;

let folder = "";
let phone: BoardPhone;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-keypad-"));
    phone = await BoardPhone.start({folder, farEnds: ["echo"]});
});
afterEach(async ({task}) => {
    if (task.result?.state === "fail") console.log((await phone.log()).slice(-4_000), phone.glass.lines.join("\n"));
    await tidy();
});
afterAll(async () => {
    await phone?.stop();
    rmSync(folder, {recursive: true, force: true});
});

describe("a number by keys", () => {
    it.each([1, 2, 3])("has each digit once though each contact bounces: pattern %i", async (seed) => {
        const random = seededRandom(seed);
        for (const [index, digit] of [..."60044108"].entries()) {
            const key = digit as Digit;
            const before = "60044108".slice(0, index);
            await undisturbed(async (move) => {
                await enter(before);
                await move(...worn(random, {close: key}, {open: key}));
                await phone.contacts.scanned(10);
                await move(...worn(random, {open: key}, {close: key}));
                await phone.contacts.allUp();
                await shows(before + key, attemptMs);
            });
        }
        // What is not on the glass yet would be in front of this one.
        await type("9");
        await shows("600441089");
    });

    it("has all keys of the matrix where they belong", async () => {
        // A # behind a digit sends the number; behind a * it is one.
        const number = "*#1234567890";
        await enter(number);
        await shows(number);
    });

    it("has nothing of electrical glitches shorter than the debounce", async () => {
        const glitch: readonly Move[] = [{close: "5"}, {waitUs: 5_000}, {open: "5"}, {waitUs: 30_000}];
        await undisturbed(async (move) => {
            await move(...Array.from({length: 20}, () => glitch).flat());
            await phone.contacts.allUp();
            await type("9");
            await shows("9", attemptMs);
        });
    });

    it("has a + for a 0 that is held where the number begins, and a 0 for one that is not", async () => {
        await phone.contacts.press("0");
        await shows("0");
        await shows("+");
        await phone.contacts.release("0");
        await type("4");
        await type("0");
        await shows("+40");
    });

    it("loses its last digit to back, and all of them to back when it is held", async () => {
        await enter("4711");
        phone.glass.press("exit");
        await shows("471");
        await phone.ready();
        phone.glass.release("exit");
        await type("5");
        await shows("5");
    });
});

describe("keys that overlap", () => {
    const pairs = [
        {place: "in one row", first: "1", second: "2"},
        {place: "in one column", first: "1", second: "4"},
        {place: "in neither", first: "1", second: "6"},
    ] as const;

    it.each(pairs)("count in the order of their presses: $place", async ({first, second}) => {
        await phone.contacts.press(first);
        await shows(first);
        await phone.contacts.press(second);
        await shows(first + second);
        await phone.contacts.release(first);
        await phone.contacts.scanned(20);
        await type("9");
        await shows(`${first}${second}9`);
        // The second one is down still, and its next press is a new one.
        await phone.contacts.release(second);
        await phone.contacts.allUp();
        await type(second);
        await shows(`${first}${second}9${second}`);
    });

    it.each(pairs)("are followed when a finger lets go late: $place", async ({first, second}) => {
        const overlap: readonly Move[] = [
            {close: first},
            {waitUs: 250_000},
            {close: second},
            {waitUs: 250_000},
            {open: first},
            {waitUs: 250_000},
            {open: second},
        ];
        await undisturbed(async (move) => {
            await move(...overlap);
            await phone.contacts.allUp();
            await type("9");
            await shows(`${first}${second}9`, attemptMs);
        });
    });

    it("never let two outputs of the phone fight", async () => {
        await phone.contacts.move(...digits.map((key) => ({close: key})));
        await phone.contacts.scanned(20);
        await release();
        await phone.contacts.allUp();
        expect((await phone.contacts.state()).shorts).toBe(0);
    });
});

describe("three keys at the corners of a rectangle", () => {
    const rectangles = [
        {held: "124", ghost: "5", released: "1"},
        {held: "124", ghost: "5", released: "2"},
        {held: "137", ghost: "9", released: "3"},
        {held: "854", ghost: "7", released: "5"},
    ] as const;

    it.each(rectangles)("$held make no $ghost, and letting go of $released shows the third", async (rectangle) => {
        const [first, second, third] = [...rectangle.held] as [Digit, Digit, Digit];
        await phone.contacts.press(first);
        await shows(first);
        await phone.contacts.press(second);
        await shows(first + second);
        await phone.contacts.press(third);
        await phone.contacts.scanned(20);
        await phone.contacts.release(rectangle.released);
        await shows(rectangle.held);
        await release();
        await phone.contacts.allUp();
        await type("0");
        await shows(`${rectangle.held}0`);
    });

    it("count as the two that stay when the third is let go", async () => {
        await phone.contacts.press("5");
        await shows("5");
        await phone.contacts.press("6");
        await shows("56");
        await phone.contacts.press("8");
        await phone.contacts.scanned(20);
        await phone.contacts.release("8");
        await phone.contacts.scanned(20);
        await release();
        await phone.contacts.allUp();
        await type("1");
        await shows("561");
    });
});

describe("a key that stays down", () => {
    it("is one digit, and another key counts meanwhile", async () => {
        await phone.contacts.press("7");
        await shows("7");
        await phone.contacts.move({waitUs: 3_000_000});
        await phone.contacts.press("8");
        await shows("78");
        await phone.contacts.release("8");
        await phone.contacts.scanned(20);
        await type("8");
        await shows("788");
        await phone.contacts.release("7");
        await phone.contacts.allUp();
        await type("7");
        await shows("7887");
    });

    it("since before the phone started is one digit, and the phone goes on", async () => {
        await phone.guest.run("kill -9 $(cat /run/phone.pid)");
        await phone.contacts.press("5");
        // The glass has what it had until the new program has found it.
        await shows("5", restartMs);
        await phone.contacts.press("8");
        await shows("58");
        await release();
        await phone.contacts.allUp();
        await type("5");
        await shows("585");
    });
});

describe("a keypad that nobody touches", () => {
    it("is not scanned, while one with a key down is, all the time", async () => {
        expect(await readsIn(3_000)).toBeLessThan(60);
        expect(await phone.contacts.keypadSleeps()).toBe(true);
        await phone.contacts.press("1");
        await shows("1");
        expect(await readsIn(3_000)).toBeGreaterThan(1_000);
    });

    async function readsIn(ms: number): Promise<number> {
        const before = await phone.contacts.state();
        await phone.contacts.move({waitUs: ms * 1_000});
        return (await phone.contacts.state()).reads - before.reads;
    }
});

describe("the hook switch", () => {
    const up = {handset: "up"} as const;
    const down = {handset: "down"} as const;
    /** As long as a contact may be away without being believed: 20 ms for a lift, 80 ms for a hang-up. */
    const liftBounce = {times: 6, us: 14_000};
    const knock: readonly Move[] = [down, {waitUs: 65_000}, up, {waitUs: 40_000}];

    it("that bounces when the handset is lifted sends the number once", async () => {
        await undisturbed(async (move) => {
            await enter("600");
            const answered = far().next("CALL_ESTABLISHED");
            await move(...bouncing(up, down, liftBounce));
            await answered;
            await phone.glass.shows(talking);
        });
    });

    it("that is knocked open for less than 80 ms in a call does not end it", async () => {
        await undisturbed(async (move) => {
            await inCall();
            const after = far().events.length;
            await move(...Array.from({length: 5}, () => knock).flat());
            await phone.contacts.press("5");
            await far().next("CALL_DTMF_START", {after});
            await phone.contacts.release("5");
            expect(
                far()
                    .events.slice(after)
                    .map(({type}) => type),
            ).not.toContain("CALL_CLOSED");
        });
    });

    it("that is down for longer than that ends it, and the dial tone follows", async () => {
        await inCall();
        const closed = far().next("CALL_CLOSED");
        await phone.contacts.move(down, {waitUs: 200_000}, up);
        await closed;
        await phone.glass.shows("Dial a number");
    });

    it("that bounces when the handset is put down hangs up once and stays so", async () => {
        await undisturbed(async (move) => {
            await inCall();
            const closed = far().next("CALL_CLOSED");
            await move(...bouncing(down, up, liftBounce));
            await closed;
            await phone.ready();
        });
    });
});

const far = (): BaresipControl => {
    const [echo] = phone.farEnds;
    if (echo === undefined) throw new Error("nobody is there");
    return echo.control;
};

/** Lifts and calls the echo, where the call before is not on still. */
async function inCall(): Promise<void> {
    await phone.contacts.lift();
    await phone.glass.shows("Dial a number");
    for (const key of "600#" as Iterable<Digit>) await type(key);
    await phone.glass.shows(talking);
}

/** Resolves when the glass has this number and nothing besides in its line. */
function shows(number: string, ms = 20_000): Promise<void> {
    return phone.glass.shows(new RegExp(`^${number.replaceAll(/[*+]/g, "\\$&")} *$`, "m"), ms);
}

/** Has the number on the glass, by clean presses where it is not. */
async function enter(number: string): Promise<void> {
    const [, line = ""] = phone.glass.lines;
    if (number === "" || line.trimEnd() === number) return;
    for (const key of number as Iterable<Digit>) await type(key);
    await shows(number);
}

/** Presses until the phone has surely seen it, and releases likewise. */
async function type(key: Digit): Promise<void> {
    await phone.contacts.press(key);
    await phone.contacts.scanned(10);
    await phone.contacts.release(key);
    await phone.contacts.scannedOrAsleep(10);
}

function release(): Promise<number> {
    return phone.contacts.move(...digits.map((key) => ({open: key})));
}

/** Brings all back: keys up, handset down, no digits. */
async function tidy(): Promise<void> {
    await release();
    await phone.contacts.putDown();
    await phone.contacts.allUp();
    phone.glass.press("exit");
    await phone.ready();
    phone.glass.release("exit");
}

/** Makes an attempt again that failed while the machine kept the board waiting: its bounces were not those wanted. */
async function undisturbed(
    attempt: (move: (...moves: readonly Move[]) => Promise<void>) => Promise<void>,
): Promise<void> {
    for (let left = attempts; ; left -= 1) {
        let late = 0;
        const move = async (...moves: readonly Move[]): Promise<void> => {
            const {wanted, took} = await phone.contacts.timed(...moves);
            late = Math.max(late, took - wanted);
        };
        try {
            return await attempt(move);
        } catch (thrown) {
            if (late <= slackMs || left === 1) throw thrown;
            console.log(`made again: the board was ${late.toFixed(1)} ms late`);
            await tidy();
        }
    }
}
