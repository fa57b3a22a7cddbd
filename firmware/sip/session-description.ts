/** Descriptions as JsSIP hands them about: text with its type, and of ours what stands behind the text. */
import type {Agreement} from "./sdp.ts";
import {type Description, sdpText} from "./sdp-write.ts";

/** A description as JsSIP makes it from what came. */
export class SessionDescription {
    readonly type: string;
    readonly sdp: string;

    constructor(init: {readonly type: string; readonly sdp: string}) {
        this.type = init.type;
        this.sdp = init.sdp;
    }
}

/** A description of ours, on its way from `create…` to `setLocalDescription`. */
export class LocalSessionDescription extends SessionDescription {
    readonly description: Description;
    /** What an answer settles; null for an offer. */
    readonly agreement: Agreement | null;

    constructor(type: "offer" | "answer", description: Description, agreement: Agreement | null) {
        super({type, sdp: sdpText(description)});
        this.description = description;
        this.agreement = agreement;
    }
}
