import {randomBytes} from "node:crypto";
import {setTimeout as sleep} from "node:timers/promises";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {type BadDay, echoIsHeard, putDown, startBadDay, talkToEcho} from "../support/bad-day.ts";
import {RtpEcho, SCRIPTED_PASSWORD, ScriptedAccount, type ScriptedCall} from "../support/scripted-account.ts";
import {requestText, responseTo, sdpBody} from "../support/sip-peer.ts";

let day: BadDay;
let script: ScriptedAccount;
let far: RtpEcho;

beforeAll(async () => {
    day = await startBadDay();
    day.secrets.add(SCRIPTED_PASSWORD);
    script = await ScriptedAccount.add(day.bench);
    far = await RtpEcho.open();
});
afterEach(({task}) => {
    if (task.result?.state === "fail") console.log(day?.bench.process.log.slice(-40).join("\n"));
});
afterAll(async () => {
    far?.close();
    await script?.close();
    await day?.close();
});

/** Calls, is answered by lifting and hears the phone. Returns the call and the answer. */
async function answeredCall(
    body: string,
): Promise<{call: ScriptedCall; answer: Awaited<ReturnType<ScriptedCall["final"]>>}> {
    const call = script.invite(body);
    await day.bench.phase("ringing");
    await day.bench.board.lift();
    const answer = await call.final();
    expect(answer.status).toBe(200);
    return {call, answer};
}

