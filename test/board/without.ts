/**
 * Takes each protection out of the firmware in turn, runs the tests on the virtual board that look at it, and lists
 * those that fail: `node test/board/without.ts [NAME]...`. A protection that no test misses ends it with status 1.
 */
import {spawnSync} from "node:child_process";
import {mkdirSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {type Protection, protections} from "./protections.ts";

const top = join(import.meta.dirname, "../..");
const report = join(top, "build/test-results/without.json");

interface Report {
    readonly testResults: readonly {
        readonly assertionResults: readonly {readonly status: string; readonly fullName: string}[];
    }[];
}

/** Full names of the tests that fail without it. Throws where the bundle does not have it. */
function failedWithout({name, takenOutBy, tests}: Protection): readonly string[] {
    const bundle = readFileSync(join(top, "build/offhook.mjs"), "utf8");
    const gone = takenOutBy.find(({from}) => !bundle.includes(from));
    if (gone !== undefined) throw new Error(`the bundle has no longer: ${gone.from}`);
    const reporters = ["--reporter=json", `--outputFile.json=${report}`];
    const file = join("test/board", tests.file);
    spawnSync("vitest", ["run", "--project", "board", file, "-t", tests.named, ...reporters], {
        cwd: top,
        env: {...process.env, OFFHOOK_WITHOUT: name},
        stdio: ["ignore", "ignore", "inherit"],
    });
    const {testResults} = JSON.parse(readFileSync(report, "utf8")) as Report;
    const all = testResults.flatMap(({assertionResults}) => assertionResults);
    const failed = all.filter(({status}) => status === "failed").map(({fullName}) => fullName);
    // Then it says nothing of this protection: it was not even looked at.
    if (!all.some(({status}) => status === "passed" || status === "failed")) throw new Error(`${file} did not start`);
    return failed;
}

const asked = process.argv.slice(2);
mkdirSync(join(top, "build/test-results"), {recursive: true});
for (const protection of protections.filter(({name}) => asked.length === 0 || asked.includes(name))) {
    const failed = failedWithout(protection);
    console.log(`without ${protection.name}: ${failed.length} fail`);
    for (const test of failed) console.log(`  ${test}`);
    if (failed.length === 0) process.exitCode = 1;
}
