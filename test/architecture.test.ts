/**
 * The rules of ARCHITECTURE.md as data: who may import whom, one importing file for each library, pure files pure,
 * sizes, and what no file may contain.
 */
import {execFileSync} from "node:child_process";
import {readFileSync} from "node:fs";
import {dirname, join, normalize} from "node:path";
import {describe, expect, it} from "vitest";

interface Import {
    readonly from: string;
    readonly target: string;
    readonly typeOnly: boolean;
}

const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {encoding: "utf8"})
    .split("\n")
    .filter((path) => path !== "" && !path.includes("node_modules/"));
const typescript = tracked.filter((path) => /\.ts$/.test(path));
const product = typescript.filter((path) => /^(firmware|hal|ui|native)\//.test(path));
const native = tracked.filter((path) => /^native\/src\/.*\.(cc|h)$/.test(path));
const text = (path: string): string => readFileSync(path, "utf8");

/** Resolves relative imports to paths from the top; packages and node: modules stay as they are written. */
function importsOf(path: string): Import[] {
    const pattern = /^\s*(import|export)\s+(type\s+)?([^;"']*?\sfrom\s+)?["']([^"']+)["']/gm;
    return [...text(path).matchAll(pattern)].map((match) => {
        const specifier = match[4] ?? "";
        const target = specifier.startsWith(".") ? normalize(join(dirname(path), specifier)) : specifier;
        return {from: path, target, typeOnly: match[2] !== undefined};
    });
}

const imports = typescript.flatMap(importsOf);
const isOurs = (target: string): boolean => /^(firmware|hal|ui|native|test|scripts)\//.test(target);
const named = (found: Import[]): string[] => found.map(({from, target}) => `${from} -> ${target}`);

/** One library, one importing file of the product. */
const libraries: Readonly<Record<string, string>> = {
    sqlite3: "firmware/store/database.ts",
    serialport: "hal/serial.ts",
    onoff: "hal/gpio.ts",
    ws: "firmware/sip/websocket-socket.ts",
    "alsa-capture": "firmware/self-test/capture-process.ts",
};

/** Values in, values out: nothing that waits, reads a clock or touches the world. */
const pure = product.filter(
    (path) =>
        path.startsWith("ui/") ||
        (path.startsWith("firmware/phone/") && path !== "firmware/phone/phone.ts") ||
        /^hal\/(keypad-matrix|display-protocol-[a-z0-9]+)\.ts$/.test(path),
);

/** Tables: data that reads worse when it is split. */
const tables = /^(firmware\/phone\/tone-plan|firmware\/config\/schema|ui\/text\/|hal\/character-rom|test\/)/;

describe("the import rules", () => {
    it("lets anyone import the board's vocabulary, and hal and native nothing else of ours", () => {
        const found = imports.filter(
            ({from, target}) =>
                /^(hal|native)\//.test(from) && isOurs(target) && !target.startsWith(from.split("/")[0] ?? ""),
        );
        expect(named(found)).toEqual([]);
    });

    it("keeps values of other parts out of ui and of the pure files of the phone", () => {
        const found = imports.filter(
            ({from, target, typeOnly}) =>
                pure.includes(from) && !typeOnly && !target.startsWith(`${dirname(from).split("/")[0]}/`),
        );
        expect(named(found)).toEqual([]);
    });

    it("keeps node:, clocks, timers, promises and chance out of the pure files", () => {
        const worldly =
            /from "node:|Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval|Promise|async |Math\.random/;
        expect(pure.filter((path) => worldly.test(text(path)))).toEqual([]);
    });

    it("has one importing file for each library", () => {
        const found = imports.filter(
            ({from, target}) => product.includes(from) && libraries[target] !== undefined && libraries[target] !== from,
        );
        expect(named(found)).toEqual([]);
    });

    it("imports each library of the card in the file that the rule names", () => {
        const lacking = Object.entries(libraries).filter(
            ([library, file]) => !imports.some(({from, target}) => from === file && target === library),
        );
        expect(lacking).toEqual([]);
    });

    it("imports jssip in firmware/sip only", () => {
        const found = imports.filter(
            ({from, target}) => product.includes(from) && /^jssip/.test(target) && !from.startsWith("firmware/sip/"),
        );
        expect(named(found)).toEqual([]);
    });

    it("never imports tests or scripts into the product", () => {
        const found = imports.filter(({from, target}) => product.includes(from) && /^(test|scripts)\//.test(target));
        expect(named(found)).toEqual([]);
    });

    it.each([
        ["napi.h", ["addon", "engine_wrap", "event_values", "ice_values", "js_values", "stats_values"]],
        ["openssl/", ["certificate", "dtls_openssl"]],
        ["nice/", ["ice_agent"]],
        ["srtp2/", ["srtp"]],
    ])("includes <%s> only where C++ may", (header, allowed) => {
        const files = native.filter((path) => text(path).includes(`#include <${header}`));
        const names = new Set(files.map((path) => path.replace(/^.*\/|\.\w+$/g, "")));
        expect([...names].toSorted()).toEqual(allowed);
    });
});

describe("the sizes", () => {
    it("keeps every file but tables within 400 lines", () => {
        const long = [...typescript, ...native]
            .filter((path) => !tables.test(path))
            .map((path) => ({path, lines: text(path).split("\n").length}))
            .filter(({lines}) => lines > 400);
        expect(long).toEqual([]);
    });
});

describe("what no file may contain", () => {
    it("names no path of somebody's machine", () => {
        const somebodys = /(?<![\w.])\/(?:home|work|Users)\/\w/;
        const found = tracked.filter((path) => !/\.(png|wav|raw)$/.test(path) && somebodys.test(text(path)));
        expect(found).toEqual([]);
    });

    it("has a lock file without download addresses", () => {
        const locks = tracked.filter((path) => path.endsWith("package-lock.json"));
        expect(locks.length).toBe(2);
        expect(locks.filter((path) => text(path).includes('"resolved"'))).toEqual([]);
    });

    it("has no any, no default export and no ts-ignore in the product", () => {
        const bad = /:\s*any\b|<any>|as any\b|@ts-ignore|@ts-nocheck|export default/;
        expect(product.filter((path) => bad.test(text(path)))).toEqual([]);
    });
});
