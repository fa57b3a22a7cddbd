import {join} from "node:path";
import {describe, expect, test} from "vitest";
import {countDoctest, countVitest} from "../../scripts/test.ts";

describe("the closing line of the tests", () => {
    test("adds up what doctest says, colours or not", () => {
        const output = [
            "[doctest] test cases:  12 |  11 passed | 1 failed | 0 skipped",
            "[doctest] assertions: 300 | 299 passed | 1 failed |",
            "[doctest] test cases:   5 |   5 passed | 0 failed | 2 skipped",
        ].join("\n");
        expect(countDoctest(output)).toEqual({passed: 16, failed: 1, skipped: 2});
    });

    test("counts nothing where doctest said nothing", () => {
        expect(countDoctest("make: *** no rule")).toEqual({passed: 0, failed: 0, skipped: 0});
    });

    test("counts a file of vitest that could not be loaded as one failure, and names what failed", () => {
        const name = (file: string): string => join(import.meta.dirname, file);
        const report = {
            numPassedTests: 3,
            numFailedTests: 1,
            numPendingTests: 1,
            numTodoTests: 1,
            testResults: [
                {name: name("a.test.ts"), status: "failed", assertionResults: []},
                {
                    name: name("b.test.ts"),
                    status: "failed",
                    assertionResults: [
                        {status: "failed", fullName: "a call rings"},
                        {status: "passed", fullName: "a call ends"},
                    ],
                },
                {name: name("c.test.ts"), status: "passed", assertionResults: []},
            ],
        };
        expect(countVitest(report)).toEqual({
            passed: 3,
            failed: 2,
            skipped: 2,
            names: ["test/unit/a.test.ts", "test/unit/b.test.ts: a call rings"],
        });
    });
});
