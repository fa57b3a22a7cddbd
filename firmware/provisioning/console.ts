/**
 * The console of a person with a terminal at a provisioning cable. It speaks only when spoken to; changes are staged
 * and take effect together, or not at all; what is staged is forgotten when the cable goes. Each cable has a console of
 * its own, which shares nothing with another but the settings in force: what another changed meanwhile is named before
 * it is replaced. A line of a tool (see line-editor.ts) is answered with a line, and the person's dialogue goes on.
 */
import type {SerialLink} from "../../hal/board.ts";
import {changedSince} from "../config/history.ts";
import {isSettingName, type SettingName, settingOf} from "../config/schema.ts";
import {parseSetting, type SettingError} from "../config/validate.ts";
import {messageOf} from "../errors.ts";
import type {Log} from "../log.ts";
import {type Command, commandHelp, completionsOf, parseCommand} from "./commands.ts";
import {type Edited, type Editor, edit, emptyEditor, type Input, replace} from "./line-editor.ts";
import {callLines, contactLines} from "./listings.ts";
import {answerLine, refuseLine} from "./rpc.ts";
import type {ProvisionedPhone} from "./rpc-methods.ts";
import {changesOf, knownAtStaging, knownNow, nothingStaged, type Staged, stage, told} from "./staging.ts";

export interface ConsoleOptions extends ProvisionedPhone {
    readonly link: SerialLink;
    /** The last events, without numbers and names. */
    readonly blackBox: () => readonly string[];
    readonly log: Log;
}

const listedCalls = 50;

class Console {
    readonly #options: ConsoleOptions;
    #editor: Editor = emptyEditor;
    #staged: Staged = nothingStaged;
    #asking: SettingName | null = null;
    #greeted = false;
    /** A prompt waits on the last line of the terminal. */
    #prompted = false;
    /** Commands run one after the other; bytes that arrive meanwhile wait here in order. */
    #tail: Promise<void> = Promise.resolve();

    constructor(options: ConsoleOptions) {
        this.#options = options;
        options.link.onData((chunk) => {
            this.#tail = this.#tail.then(() => this.#take(chunk)).catch((thrown) => this.#failed(thrown));
        });
        options.link.onOpen((open) => {
            if (open) return;
            this.#tail = this.#tail.then(() => this.#forget());
        });
    }

