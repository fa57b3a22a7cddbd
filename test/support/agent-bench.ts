/** An agent on a recording engine, and its events as they come. */

import {createLog} from "../../firmware/log.ts";
import type {AccountState, SignalEvent} from "../../firmware/phone/state.ts";
import {Secret} from "../../firmware/secret.ts";
import type {AccountSettings, SipSettings} from "../../firmware/sip/account.ts";
import {type Agent, createAgent} from "../../firmware/sip/agent.ts";
import type {MediaEngine} from "../../native/index.ts";
import {RecordingEngine} from "../fakes/recording-engine.ts";

const WAIT_MS = 10_000;

type EventOf<Type extends SignalEvent["type"]> = Extract<SignalEvent, {readonly type: Type}>;

export interface AgentBench<Engine extends MediaEngine> {
    readonly agent: Agent;
    readonly engine: Engine;
    readonly events: readonly SignalEvent[];
    readonly logLines: readonly string[];
    /** The oldest event of that type that nobody asked for yet, or the next one. */
    next<Type extends SignalEvent["type"]>(type: Type): Promise<EventOf<Type>>;
    /** The next registration event, from the oldest unseen on, that has that fault; null: registered. */
    registration(fault: AccountState["fault"]): Promise<AccountState>;
}

export interface AgentBenchOptions<Engine extends MediaEngine> {
    readonly engine: Engine;
    readonly account: Partial<AccountSettings>;
    readonly sip?: Partial<SipSettings>;
}

export function startAgent(
    account: Partial<AccountSettings>,
    sip: Partial<SipSettings> = {},
): AgentBench<RecordingEngine> {
    return startAgentOn({engine: new RecordingEngine(), account, sip});
}

export function startAgentOn<Engine extends MediaEngine>(options: AgentBenchOptions<Engine>): AgentBench<Engine> {
    const events: SignalEvent[] = [];
    const unseen: SignalEvent[] = [];
    const logLines: string[] = [];
    let wake = (): void => {};
    let incoming = 0;
    const agent = createAgent({
        account: {...accountSettings, ...options.account},
        sip: {...sipSettings, ...options.sip},
        engine: options.engine,
        ownAddresses: () => ["192.0.2.100"],
        log: createLog((line) => logLines.push(line), "debug"),
        nextIncomingId: () => `in-${++incoming}`,
        onEvent: (event) => {
            events.push(event);
            unseen.push(event);
            wake();
        },
    });
    const find = async <Found extends SignalEvent>(
        matches: (event: SignalEvent) => event is Found,
        what: string,
    ): Promise<Found> => {
        const deadline = performance.now() + WAIT_MS;
        for (;;) {
            const index = unseen.findIndex(matches);
            const [found] = index < 0 ? [] : unseen.splice(index, 1);
            if (found !== undefined && matches(found)) return found;
            const left = deadline - performance.now();
            if (left <= 0) throw new Error(`no ${what}; came: ${events.map(({type}) => type).join(" | ")}`);
            await new Promise<void>((resolve) => {
                const timeout = setTimeout(resolve, left);
                wake = () => {
                    clearTimeout(timeout);
                    resolve();
                };
            });
        }
    };
    return {
        agent,
        engine: options.engine,
        events,
        logLines,
        next: (type) => find((event): event is EventOf<typeof type> => event.type === type, type),
        registration: async (fault) => {
            const isIt = (event: SignalEvent): event is EventOf<"registration"> =>
                event.type === "registration" && event.account.fault === fault;
            return (await find(isIt, `registration with fault ${fault}`)).account;
        },
    };
}

const accountSettings: AccountSettings = {
    id: 0,
    label: "Test",
    user: "100",
    domain: "phone.test",
    authUser: "",
    password: new Secret("secret"),
    displayName: "",
    transport: "tcp",
    server: "127.0.0.1",
    port: 5060,
    path: "/",
    expires: 600,
    media: "best",
};

const sipSettings: SipSettings = {
    ca: "",
    keepAlive: 0,
    dscp: 24,
    codecs: ["PCMA", "PCMU", "G722", "opus"],
    ptime: 20,
    mediaAddress: "",
    keysOverClear: false,
    ice: {stun: null, turn: [], turnUser: "", turnPassword: new Secret(""), relayOnly: false},
    collector: "",
    instanceId: "00000000-0000-4000-8000-000000000001",
    userAgent: "Offhook/test",
};
