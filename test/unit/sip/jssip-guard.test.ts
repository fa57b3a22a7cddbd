/** Each guard by a scene that goes wrong when all guards but that one are installed. */
import {once} from "node:events";
import jssip from "jssip";
import {afterEach, beforeEach, describe, expect, it, vi} from "vitest";
import {guardDigest, guardRealms} from "../../../firmware/sip/digest.ts";
import {guardHold} from "../../../firmware/sip/guard-hold.ts";
import {guardRandom} from "../../../firmware/sip/guard-random.ts";
import {internals, UA} from "../../../firmware/sip/jssip.ts";
import {
    GUARDED_VERSION,
    guardGlare,
    guardRefusedAnswer,
    guardReplaces,
    guardRetry,
    guardStrayAnswers,
    guards,
    guardUserEscapes,
    installJsSipGuard,
} from "../../../firmware/sip/jssip-guard.ts";
import {correctedUserAgent, SipUserAgent} from "../../../firmware/sip/user-agent.ts";
import {installRecordingPeerConnection, RecordingPeerConnection} from "../../fakes/recording-peer-connection.ts";
import {guardedJsSip} from "../../support/fresh-jssip.ts";
import {
    CONTACT,
    ownTagOf,
    placeCall,
    placedCall,
    receivedCall,
    type ScriptedUa,
    settled,
    startScriptedUa,
} from "../../support/scripted-ua.ts";
import {requestText, responseTo, sdpBody, tagOf} from "../../support/sip-peer.ts";

type Guard = (typeof guards)[number];

const running: ScriptedUa[] = [];

beforeEach(installRecordingPeerConnection);

afterEach(async () => {
    vi.restoreAllMocks();
    for (const scripted of running.splice(0)) await scripted.stop();
});

async function start(omitted: Guard | null, configuration?: Readonly<Record<string, unknown>>): Promise<ScriptedUa> {
    const scripted = await startScriptedUa(correctedUserAgent(guardedJsSip(omitted).UA) as never, configuration);
    running.push(scripted);
    return scripted;
}

/** Plays a scene with all guards but one and with all; each plays on a fresh JsSIP. */
async function bothWays<T>(guard: Guard, scene: (scripted: ScriptedUa) => Promise<T>): Promise<{alone: T; guarded: T}> {
    const alone = await scene(await start(guard));
    installRecordingPeerConnection();
    return {alone, guarded: await scene(await start(null))};
}

describe("guardStrayAnswers", () => {
    it("ends the second leg of a forked call and leaves the first alone", async () => {
        const {alone, guarded} = await bothWays(guardStrayAnswers, async (scripted) => {
            const {connection} = scripted;
            const {invite, session} = await placedCall(scripted);
            const other = {tag: "other", contact: "<sip:201@127.0.0.1:5098>", body: sdpBody()};
            connection.send(responseTo(invite, 200, "OK", other));
            const ack = await connection.next("ACK");
            const bye = await connection.next("BYE");
            connection.send(responseTo(bye, 200, "OK"));
            await settled(connection);
            return {
                tags: [ack, bye].map((each) => tagOf(each.header("To"))),
                uri: bye.startLine,
                ended: session.isEnded(),
            };
        });
        expect(alone.tags).toEqual(["peer", "peer"]);
        expect(guarded).toEqual({
            tags: ["other", "other"],
            uri: "BYE sip:201@127.0.0.1:5098 SIP/2.0",
            ended: false,
        });
    });

    it("acknowledges the second leg's repeated 200, with one BYE only", async () => {
        const scripted = await start(null);
        const {connection} = scripted;
        const {invite} = await placedCall(scripted);
        const answer = responseTo(invite, 200, "OK", {tag: "other", contact: CONTACT, body: sdpBody()});
        connection.send(answer);
        await connection.next("BYE");
        await connection.next("ACK");
        connection.send(answer);
        expect(tagOf((await connection.next("ACK")).header("To"))).toBe("other");
        await settled(connection);
        expect(connection.unclaimed).toEqual([]);
    });

    it("ignores a 200 that only carries our branch", async () => {
        const {alone, guarded} = await bothWays(guardStrayAnswers, async (scripted) => {
            const {connection} = scripted;
            const {invite} = await placedCall(scripted);
            const answer = responseTo(invite, 200, "OK", {contact: CONTACT, body: sdpBody()});
            connection.send(answer.replace(/From: .*/, "From: <sip:100@phone.test>;tag=nobody"));
            await settled(connection);
            return connection.unclaimed.map((line) => line.split(" ")[0]);
        });
        expect(alone).toEqual(["ACK", "BYE"]);
        expect(guarded).toEqual([]);
    });

    it("ends a call whose 200 crosses our CANCEL", async () => {
        const {alone, guarded} = await bothWays(guardStrayAnswers, async (scripted) => {
            const {connection} = scripted;
            const {invite, session} = await placeCall(scripted);
            const ringing = once(session, "progress");
            connection.send(responseTo(invite, 180, "Ringing", {contact: CONTACT}));
            await ringing;
            session.terminate();
            await connection.next("CANCEL");
            connection.send(responseTo(invite, 200, "OK", {contact: CONTACT, body: sdpBody()}));
            await settled(connection);
            return connection.unclaimed.map((line) => line.split(" ")[0]);
        });
        expect(alone).toEqual([]);
        expect(guarded).toEqual(["ACK", "BYE"]);
    });

    it("ends a call whose first answer is a 200 after we gave up", async () => {
        const scripted = await start(null);
        const {connection} = scripted;
        const {invite, session} = await placeCall(scripted);
        session.terminate();
        connection.send(responseTo(invite, 200, "OK", {contact: CONTACT, body: sdpBody()}));
        const bye = await connection.next("BYE");
        connection.send(responseTo(bye, 200, "OK"));
        await settled(connection);
        expect(connection.unclaimed.map((line) => line.split(" ")[0])).toEqual(["ACK"]);
    });
});

