/** A VT100 terminal as the glass. It answers nothing, so all that can be known is whether its port is open. */
import type {Frame} from "./board.ts";
import {difference, type Screen, screenOfFrame} from "./display-protocol-vt100.ts";
import {checkFrame, FRAME_MS, FrameGate} from "./frame-gate.ts";
import {PortWatch} from "./port-watch.ts";
import type {DisplayOptions, SerialDisplay} from "./serial-display.ts";

/** A terminal that was switched on late shows the whole screen after this, without having been asked. */
const REPAINT_MS = 10_000;
export class Vt100Display implements SerialDisplay {
    readonly columns: number;
    readonly rows: number;
    readonly #options: DisplayOptions;
    readonly #gate = new FrameGate();
    readonly #watch: PortWatch;
    #wanted: Screen | null = null;
    #shown: Screen | null = null;
    #timer: NodeJS.Timeout | null = null;
    #repaint: NodeJS.Timeout | null = null;

    constructor(options: DisplayOptions) {
        this.#options = options;
        this.columns = options.columns;
        this.rows = options.rows;
        this.#watch = new PortWatch(options.port, options.onFault);
        options.port.onOpen(() => {
            this.#shown = null;
            this.#advance();
        });
        // What a terminal types is no key of the phone: noise on an open line must not dial.
        options.port.onData(() => undefined);
    }

    start(): void {
        this.#options.port.open();
        this.#watch.start();
        this.#repaint = setInterval(() => this.#forget(), REPAINT_MS);
    }

    show(frame: Frame): void {
        checkFrame(frame, this.columns, this.rows);
        this.#gate.put(frame);
        this.#advance();
    }

    setLeds(): void {
        // A terminal has none.
    }

    async close(): Promise<void> {
        this.#watch.close();
        for (const timer of [this.#timer, this.#repaint]) if (timer !== null) clearTimeout(timer);
        await this.#options.port.close();
    }

    /** Paints all cells again without clearing, which would flicker. */
    #forget(): void {
        if (this.#shown === null) return;
        this.#shown = {lines: this.#shown.lines.map((line) => "\0".repeat(line.length)), cursor: this.#shown.cursor};
        this.#advance();
    }

    #advance(): void {
        const {port} = this.#options;
        const now = performance.now();
        // Bytes that still wait are an older frame: this one waits outside, where a newer one can take its place.
        if (port.pending === 0) {
            const frame = this.#gate.pass(now);
            if (frame !== null) this.#wanted = screenOfFrame(frame);
            if (this.#wanted !== null && port.isOpen) {
                const text = difference(this.#shown, this.#wanted);
                this.#shown = this.#wanted;
                if (text !== "") port.write(Buffer.from(text));
            }
        }
        const wait = this.#gate.waitMs(now);
        if (wait === null || this.#timer !== null || !port.isOpen) return;
        this.#timer = setTimeout(
            () => {
                this.#timer = null;
                this.#advance();
            },
            Math.max(wait, port.pending > 0 ? FRAME_MS : 1),
        );
    }
}
