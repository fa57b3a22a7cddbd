import {networkInterfaces} from "node:os";

/** All addresses of the machine that others could reach, for the status screen. */
export function ownAddresses(): readonly string[] {
    return Object.values(networkInterfaces())
        .flatMap((addresses) => addresses ?? [])
        .filter(({internal, address}) => !internal && !address.startsWith("fe80"))
        .map(({address}) => address);
}
