/**
 * From the debounced lift to the 200 OK on the wire, and from the path that ICE found to the keys of DTLS.
 *
 *     node test/bench/answer.ts [--calls N]
 *
 * The phone is the firmware bundle; the far end is in this process: a scripted SIP peer over TCP, and for ICE our own
 * peer connection on an engine of its own. Each kind of media is visited in turns, so that all meet the same weather.
 */
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";
import {createLog} from "../../firmware/log.ts";
import type {MediaPolicy} from "../../firmware/sip/account.ts";
import {IcePath} from "../../firmware/sip/ice-path.ts";
import {PeerConnection} from "../../firmware/sip/peer-connection.ts";
import {SessionDescription} from "../../firmware/sip/session-description.ts";
import {createEngine, type IceEvent, type OwnedMediaEngine} from "../../native/index.ts";
import {secureBody} from "../support/sdp-keys.ts";
import {
    type PeerMessage,
    requestText,
    responseTo,
    SipPeer,
    sdpBody,
    tagOf,
    type PeerConnection as Wire,
} from "../support/sip-peer.ts";
import {OffhookPhone} from "./offhook-phone.ts";

const {values: words} = parseArgs({options: {calls: {type: "string", default: "20"}}});
const calls = Number(words.calls);
if (!Number.isInteger(calls) || calls < 1) throw new RangeError("--calls is a whole number from 1");

/** What is offered, and what DTLS makes the phone. */
const kinds = ["RTP", "SDES", "DTLS, phone active", "DTLS, phone passive"] as const;
type Kind = (typeof kinds)[number];
const policy: MediaPolicy = "best";

interface Visit {
    /** All in ms. */
    readonly answer: number;
    readonly keys: number | null;
}

/** A far end with ICE: what it offers, and when its engine told of path and keys. */
class IceFarEnd {
    readonly connection: PeerConnection;
    readonly #told: {readonly event: IceEvent; readonly at: number}[] = [];
    #wake: () => void = () => {};

    constructor(engine: OwnedMediaEngine) {
        const means = () => ({addresses: ["127.0.0.1"], stun: null, turn: [], relayOnly: false});
        const open = (options: Parameters<OwnedMediaEngine["openIceSession"]>[0]) =>
            engine.openIceSession({
                ...options,
                onEvent: (event) => {
                    this.#told.push({event, at: performance.now()});
                    options.onEvent(event);
                    this.#wake();
                },
            });
        this.connection = new PeerConnection({
            open: () => ({
                type: "ice",
                path: new IcePath({open, role: "controlling", means}),
                fingerprint: engine.fingerprint(),
                origin: "127.0.0.1",
            }),
            secureSignalling: false,
            codecs: ["PCMA"],
            ptime: 20,
            security: {type: "dtls"},
            sessionId: 1,
            log: createLog(() => {}, "error"),
            onOpen: () => {},
            onHeld: () => {},
            onSecurity: () => {},
            onDisconnected: () => {},
        });
    }

    async offer(setup: "active" | "passive"): Promise<string> {
        await this.connection.setLocalDescription(await this.connection.createOffer());
        // The phone answers with the other one.
        return (this.connection.localDescription?.sdp ?? "").replace("a=setup:actpass", `a=setup:${setup}`);
    }

    answered(sdp: string): Promise<void> {
        return this.connection.setRemoteDescription(new SessionDescription({type: "answer", sdp}));
    }

