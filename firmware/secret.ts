import {inspect} from "node:util";

/** A secret that prints as `***` wherever it is logged, joined, serialised or inspected. */
export class Secret {
    readonly #value: string;

    constructor(value: string) {
        this.#value = value;
    }

    /** The only way to the value; call it where it is used and keep the result in no field. */
    reveal(): string {
        return this.#value;
    }

    toString(): string {
        return "***";
    }

    toJSON(): string {
        return "***";
    }

    [inspect.custom](): string {
        return "***";
    }
}
