/**
 * The virtual board as a machine: QEMU with the images of build/board, an image of the firmware, and a disk that can
 * lose its power. No hardware acceleration is asked for, so that it is the same everywhere, and the board has one core:
 * of two that QEMU emulates in threads, one may hang at a breakpoint (int3) that the kernel has long taken back when it
 * patches itself.
 *
 *   ttyS0 -> console.log      ttyS1 <-> display socket      virtio-serial <-> agent      user-mode network
 */
import {type ChildProcess, execFileSync, spawn} from "node:child_process";
import {once} from "node:events";
import {mkdirSync, readFileSync} from "node:fs";
import {connect, type Socket} from "node:net";
import {join} from "node:path";
import {setTimeout as sleep} from "node:timers/promises";
import {Guest} from "./guest.ts";
import type {PowerCutDisk} from "./power-cut-disk.ts";
import {Qmp} from "./qmp.ts";

const top = join(import.meta.dirname, "../..");
const images = join(top, "build/board");
/** From power-on to the agent's hello; an emulated machine beside a busy one takes its time. */
const startMs = 120_000;
const retryMs = 20;

export interface MachineOptions {
    /** A private folder for sockets and logs; its path must be short enough for a unix socket. */
    readonly folder: string;
    /** The image of the firmware, see firmware-image.ts. */
    readonly firmware: string;
    readonly disk: PowerCutDisk;
    /** UDP ports of 127.0.0.1 that are the board's ports of the same number. */
    readonly ports?: readonly number[];
    /** What init is told, for instance `board.hook=off`. */
    readonly commandLine?: string;
    /**
     * Virtual time: one core of 250 MIPS whose clock counts instructions, so that nothing that this machine does shows
     * in it. It leaps while the board idles: what is measured by it must be driven from inside the board. While the board
     * waits for its disk as well, and the further the busier this machine is; "waiting" lets it go with the wall's then.
     */
    readonly virtualTime?: boolean | "waiting";
    /** The board's ttyS1 ends at its own ttyS2, for a display that is a program in the board. */
    readonly displayInside?: boolean;
}

/** Builds the images where they are not there or out of date. */
export function buildBoard(): void {
    execFileSync(join(top, "test/board/build"), {stdio: ["ignore", "ignore", "inherit"]});
}

/** QEMU while the power is on. */
interface Running {
    readonly qemu: ChildProcess;
    readonly ended: Promise<unknown>;
    readonly guest: Guest;
    readonly display: Socket;
    readonly qmp: Qmp;
}

export class Machine {
    readonly #options: MachineOptions;
    #running: Running | null = null;

    constructor(options: MachineOptions) {
        this.#options = options;
        mkdirSync(options.folder, {recursive: true});
    }

    get guest(): Guest {
        return this.#on.guest;
    }

    /** The far end of ttyS1. */
    get display(): Socket {
        return this.#on.display;
    }

    get qmp(): Qmp {
        return this.#on.qmp;
    }

