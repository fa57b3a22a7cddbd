/**
 * Secrets at rest: AES-256-GCM (NIST SP 800-38D) under a key in a file that only the phone's user may read.
 * Layout of a sealed secret: nonce (12 octets), tag (16 octets), ciphertext. The secret's name is authenticated with it,
 * so that one secret cannot be put in the place of another.
 */
import {createCipheriv, createDecipheriv, randomBytes} from "node:crypto";
import {chmodSync, readFileSync, writeFileSync} from "node:fs";
import {PhoneError} from "../errors.ts";
import {Secret} from "../secret.ts";

const algorithm = "aes-256-gcm";
const keyOctets = 32;
const nonceOctets = 12;
const tagOctets = 16;

export class Vault {
    readonly #key: Buffer;

    constructor(key: Buffer) {
        if (key.length !== keyOctets) throw new RangeError(`a vault key has ${keyOctets} octets, not ${key.length}`);
        this.#key = key;
    }

    seal(name: string, secret: Secret): Buffer {
        const nonce = randomBytes(nonceOctets);
        const cipher = createCipheriv(algorithm, this.#key, nonce).setAAD(Buffer.from(name));
        const sealed = Buffer.concat([cipher.update(secret.reveal(), "utf8"), cipher.final()]);
        return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    }

    /** Throws `vaultForeign` for what was sealed under another key or name, or was changed since. */
    open(name: string, sealed: Buffer): Secret {
        try {
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

/** Reads the key file, or makes it with mode 0600. A key file that is not a key is an error: overwriting it would lose every secret. */
export function openVault(path: string): Vault {
    try {
        const key = readFileSync(path);
        if (key.length !== keyOctets) throw new PhoneError("vaultKey", `vault: ${path} is not a key of this phone`);
        chmodSync(path, 0o600);
        return new Vault(key);
    } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code === "EROFS") return new Vault(readFileSync(path));
        if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
    }
    const key = randomBytes(keyOctets);
    writeFileSync(path, key, {mode: 0o600, flag: "wx", flush: true});
    return new Vault(key);
}
