/** The USB cable, and the PC at its other end: two serial ports that come and go with it. */
import type {SerialEnd} from "../support/pty.ts";
import type {Guest, GuestProcess} from "./guest.ts";

/** One of the PC's ports, opened by a terminal program of the PC each time the cable is plugged. */
class PcPort implements SerialEnd {
    readonly #guest: () => Guest;
    readonly #path: string;
    #program: GuestProcess | null = null;
    #listener: (chunk: Uint8Array) => void = () => undefined;

    constructor(guest: () => Guest, path: string) {
        this.#guest = guest;
        this.#path = path;
    }

    onData(listener: (chunk: Uint8Array) => void): void {
        this.#listener = listener;
    }

    /** Opens the port as soon as it is there; resolves when it is open. */
    async open(): Promise<void> {
        const port = this.#path;
        // The two directions end together: with the reader when the port is gone, with the writer when we close.
        const program = this.#guest().spawn(
            `until [ -c ${port} ] && stty -F ${port} raw -echo 2>/dev/null; do usleep 10000; done
             exec 3<>${port}; echo open >&2; cat <&3 & cat >&3 2>/dev/null; kill $! 2>/dev/null`,
        );
        program.onData((chunk) => this.#listener(chunk));
        this.#program = program;
        await program.says(/open/);
    }

    write(bytes: Uint8Array | string): void {
        this.#program?.write(bytes);
    }

    /** The terminal program ends; the cable stays. */
    close(): void {
        this.#program?.kill(9);
        this.#program = null;
    }
}

export class UsbCable {
    /** The PC's ends of the phone's two functions. */
    readonly ports: readonly [SerialEnd, SerialEnd];
    readonly #guest: () => Guest;
    readonly #pcPorts: readonly [PcPort, PcPort];

    constructor(guest: () => Guest) {
        this.#guest = guest;
        this.#pcPorts = [new PcPort(guest, "/dev/ttyACM0"), new PcPort(guest, "/dev/ttyACM1")];
        this.ports = this.#pcPorts;
    }

    /** Opens both ports of a cable that is plugged. */
    async open(): Promise<void> {
        await Promise.all(this.#pcPorts.map((port) => port.open()));
    }

    /** Pulls the cable out; resolves when the PC's ports are gone. */
    async unplug(): Promise<void> {
        await this.#guest().run("usb-cable unplug; while [ -c /dev/ttyACM0 ]; do usleep 5000; done");
        for (const port of this.#pcPorts) port.close();
    }

    async plug(): Promise<void> {
        await this.#guest().run("usb-cable plug");
        await this.open();
    }
}
