/**
 * A recorded voice: sentences read aloud (LibriVox, public domain), as Debian's `pocketsphinx-testdata` carries them at
 * 16 kHz. The package is unpacked somewhere (`apt-get download`, `dpkg -x`) and never installed.
 */
import {readdirSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {amplify, concat, levelOf, silence} from "./sound-signal.ts";
import {decodeWav, type Wav} from "./sound-wav.ts";

/** The Debian package that holds the voice. */
export const VOICE_PACKAGE = "pocketsphinx-testdata";

const PLACE = "usr/share/pocketsphinx/test/data/librivox";
const PAUSE_MS = 700;
/** Active level of speech in telephony tests, dBFS (ITU-T P.800: -26 dBov). */
const SPEECH_LEVEL = -26;

/** All sentences one after the other at -26 dBFS, from where the package was unpacked; throws ENOENT elsewhere. */
export function recordedVoice(unpacked: string): Wav {
    const folder = join(unpacked, PLACE);
    const files = readdirSync(folder).filter((name) => name.endsWith(".wav"));
    const sentences = files.toSorted().map((name) => decodeWav(readFileSync(join(folder, name))));
    const rate = sentences[0]?.rate ?? 16000;
    const whole = concat(...sentences.flatMap(({samples}) => [samples, silence(rate, PAUSE_MS)]));
    return {rate, samples: amplify(whole, SPEECH_LEVEL - levelOf(whole))};
}
