/** A finger at the board's contacts, from inside: each touch answers the instant just before it. */
import {readFileSync, writeFileSync} from "node:fs";
import type {Key} from "../../../hal/board.ts";
import {type BoardProfile, parseProfile} from "../../../hal/profile.ts";
import {monotonicMs} from "./clock.ts";

const command = "/sys/devices/platform/boardgpio/command";

export function readProfile(): BoardProfile {
    return parseProfile(JSON.parse(readFileSync("/app/boards/cfa635.json", "utf8")), "cfa635");
}

export class Finger {
    readonly #profile: BoardProfile;

    constructor(profile: BoardProfile) {
        this.#profile = profile;
    }

    close(key: Key): number {
        return touch(`on ${this.#place(key)}`);
    }

    open(key: Key): number {
        return touch(`off ${this.#place(key)}`);
    }

    lift(): number {
        return touch(`drive ${this.#profile.hook.line.offset} z`);
    }

    putDown(): number {
        return touch(`drive ${this.#profile.hook.line.offset} 0`);
    }

    #place(key: Key): string {
        const {keypad} = this.#profile;
        for (const [r, cells] of (keypad?.keys ?? []).entries()) {
            const column = keypad?.columns[cells.indexOf(key)];
            const row = keypad?.rows[r];
            if (column !== undefined && row !== undefined) return `${column.offset} ${row.offset}`;
        }
        throw new RangeError(`the keypad has no key ${key}`);
    }
}

function touch(words: string): number {
    const at = monotonicMs();
    writeFileSync(command, words);
    return at;
}
