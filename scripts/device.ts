/**
 * Gathers what a device runs into build/device: the bundle, the engine, the packages with machine code as far as Node
 * loads them, and the board profiles. `node offhook.mjs` in its folder `build` starts it, wherever it is copied to.
 */
import {copyFileSync, cpSync, existsSync, mkdirSync, rmSync} from "node:fs";
import {createRequire} from "node:module";
import {dirname, join, relative} from "node:path";
import {nativePackages} from "./native-packages.ts";

const top = join(import.meta.dirname, "..");
const device = join(top, "build/device");
const require = createRequire(import.meta.url);

/** The files that Node loads for a package, its own description included; machine code among them. */
function filesOf(name: string): readonly string[] {
    require(name);
    const loaded = new Set<string>();
    // Whoever gathers may have loaded more than a device does: what counts is what the package itself asked for.
    const follow = (module: NodeJS.Module | undefined): void => {
        if (module === undefined || loaded.has(module.filename)) return;
        loaded.add(module.filename);
        for (const child of module.children) follow(child);
    };
    follow(require.cache[require.resolve(name)]);
    return [...new Set([...loaded].flatMap((path) => [path, descriptionOf(path)]))];
}

/** The package.json that says how a file is to be loaded. */
function descriptionOf(path: string): string {
    const folder = dirname(path);
    const description = join(folder, "package.json");
    return existsSync(description) ? description : descriptionOf(folder);
}

function take(path: string): void {
    const target = join(device, relative(top, path));
    mkdirSync(dirname(target), {recursive: true});
    copyFileSync(path, target);
}

/** Gathers it in build/device, anew. The bundle must be there. Answers the folder. */
export function gatherDevice(): string {
    rmSync(device, {recursive: true, force: true});
    for (const path of new Set(nativePackages.flatMap(filesOf))) take(path);
    for (const name of ["build/offhook.mjs", "build/capture-process.mjs", "native/build/Release/offhook_media.node"]) {
        take(join(top, name));
    }
    cpSync(join(top, "hal/boards"), join(device, "boards"), {recursive: true});
    return device;
}

if (import.meta.main) console.log(`device: ${relative(top, gatherDevice())}`);
