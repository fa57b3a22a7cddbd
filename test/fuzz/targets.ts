/** All that is fuzzed, and how much of it in `make test`. */

export interface FuzzTarget {
    readonly name: string;
    /**
     * `native`: a program of test/native/fuzz. `node`: one of its addons, which needs the OpenSSL in Node.
     * `javascript`: an entry of javascript-targets.ts.
     */
    readonly kind: "native" | "node" | "javascript";
    /** Most octets of an input. */
    readonly octets: number;
    /** Inputs in `make test`: a second or two. */
    readonly runs: number;
    /** A file of dictionaries/. */
    readonly dictionary?: "sdp" | "sip";
}

export const fuzzTargets: readonly FuzzTarget[] = [
    {name: "packets", kind: "native", octets: 1_600, runs: 60_000},
    {name: "jitter", kind: "native", octets: 600, runs: 6_000},
    {name: "srtp", kind: "native", octets: 4_096, runs: 300},
    {name: "media", kind: "native", octets: 8_192, runs: 350},
    {name: "dtls", kind: "node", octets: 4_096, runs: 900},
    {name: "dtls_data", kind: "node", octets: 4_096, runs: 150},
    {name: "sdp", kind: "javascript", octets: 4_096, runs: 7_000, dictionary: "sdp"},
    {name: "crypto", kind: "javascript", octets: 512, runs: 20_000, dictionary: "sdp"},
    {name: "candidate", kind: "javascript", octets: 1_024, runs: 10_000, dictionary: "sdp"},
    {name: "framer", kind: "javascript", octets: 20_000, runs: 4_000, dictionary: "sip"},
    {name: "message", kind: "javascript", octets: 4_096, runs: 3_000, dictionary: "sip"},
    {name: "names", kind: "javascript", octets: 1_024, runs: 10_000, dictionary: "sip"},
    {name: "digest", kind: "javascript", octets: 1_024, runs: 8_000, dictionary: "sip"},
    {name: "editor", kind: "javascript", octets: 2_048, runs: 6_000},
    {name: "rpc", kind: "javascript", octets: 1_024, runs: 6_000},
    {name: "display", kind: "javascript", octets: 1_024, runs: 10_000},
    {name: "digit-map", kind: "javascript", octets: 2_200, runs: 20_000},
];
