/** What may be told of events: enough to see what happened, never who called, what was dialled or a secret. */
import {isDigit} from "./dialling.ts";
import {focusOf} from "./standing.ts";
import type {PhoneEvent, PhoneState} from "./state.ts";

/** Where the phone stands, in a word or two: `idle`, `off hook`, `talking (muted)`. */
export function standingText(state: PhoneState): string {
    const calls = state.calls.map(({id, phase, hold}) => `${id} ${phase}${hold.local || hold.remote ? " held" : ""}`);
    const focus = focusOf(state);
    const place = focus === "view" ? state.view.type : focus;
    const hook = `${state.hook} hook${state.speaker ? ", loudspeaker" : ""}${state.muted ? ", muted" : ""}`;
    return [place, ...calls, hook].join(", ");
}

/** An event without numbers and names. */
export function eventText(event: PhoneEvent): string {
    switch (event.type) {
        case "key": {
            return `key ${isDigit(event.key) ? "digit" : event.key} ${event.down ? "down" : "up"}`;
        }
        case "hook": {
            return `hook ${event.hook}`;
        }
        case "cellular": {
            return `cellular ${event.busy ? "busy" : "free"}`;
        }
        case "fault": {
            return `${event.part} ${event.lost ? `lost: ${event.reason}` : "back"}`;
        }
        case "registration": {
            const {id, registered, fault} = event.account;
            return `account ${id} ${registered ? "registered" : `not registered: ${fault ?? "no reason"}`}`;
        }
        case "ended": {
            return `ended ${event.call} ${event.reason.code} ${event.reason.sip ?? ""}`.trim();
        }
        case "progress": {
            return `progress ${event.call}${event.media ? " with media" : ""}`;
        }
        case "security": {
            return `security ${event.call} ${event.security}`;
        }
        case "hold": {
            return `hold ${event.call} by ${event.by}: ${event.held}`;
        }
        case "device": {
            return `device ${event.pcm} ${event.ok ? "works" : `fails: ${event.reason}`}`;
        }
        case "capture": {
            return `capture ${event.open ? "open" : "closed"}`;
        }
        case "testCapture": {
            return `microphone test ${event.open ? "open" : "closed"}`;
        }
        default: {
            return "call" in event ? `${event.type} ${event.call}` : event.type;
        }
    }
}

/** The newest lines, the oldest first; a line beyond the bound pushes the oldest out. */
export class BlackBox {
    readonly #lines: string[] = [];
    readonly #bound: number;

    constructor(bound: number) {
        this.#bound = bound;
    }

    add(line: string): void {
        this.#lines.push(line);
        if (this.#lines.length > this.#bound) this.#lines.shift();
    }

    lines(): readonly string[] {
        return [...this.#lines];
    }
}
