/**
 * A browser in the terminal, beside the bench phone of `make run`: Chromium with JsSIP, as user 603 of its registrar.
 *
 *   node scripts/web-peer.ts [--visible] [--notice FILE]
 */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";
import {readNotice, usualPlace} from "./bench-notice.ts";
import {Terminal} from "./terminal.ts";
import {WebOnShow} from "./terminal-web.ts";

const {values} = parseArgs({
    options: {visible: {type: "boolean", default: false}, notice: {type: "string", default: usualPlace}},
});
const {visible, notice} = values;
if (visible && process.env["DISPLAY"] === undefined) {
    console.error("no window can be shown: DISPLAY is not set");
    process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "offhook-web-peer-"));
process.on("exit", () => rmSync(folder, {recursive: true, force: true}));
const terminal = new Terminal(folder);
void terminal.run(async () => {
    const bench = readNotice(notice);
    terminal.note("starting the browser");
    return new WebOnShow({folder, bench, visible}, terminal);
});
