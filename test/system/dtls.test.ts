/** DTLS-SRTP with baresip over TLS and kamailio, each at a host of its own: as another telephone meets the phone. */
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import type {BenchPhone} from "../support/bench-phone.ts";
import {type Baresip, networkRefusal} from "../support/peers.ts";
import {comesToRest, marks, phoneHears, tones} from "../support/phone-and-web.ts";
import {type AtDesk, startAtDesk} from "../support/phone-at-desk.ts";

/** What baresip says once it has keys. */
const COMPLETE = /DTLS-SRTP complete/;

const refusal = networkRefusal();
if (refusal !== null) console.warn(`skipped: ${refusal}`);

describe.skipIf(refusal !== null).each(["webrtc", "best"] as const)("an account with %s", (media) => {
    let at: AtDesk;
    let bench: BenchPhone;
    let farEnd: Baresip | null = null;
    beforeAll(async () => {
        at = await startAtDesk("tls", {"audio.codecs": "PCMA", "account1.media": media});
        bench = at.bench;
    });
    afterAll(() => at?.stop());
    afterEach(async (context) => {
        await comesToRest(bench, context);
        await farEnd?.stop();
        farEnd = null;
    });

    /** Starts 602, which sends back what it hears: `echo` takes calls by itself, `loop` waits for a word. */
    async function startFarEnd(mode: "echo" | "loop"): Promise<Baresip> {
        const means = {mediaEncryption: "dtls_srtp", ice: true, place: at.elsewhere} as const;
        farEnd = await bench.startFarEnd({mode, transport: "tls", codecs: ["PCMA"], ...means});
        return farEnd;
    }

    /** What the phone says is heard there and comes back, in cipher; then the phone puts down. */
    async function talksInCipher(far: Baresip): Promise<void> {
        await bench.glass.shows(marks.end);
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
