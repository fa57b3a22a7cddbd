/** The settings as they stand, and the one way to change them: all changes of a commit or none. */
import {randomUUID} from "node:crypto";
import {messageOf} from "../errors.ts";
import type {Log} from "../log.ts";
import type {PhoneSettings} from "../phone/state.ts";
import {Secret} from "../secret.ts";
import type {AccountSettings, SipSettings} from "../sip/account.ts";
import type {SettingChange, Store} from "../store/store.ts";
import type {Vault} from "../store/vault.ts";
import {accountsOf, phoneSettingsOf, sipSettingsOf} from "./derive.ts";
import {changedSince, differing, emptyHistory, type History, type Known, recorded} from "./history.ts";
import {
    initialSettings,
    isSettingName,
    type Scope,
    type SettingName,
    type Settings,
    settingNames,
    settingOf,
} from "./schema.ts";
import {type Changes, parseSetting, type SettingError, scopesOf, secretMark, validate} from "./validate.ts";

const instanceIdName = "internal.instance-id";

export type CommitResult =
    | {readonly ok: true; readonly scopes: ReadonlySet<Scope>; readonly revision: number}
    | {readonly ok: false; readonly why: "refused"; readonly errors: readonly SettingError[]}
    /** Some of it changed after it was known; who has read the errors knows all up to `revision`. */
    | {
          readonly ok: false;
          readonly why: "changed";
          readonly names: readonly SettingName[];
          readonly errors: readonly SettingError[];
          readonly revision: number;
      };

export class Config {
    /** Tells this start of the phone from every other, as revisions are counted anew in each. */
    readonly startId: string = randomUUID().slice(0, 8);
    readonly #store: Store;
    readonly #vault: Vault;
    readonly #log: Log;
    readonly #listeners: ((scopes: ReadonlySet<Scope>) => void)[] = [];
    #settings: Settings = initialSettings;
    #set: ReadonlySet<string> = new Set();
    #sealed: ReadonlyMap<string, Buffer> = new Map();
    #instanceId = "";
    #history: History = emptyHistory;
    /** Commits come one after the other: each is judged against what the one before it left. */
    #tail: Promise<unknown> = Promise.resolve();

    private constructor(store: Store, vault: Vault, log: Log) {
        this.#store = store;
        this.#vault = vault;
        this.#log = log;
    }

    /** Reads what is stored; a stored value that this firmware does not accept is named in the log and left at its default. */
    static async load(store: Store, vault: Vault, log: Log): Promise<Config> {
        const config = new Config(store, vault, log);
        const {values, secrets} = await store.settings();
        const changes = new Map<string, string>();
        for (const [name, value] of values) {
            if (name === instanceIdName) continue;
            const parsed = parseSetting(name, value);
            if (parsed.ok) changes.set(name, value);
            else log.warning(`setting ${name} is left at its default: ${parsed.what}`);
        }
        config.#take(changes, secrets);
        config.#instanceId = values.get(instanceIdName) ?? (await makeInstanceId(store, log));
        return config;
    }

