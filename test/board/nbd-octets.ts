/** The octets of one direction of a stream: they arrive in any pieces and leave in those that a reader asks for. */
export class OctetQueue {
    #chunks: Buffer[] = [];
    #length = 0;
    #unwanted = 0;

    push(chunk: Buffer): void {
        const skipped = Math.min(this.#unwanted, chunk.length);
        this.#unwanted -= skipped;
        if (skipped === chunk.length) return;
        this.#chunks.push(chunk.subarray(skipped));
        this.#length += chunk.length - skipped;
    }

    /** The next `count` octets, which stay; null until they have all arrived. */
    peek(count: number): Buffer | null {
        if (this.#length < count) return null;
        if ((this.#chunks[0]?.length ?? 0) < count) this.#chunks = [Buffer.concat(this.#chunks)];
        return (this.#chunks[0] ?? Buffer.alloc(0)).subarray(0, count);
    }

    /** The next `count` octets, which leave, as a view and not a copy; null until they have all arrived. */
    take(count: number): Buffer | null {
        const taken = this.peek(count);
        if (taken !== null) this.#drop(count);
        return taken;
    }

    /** Drops the next `count` octets, those that are here now and the others as they arrive. */
    skip(count: number): void {
        const here = Math.min(count, this.#length);
        this.#unwanted += count - here;
        this.#drop(here);
    }

    #drop(count: number): void {
        this.#length -= count;
        for (let left = count; left > 0; ) {
            const first = this.#chunks[0] ?? Buffer.alloc(left);
            if (first.length > left) this.#chunks[0] = first.subarray(left);
            else this.#chunks.shift();
            left -= Math.min(left, first.length);
        }
    }
}
