/**
 * The image that the board mounts as /app: build/device, with the reference boards' own profiles on this board's parts.
 * A changed image, in which a protection is taken out, shows which test misses it.
 */
import {execFileSync} from "node:child_process";
import {chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {gatherDevice} from "../../scripts/device.ts";
import {type Change, leftOut} from "./protections.ts";

/** What differs between a reference board and this one: the GPIO chip's label and the display's port. */
const virtualParts: readonly Change[] = [
    {from: "pinctrl-bcm2711", to: "boardgpio"},
    {from: "/dev/ttyS0", to: "/dev/ttyS1"},
];
const references = {cfa635: "reference", vt100: "terminal"} as const;

/** The profile of the virtual board with a display, as text. */
export function boardProfile(display: keyof typeof references): string {
    const path = join(import.meta.dirname, "../../hal/boards", `${references[display]}.json`);
    return changed(readFileSync(path, "utf8"), virtualParts);
}

/** Writes the image to `path`. Throws where a change finds nothing to change. */
export function writeFirmwareImage(path: string, changes: readonly Change[] = []): void {
    const folder = mkdtempSync(join(tmpdir(), "offhook-image-"));
    try {
        // Its own user must be able to enter it.
        chmodSync(folder, 0o755);
        cpSync(gatherDevice(), folder, {recursive: true});
        for (const display of ["cfa635", "vt100"] as const) {
            writeFileSync(join(folder, "boards", `${display}.json`), boardProfile(display));
        }
        const bundle = join(folder, "build/offhook.mjs");
        writeFileSync(bundle, changed(readFileSync(bundle, "utf8"), [...changes, ...leftOut()]));
        execFileSync("mksquashfs", [folder, path, "-comp", "lz4", "-noappend", "-quiet", "-no-progress", "-all-root"], {
            stdio: ["ignore", "ignore", "inherit"],
        });
    } finally {
        rmSync(folder, {recursive: true, force: true});
    }
}

function changed(text: string, changes: readonly Change[]): string {
    return changes.reduce((all, {from, to}) => {
        if (!all.includes(from)) throw new Error(`nothing to change: ${from}`);
        return all.replaceAll(from, to);
    }, text);
}
