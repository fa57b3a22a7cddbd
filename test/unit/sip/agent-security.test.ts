/** Keys of SRTP in calls: where they may be told, what is refused, and what the phone hears of it. */
import {afterEach, describe, expect, it} from "vitest";
import type {MediaPolicy} from "../../../firmware/sip/account.ts";
import {protectionOf} from "../../../firmware/sip/media-security.ts";
import {caller, contact, dial, dialogOf, type Line, registeredLine, within} from "../../support/agent-line.ts";
import {keyText, type PeerKey, secureBody} from "../../support/sdp-keys.ts";
import {type PeerMessage, requestText, responseTo, sdpBody} from "../../support/sip-peer.ts";

const key: PeerKey = {tag: 3, suite: "AES_CM_128_HMAC_SHA1_80", seed: 1};
const best = secureBody(key, 40_000, "sendrecv", "RTP/AVP");

let line: Line;

/** The bench's transport is TCP: keys go over it only where the setting says so. */
async function start(media: MediaPolicy, keysOverClear = true): Promise<void> {
    line = await registeredLine({keysOverClear}, {media});
}

/** Keys that stand in our own descriptions. */
const keysIn = (text: string): readonly string[] =>
    [...text.matchAll(/inline:([A-Za-z0-9+/=]+)/g)].map(([, found]) => found ?? "");

afterEach(async () => {
    const {open} = line.engine;
    await line.close();
    expect(open).toEqual([]);
    const sessions = line.engine.sessions.flatMap(({started}) => started);
    const used = sessions.flatMap(({security}) => (security.type === "srtp" ? [security.send, security.receive] : []));
    const secrets = [keyText(key), ...used.map((octets) => Buffer.from(octets).toString("base64"))];
    const said = [...line.logLines, JSON.stringify(line.events)].join("\n");
    expect(secrets.filter((secret) => said.includes(secret))).toEqual([]);
});

async function answered(invite: PeerMessage, body: string): Promise<void> {
    line.wire.send(responseTo(invite, 200, "OK", {contact, body}));
    await line.wire.next("ACK");
}

const reasonOf = async () => (await line.next("ended")).reason;

describe("where keys may be told", () => {
    it.each([
        ["best", "tls", false, {type: "sdes", profile: "RTP/AVP", required: false}],
        ["best", "wss", false, {type: "sdes", profile: "RTP/AVP", required: false}],
        ["best", "tcp", false, {type: "keyless"}],
        ["best", "ws", false, {type: "keyless"}],
        ["best", "tcp", true, {type: "sdes", profile: "RTP/AVP", required: false}],
        ["sdes", "tls", false, {type: "sdes", profile: "RTP/SAVP", required: true}],
        ["sdes", "ws", true, {type: "sdes", profile: "RTP/SAVP", required: true}],
        ["plain", "tls", true, {type: "plain"}],
    ] as const)("%s over %s (keys over clear: %s) is %o", async (media, transport, keysOverClear, expected) => {
        await start("plain");
        expect(protectionOf({media, transport}, {keysOverClear})).toEqual(expected);
    });
});

