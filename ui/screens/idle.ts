/** Nothing happens: time, account, missed calls, and if there is no service, why and what to do. */
import type {AccountState} from "../../firmware/phone/state.ts";
import {earliest, isLarge, line, type Page, type PageLine, RANK} from "../page.ts";
import {defaultAccount, hint, nextMinute, nextRetrySecond, nextTry, type Scene, serviceFaultOf} from "../scene.ts";

export function idleScreen(scene: Scene): Page {
    const {state, text, size, wall} = scene;
    const account = defaultAccount(state);
    const time = isLarge(size)
        ? line(RANK.thing, wall?.longDate ?? text.idle.setTime, wall?.time ?? "--:--")
        : line(RANK.thing, wall?.time ?? "--:--", wall?.date ?? "");
    const missed = state.missed > 0 ? [line(RANK.minorFault, text.idle.missed, String(state.missed))] : [];
    return {
        body: [
            time,
            ...accountLines(scene, account),
            ...otherAccounts(scene, account),
            ...missed,
            ...limitLines(scene),
        ],
        hints: [hint(scene, "up", "recents"), hint(scene, "ok", "menu")],
        backlight: true,
        changesAt: earliest([nextMinute(state), nextRetrySecond(state)]),
    };
}

function accountLines(scene: Scene, account: AccountState | null): readonly PageLine[] {
    const {text} = scene;
    const label = account?.label ?? "";
    const fault = serviceFaultOf(account);
    if (fault === null) return [line(RANK.state, label, text.idle.ready)];
    return [...serviceLines(scene, account), line(RANK.detail, label, text.idle.noService)];
}

/** Why there is no service and what to do, or when the phone tries again where there is nothing to do but wait. */
export function serviceLines(scene: Scene, account: AccountState | null): readonly PageLine[] {
    const fault = serviceFaultOf(account);
    if (fault === null) return [];
    const {why, remedy} = scene.text.service[fault];
    const retry = nextTry(scene, account);
    const waiting = fault === "connecting" || fault === "timeout" || fault === "serverError";
    const next = waiting && retry !== null ? [] : [line(RANK.state, remedy)];
    const clock = retry === null ? [] : [line(waiting ? RANK.state : RANK.extra, retry)];
    return [line(RANK.about, why), ...next, ...clock];
}

function otherAccounts({state, text}: Scene, shown: AccountState | null): readonly PageLine[] {
    return state.accounts
        .filter((account) => account !== shown)
        .map((account) => {
            const fault = serviceFaultOf(account);
            return line(RANK.extra, account.label, fault === null ? text.idle.ready : text.service[fault].why);
        });
}

/** What forbids calls though there is service. */
export function limitLines({state, text}: Scene): readonly PageLine[] {
    const mobile = state.cellularBusy ? [line(RANK.minorFault, text.idle.mobileBusy)] : [];
    const consent = state.consent ? [] : [line(RANK.fault, text.idle.noConsent)];
    return [...mobile, ...consent];
}
