/**
 * Log lines: area, sentence, values. A `Secret` prints `***` by itself; numbers of callers go to `debug` only.
 * The message is a function where making it costs something.
 */
export type LogLevel = "debug" | "info" | "warning" | "error";
export type LogMessage = string | (() => string);

export interface Log {
    debug(message: LogMessage): void;
    info(message: LogMessage): void;
    warning(message: LogMessage): void;
    error(message: LogMessage): void;
    /** The same sink under another area's name. */
    area(name: string): Log;
}

const order: readonly LogLevel[] = ["debug", "info", "warning", "error"];

/** A log that writes lines `2026-01-01T00:00:00.000Z warning sip: …` of at least `least` to `write`. */
export function createLog(write: (line: string) => void, least: LogLevel, area = "phone"): Log {
    const line = (level: LogLevel, message: LogMessage): void => {
        if (order.indexOf(level) < order.indexOf(least)) return;
        const text = typeof message === "string" ? message : message();
        write(`${new Date().toISOString()} ${level} ${area}: ${text.replaceAll(/[\r\n]+/g, " ")}`);
    };
    return {
        debug: (message) => line("debug", message),
        info: (message) => line("info", message),
        warning: (message) => line("warning", message),
        error: (message) => line("error", message),
        area: (name) => createLog(write, least, name),
    };
}
