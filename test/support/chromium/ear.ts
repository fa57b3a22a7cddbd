/** What the page hears, sample by sample: the far end's stream -> AudioWorklet -> whoever listens. */

/**
 * Hands each block of 128 samples to the page, silence where nothing comes. It runs on the audio thread of the browser,
 * in a scope of its own.
 */
const TAP = `registerProcessor("tap", class extends AudioWorkletProcessor {
    process([[samples]]) {
        this.port.postMessage(samples === undefined ? new Float32Array(128) : samples.slice());
        return true;
    }
});`;

type Listener = (block: Float32Array) => void;

export class Ear {
    readonly #listeners = new Set<Listener>();
    readonly #context = new AudioContext();
    #tap: AudioWorkletNode | null = null;
    #source: MediaStreamAudioSourceNode | null = null;
    #sink: HTMLAudioElement | null = null;

    /** MUST be called once before the rest. */
    async open(): Promise<void> {
        const module = URL.createObjectURL(new Blob([TAP], {type: "text/javascript"}));
        await this.#context.audioWorklet.addModule(module);
        await this.#context.resume();
        this.#tap = new AudioWorkletNode(this.#context, "tap", {channelCount: 1, channelCountMode: "explicit"});
        this.#tap.port.onmessage = ({data}: MessageEvent<Float32Array>) => {
            for (const listener of [...this.#listeners]) listener(data);
        };
        this.#tap.connect(this.#context.destination);
    }

    /** Listens to this stream from now on. */
    hear(stream: MediaStream): void {
        this.rest();
        // Chromium decodes a far end's stream only where an element plays it.
        this.#sink = new Audio();
        this.#sink.muted = true;
        this.#sink.srcObject = stream;
        void this.#sink.play();
        this.#source = this.#context.createMediaStreamSource(stream);
        if (this.#tap !== null) this.#source.connect(this.#tap);
    }

    /** Listens to nothing. */
    rest(): void {
        this.#source?.disconnect();
        this.#source = null;
        if (this.#sink !== null) this.#sink.srcObject = null;
        this.#sink = null;
    }

    /** The next `ms`. */
    async listen(ms: number): Promise<{rate: number; samples: string}> {
        const rate = this.#context.sampleRate;
        const samples = new Int16Array(Math.round((ms * rate) / 1000));
        await new Promise<void>((resolve) => {
            let filled = 0;
            const take: Listener = (block) => {
                for (const value of block.subarray(0, samples.length - filled)) {
                    samples[filled++] = Math.max(-32768, Math.min(32767, Math.round(value * 32768)));
                }
                if (filled === samples.length) {
                    this.#listeners.delete(take);
                    resolve();
                }
            };
            this.#listeners.add(take);
        });
        return {rate, samples: base64(new Uint8Array(samples.buffer))};
    }
}

function base64(bytes: Uint8Array): string {
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
}
