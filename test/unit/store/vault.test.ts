import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {inspect} from "node:util";
import {afterEach, beforeEach, describe, expect, it} from "vitest";
import {createLog} from "../../../firmware/log.ts";
import {Secret} from "../../../firmware/secret.ts";
import {openVault} from "../../../firmware/store/vault.ts";

let folder = "";
const said: string[] = [];
const log = createLog((line) => said.push(line), "debug");
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "offhook-vault-"));
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

describe("the vault", () => {
    it("opens what it sealed, also after a restart", () => {
        const path = join(folder, "key");
        const sealed = openVault(path, log).seal("account1.password", new Secret("correct horse"));
        expect(sealed.includes("correct horse")).toBe(false);
        expect(openVault(path, log).open("account1.password", sealed).reveal()).toBe("correct horse");
    });

    it("keeps its key to its own user", () => {
        openVault(join(folder, "key"), log).seal("a", new Secret("s"));
        expect(statSync(join(folder, "key")).mode & 0o777).toBe(0o600);
    });

    it("refuses a secret put in another one's place, changed, or sealed under another key", () => {
        const vault = openVault(join(folder, "key"), log);
        const sealed = vault.seal("a", new Secret("s"));
        expect(() => vault.open("b", sealed)).toThrow("b cannot be opened");
        expect(() => openVault(join(folder, "other"), log).open("a", sealed)).toThrow("a cannot be opened");
        const changed = Buffer.from(sealed);
        changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
        expect(() => vault.open("a", changed)).toThrow("a cannot be opened");
        expect(() => vault.open("a", Buffer.alloc(3))).toThrow("a cannot be opened");
    });

    it("makes its key with the first secret, so that a disk that takes nothing stops no phone", () => {
        const vault = openVault(join(folder, "not-there", "key"), log);
        expect(() => vault.seal("a", new Secret("s"))).toThrow("the key cannot be kept");
        mkdirSync(join(folder, "not-there"));
        expect(vault.open("a", vault.seal("a", new Secret("s"))).reveal()).toBe("s");
    });

    it("opens nothing without its key", () => {
        const sealed = openVault(join(folder, "key"), log).seal("a", new Secret("s"));
        rmSync(join(folder, "key"));
        expect(() => openVault(join(folder, "key"), log).open("a", sealed)).toThrow("a cannot be opened");
    });

    it("starts with a key that cannot be read, says so, and makes no other in its place", () => {
        // A folder: root, as whom tests may run, reads a file of any mode.
        mkdirSync(join(folder, "key"));
        const vault = openVault(join(folder, "key"), log);
        expect(said.join()).toContain("error phone: the key cannot be read, so no secret can be opened: EISDIR");
        expect(() => vault.seal("a", new Secret("s"))).toThrow("the key cannot be kept: EEXIST");
        expect(statSync(join(folder, "key")).isDirectory()).toBe(true);
    });

    it("keeps a key file aside that it does not understand, and says so", () => {
        writeFileSync(join(folder, "key"), "something else");
        openVault(join(folder, "key"), log).seal("a", new Secret("s"));
        const aside = readdirSync(folder).find((name) => name.startsWith("key.damaged"));
        expect(readFileSync(join(folder, aside ?? "nothing"), "utf8")).toBe("something else");
        expect(said.join()).toContain("every secret has to be set again");
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