describe("guardRefusedAnswer", () => {
    it.each([
        ["without SDP", ""],
        ["with SDP that is refused", sdpBody()],
    ])("closes the peer connection after a 200 %s, and fails once", async (_, body) => {
        const {alone, guarded} = await bothWays(guardRefusedAnswer, async (scripted) => {
            const {connection} = scripted;
            const {invite, session} = await placeCall(scripted);
            RecordingPeerConnection.refusal = new Error("refused");
            let failures = 0;
            session.on("failed", () => {
                failures += 1;
            });
            const failed = once(session, "failed");
            connection.send(responseTo(invite, 200, "OK", {contact: CONTACT, body}));
            await failed;
            const bye = await connection.next("BYE");
            connection.send(responseTo(bye, 200, "OK"));
            await settled(connection);
            return {closed: RecordingPeerConnection.all[0]?.closed, failures};
        });
        expect(alone.closed).toBe(false);
        expect(guarded).toEqual({closed: true, failures: 1});
    });

    it("fails once where a 200 lacks its Contact", async () => {
        const scripted = await start(null);
        const {invite, session} = await placeCall(scripted);
        let failures = 0;
        session.on("failed", () => {
            failures += 1;
        });
        scripted.connection.send(responseTo(invite, 200, "OK"));
        await settled(scripted.connection);
        expect(failures).toBe(1);
        expect(RecordingPeerConnection.all[0]?.closed).toBe(true);
    });
});

describe("guardReplaces", () => {
    const replacesOf = async (scripted: ScriptedUa, isIncoming: boolean): Promise<string> => {
        const {connection} = scripted;
        const {session} = await placedCall(scripted);
        const consultation = isIncoming ? await receivedCall(scripted) : await placedCall(scripted);
        session.refer("sip:200@phone.test", {replaces: consultation.session});
        const refer = await connection.next("REFER");
        const replaces = decodeURIComponent(/Replaces=([^>]+)/.exec(refer.header("Refer-To"))?.[1] ?? "");
        const own = isIncoming ? tagOf(consultation.invite.header("To")) : ownTagOf(consultation.invite);
        const named = replaces
            .replace(own, "OURS")
            .replace(isIncoming ? "caller" : "=peer", isIncoming ? "THEIRS" : "=THEIRS");
        return named.split(";").slice(1).sort().join(";");
    };

    it("names the tags of both sides rightly where the consultation call came in", async () => {
        const {alone, guarded} = await bothWays(guardReplaces, (scripted) => replacesOf(scripted, true));
        expect(alone).toBe("from-tag=THEIRS;to-tag=OURS");
        expect(guarded).toBe("from-tag=OURS;to-tag=THEIRS");
    });

    it("names them rightly where we placed it", async () => {
        expect(await replacesOf(await start(null), false)).toBe("from-tag=OURS;to-tag=THEIRS");
    });
});