describe("garbage on the SIP connection, while another account talks", () => {
    const head = "OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5099;branch=z9hG4bKbad\r\n";
    const garbage: readonly (readonly [string, Buffer | string])[] = [
        ["random bytes without an end", randomBytes(64 * 1024)],
        ["random bytes that look like a message's end", Buffer.concat([randomBytes(200), Buffer.from("\r\n\r\n")])],
        ["a header that never ends", `${head}Subject: ${"a".repeat(100_000)}`],
        ["a thousand header fields", `${head}${"X-A: bbbbbbbbbbbbbbbbb\r\n".repeat(1_000)}`],
        ["a negative Content-Length", `${head}Content-Length: -1\r\n\r\n`],
        ["a Content-Length of a gigabyte", `${head}Content-Length: 1000000000\r\n\r\n`],
        ["two Content-Lengths", `${head}Content-Length: 0\r\nContent-Length: 9\r\n\r\n`],
        ["no Content-Length", `${head}\r\n`],
        ["a page of HTTP", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"],
    ];

    it("takes no part of the talk", async () => {
        await talkToEcho(day.bench);
        expect(day.bench.said.calls?.length).toBe(1);
    });

    for (const [name, bytes] of garbage) {
        it(`is answered by a new connection: ${name}`, async () => {
            const {wire} = script;
            wire.send(bytes);
            await wire.closed;
            await script.accept();
            await script.answersOptions();
            await day.bench.phase("talking");
        });
    }

    it("that ends in the middle of a message is found by the next keep-alive", async () => {
        const {wire} = script;
        wire.send(head);
        await wire.closed;
        await script.accept();
        await script.answersOptions();
    });

    it("is nothing that the other account's talk would hear", async () => {
        await echoIsHeard(day.bench);
        expect(day.bench.said.accounts?.[0]?.registered).toBe(true);
        await putDown(day.bench);
        await day.harmless();
    });
});

describe("an INVITE whose SDP is not what it should be", () => {
    it("without SDP is answered with an offer, and talked in", async () => {
        const {call, answer} = await answeredCall("");
        expect(answer.body).toMatch(/^m=audio \d+ RTP\/AVP /m);
        call.send("ACK", answer, {body: sdpBody(far.port)});
        await day.bench.phase("talking");
        await echoIsHeard(day.bench);
        await putDown(day.bench);
        const bye = await script.wire.next("BYE");
        script.wire.send(responseTo(bye, 200, "OK"));
        await day.harmless();
    });

    it("without SDP, and none in the ACK, ends and leaves nothing open", async () => {
        const {call, answer} = await answeredCall("");
        call.send("ACK", answer);
        const bye = await script.wire.next("BYE");
        script.wire.send(responseTo(bye, 200, "OK"));
        await day.bench.phase("none");
        await putDown(day.bench);
        await day.harmless();
    });

    const strange = sdpBody(40_000)
        .replace("RTP/AVP 8 101", "RTP/AVP 18 96")
        .replaceAll("a=rtpmap:8 PCMA/8000\r\n", "");
    const refused: readonly (readonly [string, string])[] = [
        ["no codec that we know", strange.replace("a=rtpmap:101 telephone-event/8000", "a=rtpmap:96 EVS/16000")],
        ["only video", sdpBody(40_000).replace("m=audio", "m=video")],
        ["a stream that is refused already", sdpBody(0)],
        ["random bytes", randomBytes(300).toString("latin1")],
        ["JSON", '{"type": "offer"}'],
        ["a port that is none", sdpBody(70_000)],
        ["an address that is none", sdpBody(40_000).replace("IP4 127.0.0.1\r\nt=", "IP4 999.1.2.3\r\nt=")],
    ];
    for (const [name, body] of refused) {
        it(`with ${name} is refused with 488 and does not ring`, async () => {
            const phases = new Set<string>();
            day.bench.board.onSaid(({calls}) => {
                for (const {phase} of (calls ?? []) as {phase: string}[]) phases.add(phase);
            });
            const call = script.invite(body);
            const answer = await call.final();
            expect(answer.status).toBe(488);
            call.send("ACK", answer);
            await script.answersOptions();
            expect([...phases]).toEqual([]);
        });
    }

    it("leaves a phone that calls", () => day.harmless());
});

describe("a caller who gives up while the handset is being lifted", () => {
    it("is let go where the CANCEL came before the lifting", async () => {
        const call = script.invite(sdpBody(far.port));
        await day.bench.phase("ringing");
        call.cancel();
        await day.bench.board.lift();
        const answer = await call.final();
        expect(answer.status).toBe(487);
        await day.bench.phase("none");
        expect(day.bench.handset.isOpen("capture")).toBe(false);
        await putDown(day.bench);
        await day.harmless();
    });

    it("is talked to where the 200 came before the CANCEL, until its BYE", async () => {
        const {call, answer} = await answeredCall(sdpBody(far.port));
        call.cancel();
        await script.wire.nextWhere(({method, status}) => method === "CANCEL" && status > 0, "answer to CANCEL");
        call.send("ACK", answer);
        await day.bench.phase("talking");
        await echoIsHeard(day.bench);
        call.send("BYE", answer, {cseq: 2});
        await script.wire.nextWhere(({method, status}) => method === "BYE" && status === 200, "200 to BYE");
        await day.bench.phase("none");
        await day.bench.glass.shows("Other side hung up");
        await putDown(day.bench);
        await day.harmless();
    });

    it("is never left half in a call, whichever comes first", async () => {
        const outcomes = new Set<number>();
        for (let round = 0; round < 12; round += 1) {
            const call = script.invite(sdpBody(far.port));
            await day.bench.phase("ringing");
            // The contact is debounced for 20 ms: from clearly before to clearly after.
            const lifted = day.bench.board.lift();
            await sleep(round * 4);
            call.cancel();
            const answer = await call.final();
            call.send("ACK", answer);
            if (answer.status === 200) call.send("BYE", answer, {cseq: 2});
            outcomes.add(answer.status);
            await lifted;
            await day.bench.phase("none");
            await putDown(day.bench);
        }
        expect([...outcomes].every((status) => status === 200 || status === 487)).toBe(true);
        await day.harmless();
    });
});

describe("an end that is not in good order", () => {
    it("of both sides at once is one end", async () => {
        const {call, answer} = await answeredCall(sdpBody(far.port));
        call.send("ACK", answer);
        await day.bench.phase("talking");
        await echoIsHeard(day.bench);
        const down = putDown(day.bench);
        const bye = await script.wire.next("BYE");
        call.send("BYE", answer, {cseq: 2});
        const answered = await script.wire.nextWhere(
            ({method, status}) => method === "BYE" && status >= 200,
            "answer to BYE",
        );
        expect([200, 481]).toContain(answered.status);
        script.wire.send(responseTo(bye, 200, "OK"));
        await down;
        const rows = await day.bench.console.type("calls");
        expect(rows).toMatch(/received +200/);
        await day.harmless();
    });

    it("by a caller whose ACK never comes is told and ended by a BYE", async () => {
        const {call, answer} = await answeredCall(sdpBody(far.port));
        const again = await call.final();
        expect(again.header("CSeq")).toBe(answer.header("CSeq"));
        await day.bench.phase("none", 45_000);
        const bye = await script.wire.nextWhere(({method, status}) => method === "BYE" && status === 0, "BYE");
        script.wire.send(responseTo(bye, 200, "OK"));
        await day.bench.glass.shows("Connection lost");
        await putDown(day.bench);
        await day.harmless();
    });

    it("by requests of dialogs that there are not is answered, and that is all", async () => {
        for (const method of ["BYE", "INFO", "UPDATE"]) {
            script.wire.send(requestText(method, {to: "<sip:100@phone.test>;tag=nobody", callId: `no-${method}`}));
            const answer = await script.wire.nextWhere(
                (message) => message.header("Call-ID") === `no-${method}`,
                `an answer to ${method}`,
            );
            expect(answer.status).toBe(481);
        }
        await day.harmless();
    });
});
