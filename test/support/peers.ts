/**
 * The far ends that tests and the bench phone talk to: real servers and phones, unpacked privately from Debian's
 * packages (`scripts/peers`), on free ports of loopback, each in a folder of its own, ended by process id.
 */
export {type NetworkHost, networkRefusal, type Place, TestNetwork} from "./network.ts";
export type {ImpairmentCounts, ImpairmentRules} from "./network-impairment.ts";
export {type Baresip, type BaresipOptions, startBaresip} from "./peers-baresip.ts";
export {type CallbackOptions, startCallback} from "./peers-callback.ts";
export {
    type IceServer,
    type WebCallOptions,
    type WebCandidate,
    type WebEvent,
    WebPeer,
    type WebPeerOptions,
    type WebStatistics,
} from "./peers-chromium.ts";
export {BaresipControl, type BaresipEvent} from "./peers-control.ts";
export {
    type Kamailio,
    type KamailioOptions,
    type KamailioPorts,
    type KamailioUser,
    startKamailio,
} from "./peers-kamailio.ts";
export {type Lcdd, type LcddOptions, startLcdd} from "./peers-lcdd.ts";
export {freePorts, outerAddress, PeerProcess, peersRoot, unpackPeers} from "./peers-process.ts";
export {MEDIA_SIDES, type RtpEngine, type RtpEngineOptions, startRtpEngine} from "./peers-rtpengine.ts";
export {startTurnServer, type TurnServer, type TurnServerOptions} from "./peers-turn.ts";
