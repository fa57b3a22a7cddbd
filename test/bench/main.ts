/**
 * `make bench`: our phone beside baresip, in one run, on virtual sound cards and before one far end.
 *
 *     node test/bench/main.ts [--json FILE] [--repetitions N]
 *
 * Each repetition visits each phone with each codec, in turns, so that both meet the same weather on the machine. A
 * visit that fails is told and is not in the figures; a slow machine never fails the run. It ends by itself.
 */
import {execFileSync} from "node:child_process";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {cpus, loadavg, tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";
import {concat, sine} from "../support/sound-signal.ts";
import {speechLike} from "../support/sound-speech.ts";
import type {Wav} from "../support/sound-wav.ts";
import {BaresipPhone} from "./baresip-phone.ts";
import {type BenchCodec, buildOpusFrames, decode, encode, wireFormats} from "./codecs.ts";
import {FarEndProcess, hasRealTime} from "./far-end-process.ts";
import {joined, type Values} from "./figures.ts";
import {OffhookPhone} from "./offhook-phone.ts";
import {ownFigures} from "./own-figures.ts";
import type {PhoneName, PhoneUnderTest} from "./phone-under-test.ts";
import {jsonOf, type Run, textOf} from "./report.ts";
import {type Disturbance, type Scene, visit} from "./visit.ts";

/** No visit begins after that, in s: the whole takes at most six minutes. */
const LAST_BEGIN_S = 320;
const SENT_MS = 16_000;
const VOICE_MS = 11_000;
/** Rates of the cards: our phone converts by itself, baresip takes the codec's own. */
const CARD_RATES = [48_000, 8_000];

const {values: words} = parseArgs({options: {json: {type: "string"}, repetitions: {type: "string", default: "3"}}});
const repetitions = Number(words.repetitions);
if (!Number.isInteger(repetitions) || repetitions < 1) throw new RangeError("--repetitions is a whole number from 1");

const codecs: readonly BenchCodec[] = ["PCMA", "opus"];

/** A tone from the very first sample on, whose begin is plain to see, then speech. */
function sentSound(codec: BenchCodec): Int16Array {
    const {rate} = wireFormats[codec];
    return concat(sine(rate, 300, 1_000, -20), speechLike(rate, SENT_MS, 3));
}

/** Gives the far end its sound; answers that sound as a clean decoder hears it. */
function giveMedia(farEnd: FarEndProcess, codec: BenchCodec): Wav {
    const frames = encode(codec, sentSound(codec));
    farEnd.tell({type: "media", codec, frames});
    return {rate: wireFormats[codec].rate, samples: decode(codec, frames)};
}

interface Phones {
    readonly offhook: OffhookPhone;
    readonly baresip: BaresipPhone;
}

class Bench {
    readonly #began = performance.now();
    readonly #load = loadavg()[0] ?? 0;
    readonly #values: Record<PhoneName, Values[]> = {offhook: [], baresip: []};
    readonly #disturbances: Record<PhoneName, Disturbance[]> = {offhook: [], baresip: []};
    readonly #failures: string[] = [];

    get #seconds(): number {
        return (performance.now() - this.#began) / 1_000;
    }

    async run(phones: Phones, scene: Scene): Promise<Run> {
        for (let repetition = 1; repetition <= repetitions; repetition++) {
            for (const codec of codecs) {
                for (const phone of [phones.offhook, phones.baresip]) {
                    if (this.#seconds > LAST_BEGIN_S) continue;
                    const own = (): Promise<Values> =>
                        phone.name === "offhook" ? ownFigures(phones.offhook) : Promise.resolve({});
                    console.error(`bench: ${phone.name}, ${codec}, ${repetition} of ${repetitions}`);
                    await this.#visit(phone, codec, scene, own);
                }
            }
        }
        if (this.#seconds > LAST_BEGIN_S) this.#failures.push("the machine is slow: fewer repetitions than wanted");
        return this.#result();
    }

    async #visit(phone: PhoneUnderTest, codec: BenchCodec, scene: Scene, own: () => Promise<Values>): Promise<void> {
        try {
            const {values, disturbance} = await visit(phone, codec, scene, own);
            this.#values[phone.name].push(values);
            this.#disturbances[phone.name].push(disturbance);
        } catch (thrown) {
            this.#failures.push(
                `${phone.name}, ${codec}: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
            );
        }
    }

    #result(): Run {
        const {offhook, baresip} = this.#values;
        return {
            values: {offhook: joined(offhook), baresip: joined(baresip)},
            disturbances: this.#disturbances,
            failures: this.#failures,
            machine: {
                processor: cpus()[0]?.model ?? "an unknown processor",
                cores: cpus().length,
                realTime: hasRealTime,
                load: [this.#load, loadavg()[0] ?? 0],
                stall: Math.max(0, ...Object.values(this.#disturbances).flatMap((all) => all.map(({stall}) => stall))),
                seconds: this.#seconds,
                visits: offhook.length + baresip.length,
            },
        };
    }
}

/** What has been started and is ended in reverse, once, whatever happens. */
class Ends {
    readonly #ends: (() => Promise<void> | void)[] = [];
    #over = false;

    add(end: () => Promise<void> | void): void {
        this.#ends.push(end);
    }

    async all(): Promise<void> {
        if (this.#over) return;
        this.#over = true;
        for (const end of this.#ends.toReversed()) {
            try {
                await end();
            } catch (thrown) {
                // One that will not end keeps no other from ending.
                console.error(`bench: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
            }
        }
    }
}

async function main(ends: Ends): Promise<Run> {
    const folder = mkdtempSync(join(tmpdir(), "offhook-bench-"));
    ends.add(() => rmSync(folder, {recursive: true, force: true}));
    const bundle = join(import.meta.dirname, "../../scripts/bundle.ts");
    execFileSync(process.execPath, [bundle], {stdio: ["ignore", "ignore", "inherit"]});
    buildOpusFrames();
    const farEnd = await FarEndProcess.start();
    ends.add(() => farEnd.stop());
    const sent = {PCMA: giveMedia(farEnd, "PCMA"), opus: giveMedia(farEnd, "opus")};
    const options = {registrarPort: farEnd.port, card: {rates: CARD_RATES}};
    const offhook = await OffhookPhone.install({...options, folder: join(folder, "offhook")});
    ends.add(() => offhook.dispose());
    const baresip = new BaresipPhone({...options, folder: join(folder, "baresip")});
    ends.add(() => baresip.stop());
    const voice = {rate: 48_000, samples: speechLike(48_000, VOICE_MS, 7)};
    return new Bench().run({offhook, baresip}, {farEnd, voice, sent});
}

const ends = new Ends();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void ends.all().finally(() => process.exit(1)));
}
try {
    const run = await main(ends);
    console.log(textOf(run));
    if (words.json !== undefined) writeFileSync(words.json, jsonOf(run));
} finally {
    await ends.all();
}
