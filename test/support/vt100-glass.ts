/**
 * A small VT100 screen, to read what a display driver drew. Written from ECMA-48 and the VT100 User Guide, without a
 * line of the driver's. What it does not know it counts in `unknown`: a driver that is understood leaves that at 0.
 */

const BLANK = " ";

export class Vt100Glass {
    readonly columns: number;
    readonly rows: number;
    #cells: string[][];
    #column = 0;
    #row = 0;
    #wrap = true;
    /** Set when the last column was written and the next character would go to the next row. */
    #pendingWrap = false;
    #cursorShown = true;
    #unknown = 0;
    #scrolled = 0;
    #state: "ground" | "escape" | "control" = "ground";
    #parameters = "";
    readonly #decoder = new TextDecoder("utf-8");

    constructor(columns: number, rows: number) {
        this.columns = columns;
        this.rows = rows;
        this.#cells = this.#blank();
    }

    /** The rows as text, each exactly `columns` long. */
    get lines(): readonly string[] {
        return this.#cells.map((row) => row.join(""));
    }

    /** Where the cursor stands, null while it is hidden. */
    get cursor(): {readonly column: number; readonly row: number} | null {
        return this.#cursorShown ? {column: this.#column, row: this.#row} : null;
    }

    /** Sequences and control characters that this screen does not know. */
    get unknown(): number {
        return this.#unknown;
    }

    /** Times that the screen scrolled; a display driver must never cause it. */
    get scrolled(): number {
        return this.#scrolled;
    }

    /** Takes bytes as the line brings them, cut anywhere. */
    write(bytes: Uint8Array): void {
        for (const character of this.#decoder.decode(bytes, {stream: true})) this.#take(character);
    }

    #take(character: string): void {
        switch (this.#state) {
            case "ground": {
                if (character === "\x1b") this.#state = "escape";
                else if (character < " " || character === "\x7f") this.#controlCharacter(character);
                else this.#print(character);
                return;
            }
            case "escape": {
                this.#state = character === "[" ? "control" : "ground";
                this.#parameters = "";
                if (character !== "[") this.#unknown += 1;
                return;
            }
            case "control": {
                // ECMA-48 §5.4: parameter bytes 3/0 to 3/15, intermediate bytes 2/0 to 2/15, final byte 4/0 to 7/14.
                if (character >= " " && character <= "?") {
                    this.#parameters += character;
                    return;
                }
                this.#state = "ground";
                this.#sequence(character);
                return;
            }
        }
    }

    #controlCharacter(character: string): void {
        switch (character) {
            case "\r": {
                this.#column = 0;
                this.#pendingWrap = false;
                return;
            }
            case "\n": {
                this.#lineFeed();
                return;
            }
            case "\b": {
                this.#column = Math.max(0, this.#column - 1);
                this.#pendingWrap = false;
                return;
            }
            case "\x00":
            case "\x07": {
                return;
            }
            default: {
                this.#unknown += 1;
            }
        }
    }

    #print(character: string): void {
        if (this.#pendingWrap && this.#wrap) {
            this.#column = 0;
            this.#lineFeed();
        }
        this.#pendingWrap = false;
        const row = this.#cells[this.#row];
        if (row !== undefined) row[this.#column] = character;
        if (this.#column < this.columns - 1) this.#column += 1;
        else this.#pendingWrap = true;
    }

    #lineFeed(): void {
        this.#pendingWrap = false;
        if (this.#row < this.rows - 1) {
            this.#row += 1;
            return;
        }
        this.#cells = [...this.#cells.slice(1), new Array<string>(this.columns).fill(BLANK)];
        this.#scrolled += 1;
    }

    #sequence(final: string): void {
        const numbers = this.#parameters
            .replace("?", "")
            .split(";")
            .map((text) => (text === "" ? Number.NaN : Number(text)));
        const given = (index: number, otherwise: number): number => {
            const value = numbers[index];
            return value === undefined || Number.isNaN(value) ? otherwise : value;
        };
        switch (final) {
            case "H":
            case "f": {
                // CUP: counted from 1; 0 means 1.
                this.#place(Math.max(1, given(1, 1)) - 1, Math.max(1, given(0, 1)) - 1);
                return;
            }
            case "A": {
                this.#place(this.#column, this.#row - Math.max(1, given(0, 1)));
                return;
            }
            case "B": {
                this.#place(this.#column, this.#row + Math.max(1, given(0, 1)));
                return;
            }
            case "C": {
                this.#place(this.#column + Math.max(1, given(0, 1)), this.#row);
                return;
            }
            case "D": {
                this.#place(this.#column - Math.max(1, given(0, 1)), this.#row);
                return;
            }
            case "J": {
                this.#eraseInDisplay(given(0, 0));
                return;
            }
            case "K": {
                this.#eraseInLine(given(0, 0));
                return;
            }
            case "m": {
                // Attributes are not kept: the phone uses none but "normal".
                return;
            }
            case "h":
            case "l": {
                this.#mode(given(0, 0), final === "h");
                return;
            }
            default: {
                this.#unknown += 1;
            }
        }
    }

    #place(column: number, row: number): void {
        this.#column = Math.min(Math.max(column, 0), this.columns - 1);
        this.#row = Math.min(Math.max(row, 0), this.rows - 1);
        this.#pendingWrap = false;
    }

    #mode(mode: number, on: boolean): void {
        const isPrivate = this.#parameters.startsWith("?");
        if (isPrivate && mode === 25) this.#cursorShown = on;
        else if (isPrivate && mode === 7) this.#wrap = on;
        else this.#unknown += 1;
    }

    #eraseInDisplay(what: number): void {
        const here = this.#row * this.columns + this.#column;
        this.#cells = this.#cells.map((cells, row) =>
            cells.map((cell, column) => {
                const at = row * this.columns + column;
                const erased = what === 2 || (what === 0 && at >= here) || (what === 1 && at <= here);
                return erased ? BLANK : cell;
            }),
        );
    }

    #eraseInLine(what: number): void {
        const row = this.#cells[this.#row] ?? [];
        this.#cells[this.#row] = row.map((cell, column) => {
            const erased =
                what === 2 || (what === 0 && column >= this.#column) || (what === 1 && column <= this.#column);
            return erased ? BLANK : cell;
        });
    }

    #blank(): string[][] {
        return Array.from({length: this.rows}, () => new Array<string>(this.columns).fill(BLANK));
    }
}
