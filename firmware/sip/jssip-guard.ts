/**
 * Corrections to JsSIP 3.13.8 at run time, without a fork. Each is one function on the package's inner classes, was
 * first seen failing, and has a test that fails without it. They replace methods of prototypes because JsSIP
 * constructs these objects itself; what a subclass can do is in user-agent.ts.
 */
import {guardDigest, guardRealms} from "./digest.ts";
import {guardHold} from "./guard-hold.ts";
import {guardRandom} from "./guard-random.ts";
import {guardRefresh} from "./guard-refresh.ts";
import {internals, type JsSipDialog, type JsSipInternals, type JsSipSession, silenceJsSip} from "./jssip.ts";
import {decoded} from "./name-addr.ts";

/** The only version that the guards are written for. */
export const GUARDED_VERSION = "3.13.8";

/** How long a fork's 2xx may be repeated: 64*T1 of RFC 3261 §13.2.2.4, in ms. */
const STRAY_DIALOG_MS = 32_000;

/**
 * A 2xx after our CANCEL, or a second 2xx from another fork (RFC 3261 §13.2.2.4): ACK and BYE go into that dialog and
 * the first call is left alone. JsSIP alone answers the first dialog (the talk ends, the other phone stays off hook)
 * or answers nothing at all (a ghost call at the callee).
 */
export function guardStrayAnswers({RtcSession, Dialog}: JsSipInternals): void {
    const strays = new WeakMap<JsSipSession, Map<string, JsSipDialog>>();
    const receive = RtcSession.prototype._receiveInviteResponse;
    RtcSession.prototype._receiveInviteResponse = function (this: JsSipSession, response): void {
        const own = this._dialog ?? null;
        // Not an answer to our INVITE, whatever its branch says; JsSIP makes a dialog of it that never ends.
        if (own !== null && (own.id.call_id !== response.call_id || own.id.local_tag !== response.from_tag)) return;
        const isStray = own === null ? this.isEnded() : own.id.remote_tag !== response.to_tag;
        if (response.status_code < 200 || response.status_code > 299 || !isStray) {
            receive.call(this, response);
            return;
        }
        const dialogs = strays.get(this) ?? new Map<string, JsSipDialog>();
        strays.set(this, dialogs);
        const known = dialogs.get(response.to_tag);
        if (known !== undefined) {
            known.sendRequest("ACK");
            return;
        }
        const dialog = new Dialog(strayOwner(this), response, "UAC");
        // Without a Contact there is nowhere to send the ACK.
        if (dialog.error !== undefined) return;
        dialogs.set(response.to_tag, dialog);
        setTimeout(() => dialog.terminate(), STRAY_DIALOG_MS).unref();
        dialog.sendRequest("ACK");
        dialog.sendRequest("BYE");
    };
}

/** Stands for the session in a dialog that only lives to be ended. */
function strayOwner(session: JsSipSession): object {
    return {
        _ua: session._ua,
        _direction: "outgoing",
        isEnded: () => true,
        receiveRequest: (request: {method: string; reply(status: number): void}) => {
            if (request.method !== "ACK") request.reply(request.method === "BYE" ? 200 : 481);
        },
    };
}

/**
 * A 200 without SDP, or with SDP that is refused: JsSIP marks the session as terminated before it closes it, so the
 * peer connection stays open (an open microphone) and session and dialog leak. Here the close goes through, once.
 */
export function guardRefusedAnswer({RtcSession}: JsSipInternals): void {
    const {STATUS_TERMINATED = 8, STATUS_CONFIRMED = 9} = RtcSession.C;
    const acceptAndTerminate = RtcSession.prototype._acceptAndTerminate;
    RtcSession.prototype._acceptAndTerminate = function (this: JsSipSession, response, status, reason): void {
        if (this._status === STATUS_TERMINATED) return;
        acceptAndTerminate.call(this, response, status, reason);
        // Each caller calls _failed() next, which closes only what is not terminated yet.
        if (this._dialog) this._status = STATUS_CONFIRMED;
    };
    const failed = RtcSession.prototype._failed;
    RtcSession.prototype._failed = function (this: JsSipSession, originator, message, cause): void {
        if (this._status !== STATUS_TERMINATED) failed.call(this, originator, message, cause);
    };
}

