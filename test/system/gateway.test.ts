/** A gateway between kinds of media: the phone over rtpengine with telephones and browsers that speak another one. */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {BenchPhone} from "../support/bench-phone.ts";
import {type Baresip, MEDIA_SIDES, type RtpEngine, startRtpEngine, type WebPeer} from "../support/peers.ts";
import {
    comesToRest,
    hangUp,
    hearOneAnother,
    marks,
    phoneCalls,
    phoneHears,
    phoneVoice,
    startWeb,
    tones,
    webCalls,
} from "../support/phone-and-web.ts";

/** The users that the phone is, each spoken to in its own kind of media by the gateway, and by whom. */
const identities = {webrtc: "phone", sdes: "600", plain: "603"} as const;
const WEB = "601";

let folder = "";
let engine: RtpEngine;
let bench: BenchPhone;

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "offhook-gateway-"));
    engine = await startRtpEngine();
    const sides = {
        [identities.webrtc]: MEDIA_SIDES.webrtc,
        [identities.sdes]: MEDIA_SIDES.sdes,
        [identities.plain]: MEDIA_SIDES.plain,
        [WEB]: MEDIA_SIDES.webrtc,
    };
    bench = await BenchPhone.start({
        folder,
        transport: "tls",
        display: "cfa635",
        sound: "virtual",
        farEnds: [],
        rtpengine: {port: engine.port, sides},
        microphone: phoneVoice,
    });
});
afterAll(async () => {
    await bench?.stop();
    await engine?.stop();
    rmSync(folder, {recursive: true, force: true});
});
afterEach((context) => comesToRest(bench, context));

async function becomes(media: keyof typeof identities): Promise<void> {
    const user = identities[media];
    const registered = bench.kamailio.process.nextLine(new RegExp(` registered ${user} over tls`));
    await bench.console.provision({"account1.user": user, "account1.media": media});
    await registered;
    await bench.registered();
}

describe("an account with webrtc and a telephone that speaks in clear", () => {
    let far: Baresip;
    beforeAll(() => becomes("webrtc"));
    afterEach(() => far?.stop());

    async function talks(): Promise<void> {
        await bench.glass.shows(marks.end);
        // It sends back what it hears.
        await phoneHears(bench, tones.phone);
        const closed = far.control.next("CALL_CLOSED");
        await bench.board.putDown();
        await closed;
        await bench.phase("none");
    }

    it("talk when the phone calls", async () => {
        far = await bench.startFarEnd({mode: "echo", codecs: ["PCMA"]});
        await bench.board.lift();
        await bench.board.dial("602#");
        await bench.phase("talking");
        await talks();
    });

    it("talk when the telephone calls", async () => {
        far = await bench.startFarEnd({mode: "loop", codecs: ["PCMA"]});
        await far.control.dial(identities.webrtc);
        await bench.phase("ringing");
        await bench.board.lift();
        await bench.phase("talking");
        await talks();
    });
});

describe("a browser and", () => {
    let web: WebPeer;
    beforeAll(async () => {
        web = await startWeb(bench, {user: WEB});
    });
    afterAll(() => web?.stop());

    describe.each([
        {media: "sdes", mark: marks.hop},
        {media: "plain", mark: marks.none},
    ] as const)("an account with $media", ({media, mark}) => {
        beforeAll(() => becomes(media));

        it("talk when the phone calls", async () => {
            await phoneCalls({bench, web}, {}, WEB);
            await bench.glass.shows(mark);
            await hearOneAnother({bench, web});
            expect(await web.statistics()).toMatchObject({dtlsState: "connected"});
            await hangUp({bench, web});
        });

        it("talk when the browser calls", async () => {
            await webCalls({bench, web}, {}, identities[media]);
            await bench.glass.shows(mark);
            await hearOneAnother({bench, web});
            await hangUp({bench, web});
        });
    });
});
