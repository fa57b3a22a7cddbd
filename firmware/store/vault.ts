/**
 * Secrets at rest: AES-256-GCM (NIST SP 800-38D) under a key in a file that only the phone's user may read.
 * Layout of a sealed secret: nonce (12 octets), tag (16 octets), ciphertext. The secret's name is authenticated with it,
 * so that one secret cannot be put in the place of another.
 */
import {createCipheriv, createDecipheriv, randomBytes} from "node:crypto";
import {chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync} from "node:fs";
import {dirname} from "node:path";
import {messageOf, PhoneError} from "../errors.ts";
import type {Log} from "../log.ts";
import {Secret} from "../secret.ts";

const algorithm = "aes-256-gcm";
const keyOctets = 32;
const nonceOctets = 12;
const tagOctets = 16;

export class Vault {
    readonly #path: string;
    #key: Buffer | null;

    constructor(path: string, key: Buffer | null) {
        this.#path = path;
        this.#key = key;
    }

    /** The first secret makes the key. Throws `vaultKey` where the disk does not take it. */
    seal(name: string, secret: Secret): Buffer {
        this.#key ??= makeKey(this.#path);
        const nonce = randomBytes(nonceOctets);
        const cipher = createCipheriv(algorithm, this.#key, nonce).setAAD(Buffer.from(name));
        const sealed = Buffer.concat([cipher.update(secret.reveal(), "utf8"), cipher.final()]);
        return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    }

    /** Throws `vaultForeign` for what was sealed under another key or name, or was changed since. */
    open(name: string, sealed: Buffer): Secret {
        try {
            if (this.#key === null) throw new PhoneError("vaultKey", `vault: ${this.#path} is not there`);
            const decipher = createDecipheriv(algorithm, this.#key, sealed.subarray(0, nonceOctets), {
                authTagLength: tagOctets,
            });
            decipher.setAAD(Buffer.from(name));
            decipher.setAuthTag(sealed.subarray(nonceOctets, nonceOctets + tagOctets));
            const clear = Buffer.concat([decipher.update(sealed.subarray(nonceOctets + tagOctets)), decipher.final()]);
            return new Secret(clear.toString("utf8"));
        } catch (thrown) {
            throw new PhoneError("vaultForeign", `vault: ${name} cannot be opened with this phone's key`, {
                cause: thrown,
            });
        }
    }
}

/**
 * Reads the key file. One that is not there yet is made with mode 0600 when it is needed: a phone starts with a disk
 * that takes nothing. A key file that is not a key is kept aside, never overwritten: somebody may know whose it is.
 * One that cannot be read is told of and left: emergency calls need no password.
 */
export function openVault(path: string, log: Log): Vault {
    const key = readKey(path, log);
    if (key === null) return new Vault(path, null);
    if (key.length !== keyOctets) {
        keepAside(path, log);
        return new Vault(path, null);
    }
    closeToOthers(path, log);
    return new Vault(path, key);
}

function closeToOthers(path: string, log: Log): void {
    try {
        chmodSync(path, 0o600);
    } catch (thrown) {
        // A read-only disk keeps the mode that it has.
        if (codeOf(thrown) !== "EROFS") log.error(`${path} may be open to others: ${messageOf(thrown)}`);
    }
}

const codeOf = (thrown: unknown): string | undefined => (thrown as NodeJS.ErrnoException).code;

function keepAside(path: string, log: Log): void {
    const aside = `${path}.damaged-${new Date().toISOString().replaceAll(":", "")}`;
    try {
        renameSync(path, aside);
        log.error(`${path} is not a key of this phone; it was kept as ${aside}, and every secret has to be set again`);
    } catch (thrown) {
        log.error(`${path} is not a key of this phone and cannot be moved aside: ${messageOf(thrown)}`);
    }
}

function readKey(path: string, log: Log): Buffer | null {
    try {
        return readFileSync(path);
    } catch (thrown) {
        if (codeOf(thrown) !== "ENOENT") {
            log.error(`the key cannot be read, so no secret can be opened: ${messageOf(thrown)}`);
        }
        return null;
    }
}

/** Puts the file's name on disk too: a secret that was acknowledged is nothing without the key that sealed it. */
function flushFolder(folder: string): void {
    const descriptor = openSync(folder, "r");
    try {
        fsyncSync(descriptor);
    } finally {
        closeSync(descriptor);
    }
}

/** A key that was written in part is taken away again: it would be refused at the next start. */
function makeKey(path: string): Buffer {
    const key = randomBytes(keyOctets);
    try {
        writeFileSync(path, key, {mode: 0o600, flag: "wx", flush: true});
        flushFolder(dirname(path));
    } catch (thrown) {
        const {code, message} = thrown as NodeJS.ErrnoException;
        if (code !== "EEXIST") rmSync(path, {force: true});
        throw new PhoneError("vaultKey", `vault: the key cannot be kept: ${message}`, {cause: thrown});
    }
    return key;
}
