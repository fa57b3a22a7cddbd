/** Where the bench that runs is, for a peer that wants to join it: a small file, there as long as the bench is. */
import {mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from "node:fs";
import {dirname, join} from "node:path";
import type {Kamailio} from "../test/support/peers.ts";

export interface BenchNotice {
    /** Process id of the bench. */
    readonly pid: number;
    readonly domain: string;
    readonly host: string;
    readonly wss: number;
    /** Path of the authority's certificate. */
    readonly caPem: string;
}

/** Where both look when they are told of no other place. */
export const usualPlace = join(import.meta.dirname, "../build/bench.json");

/** For this user's eyes only; taken down at the end of this process. Of two benches the younger is told of. */
export function putUpNotice(path: string, {domain, host, wss, caPem}: Kamailio): void {
    const notice: BenchNotice = {pid: process.pid, domain, host, wss, caPem};
    mkdirSync(dirname(path), {recursive: true});
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(notice), {mode: 0o600});
    renameSync(draft, path);
    process.on("exit", () => {
        if (noticeAt(path)?.pid === process.pid) rmSync(path, {force: true});
    });
}

/** Throws Error with a sentence for the user where no bench runs. */
export function readNotice(path: string): BenchNotice {
    const notice = noticeAt(path);
    if (notice === null || !isAlive(notice.pid)) {
        throw new Error("no bench phone runs here: start one with `make run` in another terminal");
    }
    return notice;
}

function noticeAt(path: string): BenchNotice | null {
    try {
        return JSON.parse(readFileSync(path, "utf8")) as BenchNotice;
    } catch {
        // There is none, or it is no notice.
        return null;
    }
}

function isAlive(pid: number): boolean {
    try {
        return process.kill(pid, 0);
    } catch {
        // One that was killed left its notice behind.
        return false;
    }
}