    /** What the kernel and init said. */
    get console(): string {
        return readFileSync(join(this.#options.folder, "console.log"), "latin1");
    }

    get #on(): Running {
        if (this.#running === null) throw new Error("the board has no power");
        return this.#running;
    }

    /** Switches the power on; resolves when the board has started. `connected` is told as soon as the display's line is there. */
    async start(connected: () => void = () => undefined): Promise<void> {
        const {folder, disk} = this.#options;
        buildBoard();
        await disk.listen(join(folder, "disk"));
        // The kernel ends it with us, however we end.
        const command = ["--pdeathsig", "KILL", "qemu-system-x86_64", ...this.#arguments()];
        const qemu = spawn("setpriv", command, {stdio: ["ignore", "inherit", "inherit"]});
        const ended = once(qemu, "exit");
        const [display, agent, monitor] = (await Promise.all(
            ["display", "agent", "qmp"].map((name) => connectTo(join(folder, name), qemu)),
        )) as [Socket, Socket, Socket];
        this.#running = {qemu, ended, guest: new Guest(agent), display, qmp: new Qmp(monitor)};
        connected();
        const late = sleep(startMs, "late" as const, {ref: false});
        const how = await Promise.race([this.guest.started, ended.then(() => "ended" as const), late]);
        if (how !== undefined) throw new Error(`the board did not start (${how}):\n${this.console.slice(-4_000)}`);
    }

    #arguments(): readonly string[] {
        const {
            folder,
            firmware,
            ports = [],
            commandLine = "",
            virtualTime = false,
            displayInside = false,
        } = this.#options;
        const socket = (name: string): string => `socket,id=${name},path=${join(folder, name)},server=on,wait=off`;
        const far = `socket,id=far,path=${join(folder, "near")}`;
        const drive = (id: string, source: string, more: string): readonly string[] => [
            "-drive",
            `${source},format=raw,if=none,id=${id},${more}`,
            "-device",
            `virtio-blk-pci,drive=${id}`,
        ];
        const forwards = ports.map((port) => `hostfwd=udp:127.0.0.1:${port}-:${port}`);
        const idling = virtualTime === "waiting" ? "sleep=on" : "sleep=off";
        const time = virtualTime
            ? ["-accel", "tcg", "-smp", "1", "-icount", `shift=2,${idling}`]
            : ["-accel", "tcg", "-smp", "1"];
        return [
            ...["-nodefaults", "-no-user-config", "-display", "none", "-M", "q35,hpet=off", "-cpu", "max", "-m", "768"],
            ...time,
            ...["-kernel", join(images, "vmlinux"), "-initrd", join(images, "initrd")],
            ...["-append", `${kernelWords} ${commandLine}`],
            ...["-serial", `file:${join(folder, "console.log")}`],
            ...["-chardev", socket("display")],
            ...(displayInside
                ? ["-chardev", socket("near"), "-serial", "chardev:near", "-chardev", far, "-serial", "chardev:far"]
                : ["-serial", "chardev:display"]),
            ...["-device", "virtio-serial-pci", "-chardev", socket("agent")],
            ...["-device", "virtserialport,chardev=agent,name=board"],
            ...["-chardev", socket("qmp"), "-mon", "chardev=qmp,mode=control"],
            ...drive("root", `file=${join(images, "root.sqfs")}`, "readonly=on,cache=unsafe"),
            ...drive("data", `file=nbd+unix:///?socket=${join(folder, "disk")}`, "cache=writeback"),
            ...drive("firmware", `file=${firmware}`, "readonly=on,cache=unsafe"),
            ...["-netdev", ["user", "id=net", ...forwards].join(",")],
            ...["-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci"],
        ];
    }

    /** Pulls the mains plug: what was not flushed to the disk is lost, but for a share. Does nothing without power. */
    async cutPower(loss?: {readonly keep?: number; readonly seed?: number}): Promise<void> {
        const running = this.#running;
        if (running === null) return;
        this.#running = null;
        if (running.qemu.exitCode === null) running.qemu.kill("SIGKILL");
        await running.ended;
        running.guest.close();
        running.display.destroy();
        this.#options.disk.cut(loss);
    }
}

/** Debian's kernel without what only a stranger's machine needs. */
const kernelWords = [
    "console=ttyS0 quiet panic=1 tsc=reliable mitigations=off nokaslr random.trust_cpu=on audit=0 selinux=0 apparmor=0",
    "cryptomgr.notests",
].join(" ");

/** Connects as soon as QEMU listens. */
async function connectTo(path: string, qemu: ChildProcess): Promise<Socket> {
    while (qemu.exitCode === null) {
        try {
            const socket = connect(path);
            await once(socket, "connect");
            socket.on("error", () => undefined);
            return socket;
        } catch {
            await sleep(retryMs);
        }
    }
    throw new Error("QEMU ended before it listened");
}
