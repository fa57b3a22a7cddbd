import {execFileSync} from "node:child_process";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";

/** Whether a file system may be mounted here: root may lack the right, as in a container. Says what is not tried then. */
export function mayMount(what: string): boolean {
    const place = mkdtempSync(join(tmpdir(), "offhook-mount-"));
    try {
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", place], {stdio: "ignore"});
        execFileSync("umount", [place]);
        return true;
    } catch (thrown) {
        console.warn(`${what}: not tried, nothing may be mounted here (${String(thrown)})`);
        return false;
    } finally {
        rmSync(place, {recursive: true, force: true});
    }
}
