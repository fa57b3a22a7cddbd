import {createSocket} from "node:dgram";
import {networkInterfaces} from "node:os";

/**
 * The local address from which a host is reached, by asking the kernel's routes: a connected UDP socket sends nothing.
 * Null where there is no route or no such name.
 */
export function addressTowards(host: string, port: number): Promise<string | null> {
    return new Promise((resolve) => {
        const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
        const done = (address: string | null): void => {
            socket.close();
            resolve(address);
        };
        socket.on("error", () => done(null));
        socket.connect(port, host, () => done(socket.address().address));
    });
}

/** All addresses of the machine that others could reach, for the status screen. */
export function ownAddresses(): readonly string[] {
    return Object.values(networkInterfaces())
        .flatMap((addresses) => addresses ?? [])
        .filter(({internal, address}) => !internal && !address.startsWith("fe80"))
        .map(({address}) => address);
}
