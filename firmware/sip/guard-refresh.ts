/** Part of jssip-guard.ts: a call must not end because one session refresh (RFC 4028) did not get through. */
import type {JsSipInternals, JsSipSession} from "./jssip.ts";

/** How soon a refresh is tried again while another re-INVITE is under way, in ms. */
const BUSY_MS = 5_000;
/** How soon it is tried again when it was sent and not accepted, in ms: longer than its transaction (64*T1). */
const REFUSED_MS = 35_000;
/** So many refreshes in a row are tried before the peer may end the session. */
const MAX_TRIES = 5;

/**
 * JsSIP sends a refresh once: where another re-INVITE is under way, or where the refresh is refused, it never tries
 * again and the peer ends the call at the end of the interval. Here it is tried again; a 2xx begins the next interval.
 */
export function guardRefresh({RtcSession}: JsSipInternals): void {
    const run = RtcSession.prototype._runSessionTimer;
    RtcSession.prototype._runSessionTimer = function (this: JsSipSession): void {
        run.call(this);
        const timers = this._sessionTimers;
        if (!timers.refresher) return;
        clearTimeout(timers.timer ?? undefined);
        let tries = 0;
        const refresh = (): void => {
            if (this.isEnded()) return;
            const isReady = this.isReadyToReOffer();
            if (isReady) {
                tries += 1;
                if (timers.refreshMethod === "UPDATE") this._sendUpdate({});
                else this._sendReinvite({});
            }
            if (tries < MAX_TRIES) timers.timer = setTimeout(refresh, isReady ? REFUSED_MS : BUSY_MS);
        };
        // Half the interval (RFC 4028 §7.2).
        timers.timer = setTimeout(refresh, (timers.currentExpires ?? 0) * 500);
    };
}