describe("guardGlare", () => {
    it("does not hand an offer to the peer connection that was answered with 491", async () => {
        const {alone, guarded} = await bothWays(guardGlare, async (scripted) => {
            const {connection} = scripted;
            const {session, dialog} = await receivedCall(scripted);
            session.hold();
            await connection.next("INVITE");
            connection.send(requestText("INVITE", {...dialog, body: sdpBody()}));
            await connection.next(491);
            await settled(connection);
            return RecordingPeerConnection.all[0]?.calls.filter((call) => call === "remote offer").length;
        });
        expect(alone).toBe(2);
        expect(guarded).toBe(1);
    });
});

describe("guardRetry", () => {
    it("repeats a re-INVITE after 491 with a new CSeq, and with an ACK that matches it", async () => {
        // No chance: the side that does not own the Call-ID waits 0 s.
        vi.spyOn(Math, "random").mockReturnValue(0);
        const {alone, guarded} = await bothWays(guardRetry, async (scripted) => {
            const {connection} = scripted;
            const {session} = await receivedCall(scripted);
            session.hold();
            const first = await connection.next("INVITE");
            connection.send(responseTo(first, 491, "Request Pending"));
            await connection.next("ACK");
            const second = await connection.next("INVITE");
            connection.send(responseTo(second, 200, "OK", {contact: CONTACT, body: sdpBody(40_000, "recvonly")}));
            const ack = await connection.next("ACK");
            return [first, second, ack].map((message) => Number.parseInt(message.header("CSeq"), 10));
        });
        expect(alone[1]).toBe(alone[0]);
        expect(guarded[1]).toBeGreaterThan(guarded[0] ?? 0);
        expect(guarded[2]).toBe(guarded[1]);
    });

    it("does not repeat it when the call is over", async () => {
        vi.spyOn(Math, "random").mockReturnValue(0.001);
        const {alone, guarded} = await bothWays(guardRetry, async (scripted) => {
            const {connection} = scripted;
            const {session, dialog} = await receivedCall(scripted);
            session.hold();
            connection.send(responseTo(await connection.next("INVITE"), 491, "Request Pending"));
            connection.send(requestText("BYE", dialog));
            await connection.next(200);
            await new Promise((resolve) => setTimeout(resolve, 1_100));
            return connection.unclaimed.filter((line) => line.startsWith("INVITE")).length;
        });
        expect(alone).toBe(1);
        expect(guarded).toBe(0);
    });
});

describe("guardHold", () => {
    it.each(["hold", "renegotiate"] as const)("goes on with the call when a %s is refused", async (method) => {
        const {alone, guarded} = await bothWays(guardHold, async (scripted) => {
            const {connection} = scripted;
            const {session} = await placedCall(scripted);
            const failed: string[] = [];
            session.on(`${method}failed`, ({response}: {response: {status_code: number}}) => {
                failed.push(`${method} ${response.status_code}`);
            });
            session[method]();
            connection.send(responseTo(await connection.next("INVITE"), 488, "Not Acceptable Here"));
            await settled(connection);
            const byes = connection.unclaimed.filter((line) => line.startsWith("BYE")).length;
            const rolledBack = RecordingPeerConnection.all[0]?.calls.includes("local rollback");
            return {byes, ended: session.isEnded(), held: session.isOnHold().local, failed, rolledBack};
        });
        expect(alone).toMatchObject({byes: 1, ended: true, failed: []});
        expect(guarded).toEqual({byes: 0, ended: false, held: false, failed: [`${method} 488`], rolledBack: true});
    });

    it("stays on hold when the unhold is refused, and can be resumed later", async () => {
        const scripted = await start(null);
        const {connection} = scripted;
        const {session} = await placedCall(scripted);
        const answerNext = async (status: number): Promise<void> => {
            const body = status === 200 ? sdpBody() : "";
            connection.send(responseTo(await connection.next("INVITE"), status, "Whatever", {contact: CONTACT, body}));
            await connection.next("ACK");
            await settled(connection);
        };
        session.hold();
        await answerNext(200);
        session.unhold();
        await answerNext(500);
        expect(session.isOnHold().local).toBe(true);
        session.unhold();
        await answerNext(200);
        expect(session.isOnHold().local).toBe(false);
        expect(session.isEnded()).toBe(false);
    });

    it("does nothing where a re-INVITE is under way or the call is over", async () => {
        const scripted = await start(null);
        const {session} = await placedCall(scripted);
        expect(session.hold()).toBe(true);
        expect(session.hold()).toBe(false);
        await scripted.connection.next("INVITE");
        expect(session.renegotiate()).toBe(false);
        session.terminate();
        expect(session.unhold()).toBe(false);
    });
});

