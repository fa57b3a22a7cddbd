/** Reading of unknown JSON into typed values, collecting every error with its path instead of stopping at the first. */

/** One place in the JSON: its value, its path for messages, and where errors go. */
export class Place {
    readonly value: unknown;
    readonly path: string;
    readonly #errors: string[];

    constructor(value: unknown, path: string, errors: string[]) {
        this.value = value;
        this.path = path;
        this.#errors = errors;
    }

    /** Notes an error and gives the stand-in, so that checking goes on. */
    fail<T>(what: string, standIn: T): T {
        this.#errors.push(`${this.path || "profile"}: ${what}`);
        return standIn;
    }

    get isAbsent(): boolean {
        return this.value === undefined || this.value === null;
    }

    /** A member of this object; absent when this is no object, which `object` has told. */
    at(name: string): Place {
        const value = isRecord(this.value) ? this.value[name] : undefined;
        return new Place(value, this.path === "" ? name : `${this.path}.${name}`, this.#errors);
    }

    /** Checks that this is an object with no members but these. */
    object(names: readonly string[]): boolean {
        if (!isRecord(this.value)) return this.fail(this.isAbsent ? "is missing" : "must be an object", false);
        for (const name of Object.keys(this.value)) {
            if (!names.includes(name)) this.at(name).fail("is not known", undefined);
        }
        return true;
    }

    list(): readonly Place[] {
        if (!Array.isArray(this.value)) return this.fail(this.isAbsent ? "is missing" : "must be a list", []);
        return this.value.map((value, index) => new Place(value, `${this.path}[${index}]`, this.#errors));
    }

    text(): string {
        if (typeof this.value === "string" && this.value !== "") return this.value;
        return this.fail(this.isAbsent ? "is missing" : "must be text", "");
    }

    integer(least: number, most: number): number {
        const {value} = this;
        if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
        return this.fail(this.isAbsent ? "is missing" : `must be a whole number from ${least} to ${most}`, least);
    }

    flag(): boolean {
        if (typeof this.value === "boolean") return this.value;
        return this.fail(this.isAbsent ? "is missing" : "must be true or false", false);
    }

    oneOf<T extends string>(choices: readonly T[]): T {
        const found = choices.find((choice) => choice === this.value);
        if (found !== undefined) return found;
        return this.fail(`must be one of ${choices.join(", ")}`, choices[0] as T);
    }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
