import {once} from "node:events";
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {createConnection} from "node:net";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import type {BoardEvent, Frame} from "../../../hal/board.ts";
import {LAMPS_OFF} from "../../../hal/lamps.ts";
import {createSimulatedBoard, type SimulatedBoard, type SimulatedBoardOptions} from "../../../hal/simulated-board.ts";
import {BoardClient} from "../../support/board-client.ts";
import {Cfa635Emulator} from "../../support/cfa635-emulator.ts";
import {openPty} from "../../support/pty.ts";
import {Vt100Glass} from "../../support/vt100-glass.ts";

const FRAME: Frame = {
    lines: ["Offhook        12:59", "alice               ", "                    ", "                    "],
    cursor: null,
    backlight: true,
};

let folder = "";
let cleanUp: (() => unknown)[] = [];

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "offhook-board-"));
    cleanUp = [];
});

afterEach(async () => {
    for (const step of cleanUp.reverse()) await step();
    rmSync(folder, {recursive: true});
});

interface Running {
    readonly board: SimulatedBoard;
    readonly events: BoardEvent[];
    readonly client: BoardClient;
}

async function running(options: Partial<SimulatedBoardOptions> = {}): Promise<Running> {
    const board = createSimulatedBoard({
        folder,
        displayTty: null,
        provisioningTtys: [],
        displayKind: "cfa635",
        columns: 20,
        rows: 4,
        sound: {handsetPlayback: "ear", handsetCapture: "mouth", ringer: "ringer"},
        log: () => undefined,
        ...options,
    });
    const events: BoardEvent[] = [];
    await board.start((event) => events.push(event));
    cleanUp.push(() => board.close());
    return {board, events, client: await another()};
}

async function another(): Promise<BoardClient> {
    const client = await BoardClient.connect(join(folder, "board.sock"));
    cleanUp.push(() => client.close());
    return client;
}

function briefOf(event: BoardEvent): string {
    switch (event.type) {
        case "key": {
            return `${event.key}${event.down ? "+" : "-"}`;
        }
        case "hook": {
            return event.hook;
        }
        case "cellular": {
            return `cellular ${event.busy}`;
        }
        case "fault": {
            return `${event.part} ${event.lost ? "lost" : "back"}`;
        }
    }
}

const brief = (events: readonly BoardEvent[]): string[] => events.map(briefOf);

