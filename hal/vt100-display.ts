/** A VT100 terminal as the glass. It answers nothing, so all that can be known is whether its port is open. */
import type {Frame} from "./board.ts";
import {difference, type Screen, screenOfFrame} from "./display-protocol-vt100.ts";
import {checkFrame, FRAME_MS, FrameGate} from "./frame-gate.ts";
import type {DisplayOptions, SerialDisplay} from "./serial-display.ts";

/** A terminal that was switched on late shows the whole screen after this, without having been asked. */
const REPAINT_MS = 10_000;
/** A port that is not open by then is a fault. */
const PATIENCE_MS = 1_000;

export class Vt100Display implements SerialDisplay {
    readonly columns: number;
    readonly rows: number;
    readonly #options: DisplayOptions;
    readonly #gate = new FrameGate();
    #wanted: Screen | null = null;
    #shown: Screen | null = null;
    #lost = false;
    #timer: NodeJS.Timeout | null = null;
    #repaint: NodeJS.Timeout | null = null;
    #patience: NodeJS.Timeout | null = null;

    constructor(options: DisplayOptions) {
        this.#options = options;
        this.columns = options.columns;
        this.rows = options.rows;
        options.port.onOpen((open) => this.#onOpen(open));
        // What a terminal types is no key of the phone: noise on an open line must not dial.
        options.port.onData(() => undefined);
    }

    start(): void {
        this.#options.port.open();
        this.#patience = setTimeout(() => {
            if (!this.#options.port.isOpen) this.#tell(true, "its port is not there");
        }, PATIENCE_MS);
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
        for (const timer of [this.#timer, this.#repaint, this.#patience]) if (timer !== null) clearTimeout(timer);
        await this.#options.port.close();
    }

    #onOpen(open: boolean): void {
        this.#shown = null;
        this.#tell(!open, open ? "its port is open" : "its port was lost");
        this.#advance();
    }

    #tell(lost: boolean, reason: string): void {
        if (lost === this.#lost) return;
        this.#lost = lost;
        this.#options.onFault(lost, reason);
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