    #forget(): void {
        this.#editor = emptyEditor;
        this.#staged = nothingStaged;
        this.#asking = null;
        this.#greeted = false;
        this.#prompted = false;
    }

    #failed(thrown: unknown): void {
        this.#options.log.error(`the console failed: ${messageOf(thrown)}`);
        this.#print([`failed: ${messageOf(thrown)}`]);
        this.#prompt();
    }

    /** What is echoed goes out at once up to each line's end: a write for each octet would cost the phone dearly. */
    async #take(chunk: Uint8Array): Promise<void> {
        let echo = "";
        for (const octet of chunk) {
            const edited = edit(this.#editor, octet, this.#asking !== null);
            this.#editor = edited.editor;
            echo += edited.echo;
            if (edited.inputs.length === 0) continue;
            this.#echo(echo);
            echo = "";
            for (const input of edited.inputs) await this.#input(input);
        }
        this.#echo(echo);
    }

    #show({editor, echo}: Edited): void {
        this.#editor = editor;
        this.#echo(echo);
    }

    #echo(text: string): void {
        if (text !== "") this.#options.link.write(Buffer.from(text, "latin1"));
    }

    #print(lines: readonly string[]): void {
        if (lines.length > 0) this.#options.link.write(Buffer.from(`${lines.join("\r\n")}\r\n`, "utf8"));
    }

    #prompt(): void {
        const text =
            this.#asking === null ? `offhook${this.#staged.size > 0 ? "*" : ""}> ` : `${this.#asking} (unseen): `;
        this.#options.link.write(Buffer.from(text, "utf8"));
        this.#prompted = true;
    }

    /** A tool's answer has a line of its own, whatever stands on the terminal. */
    #answer(line: string | null): void {
        if (line === null) return;
        this.#options.link.write(Buffer.from(`${this.#prompted ? "\r\n" : ""}${line}\r\n`, "utf8"));
        this.#prompted = false;
    }

    async #input(input: Input): Promise<void> {
        switch (input.type) {
            case "complete": {
                this.#complete();
                return;
            }
            case "request": {
                this.#answer(await answerLine(this.#options, this.#options.log, input.text));
                return;
            }
            case "requestError": {
                this.#answer(refuseLine(input.what));
                return;
            }
            case "cancel": {
                this.#asking = null;
                break;
            }
            case "error": {
                this.#asking = null;
                this.#print([`error: ${input.what}`]);
                break;
            }
            case "line": {
                await this.#line(input.text);
                break;
            }
        }
        this.#prompt();
    }

    async #line(text: string): Promise<void> {
        if (!this.#greeted) {
            this.#greeted = true;
            const {"phone.support-contact": contact, "phone.name": name} = this.#options.config.settings;
            this.#print([
                `${name}: Offhook ${this.#options.version}, provisioning console. Type help, or Tab to complete.`,
                ...(contact === "" ? [] : [`Support: ${contact}`]),
            ]);
        }
        if (this.#asking === null) {
            this.#print(await this.#run(parseCommand(text)));
            return;
        }
        const name = this.#asking;
        this.#asking = null;
        this.#print(this.#stage(name, text));
    }

    async #run(command: Command): Promise<readonly string[]> {
        switch (command.type) {
            case "nothing": {
                return [];
            }
            case "error": {
                return [`error: ${command.what}`];
            }
            case "help": {
                return helpLines(command.topic);
            }
            case "show": {
                return this.#showLines(command.prefix);
            }
            case "set": {
                if (command.value !== null) return this.#set(command.name, command.value);
                this.#asking = command.name;
                return [];
            }
            case "unset": {
                return this.#stage(command.name, null);
            }
            case "diff": {
                return this.#diffLines();
            }
            case "discard": {
                this.#staged = nothingStaged;
                return [];
            }
            case "apply": {
                return this.#apply();
            }
            case "status": {
                return this.#options.status();
            }
            case "events": {
                return this.#options.blackBox();
            }
            case "calls": {
                return callLines(
                    await this.#options.store.calls.recents(listedCalls),
                    this.#options.config.settings["phone.time-zone"],
                );
            }
            case "contacts": {
                return this.#contacts(command);
            }
        }
    }

    /** A line with a secret is not recalled: the next one at the cable need not know it. */
    #set(name: SettingName, value: string): readonly string[] {
        if (settingOf(name).secret) this.#editor = {...this.#editor, history: this.#editor.history.slice(0, -1)};
        return this.#stage(name, value);
    }

    /** An error is said at once; the value is staged only when it can be meant. */
    #stage(name: SettingName, text: string | null): readonly string[] {
        const parsed = parseSetting(name, text);
        if (!parsed.ok) return [`error: ${name}: ${parsed.what}`];
        this.#staged = stage(this.#staged, name, text, this.#options.config.history.revision);
        return [];
    }

    #showLines(prefix: string): readonly string[] {
        const {config} = this.#options;
        const names = config.names().filter((name) => name.startsWith(prefix));
        if (names.length === 0) return [`error: no setting begins with ${JSON.stringify(prefix.slice(0, 40))}`];
        const width = Math.max(...names.map((name) => name.length));
        return names.map((name) => `${name.padEnd(width)}  ${this.#inForce(name)}`);
    }

    #inForce(name: SettingName): string {
        const {config} = this.#options;
        const text = config.textOf(name);
        const shown = text.length > 100 ? `${text.slice(0, 97)}...` : text;
        return `${shown}${config.originOf(name) === "default" ? "  (default)" : ""}`;
    }

    /** Who has read it knows what changed elsewhere, and may replace it. */
    #diffLines(): readonly string[] {
        if (this.#staged.size === 0) return ["nothing is staged"];
        const {history} = this.#options.config;
        const changed = new Set(changedSince(history, knownAtStaging(this.#staged)));
        this.#staged = told(this.#staged, history.revision);
        return [...this.#staged].flatMap(([name, {text}]) => [
            text === null ? `unset ${name}` : `set ${name} ${settingOf(name).secret ? "***" : text}`,
            ...(changed.has(name) ? [`  changed elsewhere meanwhile, now ${this.#inForce(name) || "(empty)"}`] : []),
        ]);
    }

    async #apply(): Promise<readonly string[]> {
        if (this.#staged.size === 0) return ["nothing is staged"];
        const result = await this.#options.config.commit(changesOf(this.#staged), knownNow(this.#staged));
        if (!result.ok) {
            if (result.why === "refused") return [...errorLines(result.errors), "nothing was changed"];
            this.#staged = told(this.#staged, result.revision);
            return [...errorLines(result.errors), "nothing was applied: look at diff, then apply again"];
        }
        const count = this.#staged.size;
        this.#staged = nothingStaged;
        const when = [
            ...(result.scopes.has("register") ? ["the accounts register anew, after the last call"] : []),
            ...(result.scopes.has("restart") ? ["some of it takes effect at the next start"] : []),
        ];
        return [`applied ${count} ${count === 1 ? "change" : "changes"}`, ...when];
    }

    async #contacts(command: Command & {readonly type: "contacts"}): Promise<readonly string[]> {
        const {store} = this.#options;
        switch (command.action) {
            case "list": {
                return contactLines(await store.contacts());
            }
            case "add": {
                const id = await store.addContact(command.name, command.numbers, "console");
                return [`added as ${id}`];
            }
            case "remove": {
                return (await store.removeContact(command.id))
                    ? ["removed"]
                    : [`error: there is no contact ${command.id}`];
            }
        }
    }

    /** Tab: completes what is common to all candidates, or lists them. */
    #complete(): void {
        const {typed, candidates} = completionsOf(this.#editor.text);
        const [first] = candidates;
        if (first === undefined) return;
        const common = candidates.reduce(commonPrefix);
        const completed = common + (candidates.length === 1 ? " " : "");
        if (completed.length > typed.length) {
            const text = this.#editor.text.slice(0, this.#editor.text.length - typed.length) + completed;
            this.#show(replace(this.#editor, text, false));
            return;
        }
        this.#print(["", ...candidates.slice(0, 40), ...(candidates.length > 40 ? ["..."] : [])]);
        this.#prompt();
        this.#options.link.write(Buffer.from(this.#editor.text, "latin1"));
    }
}

const errorLines = (errors: readonly SettingError[]): string[] =>
    errors.map(({name, what}) => `error: ${name}: ${what}`);

function commonPrefix(a: string, b: string): string {
    let length = 0;
    while (length < a.length && a[length] === b[length]) length++;
    return a.slice(0, length);
}

function helpLines(topic: string): readonly string[] {
    const command = commandHelp[topic];
    if (command !== undefined) return [command[0], `  ${command[1]}`];
    if (isSettingName(topic)) {
        const {kind, help, scope, secret, initial} = settingOf(topic);
        return [
            `${topic}: ${help}`,
            `  value:   ${kind.range}`,
            `  default: ${secret ? "none" : kind.print(initial) || "(empty)"}`,
            `  takes effect: ${{now: "at once", register: "with a new registration", restart: "at the next start"}[scope]}`,
        ];
    }
    if (topic !== "") return [`error: there is no help for ${JSON.stringify(topic.slice(0, 40))}`];
    return Object.values(commandHelp).flatMap(([usage, sentence]) => [usage, `  ${sentence}`]);
}

/** Puts a console at the board's provisioning link. */
export function attachConsole(options: ConsoleOptions): void {
    new Console(options);
}