describe("a simulated board", () => {
    it("tells the hook first, then keys in the order of the finger", async () => {
        const {events, client} = await running();
        await client.lift();
        await client.dial("600#");
        await client.putDown();
        expect(brief(events)).toEqual(["on", "off", "6+", "6-", "0+", "0-", "0+", "0-", "#+", "#-", "on"]);
        const times = events.map(({at}) => at);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
    });

    it("begins off hook when the contact says so, and lets the engine read the same contact", async () => {
        writeFileSync(join(folder, "hook"), "1");
        const {board, events, client} = await running();
        expect(brief(events)).toEqual(["off"]);
        expect(board.hookSensor).toEqual({path: join(folder, "hook"), onHook: "0"});
        await client.putDown();
        expect(readFileSync(join(folder, "hook"), "latin1")).toBe("0");
        // Somebody else may move the contact too.
        writeFileSync(join(folder, "hook"), "1");
        await client.until(({hook}) => hook === "off");
    });

    it("ignores a break of the hook that is shorter than 80 ms", async () => {
        const {events, client} = await running();
        await client.lift();
        writeFileSync(join(folder, "hook"), "0");
        writeFileSync(join(folder, "hook"), "1");
        await client.tap("1");
        await client.tap("2");
        expect(brief(events)).toEqual(["on", "off", "1+", "1-", "2+", "2-"]);
    });

    it("holds keys, several at once", async () => {
        const {events, client} = await running();
        await client.press("up");
        await client.press("line4");
        await client.release("up");
        await client.release("line4");
        expect(brief(events).slice(1)).toEqual(["up+", "line4+", "up-", "line4-"]);
    });

    it("says the lamps that were set before it started", async () => {
        const board = createSimulatedBoard({
            folder,
            displayTty: null,
            provisioningTtys: [],
            displayKind: "cfa635",
            columns: 20,
            rows: 4,
            sound: {handsetPlayback: "ear", handsetCapture: "mouth", ringer: "ringer"},
            log: () => undefined,
        });
        cleanUp.push(() => board.close());
        board.setLamps({...LAMPS_OFF, service: "blinking"});
        await board.start(() => undefined);
        const client = await another();
        await client.until(({lamps}) => lamps?.service === "blinking");
    });

    it("says frames, lamps and what the phone publishes to all, and all of it to who comes late", async () => {
        const {board, client} = await running();
        board.display.show(FRAME);
        board.setLamps({...LAMPS_OFF, ringing: "blinking"});
        board.publish({outputs: {route: "handset"}, calls: []});
        await client.until(({calls}) => calls !== undefined);
        const late = await another();
        await late.until(({calls}) => calls !== undefined);
        expect(late.said).toEqual(client.said);
        expect(late.said.frame).toEqual(FRAME);
        expect(late.said.lamps?.ringing).toBe("blinking");
        expect(late.said["outputs"]).toEqual({route: "handset"});
    });

    it("answers garbage with an error and goes on", async () => {
        const {client, events} = await running();
        const raw = createConnection(join(folder, "board.sock"));
        cleanUp.push(() => raw.destroy());
        await once(raw, "connect");
        const errors: string[] = [];
        const lines = createInterface({input: raw});
        lines.on("line", (line) => {
            const {error} = JSON.parse(line) as {error?: string};
            if (error !== undefined) errors.push(error);
        });
        const garbage = [
            "hello",
            "[]",
            "7",
            "{}",
            '{"press":"x"}',
            '{"press":"1","release":"1"}',
            '{"lift":"yes"}',
            '{"plug":"sofa"}',
            '{"explode":true}',
            '{"press":"1","id":{}}',
            '{"unplug":"display","id":1}',
        ];
        raw.write(Buffer.concat([Buffer.from([0xff, 0xfe, 0x00, 0x0a]), Buffer.from(`${garbage.join("\n")}\n`)]));
        // A part that is not fitted may be pulled: nothing happens, so the last line gives no error.
        await expect.poll(() => errors.length).toBe(garbage.length);
        await client.tap("5");
        expect(brief(events).slice(-2)).toEqual(["5+", "5-"]);
    });

    it("says when a command cannot be carried out", async () => {
        const {client} = await running();
        await expect(client.plug("display")).rejects.toThrow("no display is fitted");
        await client.press("1");
        await expect(client.press("1")).rejects.toThrow("was so already");
    });

    it("tells a cellular call", async () => {
        const {client, events} = await running();
        await client.cellular(true);
        await client.cellular(false);
        expect(brief(events).slice(1)).toEqual(["cellular true", "cellular false"]);
    });

    it("draws on a CFA635 and lights its LEDs, and lets it be unplugged", async () => {
        const line = openPty();
        const glass = new Cfa635Emulator(line);
        cleanUp.push(() => glass.close());
        const {board, events, client} = await running({displayTty: line.path});
        board.display.show(FRAME);
        board.setLamps({...LAMPS_OFF, microphone: "on", call: "on"});
        await glass.until(() => glass.lines.join() === FRAME.lines.join());
        await glass.until(() => glass.leds[0]?.green === 100 && glass.leds[0]?.red === 100);
        await client.unplug("display");
        await expect.poll(() => brief(events)).toContain("display lost");
        const next = {...FRAME, lines: FRAME.lines.with(3, "seen after the plug ")};
        board.display.show(next);
        await client.plug("display");
        await glass.until(() => glass.lines.join() === next.lines.join());
        expect(brief(events)).toEqual(["on", "display lost", "display back"]);
        glass.press("enter");
        await expect.poll(() => brief(events).at(-1)).toBe("ok+");
    });

    it("draws on a VT100", async () => {
        const far = openPty();
        cleanUp.push(() => far.close());
        const glass = new Vt100Glass(40, 12);
        far.onData((chunk) => glass.write(chunk));
        const {board} = await running({displayTty: far.path, displayKind: "vt100", columns: 40, rows: 12});
        const lines = Array.from({length: 12}, (_, row) => `row ${row} Žofie`.padEnd(40));
        board.display.show({lines, cursor: {column: 3, row: 11}, backlight: true});
        await expect.poll(() => glass.lines).toEqual(lines);
        expect(glass.cursor).toEqual({column: 3, row: 11});
        expect(glass.unknown).toBe(0);
        expect(() => board.display.show(FRAME)).toThrow(RangeError);
    });

    it("carries provisioning both ways and survives a pulled cable", async () => {
        const far = openPty();
        cleanUp.push(() => far.close());
        const {board, client, events} = await running({provisioningTtys: [far.path]});
        const [link] = board.provisioning;
        if (link === undefined) throw new Error("the board has no cable");
        const opens: boolean[] = [];
        let near = "";
        let there = "";
        link.onOpen((open) => opens.push(open));
        link.onData((chunk) => {
            near += Buffer.from(chunk).toString();
        });
        far.onData((chunk) => {
            there += Buffer.from(chunk).toString();
        });
        await expect.poll(() => opens).toEqual([true]);
        far.write("help\r");
        await expect.poll(() => near).toBe("help\r");
        await client.unplug("provisioning");
        link.write(Buffer.from("lost"));
        await client.plug("provisioning");
        await expect.poll(() => opens, {timeout: 5_000}).toEqual([true, false, true]);
        link.write(Buffer.from("> "));
        await expect.poll(() => there).toBe("> ");
        expect(brief(events)).toEqual(["on", "provisioning lost", "provisioning back"]);
    });

    it("has a second cable that is pulled by itself, and one fault of both", async () => {
        const ends = [openPty(), openPty()];
        for (const end of ends) cleanUp.push(() => end.close());
        const {board, client, events} = await running({provisioningTtys: ends.map(({path}) => path)});
        const [first, second] = board.provisioning;
        if (first === undefined || second === undefined) throw new Error("the board has not two cables");
        const opens: string[] = [];
        first.onOpen((open) => opens.push(`1 ${open}`));
        second.onOpen((open) => opens.push(`2 ${open}`));
        await expect.poll(() => opens.toSorted()).toEqual(["1 true", "2 true"]);
        await client.unplug("provisioning2");
        await expect.poll(() => opens.at(-1)).toBe("2 false");
        let near = "";
        first.onData((chunk) => {
            near += Buffer.from(chunk).toString();
        });
        ends[0]?.write("help\r");
        await expect.poll(() => near).toBe("help\r");
        await client.unplug("provisioning");
        await client.plug("provisioning2");
        await expect.poll(() => opens.at(-1), {timeout: 5_000}).toBe("2 true");
        expect(brief(events)).toEqual(["on", "provisioning lost"]);
        await client.plug("provisioning");
        await expect
            .poll(() => brief(events), {timeout: 5_000})
            .toEqual(["on", "provisioning lost", "provisioning back"]);
        expect(events[1]).toMatchObject({reason: expect.stringContaining("provisioning2.plug: ")});
    });

    it("refuses a fifth cable", () => {
        const options = {displayTty: null, displayKind: "cfa635", columns: 20, rows: 4, log: () => undefined} as const;
        const sound = {handsetPlayback: "ear", handsetCapture: "mouth", ringer: "ringer"};
        const provisioningTtys = Array.from({length: 5}, (_, index) => `/dev/ttyGS${index}`);
        expect(() => createSimulatedBoard({folder, ...options, sound, provisioningTtys})).toThrow("4 at most");
    });
});
