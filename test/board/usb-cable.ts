/** The USB cable, and the PC at its other end: two serial ports that come and go with it. */
import type {SerialEnd} from "../support/pty.ts";
import type {Guest, GuestProcess} from "./guest.ts";

/** One of the PC's ports, opened by a terminal program of the PC each time the cable is plugged. */
export class PcPort implements SerialEnd {
    readonly #guest: () => Guest;
    readonly #path: string;
    #program: GuestProcess | null = null;
    #reader = "";
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
             exec 3<>${port}; cat <&3 & echo "open $!" >&2; cat >&3 2>/dev/null; kill $! 2>/dev/null`,
        );
        program.onData((chunk) => this.#listener(chunk));
        this.#program = program;
        this.#reader = (await program.says(/open (\d+)/))[1] ?? "";
    }

    /** The terminal program stops reading, and its port stays open. */
    async pause(): Promise<void> {
        await this.#guest().run(`kill -STOP ${this.#reader}`);
    }

    async resume(): Promise<void> {
        await this.#guest().run(`kill -CONT ${this.#reader}`);
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
    readonly ports: readonly [PcPort, PcPort];
    readonly #guest: () => Guest;

    constructor(guest: () => Guest) {
        this.#guest = guest;
        this.ports = [new PcPort(guest, "/dev/ttyACM0"), new PcPort(guest, "/dev/ttyACM1")];
    }

    /** Opens both ports of a cable that is plugged. */
    async open(): Promise<void> {
        await Promise.all(this.ports.map((port) => port.open()));
    }

    /** Pulls the cable out, straight after a command of the PC's; resolves when the PC's ports are gone. */
    async unplug(before = ":"): Promise<void> {
        await this.#guest().run(`${before}; usb-cable unplug; while [ -c /dev/ttyACM0 ]; do usleep 5000; done`);
        for (const port of this.ports) port.close();
    }

    async plug(): Promise<void> {
        await this.#guest().run("usb-cable plug");
        await this.open();
    }
}
