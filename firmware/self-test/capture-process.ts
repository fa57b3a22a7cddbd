/**
 * The self-test's own look at the microphone, in a process of its own: alsa-capture's close may wait for ever on some
 * PCMs and its read loop spins when a card goes, and a process can be ended for certain.
 * Arguments: the PCM. Messages to the parent: `{open: true}` with the first frames, then `{level}` in dBFS.
 */
import AlsaCapture from "alsa-capture";

const rate = 48_000;
/** 10 levels a second. */
const periodFrames = rate / 10;
const fullScale = 32_768;

const [, , device = "default"] = process.argv;
const tell = (message: object): void => void process.send?.(message);
const fail = (reason: string): void => tell({failed: reason});

/** Peak of S16 little-endian samples in dBFS; -Infinity for silence. */
function levelOf(octets: Uint8Array): number {
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    let peak = 0;
    for (let place = 0; place + 1 < octets.byteLength; place += 2) {
        peak = Math.max(peak, Math.abs(view.getInt16(place, true)));
    }
    return 20 * Math.log10(peak / fullScale);
}

const capture = new AlsaCapture({device, rate, channels: 1, format: "S16_LE", periodSize: periodFrames});
let open = false;
capture.on("audio", (octets) => {
    if (!open) tell({open: true});
    open = true;
    tell({level: levelOf(octets)});
});
capture.on("error", (error: Error | string) => fail(String(error).trim()));
capture.on("readError", (error) => fail(error));
// The parent's going ends the capture with it; an orderly exit would wait for the read loop for ever.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
