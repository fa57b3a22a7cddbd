import {randomBytes} from "node:crypto";
import {UA} from "./jssip.ts";

/** A client or server transaction of JsSIP as its user agent is told of it. */
interface Transaction {
    readonly type: "ict" | "nict" | "ist" | "nist";
    id: string;
    readonly request: {getHeader(name: string): string | undefined; setHeader(name: string, value: string): void};
}

interface UaInternals {
    set(parameter: string, value: unknown): boolean;
    newTransaction(transaction: Transaction): void;
}

// JsSIP's types leave `newTransaction` out.
type UaClass = new (...configuration: ConstructorParameters<typeof UA>) => InstanceType<typeof UA> & UaInternals;

/** The subclass of one copy of JsSIP's user agent; the tests have copies of their own. */
export function correctedUserAgent(original: typeof UA): UaClass {
    const Base = original as unknown as UaClass;
    return class extends Base {
        /**
         * JsSIP keeps H(A1) of the first realm after its first success and forgets the password, so that a second
         * realm or another algorithm can never be answered again (RFC 3261 §22.3). Here the credentials stay.
         */
        override set(parameter: string, value: unknown): boolean {
            if (parameter === "ha1" || parameter === "realm") return true;
            return super.set(parameter as "password", value as string);
        }

        /** JsSIP's branch is one of ten million (RFC 3261 §8.1.1.7 asks for uniqueness across space and time). */
        override newTransaction(transaction: Transaction): void {
            if (transaction.type === "ict" || transaction.type === "nict") {
                const via = transaction.request.getHeader("via") ?? "";
                const branch = `z9hG4bK${randomBytes(12).toString("hex")}`;
                transaction.request.setHeader("via", via.replace(transaction.id, branch));
                transaction.id = branch;
            }
            super.newTransaction(transaction);
        }
    };
}

/** JsSIP's user agent with what a subclass can correct; the rest of the corrections is in jssip-guard.ts. */
export class SipUserAgent extends correctedUserAgent(UA) {}