describe("guardUserEscapes", () => {
    it("hangs up on a peer whose Contact has a percent sign in its user", async () => {
        const scripted = await start(null);
        const {connection} = scripted;
        const {invite, session} = await placeCall(scripted);
        const confirmed = once(session, "confirmed");
        connection.send(responseTo(invite, 200, "OK", {contact: "<sip:50%25@192.0.2.1>", body: sdpBody()}));
        await confirmed;
        session.terminate();
        expect((await connection.next("BYE")).startLine).toBe("BYE sip:50%25@192.0.2.1 SIP/2.0");
        // In JsSIP alone the ACK throws into a promise that nobody waits for, which ends the process.
        expect(() => guardedJsSip(guardUserEscapes).internals.Utils.escapeUser("50%")).toThrow(URIError);
    });
});

describe("guardRandom", () => {
    it("takes tags, Call-IDs and UUIDs from the cryptographic source", () => {
        vi.spyOn(Math, "random").mockReturnValue(0.5);
        const twice = (omitted: Guard | null): boolean[] => {
            const {Utils} = guardedJsSip(omitted).internals;
            const makers = [Utils.newTag, Utils.newUUID, () => Utils.createRandomToken(22)];
            return makers.map((make) => new Set([make(), make()]).size === 1);
        };
        expect(twice(guardRandom)).toEqual([true, true, true]);
        expect(twice(null)).toEqual([false, false, false]);
        const {Utils} = guardedJsSip(null).internals;
        expect(Utils.createRandomToken(22)).toMatch(/^[0-9a-v]{22}$/);
    });
});

const challenge = (kind: "WWW" | "Proxy", realm: string, algorithm: string): string =>
    `${kind}-Authenticate: Digest realm="${realm}", nonce="n-${realm}", algorithm=${algorithm}, qop="auth"`;

describe("guardDigest", () => {
    it("answers a challenge with SHA-256", async () => {
        const {alone, guarded} = await bothWays(guardDigest, async (scripted) => {
            const {connection} = scripted;
            const {invite, session} = await placeCall(scripted);
            let status = 0;
            session.on("failed", ({message}: {message: {status_code: number}}) => {
                status = message.status_code;
            });
            const headers = [challenge("Proxy", "a", "SHA-256")];
            connection.send(responseTo(invite, 407, "Proxy Authentication Required", {headers}));
            await settled(connection);
            return {status, repeated: connection.unclaimed.filter((line) => line.startsWith("INVITE")).length};
        });
        expect(alone).toEqual({status: 407, repeated: 0});
        expect(guarded).toEqual({status: 0, repeated: 1});
    });
});

