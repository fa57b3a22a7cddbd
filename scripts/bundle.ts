/**
 * Makes what a device runs: build/offhook.mjs, and build/capture-process.mjs, which it starts for the self-test. Run it
 * from the checkout with `node build/offhook.mjs`. Packages with machine code stay in node_modules, and the engine in
 * native/build.
 */
import {readFile} from "node:fs/promises";
import {join, relative} from "node:path";
import {build, type Plugin} from "esbuild";
import {nativePackages} from "./native-packages.ts";

const TOP = join(import.meta.dirname, "..");
const OUTPUT = join(TOP, "build");

const ENGINE = "./build/Release/offhook_media.node";

/** The loader looks for the engine beside itself; from the bundle the way is another one. */
const engineFromBundle: Plugin = {
    name: "engine-from-bundle",
    setup({onLoad}) {
        onLoad({filter: /\/native\/index\.ts$/}, async ({path}) => {
            const source = await readFile(path, "utf8");
            if (!source.includes(ENGINE)) {
                throw new Error(`native/index.ts no longer loads ${ENGINE}`);
            }
            return {contents: source.replace(ENGINE, relative(OUTPUT, join(path, "..", ENGINE))), loader: "ts"};
        });
    },
};

const result = await build({
    absWorkingDir: TOP,
    entryPoints: {offhook: "firmware/main.ts", "capture-process": "firmware/self-test/capture-process.ts"},
    outdir: OUTPUT,
    outExtension: {".js": ".mjs"},
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    external: [...nativePackages],
    plugins: [engineFromBundle],
    // CommonJS packages inside call require(), which an ES module lacks.
    banner: {
        js: 'import {createRequire as createBundleRequire} from "node:module";\nconst require = createBundleRequire(import.meta.url);',
    },
    legalComments: "eof",
    metafile: true,
    logLevel: "warning",
});
for (const [file, {bytes}] of Object.entries(result.metafile.outputs)) {
    console.log(`bundle: ${file}, ${Math.ceil(bytes / 1000)} kB`);
}
