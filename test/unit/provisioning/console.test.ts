import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {setImmediate} from "node:timers/promises";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {Config} from "../../../firmware/config/config.ts";
import {createLog} from "../../../firmware/log.ts";
import {attachConsole} from "../../../firmware/provisioning/console.ts";
import {longestLine} from "../../../firmware/provisioning/line-editor.ts";
import {Store} from "../../../firmware/store/store.ts";
import {openVault} from "../../../firmware/store/vault.ts";
import {seededRandom} from "../../support/random.ts";
import {Cable} from "./cable.ts";

let folder = "";
let store: Store;
let config: Config;
let cable: Cable;
const logged: string[] = [];
const log = createLog((line) => logged.push(line), "debug");

beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-console-"));
    logged.length = 0;
    store = await Store.open({folder, log, onFault: () => undefined});
    config = await Config.load(store, openVault(join(folder, "key"), log), log);
    cable = new Cable();
    attachConsole({
        link: cable,
        config,
        store,
        status: () => ["registered: no"],
        blackBox: () => ["idle"],
        version: "0.0.0",
        log,
    });
});
afterEach(async () => {
    await store.close();
    rmSync(folder, {recursive: true, force: true});
});

describe("the console", () => {
    it("says nothing until it is spoken to", async () => {
        cable.plug(true);
        expect(cable.seen).toBe("");
        expect(await cable.type("")).toContain("Offhook 0.0.0");
    });

    it("stages, shows and applies changes together", async () => {
        await cable.type("set account1.user alice");
        await cable.type("set account1.domain phone.test");
        expect(await cable.type("set account1.enabled on")).toContain("offhook*> ");
        expect(config.accounts()).toEqual([]);
        expect(await cable.type("diff")).toContain("set account1.user alice");
        expect(await cable.type("apply")).toContain("applied 3 changes");
        expect(config.accounts()).toMatchObject([{user: "alice"}]);
        expect(await cable.type("show account1.user")).toMatch(/account1\.user {2}alice\r\n/);
    });

    it("names every error of an apply and changes nothing", async () => {
        await cable.type("set account1.enabled on");
        const answer = await cable.type("apply");
        expect(answer).toContain("error: account1.user: an enabled account needs a user");
        expect(answer).toContain("error: account1.domain: an enabled account needs a domain");
        expect(answer).toContain("nothing was changed");
        expect(config.originOf("account1.enabled")).toBe("default");
    });

    it("refuses a value that cannot be meant at once, with the range", async () => {
        expect(await cable.type("set audio.volume 99")).toContain("error: audio.volume: -24 to 12 dB, not 99");
        expect(await cable.type("set audio.loudness 3")).toContain('there is no setting "audio.loudness"');
        expect(await cable.type("frobnicate")).toContain('there is no command "frobnicate"');
    });

    it("asks for a secret unseen and never shows it", async () => {
        await cable.type("set account1.password", "(unseen): ");
        await cable.type("canary-secret");
        expect(await cable.type("diff")).toContain("set account1.password ***");
        await cable.type("apply");
        expect(await cable.type("show account1.password")).toContain("***");
        await cable.type("\u001b[A\u001b[A\u001b[A\u001b[A\u0015");
        expect(cable.seen).not.toContain("canary");
        expect(logged.join()).not.toContain("canary");
    });

    it("recalls no line that held a secret", async () => {
        await cable.type("status");
        await cable.type("set account1.password canary-inline");
        const before = cable.seen.length;
        expect(await cable.type("\u001b[A")).toContain("registered: no");
        expect(cable.seen.slice(before)).not.toContain("canary");
    });

    it("refuses a digit map with the place of its fault, and a country without tones", async () => {
        expect(await cable.type("set dial.map 0[1")).toMatch(/error: dial\.map: .*\[/);
        expect(await cable.type("set phone.country xx")).toContain("error: phone.country: one of");
    });

    it("completes commands, names and choices with Tab, and lists when there are several", async () => {
        cable.send("sh\t");
        expect(await cable.type("phone.lang\t")).toContain("show phone.language ");
        const listed = await cable.type("set phone.language \t\u0015");
        expect(listed).toContain("en");
        expect(listed).toContain("pl");
    });

    it("recalls earlier lines with the arrows and edits with backspace in UTF-8", async () => {
        await cable.type("set phone.name Zoë");
        await cable.type("\u001b[A\u007fe");
        await cable.type("apply");
        expect(config.settings["phone.name"]).toBe("Zoe");
    });

    it("forgets what was staged when the cable goes", async () => {
        await cable.type("set audio.volume 3");
        cable.plug(false);
        cable.plug(true);
        expect(await cable.type("diff")).toContain("nothing is staged");
    });

    it("changes nothing when the cable goes at any byte of a change, a question or the word that would apply it", async () => {
        const typed = "set phone.name Hall\rset account1.password\rsecret\rapply";
        for (let length = 1; length <= typed.length; length++) {
            cable.send(Buffer.from(typed.slice(0, length)));
            cable.plug(false);
            cable.plug(true);
            // What was typed is answered before what comes.
            await setImmediate();
            expect(await cable.type("diff")).toContain("nothing is staged");
            expect(await cable.type("apply")).toContain("nothing is staged");
            expect(config.originOf("phone.name")).toBe("default");
            expect(config.originOf("account1.password")).toBe("default");
        }
    });

    it("gives ModemManager no answer", async () => {
        await cable.type("");
        const before = cable.seen.length;
        cable.send(Buffer.from([0x7e, 0x00, 0x78, 0xf0, 0x7e]));
        await cable.type("AT+GCAP");
        await cable.type("ATE0");
        expect(cable.seen.slice(before)).not.toContain("error");
    });

    it("keeps contacts by name and number", async () => {
        expect(await cable.type('contacts add "Ada Lovelace" 601 +441234')).toContain("added as 1");
        expect(await cable.type("contacts")).toContain("Ada Lovelace  601, +441234");
        expect(await store.nameOf("601")).toBe("Ada Lovelace");
        expect(await cable.type("contacts remove 1")).toContain("removed");
        expect(await cable.type("contacts")).toContain("no contacts");
    });

    it("echoes what is pasted in one piece a line, ahead of the answer", async () => {
        const pieces: string[] = [];
        const write = cable.write.bind(cable);
        cable.write = (bytes) => {
            pieces.push(Buffer.from(bytes).toString("utf8"));
            write(bytes);
        };
        await cable.type("");
        pieces.length = 0;
        await cable.type("set phone.name Hall\rset audio.volume 3", "3\r\noffhook*> ");
        expect(pieces).toEqual(["set phone.name Hall\r\n", "offhook*> ", "set audio.volume 3\r\n", "offhook*> "]);
    });

    it("reads a command split at every byte", async () => {
        const line = Buffer.from("set phone.name Zoë Ω\r", "utf8");
        for (let place = 1; place < line.length; place++) {
            cable.send(line.subarray(0, place));
            cable.send(line.subarray(place));
            await cable.type("apply", "applied");
            expect(config.settings["phone.name"]).toBe("Zoë Ω");
            await config.commit(new Map([["phone.name", null]]));
        }
    });

    it("drops a line without end, says so, and goes on", async () => {
        const block = Buffer.alloc(1 << 20, 0x61);
        for (let count = 0; count < 10; count++) cable.send(block);
        expect(await cable.type("", "nothing of it was taken")).toContain(`more than ${longestLine} octets`);
        expect(await cable.type("status")).toContain("registered: no");
    });

    it("answers invalid UTF-8 with an error and goes on", async () => {
        cable.send(Buffer.from([0x73, 0x68, 0xff, 0xfe]));
        expect(await cable.type("")).toContain("not valid UTF-8");
        expect(await cable.type("status")).toContain("registered: no");
    });

    it("survives twenty thousand random bytes in random pieces", async () => {
        const random = seededRandom(20_261_124);
        for (let sent = 0; sent < 20_000; ) {
            const piece = Buffer.from(Array.from({length: 1 + random.below(40)}, () => random.below(256)));
            cable.send(piece);
            sent += piece.length;
        }
        expect(await cable.type("\r\u0003\rstatus", "registered: no")).toContain("offhook");
    });
});
