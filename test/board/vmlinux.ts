/**
 * Takes the ELF kernel out of a bzImage: `node vmlinux.ts BZIMAGE ELF`. It is an xz stream somewhere inside, behind one
 * of the places that look like the beginning of one.
 */
import {spawnSync} from "node:child_process";
import {readFileSync, writeFileSync} from "node:fs";

const xzMagic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const elfMagic = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);

function elfInside(image: Buffer): Buffer | null {
    for (let at = image.indexOf(xzMagic); at >= 0; at = image.indexOf(xzMagic, at + 1)) {
        // What follows the stream makes xz fail at its end, after it gave out all of it.
        const {stdout} = spawnSync("xz", ["-dc"], {input: image.subarray(at), maxBuffer: 2 ** 30});
        if (stdout.subarray(0, 4).equals(elfMagic)) return stdout;
    }
    return null;
}

const [from = "", to = ""] = process.argv.slice(2);
const elf = elfInside(readFileSync(from));
if (elf === null) throw new Error(`${from}: no ELF kernel inside`);
writeFileSync(to, elf);
