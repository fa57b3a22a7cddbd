/** Where the media of a call come from: a pair of ports, or a path that ICE finds. */
import {isIP} from "node:net";
import type {Fingerprint, IceOptions, MediaEngine, MediaSession} from "../../native/index.ts";
import {messageOf, PhoneError} from "../errors.ts";
import {IcePath} from "./ice-path.ts";
import type {IceServers} from "./ice-servers.ts";

export type MediaPath =
    | {readonly type: "direct"; readonly session: MediaSession}
    | {
          readonly type: "ice";
          readonly path: IcePath;
          readonly fingerprint: Fingerprint;
          /** What `o=` says for the whole session, wherever media go. */
          readonly origin: string;
      };

/** What paths are made of. */
export interface MediaSourceOptions {
    readonly engine: Pick<MediaEngine, "openSession" | "openIceSession" | "fingerprint">;
    readonly servers: IceServers;
    /** The one address that media may use, empty for all. */
    readonly mediaAddress: string;
    /** All addresses of the machine that others could reach. */
    readonly ownAddresses: () => readonly string[];
    /** Address of the connection to the server, at the moment. */
    readonly signallingAddress: () => string | undefined;
}

/** Opens paths. Both throw PhoneError `noMedia` where the engine has none. */
export class MediaSource {
    readonly #options: MediaSourceOptions;

    constructor(options: MediaSourceOptions) {
        this.#options = options;
    }

    /** On the address of the moment: it may have changed since the phone started, or not have been known then. */
    direct(): MediaPath {
        const {engine, mediaAddress, signallingAddress} = this.#options;
        return opened(() => ({type: "direct", session: engine.openSession(mediaAddress || signallingAddress())}));
    }

    ice(role: IceOptions["role"]): MediaPath {
        const {engine, servers, signallingAddress} = this.#options;
        const means = (): Pick<IceOptions, "addresses" | "stun" | "turn" | "relayOnly"> => ({
            addresses: this.#addresses(),
            ...servers.resolved,
        });
        return opened(() => ({
            type: "ice",
            path: new IcePath({open: (options) => engine.openIceSession(options), role, means}),
            fingerprint: engine.fingerprint(),
            origin: signallingAddress() ?? "0.0.0.0",
        }));
    }

    /** A server on this machine is reached by the loopback alone, and so are its other clients. */
    #addresses(): readonly string[] {
        const {mediaAddress, ownAddresses, signallingAddress} = this.#options;
        if (isIP(mediaAddress) !== 0) return [mediaAddress];
        const signalling = signallingAddress() ?? "";
        return isLoopback(signalling) ? [signalling] : ownAddresses().slice(0, MAX_ADDRESSES);
    }
}

/** As many as the engine gathers on. */
const MAX_ADDRESSES = 16;

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

function opened(open: () => MediaPath): MediaPath {
    try {
        return open();
    } catch (error) {
        throw new PhoneError("noMedia", messageOf(error), {cause: error});
    }
}
