import {defineConfig} from "vitest/config";

export default defineConfig({
    test: {
        // The native and system tests mostly wait for real-time audio: two or three files at a time fill no core. A
        // virtual board is a whole machine under emulation, which does.
        projects: [
            {
                test: {
                    name: "unit",
                    include: ["test/unit/**/*.test.ts", "test/architecture.test.ts"],
                    testTimeout: 20_000,
                },
            },
            {
                test: {
                    name: "native",
                    include: ["test/native/**/*.test.ts"],
                    maxWorkers: 2,
                    pool: "forks",
                    testTimeout: 60_000,
                },
            },
            {
                test: {
                    name: "board",
                    include: ["test/board/**/*.test.ts"],
                    fileParallelism: false,
                    pool: "forks",
                    testTimeout: 120_000,
                    hookTimeout: 180_000,
                },
            },
            {
                test: {
                    name: "system",
                    include: ["test/system/**/*.test.ts"],
                    maxWorkers: 3,
                    pool: "forks",
                    testTimeout: 120_000,
                    hookTimeout: 120_000,
                },
            },
        ],
    },
});
