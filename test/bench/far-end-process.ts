/** The far end as a process of its own, under a real-time class where the machine allows one. */
import {type ChildProcess, spawn, spawnSync} from "node:child_process";
import {once} from "node:events";
import {join} from "node:path";
import type {FarEndCommand, FarEndReport} from "./far-end-messages.ts";

type Told<T extends FarEndReport["type"]> = Extract<FarEndReport, {readonly type: T}>;

const WAIT_MS = 15_000;

/** Whether this user may run a program under SCHED_FIFO. */
export const hasRealTime = spawnSync("chrt", ["--fifo", "1", "true"], {stdio: "ignore"}).status === 0;

export class FarEndProcess {
    readonly #child: ChildProcess;
    readonly #waiters = new Set<(report: FarEndReport) => void>();
    #port = 0;

    private constructor(child: ChildProcess) {
        this.#child = child;
        child.on("message", (message) => {
            for (const waiter of [...this.#waiters]) waiter(message as FarEndReport);
        });
        child.on("exit", () => {
            for (const waiter of [...this.#waiters]) waiter({type: "failed", reason: "the far end has ended"});
        });
    }

    static async start(): Promise<FarEndProcess> {
        const realTime = hasRealTime ? ["chrt", "--fifo", "1"] : [];
        const program = [process.execPath, join(import.meta.dirname, "far-end.ts")];
        const child = spawn("setpriv", ["--pdeathsig", "TERM", ...realTime, ...program], {
            stdio: ["ignore", "inherit", "inherit", "ipc"],
            serialization: "advanced",
        });
        const farEnd = new FarEndProcess(child);
        farEnd.#port = (await farEnd.next("listening")).port;
        return farEnd;
    }

    /** Where phones register, TCP on 127.0.0.1. */
    get port(): number {
        return this.#port;
    }

    tell(command: FarEndCommand): void {
        this.#child.send(command);
    }

    /** The next report of that kind from now on. Rejects when something failed, or after `ms`. */
    next<T extends FarEndReport["type"]>(type: T, ms = WAIT_MS): Promise<Told<T>> {
        return new Promise((resolve, reject) => {
            const finish = (then: () => void): void => {
                clearTimeout(timer);
                this.#waiters.delete(waiter);
                then();
            };
            const waiter = (report: FarEndReport): void => {
                if (report.type === type) finish(() => resolve(report as Told<T>));
                else if (report.type === "failed") finish(() => reject(new Error(report.reason)));
            };
            const timer = setTimeout(() => finish(() => reject(new Error(`not ${type} within ${ms} ms`))), ms);
            this.#waiters.add(waiter);
        });
    }

    async stop(): Promise<void> {
        if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
        this.#child.disconnect();
        await once(this.#child, "exit");
    }
}
