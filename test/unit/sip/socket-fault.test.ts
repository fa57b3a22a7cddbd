import {describe, expect, it} from "vitest";
import {checkSipIdentity} from "../../../firmware/sip/dial.ts";
import {socketFault, socketFaultOf} from "../../../firmware/sip/socket-fault.ts";

const errorWith = (code: string | undefined): Error => Object.assign(new Error("the text"), {code});

describe("the fault of a connection", () => {
    it.each([
        ["ENOTFOUND", "nameUnknown"],
        ["EAI_AGAIN", "nameUnknown"],
        ["ECONNREFUSED", "refused"],
        ["ENETUNREACH", "unreachable"],
        ["ETIMEDOUT", "timeout"],
        ["ECONNRESET", "reset"],
        ["CERT_HAS_EXPIRED", "certificateExpired"],
        ["CERT_NOT_YET_VALID", "certificateNotYetValid"],
        ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "certificateUnknown"],
        ["ERR_TLS_CERT_ALTNAME_INVALID", "certificateName"],
        ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "tls"],
        ["ERR_TLS_HANDSHAKE_TIMEOUT", "tls"],
        ["EWHATEVER", "failed"],
    ])("of %s is %s, with the code behind the words", (code, expected) => {
        const fault = socketFaultOf(errorWith(code));
        expect(fault.code).toBe(expected);
        expect(fault.reason).toMatch(new RegExp(`^.* \\(${code}\\)$`));
    });

    it("of an error without a code says its text", () => {
        expect(socketFaultOf(errorWith(undefined))).toEqual({
            code: "failed",
            reason: "the connection failed (the text)",
        });
    });

    it("needs no detail", () => {
        expect(socketFault("noPong").reason).toBe("the server stopped answering keep-alives");
    });
});

describe("the name in a certificate", () => {
    const certificate = (subjectaltname: string): never => ({subject: {CN: "x"}, subjectaltname}) as never;

    it.each([
        ["example.com", "URI:sip:example.com", true],
        ["EXAMPLE.com", "DNS:other.test, URI:sip:example.COM", true],
        ["example.com", "DNS:example.com", true],
        ["sip.example.com", "DNS:*.example.com", true],
        ["192.0.2.1", "IP Address:192.0.2.1", true],
        ["example.com", "URI:sip:sip.example.com", false],
        ["sip.example.com", "URI:sip:*.example.com", false],
        ["example.com", "URI:https://example.com", false],
        ["example.com", 'DNS:"a, URI:sip:example.com, b"', false],
        ["example.com", "DNS:example.com.evil.test", false],
    ])("%s is %s: %s", (name, alternatives, isFit) => {
        expect(checkSipIdentity(name, certificate(alternatives)) === undefined).toBe(isFit);
    });
});
