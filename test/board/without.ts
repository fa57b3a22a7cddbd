/**
 * Takes each protection out of the firmware in turn, runs the tests on the virtual board, and lists those that fail:
 * `node test/board/without.ts [NAME]...`. A protection that no test misses ends it with status 1.
 */
import {spawnSync} from "node:child_process";
import {mkdirSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {protections} from "./protections.ts";

const top = join(import.meta.dirname, "../..");
const report = join(top, "build/test-results/without.json");

interface Report {
    readonly testResults: readonly {
        readonly name: string;
        readonly status: string;
        readonly assertionResults: readonly {readonly status: string; readonly fullName: string}[];
    }[];
}

/** Full names of the tests that failed; a file that could not even start stands for all of its tests. */
function failedWithout(name: string): readonly string[] {
    const reporters = ["--reporter=json", `--outputFile.json=${report}`];
    spawnSync("vitest", ["run", "--project", "board", ...reporters], {
        cwd: top,
        env: {...process.env, OFFHOOK_WITHOUT: name},
        stdio: ["ignore", "ignore", "inherit"],
    });
    const {testResults} = JSON.parse(readFileSync(report, "utf8")) as Report;
    return testResults.flatMap(({name: file, status, assertionResults}) =>
        status === "failed" && assertionResults.every((test) => test.status !== "failed")
            ? [`${file}: did not start`]
            : assertionResults.filter((test) => test.status === "failed").map((test) => test.fullName),
    );
}

const asked = process.argv.slice(2);
const chosen = asked.length === 0 ? protections.map(({name}) => name) : asked;
mkdirSync(join(top, "build/test-results"), {recursive: true});
for (const name of chosen) {
    const failed = failedWithout(name);
    console.log(`\nwithout ${name}: ${failed.length} fail`);
    for (const test of failed) console.log(`  ${test}`);
    if (failed.length === 0) process.exitCode = 1;
}