    #take(changes: Changes, sealed: ReadonlyMap<string, Buffer>): void {
        const next: Record<string, unknown> = {...initialSettings};
        for (const [name, text] of changes) {
            if (text === null || !isSettingName(name)) continue;
            const parsed = settingOf(name).kind.parse(text);
            if (parsed.ok) next[name] = parsed.value;
        }
        for (const name of sealed.keys()) if (isSettingName(name)) next[name] = secretMark;
        this.#settings = next as unknown as Settings;
        this.#set = new Set([...changes.keys(), ...sealed.keys()]);
        this.#sealed = sealed;
    }

    get settings(): Settings {
        return this.#settings;
    }

    get instanceId(): string {
        return this.#instanceId;
    }

    get history(): History {
        return this.#history;
    }

    /** Whether the value is the default's or was set. */
    originOf(name: SettingName): "default" | "set" {
        return this.#set.has(name) ? "set" : "default";
    }

    /** The value as text; a secret as `***`, never as itself. */
    textOf(name: SettingName): string {
        const {kind, secret} = settingOf(name);
        const value = this.#settings[name];
        return secret ? (value === "" ? "" : "***") : kind.print(value);
    }

    /** Told after each commit which scopes it touched. */
    onChange(listener: (scopes: ReadonlySet<Scope>) => void): void {
        this.#listeners.push(listener);
    }

    /**
     * Validates and writes all changes in one transaction, or answers all errors and changes nothing. A setting of
     * `known` that changed after its revision is such an error: somebody else's change is not undone unseen.
     */
    commit(changes: Changes, known: Known = new Map()): Promise<CommitResult> {
        const committed = this.#tail.then(() => this.#commit(changes, known));
        // Whoever waits for this commit is told how it failed; the next one does not hang on it.
        this.#tail = committed.catch(() => undefined);
        return committed;
    }

    async #commit(changes: Changes, known: Known): Promise<CommitResult> {
        const refusal = this.#refusalOf(changes, known);
        if (refusal !== null) return refusal;
        try {
            await this.#store.changeSettings([...changes].map(([name, text]) => this.#change(name, text)));
        } catch (thrown) {
            return {ok: false, why: "refused", errors: [{name: "store", what: messageOf(thrown)}]};
        }
        const {values, secrets} = await this.#store.settings();
        const before = this.#settings;
        this.#take(values, secrets);
        const committed = [...changes.keys()].filter(isSettingName);
        this.#history = recorded(this.#history, differing(committed, before, this.#settings));
        const scopes = scopesOf(changes.keys());
        for (const listener of this.#listeners) listener(scopes);
        return {ok: true, scopes, revision: this.#history.revision};
    }

    #refusalOf(changes: Changes, known: Known): CommitResult | null {
        const names = changedSince(this.#history, known);
        const changed = names.map((name) => ({name, what: "was changed elsewhere meanwhile"}));
        const judged = validate(changes, this.#settings);
        const errors = [...changed, ...(judged.ok ? [] : judged.errors)];
        if (names.length > 0) return {ok: false, why: "changed", names, errors, revision: this.#history.revision};
        return errors.length > 0 ? {ok: false, why: "refused", errors} : null;
    }

    #change(name: string, text: string | null): SettingChange {
        if (text === null || !isSettingName(name)) return {name, value: null};
        const {kind, secret} = settingOf(name);
        if (secret) return {name, value: text === "" ? null : this.#vault.seal(name, new Secret(text))};
        const parsed = kind.parse(text);
        return {name, value: parsed.ok ? kind.print(parsed.value) : text};
    }

    /** A secret that is not this phone's is as good as none: the owner is told to type it again. */
    #secret(name: SettingName): Secret {
        const sealed = this.#sealed.get(name);
        if (sealed === undefined) return new Secret("");
        try {
            return this.#vault.open(name, sealed);
        } catch (thrown) {
            this.#log.error(`${messageOf(thrown)}; it has to be set again`);
            return new Secret("");
        }
    }

    phoneSettings(): PhoneSettings {
        return phoneSettingsOf(this.#settings);
    }

    /** The enabled accounts with their passwords opened. */
    accounts(): readonly AccountSettings[] {
        return accountsOf(this.#settings, (account) => this.#secret(`account${account}.password`));
    }

    sipSettings(version: string): SipSettings {
        return sipSettingsOf(this.#settings, {
            instanceId: this.#instanceId,
            version,
            turnPassword: () => this.#secret("ice.turn-password"),
        });
    }

    names(): readonly SettingName[] {
        return settingNames;
    }
}

async function makeInstanceId(store: Store, log: Log): Promise<string> {
    const made = randomUUID();
    try {
        await store.changeSettings([{name: instanceIdName, value: made}]);
    } catch (thrown) {
        log.error(`the instance id is not kept over a restart: ${messageOf(thrown)}`);
    }
    return made;
}
