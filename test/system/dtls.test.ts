/** DTLS-SRTP with baresip over TLS and kamailio, each at a host of its own: as another telephone meets the phone. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {type Baresip, type NetworkHost, networkRefusal, TestNetwork} from "../support/peers.ts";
import {phoneHears, phoneVoice, tones} from "../support/phone-and-web.ts";

/** On the glass: the padlock that is closed to the other end. */
const END_TO_END = /\d:\d\d +\S+ ◉/;
/** What baresip says once it has keys. */
const COMPLETE = /DTLS-SRTP complete/;

const refusal = networkRefusal();
if (refusal !== null) console.warn(`skipped: ${refusal}`);

describe.skipIf(refusal !== null).each(["webrtc", "best"] as const)("an account with %s", (media) => {
    let folder = "";
    let network: TestNetwork;
    let elsewhere: NetworkHost;
    let bench: BenchPhone;
    let farEnd: Baresip | null = null;
    beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), "offhook-dtls-"));
        network = await TestNetwork.start({folder});
        const desk = await network.host();
        elsewhere = await network.host();
        bench = await BenchPhone.start({
            folder,
            transport: "tls",
            display: "cfa635",
            sound: "virtual",
            farEnds: [],
            settings: {"audio.codecs": "PCMA", "account1.media": media},
            microphone: phoneVoice,
            network: {phone: desk, others: network.hub},
        });
    });
    afterAll(async () => {
        await bench?.stop();
        await network?.stop();
        rmSync(folder, {recursive: true, force: true});
    });
    afterEach(async ({task}) => {
        if (task.result?.state === "fail") console.log(bench.process.log.slice(-40).join("\n"));
        if (bench.said.hook === "off") await bench.board.putDown();
        await bench.phase("none");
        await farEnd?.stop();
        farEnd = null;
    });

    /** Starts 602, which sends back what it hears: `echo` takes calls by itself, `loop` waits for a word. */
    async function startFarEnd(mode: "echo" | "loop"): Promise<Baresip> {
        const means = {mediaEncryption: "dtls_srtp", ice: true, place: elsewhere} as const;
        farEnd = await bench.startFarEnd({mode, transport: "tls", codecs: ["PCMA"], ...means});
        return farEnd;
    }

    /** What the phone says is heard there and comes back, in cipher; then the phone puts down. */
    async function talksInCipher(far: Baresip): Promise<void> {
        await bench.glass.shows(END_TO_END);
        await phoneHears(bench, tones.phone);
        expect(far.process.log.join("\n")).toMatch(COMPLETE);
        expect(bench.process.log.join("\n")).not.toContain("is in clear");
        const closed = far.control.next("CALL_CLOSED");
        await bench.board.putDown();
        await closed;
        await bench.phase("none");
    }

    it("calls a telephone that takes nothing but DTLS", async () => {
        const far = await startFarEnd("echo");
        await bench.board.lift();
        await bench.board.dial("602#");
        await bench.phase("talking");
        await talksInCipher(far);
    });

    it("is called by a telephone that offers nothing but DTLS", async () => {
        const far = await startFarEnd("loop");
        await far.control.dial("phone");
        await bench.phase("ringing");
        await bench.board.lift();
        await bench.phase("talking");
        await talksInCipher(far);
    });
});
