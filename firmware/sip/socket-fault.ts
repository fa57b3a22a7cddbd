/** Why a connection ended, as a code that the display has words for, and a sentence for the log and status screen. */
import type {FramingFault} from "./framer.ts";

export type SocketFaultCode =
    | "nameUnknown"
    | "refused"
    | "unreachable"
    | "timeout"
    | "reset"
    | "certificateExpired"
    | "certificateNotYetValid"
    | "certificateUnknown"
    | "certificateName"
    | "certificateInvalid"
    | "tls"
    | "webSocket"
    | "framing"
    | "noPong"
    | "addressGone"
    | "closed"
    | "failed";

export interface SocketFault {
    readonly code: SocketFaultCode;
    readonly reason: string;
}

/** Error codes of Node and OpenSSL (verify(1), "Diagnostics") and what they mean for the one at the phone. */
const codes: Readonly<Record<string, SocketFaultCode>> = {
    ENOTFOUND: "nameUnknown",
    EAI_AGAIN: "nameUnknown",
    ECONNREFUSED: "refused",
    EHOSTUNREACH: "unreachable",
    ENETUNREACH: "unreachable",
    EHOSTDOWN: "unreachable",
    ENETDOWN: "unreachable",
    EADDRNOTAVAIL: "unreachable",
    ETIMEDOUT: "timeout",
    ECONNRESET: "reset",
    EPIPE: "reset",
    CERT_HAS_EXPIRED: "certificateExpired",
    CERT_NOT_YET_VALID: "certificateNotYetValid",
    DEPTH_ZERO_SELF_SIGNED_CERT: "certificateUnknown",
    SELF_SIGNED_CERT_IN_CHAIN: "certificateUnknown",
    UNABLE_TO_GET_ISSUER_CERT: "certificateUnknown",
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificateUnknown",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificateUnknown",
    CERT_UNTRUSTED: "certificateUnknown",
    ERR_TLS_CERT_ALTNAME_INVALID: "certificateName",
    CERT_REVOKED: "certificateInvalid",
    CERT_REJECTED: "certificateInvalid",
    CERT_SIGNATURE_FAILURE: "certificateInvalid",
    CERT_CHAIN_TOO_LONG: "certificateInvalid",
    INVALID_PURPOSE: "certificateInvalid",
    INVALID_CA: "certificateInvalid",
    PATH_LENGTH_EXCEEDED: "certificateInvalid",
    EE_KEY_TOO_SMALL: "certificateInvalid",
    EPROTO: "tls",
};

const sentences: Readonly<Record<SocketFaultCode, string>> = {
    nameUnknown: "the server's name is not known",
    refused: "the server refused the connection",
    unreachable: "the server cannot be reached",
    timeout: "the server did not answer in time",
    reset: "the connection was cut",
    certificateExpired: "the server's certificate has expired",
    certificateNotYetValid: "the server's certificate is not valid yet (is the clock right?)",
    certificateUnknown: "the server's certificate comes from an unknown authority",
    certificateName: "the server's certificate is for another name",
    certificateInvalid: "the server's certificate is not valid",
    tls: "no agreement with the server on TLS",
    webSocket: "the server refused the WebSocket",
    framing: "the server sent what is not SIP",
    noPong: "the server stopped answering keep-alives",
    addressGone: "the phone has lost the address that it was connected from",
    closed: "the server closed the connection",
    failed: "the connection failed",
};

/** The fault of that code; `detail` is added in brackets. */
export function socketFault(code: SocketFaultCode, detail = ""): SocketFault {
    return {code, reason: detail === "" ? sentences[code] : `${sentences[code]} (${detail})`};
}

/** The fault for a stream that cannot be read on. */
export function framingFault(fault: FramingFault): SocketFault {
    return socketFault("framing", fault);
}

/** The fault that an error of node:net, node:tls or ws stands for. */
export function socketFaultOf(error: Error & {readonly code?: unknown}): SocketFault {
    const code = typeof error.code === "string" ? error.code : "";
    const known = codes[code] ?? (code.startsWith("ERR_SSL") || code.startsWith("ERR_TLS") ? "tls" : "failed");
    return socketFault(known, code === "" ? error.message : code);
}