    /** From the pair that works to the keys, in ms, as this side saw it. */
    async keysAfterPath(): Promise<number> {
        for (;;) {
            const connected = this.#told.find(({event}) => event.type === "ice" && event.state === "connected");
            const keys = this.#told.find(({event}) => event.type === "keys");
            if (connected !== undefined && keys !== undefined) return keys.at - connected.at;
            if (this.#told.some(({event}) => event.type === "dtlsFailed")) throw new Error("DTLS failed");
            await new Promise<void>((resolve) => {
                this.#wake = resolve;
            });
        }
    }
}

function bodyOf(kind: Kind, ice: IceFarEnd | null): Promise<string> {
    if (ice !== null) return ice.offer(kind === "DTLS, phone active" ? "passive" : "active");
    const keyed = secureBody({tag: 1, suite: "AES_CM_128_HMAC_SHA1_80", seed: 1}, 40_000, "sendrecv", "RTP/SAVP");
    return Promise.resolve(kind === "SDES" ? keyed : sdpBody());
}

async function visit(kind: Kind, phone: OffhookPhone, wire: Wire, engine: OwnedMediaEngine): Promise<Visit> {
    const ice = kind.startsWith("DTLS") ? new IceFarEnd(engine) : null;
    const uri = "sip:phone@127.0.0.1";
    const invite = {uri, to: `<${uri}>`, body: await bodyOf(kind, ice), cseq: 1};
    wire.send(requestText("INVITE", invite));
    const ringing = await wire.next(180);
    const callId = ringing.header("Call-ID");
    // It may take its time to gather: people do not lift at once.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const answer = wire.next(200).then((message) => ({message, at: performance.now()}));
    const lifted = phone.board.until(({hook}) => hook === "off").then(() => performance.now());
    void phone.board.lift();
    const [{message, at}, liftedAt] = await Promise.all([answer, lifted]);
    await ice?.answered(message.body);
    const dialog = {uri, callId, to: `<${uri}>;tag=${tagOf(message.header("To"))}`};
    wire.send(requestText("ACK", {...dialog, cseq: 1}));
    const keys = ice === null ? null : await ice.keysAfterPath();
    await phone.board.putDown();
    wire.send(responseTo(await wire.next("BYE"), 200, "OK"));
    ice?.connection.close();
    await phone.board.until(({calls: open}) => Array.isArray(open) && open.length === 0);
    return {answer: at - liftedAt, keys};
}

function spread(values: readonly number[]): string {
    const sorted = [...values].sort((one, other) => one - other);
    const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
    return `${at(0.5).padStart(6)}   ${`${at(0)}..${at(1)}`.padStart(12)}   p90 ${at(0.9)}`;
}

function accept(wire: Wire, register: PeerMessage): void {
    wire.send(responseTo(register, 200, "OK", {contact: `${register.header("Contact")};expires=600`}));
}

async function measure(folder: string): Promise<ReadonlyMap<Kind, Visit[]>> {
    const peer = await SipPeer.start();
    const settings = {"account1.media": policy, "rtp.keys-over-clear": "on"};
    const installed = OffhookPhone.install({
        folder,
        registrarPort: peer.port,
        card: {rates: [48_000]},
        settings,
    });
    const first = await peer.connection();
    accept(first, await first.next("REGISTER"));
    const phone = await installed;
    const engine = createEngine({
        playback: "null",
        capture: "null",
        ringer: "null",
        address: "127.0.0.1",
        ports: [21_000, 21_998],
        periodMs: 10,
        priority: 0,
        hookSensor: null,
        dscp: 0,
        onEvent: () => {},
    });
    const visits = new Map<Kind, Visit[]>(kinds.map((kind) => [kind, []]));
    try {
        await phone.start();
        await phone.ready();
        const wire = await peer.connection();
        accept(wire, await wire.next("REGISTER"));
        // The first of each kind loads and makes what all later ones have: it is told apart.
        for (let call = 0; call <= calls; call++) {
            for (const kind of kinds) visits.get(kind)?.push(await visit(kind, phone, wire, engine));
        }
    } finally {
        engine.close();
        await phone.dispose();
        await peer.close();
    }
    return visits;
}

const folder = mkdtempSync(join(tmpdir(), "offhook-answer-"));
try {
    const visits = await measure(folder);
    console.log(
        `of ${calls} calls each, in ms: median   least..most   90th centile; the first call of each kind apart\n`,
    );
    for (const [kind, [first, ...others]] of visits) {
        const answers = others.map(({answer}) => answer);
        console.log(
            `${"lift to 200 OK,".padEnd(22)}${kind.padEnd(20)}${spread(answers)}   first ${first?.answer.toFixed(1)}`,
        );
    }
    for (const [kind, [first, ...others]] of visits) {
        const keys = others.flatMap((one) => (one.keys === null ? [] : [one.keys]));
        if (keys.length === 0) continue;
        console.log(
            `${"ICE ready to keys,".padEnd(22)}${kind.padEnd(20)}${spread(keys)}   first ${first?.keys?.toFixed(1)}`,
        );
    }
} finally {
    rmSync(folder, {recursive: true, force: true});
}
