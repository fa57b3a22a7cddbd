import {mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {inspect} from "node:util";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {Secret} from "../../../firmware/secret.ts";
import {openVault} from "../../../firmware/store/vault.ts";

let folder = "";
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "offhook-vault-"));
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

describe("the vault", () => {
    it("opens what it sealed, also after a restart", () => {
        const path = join(folder, "key");
        const sealed = openVault(path).seal("account1.password", new Secret("correct horse"));
        expect(sealed.includes("correct horse")).toBe(false);
        expect(openVault(path).open("account1.password", sealed).reveal()).toBe("correct horse");
    });

    it("keeps its key to its own user", () => {
        openVault(join(folder, "key")).seal("a", new Secret("s"));
        expect(statSync(join(folder, "key")).mode & 0o777).toBe(0o600);
    });

    it("refuses a secret put in another one's place, changed, or sealed under another key", () => {
        const vault = openVault(join(folder, "key"));
        const sealed = vault.seal("a", new Secret("s"));
        expect(() => vault.open("b", sealed)).toThrow("b cannot be opened");
        expect(() => openVault(join(folder, "other")).open("a", sealed)).toThrow("a cannot be opened");
        const changed = Buffer.from(sealed);
        changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
        expect(() => vault.open("a", changed)).toThrow("a cannot be opened");
        expect(() => vault.open("a", Buffer.alloc(3))).toThrow("a cannot be opened");
    });

    it("makes its key with the first secret, so that a disk that takes nothing stops no phone", () => {
        const vault = openVault(join(folder, "not-there", "key"));
        expect(() => vault.seal("a", new Secret("s"))).toThrow("the key cannot be kept");
        mkdirSync(join(folder, "not-there"));
        expect(vault.open("a", vault.seal("a", new Secret("s"))).reveal()).toBe("s");
    });

    it("opens nothing without its key", () => {
        const sealed = openVault(join(folder, "key")).seal("a", new Secret("s"));
        rmSync(join(folder, "key"));
        expect(() => openVault(join(folder, "key")).open("a", sealed)).toThrow("a cannot be opened");
    });

    it("never overwrites a key file that it does not understand", () => {
        writeFileSync(join(folder, "key"), "something else");
        expect(() => openVault(join(folder, "key"))).toThrow("is not a key");
    });
});

describe("a secret", () => {
    it("prints as stars wherever it is printed", () => {
        const secret = new Secret("canary");
        expect([`${secret}`, JSON.stringify({secret}), inspect({secret}), String(secret)].join()).not.toContain(
            "canary",
        );
    });
});
