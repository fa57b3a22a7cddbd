/**
 * Makes build/offhook.mjs, the one file that a device runs: `node build/offhook.mjs` from the checkout.
 * Packages with machine code stay outside, in node_modules, and so does the engine, in native/build.
 */
import {readFile} from "node:fs/promises";
import {dirname, join, relative} from "node:path";
import {build, type Plugin} from "esbuild";

const TOP = join(import.meta.dirname, "..");
const BUNDLE = join(TOP, "build", "offhook.mjs");

/** Packages that load a `.node` file by its place beside their own code. */
const NATIVE_PACKAGES = ["@serialport/bindings-cpp", "alsa-capture", "epoll", "sqlite3"];

/** Where a module looks for files beside itself (the engine, board profiles), as seen from the bundle. */
function placeOf(path: string): string {
    const url = `new URL(${JSON.stringify(relative(dirname(BUNDLE), path))}, import.meta.url)`;
    const file = `decodeURIComponent(${url}.pathname)`;
    return `const ownUrl = ${url}.href, ownFile = ${file}, ownFolder = ownFile.slice(0, ownFile.lastIndexOf("/"));`;
}

/** `import.meta` of a module of ours stays that of its source file. Line numbers stay, too. */
const ownPlace: Plugin = {
    name: "own-place",
    setup({onLoad}) {
        onLoad({filter: /\.ts$/}, async ({path}) => {
            const source = await readFile(path, "utf8");
            const contents = source
                .replaceAll("import.meta.url", "ownUrl")
                .replaceAll("import.meta.filename", "ownFile")
                .replaceAll("import.meta.dirname", "ownFolder");
            return {contents: contents === source ? source : placeOf(path) + contents, loader: "ts"};
        });
    },
};

const result = await build({
    absWorkingDir: TOP,
    entryPoints: ["firmware/main.ts"],
    outfile: BUNDLE,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    external: NATIVE_PACKAGES,
    plugins: [ownPlace],
    // CommonJS packages inside call require(), which an ES module lacks.
    banner: {
        js: 'import {createRequire as createBundleRequire} from "node:module";\nconst require = createBundleRequire(import.meta.url);',
    },
    legalComments: "eof",
    metafile: true,
    logLevel: "warning",
});
const octets = Object.values(result.metafile.outputs).reduce((sum, {bytes}) => sum + bytes, 0);
console.log(`bundle: ${relative(TOP, BUNDLE)}, ${Math.round(octets / 1000)} kB`);