describe("a call that we make", () => {
    it("with best offers keys in RTP/AVP, and is protected where they answer with one", async () => {
        await start("best");
        const invite = await dial(line);
        expect(invite.body).toContain(" RTP/AVP 8");
        expect(new Set(keysIn(invite.body)).size).toBe(4);
        await answered(invite, best);
        expect(await line.next("security")).toMatchObject({
            call: "out-1",
            security: "hop",
            suite: key.suite,
        });
        // It is told before the call is talked in.
        const order = line.events.map(({type}) => type);
        expect(order.indexOf("security")).toBeLessThan(order.indexOf("confirmed"));
        expect(line.engine.sessions[0]?.remote?.security).toMatchObject({type: "srtp", suite: key.suite});
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("with best goes on in clear where they answer without", async () => {
        await start("best");
        await answered(await dial(line), sdpBody());
        expect(await line.next("security")).toMatchObject({security: "none"});
        await line.next("confirmed");
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("with best asks again by DTLS and in RTP/SAVP where they refuse the media, once each", async () => {
        await start("best");
        line.wire.send(responseTo(await dial(line), 488, "Not Acceptable Here"));
        await line.wire.next("ACK");
        const again = await line.wire.next("INVITE");
        expect(again.body).toContain(" UDP/TLS/RTP/SAVPF 8");
        line.wire.send(responseTo(again, 488, "Not Acceptable Here"));
        await line.wire.next("ACK");
        const last = await line.wire.next("INVITE");
        expect(last.body).toContain(" RTP/SAVP 8");
        line.wire.send(responseTo(last, 488, "Not Acceptable Here"));
        expect(await reasonOf()).toEqual({code: "notAcceptable", sip: 488});
        expect(line.events.filter(({type}) => type === "ended")).toHaveLength(1);
    });

    it("has new keys each time", async () => {
        await start("best");
        const first = await dial(line, "200", "out-1");
        const second = await dial(line, "201", "out-2");
        const all = [...keysIn(first.body), ...keysIn(second.body)];
        expect(new Set(all).size).toBe(8);
        line.agent.hangUp("out-1");
        line.agent.hangUp("out-2");
    });

    it("tells no key over TCP unless the setting says so, and does not call at all where keys are demanded", async () => {
        await start("best", false);
        const invite = await dial(line);
        expect(invite.body).not.toContain("a=crypto");
        line.agent.hangUp("out-1");
        await line.close();
        await start("sdes", false);
        line.agent.dial("out-1", "200", false);
        expect(await reasonOf()).toEqual({code: "openSignalling", sip: null});
        expect(line.logLines.join("\n")).toContain(
            "the account demands encryption, whose keys tcp would carry in clear",
        );
        expect(line.wire.unclaimed).toEqual([]);
    });

    it("that demands keys ends when they answer without", async () => {
        await start("sdes");
        const invite = await dial(line);
        expect(invite.body).toContain(" RTP/SAVP 8");
        await answered(invite, sdpBody());
        await line.wire.next("BYE");
        expect(await reasonOf()).toEqual({code: "notSecure", sip: 200});
        expect(line.engine.sessions[0]?.started).toEqual([]);
    });

    it("that demands keys, and is refused for its media, was refused for them", async () => {
        await start("sdes");
        line.wire.send(responseTo(await dial(line), 488, "Not Acceptable Here"));
        expect(await reasonOf()).toEqual({code: "notSecure", sip: 488});
    });

    it("that lacks a codec is no matter of keys", async () => {
        await start("sdes");
        await answered(await dial(line), secureBody(key).replaceAll("SAVP 8", "SAVP 18"));
        await line.wire.next("BYE");
        expect((await reasonOf()).code).toBe("notAcceptable");
    });

    it("rings on when its early media lack the keys that it demands", async () => {
        await start("sdes");
        const invite = await dial(line);
        line.wire.send(responseTo(invite, 183, "Progress", {contact, body: sdpBody()}));
        expect(await line.next("progress")).toMatchObject({media: false});
        await answered(invite, secureBody(key));
        expect(await line.next("security")).toMatchObject({security: "hop"});
        await line.next("confirmed");
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });
});

describe("an emergency call", () => {
    it("is offered as the account wants it, and taken as it comes", async () => {
        await start("sdes");
        const invite = await dial(line, "112", "out-1", true);
        expect(invite.body).toContain(" RTP/SAVP 8");
        await answered(invite, sdpBody());
        expect(await line.next("security")).toMatchObject({security: "none", suite: null});
        await line.next("confirmed");
        line.agent.hangUp("out-1");
        await line.wire.next("BYE");
    });

    it("is made again in RTP/AVP where they refuse the media, once", async () => {
        await start("sdes");
        line.wire.send(responseTo(await dial(line, "112", "out-1", true), 488, "Not Acceptable Here"));
        await line.wire.next("ACK");
        const again = await line.wire.next("INVITE");
        expect(again.body).toContain(" RTP/AVP 8");
        expect(again.header("Priority")).toBe("emergency");
        line.wire.send(responseTo(again, 488, "Not Acceptable Here"));
        expect(await reasonOf()).toEqual({code: "notAcceptable", sip: 488});
    });

    it("is made in clear where keys must not be told", async () => {
        await start("sdes", false);
        const invite = await dial(line, "112", "out-1", true);
        expect(invite.body).not.toContain("a=crypto");
        line.agent.hangUp("out-1");
    });
});

describe("a call that comes", () => {
    const invited = (body: string): void =>
        line.wire.send(requestText("INVITE", {callId: "in", from: caller, body, headers: [`Contact: ${contact}`]}));

    it.each([
        ["keys", secureBody(key), "hop"],
        ["no keys", sdpBody(), "none"],
        ["no offer", "", null],
    ] as const)("with %s says so before it rings", async (_, body, security) => {
        await start("best");
        invited(body);
        expect(await line.next("incoming")).toMatchObject({security});
        line.agent.reject("in-1", 486);
        expect((await line.wire.next(486)).method).toBe("INVITE");
    });

    it("is answered with a key under its tag, and keeps it when they ask again", async () => {
        await start("best");
        invited(secureBody(key));
        await line.next("incoming");
        line.agent.answer("in-1");
        const ok = await line.wire.next(200);
        expect(ok.body).toMatch(/^m=audio \d+ RTP\/SAVP 8 101\r\na=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:/m);
        const dialog = dialogOf(ok);
        line.wire.send(requestText("ACK", {...dialog, cseq: 1}));
        expect(await line.next("security")).toMatchObject({call: "in-1", security: "hop"});
        await line.next("confirmed");
        line.wire.send(requestText("INVITE", {...dialog, cseq: 2, body: secureBody({...key, seed: 2})}));
        const second = await line.wire.next(200);
        expect(keysIn(second.body)).toEqual(keysIn(ok.body));
        line.wire.send(requestText("ACK", {...dialog, cseq: 2}));
        // Without keys from now on: the phone hears of it.
        line.wire.send(requestText("INVITE", {...dialog, cseq: 3, body: sdpBody()}));
        await line.wire.next(200);
        line.wire.send(requestText("ACK", {...dialog, cseq: 3}));
        expect(await line.next("security")).toMatchObject({security: "none"});
        line.agent.hangUp("in-1");
        await line.wire.next("BYE");
    });

    it.each([
        ["plain", true, secureBody(key), 'Warning: 303 phone.invalid "m=audio (line 6) is RTP/SAVP, not RTP/AVP"'],
        ["sdes", true, sdpBody(), 'Warning: 303 phone.invalid "m=audio (line 6) has no a=crypto"'],
        ["sdes", false, secureBody(key), "whose keys tcp would carry in clear"],
    ] as const)("is refused by %s (keys over clear: %s) before it rings", async (media, over, body, warning) => {
        await start(media, over);
        invited(body);
        const refusal = await line.wire.next(488);
        expect(`Warning: ${refusal.header("Warning")}`).toContain(warning);
        expect(line.events.filter(({type}) => type === "incoming")).toEqual([]);
    });

    it("that the phone finds too little protected is refused with the reason", async () => {
        await start("best");
        invited(sdpBody());
        await line.next("incoming");
        line.agent.reject("in-1", 488);
        expect((await line.wire.next(488)).header("Warning")).toBe(
            '303 phone.invalid "the media are not protected as demanded"',
        );
        expect(await reasonOf()).toEqual({code: "declined", sip: 488});
    });

    it("keeps its keys over hold and resume", async () => {
        await start("best");
        const invite = await dial(line);
        await answered(invite, best);
        await line.next("confirmed");
        for (const held of [true, false]) {
            line.agent.setHold("out-1", held);
            const reinvite = await line.wire.next("INVITE");
            expect(keysIn(reinvite.body)).toEqual(keysIn(invite.body));
            line.wire.send(responseTo(reinvite, 200, "OK", {contact, body: best}));
            await line.wire.next("ACK");
            expect(await line.next("hold")).toMatchObject({held});
        }
        const [first, ...others] = line.engine.sessions[0]?.started.map(({security}) => security) ?? [];
        expect(others).toEqual([first, first]);
        line.wire.send(within(invite, "BYE"));
        await line.wire.next(200);
    });
});
