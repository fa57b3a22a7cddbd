/** Part of jssip-guard.ts: a refused re-INVITE of ours must not end the call. */
import type {JsSipInternals, JsSipMessage, JsSipSession, ReofferHandlers, ReofferOptions} from "./jssip.ts";

/** What a refused re-INVITE of ours leaves behind: the call as it was before. */
export interface ReofferFailure {
    /** The refusal; undefined where the offer could not be made or the answer not be taken. */
    readonly response: JsSipMessage | undefined;
}

function sendOffer(session: JsSipSession, options: ReofferOptions, eventHandlers: ReofferHandlers): void {
    const {extraHeaders, rtcOfferConstraints = null} = options;
    if (options.useUpdate) session._sendUpdate({sdpOffer: true, eventHandlers, extraHeaders, rtcOfferConstraints});
    else session._sendReinvite({eventHandlers, extraHeaders, rtcOfferConstraints});
}

/** Takes the offer back (RFC 8829 §4.1.10.2). */
function rollBack(session: JsSipSession): void {
    session._connection?.setLocalDescription({type: "rollback"}).catch(() => {
        // The answer had been taken, or the connection is closed: there is nothing to roll back.
    });
}

/**
 * JsSIP ends the call with a BYE when a hold, an unhold or a renegotiation is refused, and throws into an unhandled
 * rejection when the call is over by then. Here the call goes on as it was (RFC 3261 §14.1): the flag is undone, the
 * peer connection rolled back, and `holdfailed`, `unholdfailed` or `renegotiatefailed` {response} is emitted.
 */
export function guardHold({RtcSession}: JsSipInternals): void {
    const {STATUS_WAITING_FOR_ACK = 6, STATUS_CONFIRMED = 9} = RtcSession.C;
    const mayOffer = (session: JsSipSession): boolean =>
        (session._status === STATUS_WAITING_FOR_ACK || session._status === STATUS_CONFIRMED) &&
        session.isReadyToReOffer();

    const setHold = (session: JsSipSession, held: boolean): void => {
        session._localHold = held;
        if (held) session._onhold("local");
        else session._onunhold("local");
    };
    const reofferWithHold = (held: boolean, failure: string) =>
        function (this: JsSipSession, options: ReofferOptions = {}, done?: () => void): boolean {
            if (this._localHold === held || !mayOffer(this)) return false;
            setHold(this, held);
            sendOffer(this, options, {
                succeeded: () => done?.(),
                failed: (response) => {
                    if (this.isEnded()) return;
                    rollBack(this);
                    setHold(this, !held);
                    this.emit(failure, {response} satisfies ReofferFailure);
                },
            });
            return true;
        };
    RtcSession.prototype.hold = reofferWithHold(true, "holdfailed");
    RtcSession.prototype.unhold = reofferWithHold(false, "unholdfailed");
    RtcSession.prototype.renegotiate = function (this: JsSipSession, options = {}, done): boolean {
        if (!mayOffer(this)) return false;
        this._setLocalMediaStatus();
        sendOffer(this, options, {
            succeeded: () => done?.(),
            failed: (response) => {
                if (this.isEnded()) return;
                rollBack(this);
                this.emit("renegotiatefailed", {response} satisfies ReofferFailure);
            },
        });
        return true;
    };
}
