import {defineConfig} from "vitest/config";

export default defineConfig({
    test: {
        // The system tests run processes and real-time audio: one file at a time keeps two cores honest.
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
                    fileParallelism: false,
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
                    fileParallelism: false,
                    pool: "forks",
                    testTimeout: 120_000,
                    hookTimeout: 120_000,
                },
            },
        ],
    },
});
