/** Both sides of many calls do anything at any moment; what must hold holds all the same. */
import {afterEach, beforeEach, expect, it} from "vitest";
import {contact, type Line, registeredLine, within} from "../../support/agent-line.ts";
import {seededRandom} from "../../support/random.ts";
import {secureBody} from "../../support/sdp-keys.ts";
import {type PeerMessage, requestText, responseTo, sdpBody, tagOf} from "../../support/sip-peer.ts";

const ROUNDS = 25;
const STEPS = 24;

const bodies = [
    "",
    "v=0\r\nrubbish\r\n",
    sdpBody().replaceAll("AVP 8", "AVP 18"),
    sdpBody(40_000),
    sdpBody(40_002, "sendonly"),
    sdpBody(40_004).replace("127.0.0.1", "0.0.0.0"),
    secureBody({tag: 1, suite: "AEAD_AES_256_GCM", seed: 1}, 40_006, "sendrecv", "RTP/AVP"),
    secureBody({tag: 3, suite: "AES_CM_128_HMAC_SHA1_80", seed: 2}, 40_008),
];

/** The far end: it sees all that the phone sends, and does what it likes with it. */
class FarEnd {
    readonly #line: Line;
    readonly #random: () => number;
    /** INVITEs of the phone that begin a call, and those of ours as the phone's responses describe them. */
    readonly invites: PeerMessage[] = [];
    readonly #callIds: string[] = [];
    readonly #tags = new Map<string, string>();
    #cseq = 10;
    #done = false;
    readonly #reading: Promise<void>;

    constructor(line: Line, random: () => number) {
        this.#line = line;
        this.#random = random;
        this.#reading = this.#read();
    }

    #one<Item>(items: readonly Item[]): Item {
        const item = items[Math.floor(this.#random() * items.length)];
        if (item === undefined) throw new RangeError("nothing to choose from");
        return item;
    }

    async #read(): Promise<void> {
        while (!this.#done) {
            const message = await this.#line.wire.nextWhere(() => true);
            if (message.method === "OPTIONS") continue;
            if (message.status === 0) this.#request(message);
            else if (message.method === "INVITE")
                this.#tags.set(message.header("Call-ID"), tagOf(message.header("To")));
        }
    }

