/** Sends the report of a call's quality to whom the owner named: one PUBLISH a call (RFC 6035 §4.2, RFC 3903). */
import {messageOf} from "../errors.ts";
import type {Log} from "../log.ts";
import {type JsSipUa, sendRequest} from "./jssip.ts";
import {type CallReport, reportBody} from "./quality-report.ts";

export interface Collector {
    readonly ua: JsSipUa;
    /** SIP URI. */
    readonly uri: string;
    readonly log: Log;
}

/** Never throws, and waits for nothing: what goes wrong is logged, and the report is lost. */
export function sendReport({ua, uri, log}: Collector, report: CallReport): void {
    const lost = (why: string): void => log.warning(`the report of a call's quality was lost: ${why}`);
    try {
        sendRequest(
            ua,
            {
                method: "PUBLISH",
                target: uri,
                headers: ["Event: vq-rtcpxr", "Content-Type: application/vq-rtcpxr"],
                body: reportBody(report),
            },
            {
                answered: ({status_code}) => {
                    if (status_code >= 300) lost(`the collector said ${status_code}`);
                },
                failed: lost,
            },
        );
    } catch (error) {
        lost(messageOf(error));
    }
}
