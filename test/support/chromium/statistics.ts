/** One call's reports of `getStats`, gathered into one. */
import type {WebCandidate, WebStatistics} from "./page-api.ts";

type Report = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);

function candidateOf(report: Report | undefined): WebCandidate | null {
    if (report === undefined) return null;
    return {
        type: text(report["candidateType"]) ?? "",
        address: text(report["address"]) ?? "",
        port: number(report["port"]) ?? 0,
        protocol: text(report["protocol"]) ?? "",
        relayProtocol: text(report["relayProtocol"]),
    };
}

export async function statisticsOf(connection: RTCPeerConnection): Promise<WebStatistics> {
    const reports = new Map<string, Report>(await connection.getStats());
    const first = (type: string): Report | undefined =>
        [...reports.values()].find(({type: found, kind}) => found === type && (kind ?? "audio") === "audio");
    const linked = (report: Report | undefined, key: string): Report | undefined =>
        reports.get(text(report?.[key]) ?? "");
    const [received, sent, transport] = [first("inbound-rtp"), first("outbound-rtp"), first("transport")];
    const pair = linked(transport, "selectedCandidatePairId");
    return {
        codec: text(linked(received, "codecId")?.["mimeType"]),
        dtlsState: text(transport?.["dtlsState"]),
        dtlsRole: text(transport?.["dtlsRole"]),
        dtlsCipher: text(transport?.["dtlsCipher"]),
        tlsVersion: text(transport?.["tlsVersion"]),
        srtpCipher: text(transport?.["srtpCipher"]),
        local: candidateOf(linked(pair, "localCandidateId")),
        remote: candidateOf(linked(pair, "remoteCandidateId")),
        packetsSent: number(sent?.["packetsSent"]) ?? 0,
        packetsReceived: number(received?.["packetsReceived"]) ?? 0,
        packetsLost: number(received?.["packetsLost"]) ?? 0,
        concealedSamples: number(received?.["concealedSamples"]) ?? 0,
        totalSamplesReceived: number(received?.["totalSamplesReceived"]) ?? 0,
        jitter: number(received?.["jitter"]),
        roundTripTime: number(first("remote-inbound-rtp")?.["roundTripTime"]),
    };
}
