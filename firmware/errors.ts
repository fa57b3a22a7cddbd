/** The world is wrong: a file, the network, the cable, a device. `code` is stable, the message names what and where. */
export class PhoneError extends Error {
    readonly code: string;

    constructor(code: string, message: string, options?: ErrorOptions) {
        super(message, options);
        this.name = "PhoneError";
        this.code = code;
    }
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
    return thrown instanceof Error ? thrown.message : String(thrown);
}
