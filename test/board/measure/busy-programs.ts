/** Node processes that want all of the board's one core. */
import {type ChildProcess, spawn} from "node:child_process";
import {once} from "node:events";

export class BusyPrograms {
    readonly #processes: readonly ChildProcess[];

    private constructor(processes: readonly ChildProcess[]) {
        this.#processes = processes;
    }

    /** Resolves when they are busy. */
    static async start(count: number): Promise<BusyPrograms> {
        // As important as any program, where whoever measures is more so.
        const program = 'require("node:os").setPriority(0); console.log("busy"); setImmediate(() => { for (;;); });';
        const processes = Array.from({length: count}, () =>
            spawn("node", ["-e", program], {stdio: ["ignore", "pipe", "inherit"]}),
        );
        await Promise.all(processes.map((each) => once(each.stdout as NodeJS.ReadableStream, "data")));
        return new BusyPrograms(processes);
    }

    async stop(): Promise<void> {
        for (const each of this.#processes) {
            each.kill("SIGKILL");
            await once(each, "exit");
        }
    }
}