describe("guardRealms", () => {
    it("answers the server behind the proxy too, and keeps the proxy's credentials", async () => {
        const {alone, guarded} = await bothWays(guardRealms, async (scripted) => {
            const {connection} = scripted;
            const {invite, session} = await placeCall(scripted);
            let status = 0;
            session.on("failed", ({message}: {message: {status_code: number}}) => {
                status = message.status_code;
            });
            connection.send(responseTo(invite, 407, "Denied", {headers: [challenge("Proxy", "proxy", "MD5")]}));
            const second = await connection.next("INVITE");
            connection.send(responseTo(second, 401, "Denied", {headers: [challenge("WWW", "server", "MD5")]}));
            await settled(connection);
            if (status !== 0) return {status};
            const third = await connection.next("INVITE");
            return {proxy: third.header("Proxy-Authorization"), server: third.header("Authorization")};
        });
        expect(alone).toEqual({status: 401});
        expect(guarded.proxy).toContain('realm="proxy"');
        expect(guarded.server).toContain('realm="server"');
    });

    it("answers a stale nonce once more, counting from 1 again", async () => {
        const scripted = await start(null);
        const {connection} = scripted;
        const {invite} = await placeCall(scripted);
        const header = challenge("WWW", "a", "SHA-256");
        connection.send(responseTo(invite, 401, "Denied", {headers: [header]}));
        const second = await connection.next("INVITE");
        const stale = `${header.replace("n-a", "fresh")}, stale=true`;
        connection.send(responseTo(second, 401, "Denied", {headers: [stale]}));
        const third = await connection.next("INVITE");
        expect(third.header("Authorization")).toContain('nonce="fresh"');
        expect(third.header("Authorization")).toContain("nc=00000001");
    });

    it("gives up at a server that invents realm after realm, and at a wrong password", async () => {
        const scripted = await start(null);
        const {connection} = scripted;
        for (const realmOf of [(round: number) => `realm-${round}`, () => "same"]) {
            const {invite, session} = await placeCall(scripted);
            const failed = once(session, "failed");
            let request = invite;
            let rounds = 0;
            for (; !session.isEnded(); rounds += 1) {
                const headers = [challenge("WWW", realmOf(rounds), "MD5")];
                connection.send(responseTo(request, 401, "Denied", {headers}));
                await settled(connection);
                if (!session.isEnded()) request = await connection.next("INVITE");
            }
            await failed;
            expect(rounds).toBeLessThanOrEqual(5);
        }
    });
});

describe("the user agent", () => {
    const challengedTwice = async (Class: typeof UA): Promise<{repeated: number; branches: string[]}> => {
        installJsSipGuard();
        const scripted = await startScriptedUa(Class, {register: true});
        running.push(scripted);
        const {connection, ua} = scripted;
        const registered = new Promise<void>((resolve) => {
            ua.once("registered", () => resolve());
        });
        const first = await connection.next("REGISTER");
        connection.send(responseTo(first, 401, "Unauthorized", {headers: [challenge("WWW", "a", "MD5")]}));
        const second = await connection.next("REGISTER");
        connection.send(responseTo(second, 200, "OK", {contact: second.header("Contact")}));
        await registered;
        const {invite} = await placeCall(scripted);
        connection.send(responseTo(invite, 407, "Denied", {headers: [challenge("Proxy", "b", "MD5")]}));
        await settled(connection);
        const branches = [first, second, invite].map(({header}) => /branch=(\S+)/.exec(header("Via"))?.[1] ?? "");
        return {repeated: connection.unclaimed.filter((line) => line.startsWith("INVITE")).length, branches};
    };

    it("keeps the password, so that a second realm can be answered", async () => {
        expect((await challengedTwice(UA)).repeated).toBe(0);
        expect((await challengedTwice(SipUserAgent as never)).repeated).toBe(1);
    });

    it("has branches that nobody can guess", async () => {
        expect((await challengedTwice(UA)).branches[0]).toMatch(/^z9hG4bK\d{1,7}$/);
        const {branches} = await challengedTwice(SipUserAgent as never);
        for (const branch of branches) expect(branch).toMatch(/^z9hG4bK[0-9a-f]{24}$/);
        expect(new Set(branches).size).toBe(3);
    });
});

describe("the installation", () => {
    it("is for one version of JsSIP", () => {
        expect(internals.version).toBe(GUARDED_VERSION);
        expect(guards).toHaveLength(11);
    });

    it("turns off the log that prints whole messages", () => {
        jssip.debug.enable("JsSIP:*");
        expect(jssip.debug.enabled("JsSIP:Transport")).toBe(true);
        installJsSipGuard();
        expect(jssip.debug.enabled("JsSIP:Transport")).toBe(false);
    });

    it("corrects each method once, however often it is asked for", () => {
        installJsSipGuard();
        const before = internals.RtcSession.prototype._receiveInviteResponse;
        installJsSipGuard();
        expect(internals.RtcSession.prototype._receiveInviteResponse).toBe(before);
    });
});