    #request(request: PeerMessage): void {
        const {wire} = this.#line;
        switch (request.method) {
            case "INVITE": {
                if (!request.header("To").includes(";tag=")) this.invites.push(request);
                else if (this.#random() < 0.9) this.#answerReinvite(request);
                break;
            }
            case "ACK": {
                break;
            }
            case "CANCEL": {
                wire.send(responseTo(request, 200, "OK"));
                const invite = this.invites.find((each) => each.header("Call-ID") === request.header("Call-ID"));
                if (invite !== undefined && this.#random() < 0.7) wire.send(responseTo(invite, 487, "Terminated"));
                break;
            }
            default: {
                wire.send(
                    responseTo(request, this.#one([200, 200, 481, 500]), "Words", {contact: request.header("Contact")}),
                );
                break;
            }
        }
    }

    #answerReinvite(request: PeerMessage): void {
        const status = this.#one([200, 200, 200, 488, 491, 500]);
        const body = status === 200 ? this.#one(bodies) : "";
        this.#line.wire.send(responseTo(request, status, "Words", {contact, body}));
    }

    act(): void {
        const {wire} = this.#line;
        const invite = this.invites.length === 0 ? null : this.#one(this.invites);
        const callId = this.#callIds.length === 0 ? null : this.#one(this.#callIds);
        const body = this.#one(bodies);
        const tag = this.#one(["peer", "fork"]);
        const actions: (() => void)[] = [
            () => this.#invite(body),
            () => invite && wire.send(responseTo(invite, this.#one([100, 180, 183]), "Words", {contact, body, tag})),
            () => invite && wire.send(responseTo(invite, 200, "OK", {contact, body: this.#one(bodies), tag})),
            () => invite && wire.send(responseTo(invite, 200, "OK", {contact, body: sdpBody()})),
            () => invite && wire.send(responseTo(invite, 200, "OK", {contact, body: sdpBody(40_010)})),
            () => this.#invite(sdpBody(40_012)),
            () => callId && wire.send(requestText("ACK", this.#dialog(callId))),
            () => callId && wire.send(requestText("ACK", {...this.#dialog(callId), body: sdpBody()})),
            () => invite && wire.send(responseTo(invite, this.#one([302, 404, 422, 486, 488, 503, 603]), "No", {tag})),
            () => invite && wire.send(within(invite, this.#one(["BYE", "INFO", "REFER"]), {cseq: this.#cseq++})),
            () => invite && wire.send(within(invite, "INVITE", {cseq: this.#cseq++, body})),
            () => callId && wire.send(requestText("CANCEL", {callId, branch: `z9hG4bK${callId}`})),
            () => callId && wire.send(requestText("ACK", {...this.#dialog(callId), body: this.#one(["", body])})),
            () => callId && wire.send(requestText("BYE", {...this.#dialog(callId), cseq: this.#cseq++})),
            () => callId && wire.send(requestText("INVITE", {...this.#dialog(callId), cseq: this.#cseq++, body})),
        ];
        this.#one(actions)();
    }

    #invite(body: string): void {
        const callId = `walk-${this.#cseq++}`;
        this.#callIds.push(callId);
        this.#line.wire.send(requestText("INVITE", {callId, branch: `z9hG4bK${callId}`, body}));
    }

    #dialog(callId: string): {callId: string; to: string} {
        return {callId, to: `<sip:100@phone.test>;tag=${this.#tags.get(callId) ?? "unknown"}`};
    }

    /** Sends something that is answered, so that all before it has been read. */
    async stop(): Promise<void> {
        this.#done = true;
        this.#line.wire.send(requestText("OPTIONS"));
        await this.#reading;
    }
}

let line: Line;
const rejections: unknown[] = [];
const note = (reason: unknown): number => rejections.push(reason);

beforeEach(async () => {
    process.on("unhandledRejection", note);
    line = await registeredLine({keysOverClear: true});
});

afterEach(async () => {
    await line.close();
    process.off("unhandledRejection", note);
});

/** The phone's side of one step. */
function press(random: () => number, round: number, step: number): void {
    const {agent, engine} = line;
    const known = line.events.flatMap((event) => ("call" in event ? [event.call] : []));
    const call = known[known.length - 1 - Math.floor(random() * Math.min(4, known.length))] ?? "none";
    const actions: (() => void)[] = [
        () => agent.dial(`out-${round}-${step}`, random() < 0.9 ? "200" : "", random() < 0.2),
        () => agent.dial(`out-${round}-${step}`, "200", false),
        () => agent.answer(call),
        () => agent.answer(call),
        () => agent.answer(call),
        () => agent.reject(call, 486),
        () => agent.hangUp(call),
        () => agent.setHold(call, random() < 0.5),
        () => agent.sendDigit(call, "5", 100),
        () => {
            engine.failure = random() < 0.1 ? new Error("no port") : null;
        },
        () => {
            const session = engine.sessions.at(-1);
            if (session !== undefined) session.failure = random() < 0.1 ? new Error("no device") : null;
        },
    ];
    actions[Math.floor(random() * actions.length)]?.();
}

it.each([1, 2, 3])("each call ends once and gives its media back (seed %i)", async (seed) => {
    const random = seededRandom(seed).next;
    for (let round = 0; round < ROUNDS; round++) {
        const farEnd = new FarEnd(line, random);
        for (let step = 0; step < STEPS; step++) {
            if (random() < 0.5) farEnd.act();
            else press(random, round, step);
            // Often the network has time, sometimes everything comes at once.
            for (let turns = random() < 0.8 ? 8 : 0; turns > 0; turns--) await new Promise(setImmediate);
        }
        await farEnd.stop();
        const appeared = new Set(line.events.flatMap((event) => ("call" in event ? [event.call] : [])));
        for (const call of appeared) line.agent.hangUp(call);
        await new Promise(setImmediate);
        const ended = line.events.flatMap((event) => (event.type === "ended" ? [event.call] : []));
        const where = `seed ${seed} round ${round}`;
        expect(new Set(ended).size, `${where}: no call ends twice`).toBe(ended.length);
        expect(
            [...appeared].filter((call) => !ended.includes(call)),
            `${where}: every call ends`,
        ).toEqual([]);
        expect(line.engine.open, `${where}: no session is left`).toEqual([]);
        expect(rejections, where).toEqual([]);
        line.engine.failure = null;
    }
    // It is still there.
    line.wire.send(requestText("OPTIONS"));
    await line.wire.nextWhere(({method, status}) => method === "OPTIONS" && status === 200);
    expect(line.events.filter(({type}) => type === "confirmed").length).toBeGreaterThan(1);
});