/**
 * REFER with Replaces (RFC 3891 §3, RFC 5589 §7): the tags are those of our side and theirs, whoever called. JsSIP
 * takes From and To of the first INVITE, which swaps them where the consultation call came in.
 */
export function guardReplaces({RtcSession}: JsSipInternals): void {
    const refer = RtcSession.prototype.refer;
    RtcSession.prototype.refer = function (this: JsSipSession, target, options = {}): unknown {
        const id = options.replaces?._dialog?.id;
        if (id === undefined) return refer.call(this, target, options);
        const uri = this._ua.normalizeTarget(target)?.clone();
        if (uri === undefined) throw new TypeError("the target of a transfer must be a SIP URI or a user");
        const replaces = `${id.call_id};to-tag=${id.remote_tag};from-tag=${id.local_tag}`;
        uri.setHeader("Replaces", encodeURIComponent(replaces));
        return refer.call(this, uri, {...options, replaces: undefined});
    };
}

/** Glare (RFC 3261 §14.2): JsSIP answers 491 and then hands the offer to the session all the same. */
export function guardGlare({Dialog}: JsSipInternals): void {
    const check = Dialog.prototype._checkInDialogRequest;
    Dialog.prototype._checkInDialogRequest = function (this: JsSipDialog, request): boolean {
        const isOffer = request.method === "INVITE" || (request.method === "UPDATE" && request.body !== "");
        const isGlare = isOffer && this._uac_pending_reply;
        return check.call(this, request) && !isGlare;
    };
}

/**
 * The retry after a 491 (RFC 3261 §14.1): JsSIP repeats the old CSeq header, waits one second on both sides, so that
 * two phones collide again, and even retries when the dialog is over.
 */
export function guardRetry({Dialog, DialogRequestSender}: JsSipInternals): void {
    const {STATUS_TERMINATED = 3} = Dialog.C;
    const receive = DialogRequestSender.prototype._receiveResponse;
    DialogRequestSender.prototype._receiveResponse = function (response): void {
        if (response.method !== "INVITE" || response.status_code !== 491 || this._reattempt) {
            receive.call(this, response);
            return;
        }
        const ownsCallId = this._dialog._owner._direction === "outgoing";
        // The owner of the Call-ID waits 2.1 to 4 s, the other 0 to 2 s.
        const wait = ownsCallId ? 2100 + Math.random() * 1900 : Math.random() * 2000;
        this._reattemptTimer = setTimeout(() => {
            if (this._dialog._state === STATUS_TERMINATED) return;
            this._reattempt = true;
            this._request.cseq = this._dialog.local_seqnum += 1;
            this._request.setHeader("cseq", `${this._request.cseq} ${this._request.method}`);
            this._dialog._outgoing_ack_seqnum = this._request.cseq;
            this.send();
        }, wait);
    };
}

/**
 * A `%25` in the user part of a peer's Contact: JsSIP decodes it twice, so that the BYE throws where the user hangs up
 * and never leaves.
 */
export function guardUserEscapes({Utils}: JsSipInternals): void {
    const {escapeUser} = Utils;
    Utils.escapeUser = (user) => escapeUser(decoded(user) === null ? user.replaceAll("%", "%25") : user);
}

/** All guards, in the order in which they are installed. */
export const guards: readonly ((internals: JsSipInternals) => void)[] = [
    guardStrayAnswers,
    guardRefusedAnswer,
    guardReplaces,
    guardGlare,
    guardRetry,
    guardHold,
    guardRefresh,
    guardUserEscapes,
    guardRandom,
    guardDigest,
    guardRealms,
];

let installed = false;

/**
 * Corrects and silences the JsSIP that this process runs on; the second call corrects nothing more.
 * Throws RangeError where the package has another version than the one the guards were written for.
 */
export function installJsSipGuard(): void {
    silenceJsSip();
    if (installed) return;
    if (internals.version !== GUARDED_VERSION) {
        throw new RangeError(`JsSIP ${internals.version} is installed; the guards are for ${GUARDED_VERSION}`);
    }
    for (const guard of guards) guard(internals);
    installed = true;
}
