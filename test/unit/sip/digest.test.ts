import {describe, expect, it} from "vitest";
import {
    type DigestInput,
    digestAlgorithmOf,
    digestResponse,
    guardDigest,
    ha1For,
    ha1Of,
} from "../../../firmware/sip/digest.ts";
import type {DigestChallenge, DigestCredentials} from "../../../firmware/sip/jssip.ts";
import {freshJsSip} from "../../support/fresh-jssip.ts";

/** The example of RFC 7616 §3.9.1. */
const vector = {
    username: "Mufasa",
    realm: "http-auth@example.org",
    password: "Circle of Life",
    nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    opaque: "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    uri: "/dir/index.html",
};
const responses = {
    MD5: "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
};

function input(algorithm: "MD5" | "SHA-256", changes: Partial<DigestInput> = {}): DigestInput {
    const {username, realm, password, nonce, cnonce, uri} = vector;
    const ha1 = ha1Of(algorithm, username, realm, password);
    return {algorithm, ha1, nonce, cnonce, uri, qop: "auth", nc: "00000001", method: "GET", body: "", ...changes};
}

describe("the digest", () => {
    it.each(["MD5", "SHA-256"] as const)("gives the response of RFC 7616 §3.9.1 with %s", (algorithm) => {
        expect(digestResponse(input(algorithm))).toBe(responses[algorithm]);
    });

    it("gives the response of RFC 2617 §3.5 with MD5", () => {
        const ha1 = ha1Of("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life");
        const nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        expect(digestResponse(input("MD5", {ha1, nonce, cnonce: "0a4f113b"}))).toBe("6629fae49393a05397450978507c4ef1");
    });

    it("gives the response of RFC 2069 as erratum 749 corrects it, where the server knows no qop", () => {
        const ha1 = ha1Of("MD5", "Mufasa", "testrealm@host.com", "CircleOfLife");
        const nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        expect(digestResponse(input("MD5", {ha1, nonce, qop: null}))).toBe("1949323746fe6a43ef61f9606e7febea");
    });

    it("covers the body with auth-int", () => {
        const qop = "auth-int";
        expect(digestResponse(input("SHA-256", {qop, body: "a"}))).not.toBe(
            digestResponse(input("SHA-256", {qop, body: "b"})),
        );
    });

    it.each([
        [undefined, "MD5"],
        ["md5", "MD5"],
        ["sha-256", "SHA-256"],
        ["MD5-sess", null],
        ["SHA-512-256", null],
    ])("takes algorithm %s as %s", (name, expected) => {
        expect(digestAlgorithmOf(name)).toBe(expected);
    });
});

describe("the credentials", () => {
    const ha1 = ha1Of("SHA-256", "100", "a", "secret");
    const stored: DigestCredentials = {username: "100", password: null, realm: "a", ha1};

    it("may be an HA1 in place of the password, in its realm and for its algorithm only", () => {
        expect(ha1For(stored, "SHA-256", "a")).toBe(ha1);
        expect(ha1For(stored, "SHA-256", "b")).toBeNull();
        expect(ha1For(stored, "MD5", "a")).toBeNull();
    });

    it("answer any realm with a password", () => {
        const password = {...stored, password: "secret", ha1: null};
        expect(ha1For(password, "MD5", "b")).toBe(ha1Of("MD5", "100", "b", "secret"));
    });
});

const request = {method: "GET", ruri: vector.uri, cseq: 1, body: null, getHeader: () => undefined, setHeader: () => {}};

interface Digest {
    authenticate(made: typeof request, challenge: DigestChallenge, cnonce?: string): boolean;
    toString(): string;
}

function digestOf(isGuarded: boolean, credentials: Partial<DigestCredentials> = {}): Digest {
    const {internals} = freshJsSip();
    if (isGuarded) guardDigest(internals);
    const {username, password} = vector;
    const Class = internals.DigestAuthentication as unknown as new (given: DigestCredentials) => Digest;
    return new Class({username, password, realm: null, ha1: null, ...credentials});
}

describe("JsSIP's digest", () => {
    const {realm, nonce, opaque, cnonce} = vector;
    const challenge = {realm, nonce, opaque, algorithm: "SHA-256", qop: ["auth"], stale: false};

    it("refuses SHA-256 alone, and answers it with the guard as RFC 7616 §3.9.1 says", () => {
        expect(digestOf(false).authenticate(request, challenge, cnonce)).toBe(false);
        const digest = digestOf(true);
        expect(digest.authenticate(request, challenge, cnonce)).toBe(true);
        expect(digest.toString()).toBe(
            `Digest algorithm=SHA-256, username="Mufasa", realm="${realm}", nonce="${nonce}", uri="${vector.uri}", ` +
                `response="${responses["SHA-256"]}", opaque="${opaque}", qop=auth, cnonce="${cnonce}", nc=00000001`,
        );
    });

    it("counts the uses of a nonce, and begins anew with a new one", () => {
        const digest = digestOf(true);
        const nc = (text: string): string => /nc=(\d+)/.exec(text)?.[1] ?? "";
        const counts = [nonce, nonce, "another"].map((each) => {
            digest.authenticate(request, {...challenge, nonce: each});
            return nc(digest.toString());
        });
        expect(counts).toEqual(["00000001", "00000002", "00000001"]);
    });

    it("prefers auth where auth-int is offered too, and gives up at a qop that it does not know", () => {
        const digest = digestOf(true);
        digest.authenticate(request, {...challenge, qop: ["auth-int", "auth"]});
        expect(digest.toString()).toContain("qop=auth,");
        expect(digest.authenticate(request, {...challenge, qop: ["token"]})).toBe(false);
    });

    it("escapes quotes, so that a name cannot forge a parameter", () => {
        const digest = digestOf(true, {username: 'a", realm="b'});
        digest.authenticate(request, challenge);
        expect(digest.toString()).toContain('username="a\\", realm=\\"b"');
    });

    it("has nothing to say before it was challenged", () => {
        expect(() => digestOf(true).toString()).toThrow(TypeError);
    });
});
