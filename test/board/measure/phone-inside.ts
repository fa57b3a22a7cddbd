/** The phone as a program beside it on the board sees it: its process, its log, its console at the PC's end of the cable. */
import {readFileSync} from "node:fs";
import {setTimeout as sleep} from "node:timers/promises";
import {ConsoleClient} from "../../support/console-client.ts";
import {InspectorClient} from "../../support/inspector-client.ts";
import {openPort} from "./port-end.ts";

const attempts = 60;
/** On one busy core. */
const patienceMs = 60_000;

export class PhoneInside {
    readonly console = new ConsoleClient(openPort("/dev/ttyACM0"));

    get pid(): number {
        return Number(readFileSync("/run/phone.pid", "utf8"));
    }

    get log(): string[] {
        return readFileSync("/run/phone.log", "utf8").split("\n");
    }

    async logs(pattern: RegExp): Promise<void> {
        for (let attempt = 0; attempt < attempts * 10; attempt += 1) {
            if (this.log.some((line) => pattern.test(line))) return;
            await sleep(100);
        }
        throw new Error(`${pattern} is not in the log:\n${this.log.slice(-20).join("\n")}`);
    }

    /** What is typed before the phone has opened its end goes nowhere. */
    async answers(): Promise<void> {
        for (let attempt = 1; ; attempt += 1) {
            try {
                await this.console.type("", 1_000);
                return;
            } catch (thrown) {
                if (attempt === attempts) throw thrown;
            }
        }
    }

    async provision(port: number): Promise<void> {
        await this.console.provision({
            "phone.language": "en",
            "phone.country": "de",
            "audio.codecs": "PCMA",
            "account1.enabled": "on",
            "account1.label": "desk",
            "account1.user": "100",
            "account1.domain": "phone.test",
            "account1.server": "127.0.0.1",
            "account1.port": String(port),
            "account1.transport": "tcp",
            "account1.password": "unasked",
        });
    }

    /** A value of the console's status. */
    async status(name: string): Promise<string> {
        const text = await this.console.type("status", patienceMs);
        const value = new RegExp(`^${name}: *(.*?)\\r?$`, "m").exec(text)?.[1];
        if (value === undefined) throw new Error(`status has no ${name}:\n${text}`);
        return value;
    }

    inspect(): Promise<InspectorClient> {
        return InspectorClient.connect(this);
    }
}
