/** The phone at a host of its own in a network of the test's: its registrar is at the hub, its far end at another host. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {BenchPhone} from "./bench-phone.ts";
import {type HostOptions, type NetworkHost, TestNetwork} from "./network.ts";
import {phoneVoice} from "./phone-and-web.ts";

export interface AtDesk {
    readonly folder: string;
    readonly network: TestNetwork;
    /** Where the phone is. */
    readonly desk: NetworkHost;
    readonly elsewhere: NetworkHost;
    readonly bench: BenchPhone;
    stop(): Promise<void>;
}

/** `host`: how the phone's own is connected. */
export async function startAtDesk(
    transport: "tls" | "wss",
    settings: Readonly<Record<string, string>>,
    host: HostOptions = {},
): Promise<AtDesk> {
    const folder = mkdtempSync(join(tmpdir(), "offhook-desk-"));
    const network = await TestNetwork.start({folder});
    const end = async (): Promise<void> => {
        await network.stop();
        rmSync(folder, {recursive: true, force: true});
    };
    try {
        const desk = await network.host(host);
        const elsewhere = await network.host();
        const bench = await BenchPhone.start({
            folder,
            transport,
            display: "cfa635",
            sound: "virtual",
            farEnds: [],
            settings,
            microphone: phoneVoice,
            network: {phone: desk, others: network.hub},
        });
        return {folder, network, desk, elsewhere, bench, stop: () => bench.stop().then(end)};
    } catch (error) {
        await end();
        throw error;
    }
}
