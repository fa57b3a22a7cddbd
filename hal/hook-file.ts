/** A hook contact that is a file of one character, for a simulated board: the engine can read it as it reads a GPIO. */
import {closeSync, existsSync, type FSWatcher, openSync, readFileSync, watch, writeFileSync, writeSync} from "node:fs";
import type {HookContact, HookPosition} from "./hook.ts";

export const FILE_ON_HOOK = "0";
const FILE_OFF_HOOK = "1";

export class HookFile implements HookContact {
    readonly path: string;
    #watcher: FSWatcher | null = null;

    /** Makes the file, on hook, if it is not there. */
    constructor(path: string) {
        this.path = path;
        if (!existsSync(path)) writeFileSync(path, FILE_ON_HOOK);
    }

    read(): HookPosition {
        const text = readFileSync(this.path, "latin1").trim();
        switch (text) {
            case FILE_ON_HOOK: {
                return "on";
            }
            case FILE_OFF_HOOK: {
                return "off";
            }
            default: {
                throw new Error(`${this.path} holds neither 0 nor 1`);
            }
        }
    }

    /** Moves the contact. One character over another, so that no reader ever finds the file empty. */
    write(position: HookPosition): void {
        const file = openSync(this.path, "r+");
        try {
            writeSync(file, position === "on" ? FILE_ON_HOOK : FILE_OFF_HOOK, 0);
        } finally {
            closeSync(file);
        }
    }

    watch(listener: () => void): void {
        this.#watcher = watch(this.path, () => listener());
        // Without notices of changes the hook's own re-reading remains.
        this.#watcher.on("error", () => undefined);
    }

    close(): void {
        this.#watcher?.close();
    }
}
