/**
 * Debian's LCDd drives the emulated CFA635: a driver that others wrote from the same data sheet understands it, so that
 * our driver and our emulator do not share a misreading.
 */
import {once} from "node:events";
import {mkdtempSync, rmSync} from "node:fs";
import {connect, type Socket} from "node:net";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {romCodesOf} from "../../hal/cfa635-rom.ts";
import {Cfa635Emulator} from "../support/cfa635-emulator.ts";
import {type Lcdd, startLcdd} from "../support/peers.ts";
import {openPty} from "../support/pty.ts";

let folder = "";
let glass: Cfa635Emulator;
let lcdd: Lcdd;

beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-lcdd-"));
    const line = openPty(join(folder, "display"));
    glass = new Cfa635Emulator(line);
    lcdd = await startLcdd({folder, tty: line.path});
});

afterEach(async () => {
    await lcdd.stop();
    glass.close();
    rmSync(folder, {recursive: true});
});

/** A second client of LCDd that speaks ISO 8859-1, as the protocol of LCDproc does, and hears of keys. */
async function client(): Promise<{socket: Socket; say: (text: string) => void; keys: string[]}> {
    const port = /:(\d+)/.exec(await lcdd.process.line(/Listening for queries/))?.[1];
    const socket = connect(Number(port), "127.0.0.1");
    await once(socket, "connect");
    const keys: string[] = [];
    createInterface({input: socket}).on("line", (line) => {
        if (line.startsWith("key ")) keys.push(line.slice(4).split(" ")[0] ?? "");
    });
    const say = (text: string): void => {
        socket.write(Buffer.from(`${text}\n`, "latin1"));
    };
    say("hello");
    return {socket, say, keys};
}

describe("LCDd on the emulated CFA635", () => {
    it("shows its text where it means to", async () => {
        const lines = ["Offhook        12:59", "second row", "   third row", "last row, to the end"];
        await lcdd.show(lines);
        const wanted = lines.map((line) => line.padEnd(20));
        await glass.until(() => glass.lines.join("\n") === wanted.join("\n"));
        expect(glass.badBytes).toBe(0);
        expect(glass.backlight.display).toBeGreaterThan(0);
    });

    it("finds every Latin-1 letter that its own table maps at the place where ours has it", async () => {
        const {socket, say} = await client();
        // Not in this list: what LCDproc's table and the ROM show by different stand-ins.
        const rows = ["ÄÖÜäöüß ÅåÆæØø Ññ", "Éé èù ìò àÇç Êê Ôô", "ÁÍÓÚÝ áíóúý", "[]\\{|}~_@$ £¥¤§¡¿"];
        say("screen_add s");
        say("screen_set s -priority alert -heartbeat off");
        for (const [row, text] of rows.entries()) {
            say(`widget_add s w${row} string`);
            say(`widget_set s w${row} 1 ${row + 1} "${text.replaceAll("\\", "\\\\")}"`);
        }
        await glass.until(() => glass.lines[3]?.startsWith("[") === true);
        socket.destroy();
        expect(glass.lines.map((line) => line.trimEnd())).toEqual(rows);
        const ours = rows.map((row) => Buffer.from(romCodesOf(row.padEnd(20))).toString("hex"));
        const theirs = rows.map((_, row) => Buffer.from(glass.codes.slice(row * 20, row * 20 + 20)).toString("hex"));
        expect(theirs).toEqual(ours);
    });

    it("hears the module's six keys", async () => {
        const {socket, say, keys} = await client();
        say("screen_add k");
        say("screen_set k -priority input -heartbeat off");
        say("widget_add k w string");
        say("widget_set k w 1 1 keys");
        say("client_add_key -exclusively Up Down Left Right Enter Escape");
        await glass.until(() => glass.lines[0]?.startsWith("keys") === true);
        for (const key of ["up", "down", "left", "right", "enter", "exit"] as const) {
            const before = keys.length;
            glass.press(key);
            glass.release(key);
            await expect.poll(() => keys.length, {timeout: 5_000}).toBe(before + 1);
        }
        socket.destroy();
        expect(keys).toEqual(["Up", "Down", "Left", "Right", "Enter", "Escape"]);
    });

    it("lights the LEDs that our wiring table names", async () => {
        const {socket, say} = await client();
        say("screen_add l");
        say("screen_set l -priority alert -heartbeat off");
        // LCDproc's output word for the 635: bits 0 to 3 green, 4 to 7 red, LED 0 on top.
        say("output 33");
        await glass.until(() => glass.leds.some(({green}) => green > 0) && glass.leds.some(({red}) => red > 0));
        socket.destroy();
        expect(glass.leds.map(({green, red}) => [green > 0, red > 0])).toEqual([
            [true, false],
            [false, true],
            [false, false],
            [false, false],
        ]);
    });
});
