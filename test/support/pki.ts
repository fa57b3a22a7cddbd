/** A private certification authority for tests, made by openssl: no test trusts anything but what it made itself. */
import {execFile} from "node:child_process";
import {mkdir, writeFile} from "node:fs/promises";
import {join} from "node:path";
import {promisify} from "node:util";

const run = promisify(execFile);

/** The domain that the test registrar serves; no resolver knows it (RFC 6761 §6.2 reserves `.test`). */
export const TEST_DOMAIN = "phone.test";

/** Paths of a certificate and its key, PEM. */
export interface Certificate {
    readonly certPem: string;
    readonly keyPem: string;
}

/** What a TLS client can meet: paths of PEM files. */
export interface Pki {
    /** The authority to trust. */
    readonly caPem: string;
    /** For localhost, 127.0.0.1, ::1, the hub of a test's network and the test domain. */
    readonly server: Certificate;
    /** Like `server`, but its time is over. */
    readonly expired: Certificate;
    /** Signed by the authority, for `elsewhere.test` only. */
    readonly wrongName: Certificate;
    /** For the right names, signed by itself. */
    readonly selfSigned: Certificate;
}

const NAMES = `DNS:localhost,DNS:${TEST_DOMAIN},IP:127.0.0.1,IP:10.0.2.2,IP:198.18.0.1,IP:fd00:198:18::1,IP:::1`;
const AUTHORITY = `
[ca]
default_ca = private
[private]
new_certs_dir = .
database = index.txt
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
`;

/** Makes the authority and its certificates in `folder`, which is made if it lacks. Takes about 200 ms. */
export async function makePki(folder: string): Promise<Pki> {
    await mkdir(folder, {recursive: true});
    await writeFile(join(folder, "ca.cnf"), AUTHORITY);
    await writeFile(join(folder, "index.txt"), "");
    // Several certificates may have the same subject.
    await writeFile(join(folder, "index.txt.attr"), "unique_subject = no\n");
    const openssl = (...args: string[]): Promise<unknown> => run("openssl", args, {cwd: folder});
    const constraint = "basicConstraints=critical,CA:TRUE";
    await openssl(
        ..."req -x509 -batch -days 3650 -subj /CN=Offhook-Test-CA -keyout ca.key -out ca.pem".split(" "),
        ...KEY,
        "-addext",
        constraint,
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    );

    const sign = async (name: string, names: string, from: string, until: string): Promise<Certificate> => {
        await openssl(
            "req",
            "-new",
            "-batch",
            "-subj",
            `/CN=${name}`,
            "-keyout",
            `${name}.key`,
            "-out",
            `${name}.csr`,
            ...KEY,
            ...extensions(names),
        );
        const files = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-cert", "ca.pem", "-keyfile", "ca.key"];
        const validity = ["-startdate", from, "-enddate", until];
        await openssl("ca", "-batch", "-notext", "-config", "ca.cnf", ...files, ...validity);
        return certificate(folder, name);
    };
    const started = "20200101000000Z";
    const server = await sign("server", NAMES, started, "20500101000000Z");
    const expired = await sign("expired", NAMES, started, "20210101000000Z");
    const wrongName = await sign("wrong-name", "DNS:elsewhere.test", started, "20500101000000Z");
    const self = ["-x509", "-batch", "-days", "3650", "-subj", "/CN=self-signed"];
    await openssl(
        "req",
        ...self,
        "-keyout",
        "self-signed.key",
        "-out",
        "self-signed.pem",
        ...KEY,
        ...extensions(NAMES),
    );
    return {caPem: join(folder, "ca.pem"), server, expired, wrongName, selfSigned: certificate(folder, "self-signed")};
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256"];

function extensions(names: string): string[] {
    return ["-addext", `subjectAltName=${names}`, "-addext", "extendedKeyUsage=serverAuth,clientAuth"];
}

function certificate(folder: string, name: string): Certificate {
    return {certPem: join(folder, `${name}.pem`), keyPem: join(folder, `${name}.key`)};
}
