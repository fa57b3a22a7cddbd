/** What the bench does with either phone, whatever it is made of. Instants are ns of CLOCK_MONOTONIC. */
import {readFileSync} from "node:fs";
import type {VirtualCard} from "../support/sound-card.ts";

export type PhoneName = "offhook" | "baresip";

export interface PhoneUnderTest {
    readonly name: PhoneName;
    /** Its handset: microphone and ear. */
    readonly card: VirtualCard;
    readonly pid: number;
    /** Starts the process; answers the instant before that. The phone registers by itself. */
    start(): Promise<number>;
    /** Resolves when it can be operated. */
    ready(): Promise<void>;
    /** Takes the call that rings; answers the instant of the command. */
    answer(): number;
    /** Leaves the call that the far end has ended. */
    leave(): Promise<void>;
    stop(): Promise<void>;
}

/** What a process has used so far. */
export interface ProcessCost {
    /** User and system time, in ms, all threads (fields 14 and 15 of /proc/PID/stat, proc(5)). */
    readonly cpu: number;
    /** Peak resident set, in MB of 10^6 bytes (VmHWM of /proc/PID/status). */
    readonly memory: number;
}

/** Ticks of /proc/PID/stat a second: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS = 100;

export function costOf(pid: number): ProcessCost {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in brackets, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return {cpu: (ticks * 1_000) / TICKS, memory: (Number(peak) * 1_024) / 1e6};
}
