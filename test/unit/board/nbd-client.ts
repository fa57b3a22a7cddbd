/** An NBD client, written from the protocol's document and sharing nothing with the server, not even a constant. */
import {once} from "node:events";
import {connect, type Socket} from "node:net";

export const u16 = (value: number): Buffer => Buffer.from([value >>> 8, value & 255]);
export const u32 = (value: number): Buffer => Buffer.concat([u16(value >>> 16), u16(value & 0xffff)]);
export const u64 = (value: bigint | number): Buffer => Buffer.from(BigInt(value).toString(16).padStart(16, "0"), "hex");

/** What a server says first. */
export const GREETING = Buffer.from("NBDMAGICIHAVEOPT\0\x03", "latin1");
export const OPTION = {exportName: 1, abort: 2, list: 3, startTls: 5, info: 6, go: 7};
export const COMMAND = {read: 0, write: 1, disconnect: 2, flush: 3, trim: 4};
export const FUA = 1;

export const clientFlags = u32(3);

export function option(code: number, data: Buffer = Buffer.alloc(0)): Buffer {
    return Buffer.concat([Buffer.from("IHAVEOPT"), u32(code), u32(data.length), data]);
}

/** The data of `NBD_OPT_GO` and `NBD_OPT_INFO` with information requests. */
export function infoData(name: string, ...wanted: number[]): Buffer {
    return Buffer.concat([u32(Buffer.byteLength(name)), Buffer.from(name), u16(wanted.length), ...wanted.map(u16)]);
}

export interface TestRequest {
    readonly type: number;
    readonly flags?: number;
    readonly cookie?: number;
    readonly offset?: bigint | number;
    /** That of the data if absent. */
    readonly length?: number;
    readonly data?: Buffer;
}

export function request({type, flags = 0, cookie = 1, offset = 0, length, data}: TestRequest): Buffer {
    const payload = data ?? Buffer.alloc(0);
    const header = [u32(0x25609513), u16(flags), u16(type), u64(cookie), u64(offset), u32(length ?? payload.length)];
    return Buffer.concat([...header, payload]);
}

/** The reply that is expected to a request. */
export function reply(cookie: number, error = 0, data: Buffer = Buffer.alloc(0)): Buffer {
    return Buffer.concat([u32(0x67446698), u32(error), u64(cookie), data]);
}

export class NbdClient {
    readonly #socket: Socket;
    #received = Buffer.alloc(0);
    #arrived: () => void = () => undefined;
    /** Resolves when the connection has gone, however it went. */
    readonly ended: Promise<void>;
    #cookie = 0;

    private constructor(socket: Socket) {
        this.#socket = socket;
        this.ended = new Promise((resolve) => socket.on("close", () => resolve()));
        socket.on("error", () => undefined);
        socket.on("data", (octets) => {
            this.#received = Buffer.concat([this.#received, octets]);
            this.#arrived();
        });
    }

    /** Connects and reads the greeting. */
    static async connect(path: string): Promise<NbdClient> {
        const socket = connect(path);
        await once(socket, "connect");
        const client = new NbdClient(socket);
        await client.octets(GREETING.length);
        return client;
    }

    /** Connects and is in transmission. */
    static async attach(path: string): Promise<NbdClient> {
        const client = await NbdClient.connect(path);
        client.send(Buffer.concat([clientFlags, option(OPTION.go, infoData(""))]));
        await client.octets(20 + 12 + 20);
        return client;
    }

    send(octets: Buffer): void {
        this.#socket.write(octets);
    }

    pause(): void {
        this.#socket.pause();
    }

    resume(): void {
        this.#socket.resume();
    }

    /** The next `count` octets; rejects if the connection ends before. */
    async octets(count: number): Promise<Buffer> {
        const ended = this.ended.then(() => true);
        while (this.#received.length < count) {
            const arrived = new Promise<boolean>((resolve) => {
                this.#arrived = () => resolve(false);
            });
            if (await Promise.race([arrived, ended])) throw new Error("the connection ended");
        }
        const octets = this.#received.subarray(0, count);
        this.#received = this.#received.subarray(count);
        return octets;
    }

    /** The error of a request's reply, 0 for none. */
    async error(sent: Omit<TestRequest, "cookie">): Promise<number> {
        this.#cookie += 1;
        this.send(request({...sent, cookie: this.#cookie}));
        const head = await this.octets(16);
        if (!head.subarray(8).equals(u64(this.#cookie))) throw new Error("the reply is to another request");
        return head.readUInt32BE(4);
    }

    async write(offset: number, data: Buffer, flags = 0): Promise<void> {
        const error = await this.error({type: COMMAND.write, flags, offset, data});
        if (error !== 0) throw new Error(`write: error ${error}`);
    }

    async flush(): Promise<void> {
        const error = await this.error({type: COMMAND.flush});
        if (error !== 0) throw new Error(`flush: error ${error}`);
    }

    async read(offset: number, length: number): Promise<Buffer> {
        const error = await this.error({type: COMMAND.read, offset, length});
        if (error !== 0) throw new Error(`read: error ${error}`);
        return this.octets(length);
    }

    close(): void {
        this.#socket.destroy();
    }
}
