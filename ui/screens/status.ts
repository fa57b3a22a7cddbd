/** The status pages (row 130): the network, each account, the call's media, the phone itself, who helps. */
import type {AccountState} from "../../firmware/phone/state.ts";
import type {SessionStats} from "../../native/index.ts";
import {milliseconds, percent} from "../format.ts";
import {wrap} from "../layout.ts";
import {line, type Page, type PageLine, RANK} from "../page.ts";
import {hint, nextRetrySecond, nextTry, type Scene, serviceFaultOf} from "../scene.ts";
import {SECURITY_MARKS} from "../security.ts";
import {CODEC_MARKS} from "./quality.ts";

/** `page` counts without end in both directions: the pages go round. */
export function statusScreen(scene: Scene, page: number): Page {
    const {accounts, status} = scene.state;
    const lines = [
        addressLines(scene),
        ...(accounts.length === 0 ? [accountLines(scene, null)] : accounts.map((each) => accountLines(scene, each))),
        flowLines(scene, status.media),
        delayLines(scene, status.media),
        securityLines(scene),
        phoneLines(scene),
        supportLines(scene),
    ];
    const shown = ((Math.trunc(page) % lines.length) + lines.length) % lines.length;
    return {
        body: lines[shown] ?? [],
        hints: [hint(scene, "back", "back"), {key: "←→", word: `${shown + 1}/${lines.length}`}],
        backlight: true,
        changesAt: nextRetrySecond(scene.state),
    };
}

function addressLines({state, text}: Scene): PageLine[] {
    const {addresses} = state.status;
    const rows = addresses.length === 0 ? [text.status.none] : addresses;
    return [line(RANK.about, text.status.address), ...rows.map((address) => line(RANK.thing, address))];
}

function accountLines(scene: Scene, account: AccountState | null): PageLine[] {
    const {state, text} = scene;
    const fault = serviceFaultOf(account);
    const server = account === null ? "" : (state.status.servers[account.id] ?? "");
    const retry = nextTry(scene, account);
    return [
        line(RANK.about, account?.label ?? text.status.line, fault === null ? text.idle.ready : ""),
        ...(fault === null ? [] : [line(RANK.thing, text.service[fault].why)]),
        ...(account === null ? [] : [line(RANK.state, `${text.status.answer} ${account.detail}`.trim())]),
        ...(server === "" ? [] : [line(RANK.detail, server)]),
        ...(retry === null ? [] : [line(RANK.extra, retry)]),
    ];
}

function flowLines({text}: Scene, media: SessionStats | null): PageLine[] {
    if (media === null) return [line(RANK.thing, text.status.noCall)];
    const all = media.packetsReceived + media.packetsLost;
    const lost = all === 0 ? 0 : media.packetsLost / all;
    const remote =
        media.remoteLoss === null ? [] : [line(RANK.detail, text.status.lostThere, percent(media.remoteLoss))];
    return [
        line(RANK.about, text.status.codec, media.codec === null ? text.status.unknown : CODEC_MARKS[media.codec]),
        line(RANK.thing, text.status.lost, percent(lost)),
        line(RANK.state, text.status.late, String(media.packetsLate)),
        ...remote,
    ];
}

function delayLines({text}: Scene, media: SessionStats | null): PageLine[] {
    if (media === null) return [line(RANK.thing, text.status.noCall)];
    const trip = media.roundTrip === null ? text.status.unknown : milliseconds(media.roundTrip);
    return [
        line(RANK.about, text.status.jitter, milliseconds(media.jitter)),
        line(RANK.thing, text.status.delay, milliseconds(media.bufferDelay)),
        line(RANK.state, text.status.roundTrip, trip),
    ];
}

/** Calls that are over or only ring are not talked in. */
function securityLines({state, text}: Scene): PageLine[] {
    const call = state.calls.find(({phase}) => phase !== "ending" && phase !== "ringing");
    if (call === undefined) return [line(RANK.about, text.security.title), line(RANK.thing, text.status.noCall)];
    return [
        line(RANK.about, text.security.title, SECURITY_MARKS[call.security]),
        line(RANK.thing, text.security[call.security]),
    ];
}

function phoneLines({state, text}: Scene): PageLine[] {
    const {version, serial, realTime} = state.status;
    const granted = realTime === null ? text.status.unknown : realTime ? text.status.yes : text.status.no;
    return [
        line(RANK.thing, text.status.version, version),
        line(RANK.about, text.status.serial, serial),
        line(RANK.state, text.status.realTime, granted),
    ];
}

function supportLines({state, text, size}: Scene): PageLine[] {
    const contact = state.settings.supportContact;
    const rows = contact === "" ? [text.status.none] : wrap(contact, size.columns);
    return [line(RANK.about, text.status.support), ...rows.map((row) => line(RANK.thing, row))];
}
