/**
 * The attributes of DTLS-SRTP (RFC 5763, RFC 8122, RFC 8842) as structured data and back:
 *
 *   a=fingerprint:sha-256 4A:AD:B9:...      a=setup:actpass | active | passive | holdconn
 */
import type {DtlsSecurity, Fingerprint} from "../../native/index.ts";

export type Setup = "actpass" | "active" | "passive" | "holdconn";
export type DtlsRole = DtlsSecurity["role"];

const setups: readonly Setup[] = ["actpass", "active", "passive", "holdconn"];
/** Octets of the digests that can vouch for a certificate today. */
const digestOctets: Readonly<Record<string, number>> = {"sha-256": 32, "sha-384": 48, "sha-512": 64};
/** More than the engine takes. */
const MAX_FINGERPRINTS = 8;

/** Adds one that can be used to those of a line: of an unknown or weak hash it says nothing. */
export function withFingerprint(fingerprints: readonly Fingerprint[], value: string): readonly Fingerprint[] {
    const [, hash = "", digits = ""] = /^(\S+) +([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*)$/.exec(value.trim()) ?? [];
    const octets = Uint8Array.from(Buffer.from(digits.replaceAll(":", ""), "hex"));
    const name = hash.toLowerCase();
    const good = octets.length > 0 && octets.length === digestOctets[name] && fingerprints.length < MAX_FINGERPRINTS;
    return good ? [...fingerprints, {hash: name, value: octets}] : fingerprints;
}

export function fingerprintText({hash, value}: Fingerprint): string {
    const pairs = Array.from(value, (octet) => octet.toString(16).padStart(2, "0").toUpperCase());
    return `a=fingerprint:${hash} ${pairs.join(":")}`;
}

export function setupOf(value: string): Setup | null {
    return setups.find((setup) => setup === value.trim().toLowerCase()) ?? null;
}

/**
 * Our role in an answer. One that may choose is active, which saves half a round trip (RFC 5763 §5), and stays what it
 * was within a session (RFC 8842 §5.3). An offer that says nothing is active by itself (RFC 4145 §4). Null: no
 * connection is wanted.
 */
export function roleAsAnswerer(offered: Setup | null, before: DtlsRole | null): DtlsRole | null {
    switch (offered) {
        case "actpass": {
            return before ?? "active";
        }
        case "passive": {
            return "active";
        }
        case "active":
        case null: {
            return "passive";
        }
        case "holdconn": {
            return null;
        }
    }
}

/** Our role where the answer to our `actpass` says theirs; silence is active (RFC 4145 §4.1). Null: it cannot be meant. */
export function roleAsOfferer(answered: Setup | null): DtlsRole | null {
    switch (answered) {
        case "active":
        case null: {
            return "passive";
        }
        case "passive": {
            return "active";
        }
        case "actpass":
        case "holdconn": {
            return null;
        }
    }
}
