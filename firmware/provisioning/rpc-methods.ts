/** What a tool may ask for. Each method is a few lines over the rules that the console has too. */
import type {Config} from "../config/config.ts";
import type {Known} from "../config/history.ts";
import {isSettingName, type SettingName, settingOf} from "../config/schema.ts";
import {type SettingError, validate} from "../config/validate.ts";
import type {RecentCall} from "../phone/state.ts";
import type {Store} from "../store/store.ts";
import {type Members, membersOf, RpcError, shortName} from "./rpc-message.ts";
import {jsonOf, type ReadChanges, readChanges, settingsSchema} from "./rpc-settings.ts";

/** The phone as it can be provisioned, by a person or a tool. */
export interface ProvisionedPhone {
    readonly config: Config;
    readonly store: Store;
    /** The lines of `status`; never a secret. */
    readonly status: () => readonly string[];
    readonly version: string;
}

const protocol = 1;
const mostCalls = 100;
/** The log is read from its newest row on, so that a page far back costs what is before it. */
const farthestCall = 10_000;

interface Method {
    readonly params: readonly string[];
    readonly run: (phone: ProvisionedPhone, params: Members) => unknown;
}

const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
    ["hello", {params: [], run: hello}],
    ["status", {params: [], run: ({status}) => ({lines: status()})}],
    ["settings.schema", {params: [], run: settingsSchema}],
    ["settings.get", {params: ["names"], run: getSettings}],
    ["settings.validate", {params: ["changes"], run: validateSettings}],
    ["settings.apply", {params: ["revision", "changes"], run: applySettings}],
    ["calls.list", {params: ["offset", "limit"], run: listCalls}],
]);

/** Runs a method. Throws `RpcError` for what the tool did wrong. */
export async function runMethod(phone: ProvisionedPhone, name: string, params: Members): Promise<unknown> {
    const method = methods.get(name);
    if (method === undefined) {
        throw new RpcError("method", "there is no such method", {methods: [...methods.keys()]});
    }
    const unknown = [...params.keys()].filter((each) => !method.params.includes(each));
    if (unknown.length > 0) {
        const known = method.params.length === 0 ? "no params" : `no params but ${method.params.join(" and ")}`;
        throw new RpcError("params", `the method has ${known}`, {names: unknown.map(shortName)});
    }
    return method.run(phone, params);
}

/** A revision is counted from the start of the phone; whoever knew it before a restart knows nothing any more. */
const revisionText = ({startId}: Config, revision: number): string => `${startId}-${revision}`;

function knownRevision({startId}: Config, text: unknown): number {
    const match = typeof text === "string" ? /^([0-9a-f]{8})-(\d{1,9})$/.exec(text) : null;
    if (match === null) throw new RpcError("params", "revision is one that hello or settings.get told");
    return match[1] === startId ? Number(match[2]) : -1;
}

function hello({config, version}: ProvisionedPhone): object {
    return {
        protocol,
        name: config.settings["phone.name"],
        firmware: version,
        serial: config.instanceId,
        revision: revisionText(config, config.history.revision),
    };
}

function getSettings({config}: ProvisionedPhone, params: Members): object {
    const asked = params.get("names") ?? config.names();
    if (!Array.isArray(asked) || !asked.every((name) => typeof name === "string")) {
        throw new RpcError("params", "names is a list of settings");
    }
    const unknown = asked.filter((name) => !isSettingName(name));
    if (unknown.length > 0) throw new RpcError("params", "there are no such settings", {names: unknown.map(shortName)});
    const settings = asked.filter(isSettingName).map((name) => [name, settingView(config, name)]);
    return {revision: revisionText(config, config.history.revision), settings: Object.fromEntries(settings)};
}

function settingView(config: Config, name: SettingName): object {
    const value = config.settings[name];
    const origin = config.originOf(name);
    return settingOf(name).secret ? {set: value !== "", origin} : {value: jsonOf(name, value), origin};
}

function changesIn(params: Members): ReadChanges {
    const members = membersOf(params.get("changes"));
    if (members === null) throw new RpcError("params", "changes is an object: a value for each name, null for default");
    return readChanges(members);
}

function errorsOf({config}: ProvisionedPhone, {changes, errors}: ReadChanges): readonly SettingError[] {
    const judged = validate(changes, config.settings);
    return judged.ok ? errors : [...errors, ...judged.errors];
}

function validateSettings(phone: ProvisionedPhone, params: Members): object {
    const errors = errorsOf(phone, changesIn(params));
    return {valid: errors.length === 0, errors: errorsData(errors)};
}

const errorsData = (errors: readonly SettingError[]): object[] => errors.map(({name, what}) => ({name, message: what}));

async function applySettings(phone: ProvisionedPhone, params: Members): Promise<object> {
    const {config} = phone;
    const revision = knownRevision(config, params.get("revision"));
    const read = changesIn(params);
    const refused = (errors: readonly SettingError[]): RpcError =>
        new RpcError("refused", "nothing was changed", {errors: errorsData(errors)});
    if (read.errors.length > 0) throw refused(errorsOf(phone, read));
    const known: Known = new Map([...read.changes.keys()].filter(isSettingName).map((name) => [name, revision]));
    const result = await config.commit(read.changes, known);
    if (result.ok) return {revision: revisionText(config, result.revision), scopes: [...result.scopes]};
    if (result.why === "refused") throw refused(result.errors);
    throw new RpcError("conflict", "nothing was changed: some of it was changed elsewhere since that revision", {
        names: result.names,
        revision: revisionText(config, result.revision),
        errors: errorsData(result.errors),
    });
}

async function listCalls({store}: ProvisionedPhone, params: Members): Promise<object> {
    const offset = wholeNumber(params, "offset", {least: 0, most: farthestCall, initial: 0});
    const limit = wholeNumber(params, "limit", {least: 1, most: mostCalls, initial: 50});
    const recents = await store.calls.recents(offset + limit + 1);
    const calls = recents.slice(offset, offset + limit).map(callView);
    return {calls, next: recents.length > offset + limit ? offset + limit : null};
}

/** The row is of this phone's database only. */
function callView({row: _, party, startedAt, ...call}: RecentCall): object {
    return {startedAt: new Date(startedAt).toISOString(), number: party.number, name: party.name, ...call};
}

interface Range {
    readonly least: number;
    readonly most: number;
    readonly initial: number;
}

function wholeNumber(params: Members, name: string, {least, most, initial}: Range): number {
    const value = params.get(name) ?? initial;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new RpcError("params", `${name} is a whole number from ${least} to ${most}`, {names: [name]});
}
