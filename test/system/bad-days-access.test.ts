import {join} from "node:path";
import {setTimeout as sleep} from "node:timers/promises";
import {afterAll, afterEach, beforeAll, describe, expect, it} from "vitest";
import {type BadDay, congestionIsHeard, startBadDay} from "../support/bad-day.ts";
import {benchPassword} from "../support/bench-phone.ts";
import {type Certificate, makePki} from "../support/pki.ts";
import {responseTo, SipPeer} from "../support/sip-peer.ts";

const wrong = "not-the-right-word-at-all";

let day: BadDay;

beforeAll(async () => {
    day = await startBadDay();
    day.secrets.add(wrong);
});
afterEach(({task}) => {
    if (task.result?.state === "fail") console.log(day?.bench.process.log.slice(-40).join("\n"));
});
afterAll(async () => {
    await day?.close();
});

/** The lines of kamailio's log that tell of a REGISTER of the phone's. */
function accepted(): number {
    return day.bench.kamailio.process.log.filter((line) => / registered phone over/.test(line)).length;
}

describe("a wrong password", () => {
    it("is said in words, with what to do", async () => {
        await day.bench.console.provision({"account1.password": wrong});
        await day.bench.glass.shows("Wrong password");
        await day.bench.glass.shows("Enter it again");
        await day.bench.says(({accounts}) => accounts?.[0]?.fault === "wrongPassword");
    });

    it("is congestion in the ear, and a lamp", async () => {
        await day.bench.board.lift();
        await congestionIsHeard(day.bench);
        await day.bench.board.putDown();
        expect(day.bench.said.lamps?.service).toBe("blinking");
    });

    it("is not tried again and again: nobody is locked out by a phone", async () => {
        const status = await day.bench.console.type("status");
        expect(status).toMatch(/not registered: wrongPassword \(401/);
        const {log} = day.bench.process;
        const failures = (): number =>
            log.filter((line) => / account 0 not registered: wrongPassword/.test(line)).length;
        const before = failures();
        // Both a lifted handset and a dialled number may not tempt it either.
        await day.bench.board.lift();
        await day.bench.board.dial("600#");
        await day.bench.phase("none", 15_000);
        await day.bench.board.putDown();
        await sleep(5_000);
        expect(failures()).toBe(before);
        expect(accepted()).toBe(1);
    });

    it("is sent to the server once, in an answer to its challenge, and then not for minutes", async () => {
        const {bench} = day;
        const peer = await SipPeer.start();
        try {
            await bench.console.provision({"account1.port": String(peer.port)});
            const wire = await peer.connection();
            const challenge = 'WWW-Authenticate: Digest realm="phone.test", nonce="n1", algorithm=MD5, qop="auth"';
            for (const answered of [false, true]) {
                const register = await wire.next("REGISTER");
                expect(register.header("Authorization") !== "").toBe(answered);
                wire.send(responseTo(register, 401, "Unauthorized", {headers: [challenge]}));
            }
            await bench.says(({accounts}) => accounts?.[0]?.fault === "wrongPassword");
            await bench.board.lift();
            await bench.board.putDown();
            await sleep(6_000);
            expect(peer.received).toEqual([]);
            wire.destroy();
            // A connection that is cut may come back; the password may not be tried on it.
            await sleep(4_000);
            expect(peer.received).toEqual([]);
            await bench.glass.shows("Wrong password");
        } finally {
            await peer.close();
            await bench.console.provision({"account1.port": String(bench.kamailio.tcp)});
        }
    });

    it("is over with the right one, at once", async () => {
        await day.bench.console.provision({"account1.password": benchPassword});
        await day.bench.registered(10_000);
        await day.bench.glass.shows("ready");
        await day.harmless();
    });
});

describe("a server that cannot be trusted", () => {
    let strange: Certificate;

    const certificate = (name: string): Certificate => {
        const folder = join(day.bench.options.folder, "kamailio", "pki");
        return {certPem: join(folder, `${name}.pem`), keyPem: join(folder, `${name}.key`)};
    };

    beforeAll(async () => {
        strange = (await makePki(join(day.bench.options.folder, "strange-pki"))).server;
    });

    const untrusted: readonly (readonly [string, () => Certificate, RegExp])[] = [
        ["of a strange authority", () => strange, /unknown authority/],
        ["for another name", () => certificate("wrong-name"), /another name/],
        ["that has expired", () => certificate("expired"), /has expired/],
        ["signed by itself", () => certificate("self-signed"), /unknown authority/],
    ];
    for (const transport of ["tls", "wss"] as const) {
        for (const [name, certificateOf, words] of untrusted) {
            it(`over ${transport}, with a certificate ${name}, is told nothing and named in words`, async () => {
                const {bench} = day;
                const peer = await SipPeer.start({transport, certificate: certificateOf()});
                try {
                    await bench.console.provision({
                        "account1.transport": transport,
                        "account1.port": String(peer.port),
                    });
                    await bench.process.logs(new RegExp(`:${peer.port}.*${words.source}`));
                    await bench.glass.shows("Server not trusted");
                    await bench.glass.shows("Check certificate");
                    expect(await bench.console.type("status")).toMatch(words);
                    expect(bench.said.accounts?.[0]?.fault).toBe("certificate");
                    expect(peer.received).toEqual([]);
                } finally {
                    await peer.close();
                }
            });
        }
    }

    it("is forgotten with the right one", async () => {
        await day.bench.console.provision({
            "account1.transport": "tls",
            "account1.port": String(day.bench.kamailio.tls),
        });
        await day.bench.registered();
        await day.harmless();
    });
});
