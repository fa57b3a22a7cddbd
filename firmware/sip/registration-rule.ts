/** What a failed registration means, and when the next attempt is due. Pure: the shell is in registration.ts. */
import type {ServiceFault} from "../phone/state.ts";
import type {SocketFault, SocketFaultCode} from "./socket-fault.ts";

export type RegistrationFailure =
    | {
          readonly type: "refused";
          readonly status: number;
          readonly phrase: string;
          /** We had sent our credentials. */
          readonly challenged: boolean;
          /** `Retry-After` in seconds (RFC 3261 §20.33), null without one. */
          readonly retryAfter: number | null;
      }
    | {readonly type: "unanswered"}
    | {readonly type: "connection"; readonly fault: SocketFault};

/** A failure in the phone's words. */
export interface FaultWords {
    readonly fault: ServiceFault;
    /** For the status screen. */
    readonly detail: string;
}

const connectionFaults: Readonly<Partial<Record<SocketFaultCode, ServiceFault>>> = {
    certificateExpired: "certificate",
    certificateNotYetValid: "certificate",
    certificateUnknown: "certificate",
    certificateName: "certificate",
    certificateInvalid: "certificate",
    tls: "certificate",
    timeout: "timeout",
    noPong: "timeout",
    webSocket: "serverError",
    framing: "serverError",
};

export function faultOf(failure: RegistrationFailure): FaultWords {
    switch (failure.type) {
        case "connection": {
            return {fault: connectionFaults[failure.fault.code] ?? "unreachable", detail: failure.fault.reason};
        }
        case "unanswered": {
            return {fault: "timeout", detail: "no answer to REGISTER"};
        }
        case "refused": {
            return {fault: refusalFault(failure), detail: `${failure.status} ${failure.phrase}`.trim()};
        }
    }
}

/** Registrars say a wrong password as a new challenge (RFC 3261 §22.2) or, many of them, as 403. */
function refusalFault({status, challenged}: RegistrationFailure & {readonly type: "refused"}): ServiceFault {
    if (status === 401 || status === 407 || (status === 403 && challenged)) return "wrongPassword";
    if (status === 403 || status === 404) return "forbidden";
    return status === 408 ? "timeout" : "serverError";
}

/** The first retry comes at once, since most losses are short; from then on RFC 5626 §4.5. Seconds. */
const FIRST_RETRY = 2;
const BASE_RETRY = 30;
const MAX_RETRY = 1800;
/** An account that the server refuses is tried slowly: servers lock out who insists. Seconds. */
const REFUSED_RETRY = 300;
/** A longer `Retry-After` is not believed. Seconds. */
const MAX_RETRY_AFTER = 3600;

/**
 * How long to wait after the `failures`-th failure in a row (from 1), in ms. `random` is from 0 to 1; it spreads the
 * phones of a house over the upper half of the interval (RFC 5626 §4.5).
 */
export function retryDelay(failure: RegistrationFailure, failures: number, random: number): number {
    if (failure.type === "refused" && failure.retryAfter !== null) {
        return Math.min(Math.max(failure.retryAfter, 1), MAX_RETRY_AFTER) * 1000;
    }
    const spread = 0.5 + random / 2;
    const doublings = Math.min(Math.max(failures - 2, 0), 10);
    const wait = failures <= 1 ? FIRST_RETRY : Math.min(MAX_RETRY, BASE_RETRY * 2 ** doublings);
    const {fault} = faultOf(failure);
    const least =
        fault === "wrongPassword" || fault === "forbidden" ? REFUSED_RETRY * 2 ** Math.min(failures - 1, 2) : 0;
    // A refused account never waits less than the five minutes.
    return Math.round(
        least > 0 ? Math.max(REFUSED_RETRY, Math.max(wait, least) * spread) * 1000 : wait * spread * 1000,
    );
}
