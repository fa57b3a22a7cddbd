/** What each part of the phone needs of the settings, as pure functions of them. */

import type {PhoneSettings} from "../phone/state.ts";
import {Secret} from "../secret.ts";
import type {AccountSettings, SipSettings, SipTransport} from "../sip/account.ts";
import {type AccountNumber, accountNumbers, type Settings} from "./schema.ts";

const usualPorts: Readonly<Record<SipTransport, number>> = {tcp: 5060, tls: 5061, ws: 80, wss: 443};

export function phoneSettingsOf(settings: Settings): PhoneSettings {
    return {
        language: settings["phone.language"],
        country: settings["phone.country"],
        timeZone: settings["phone.time-zone"],
        digitMap: settings["dial.map"],
        interDigit: settings["dial.interdigit"] * 1000,
        emergencyNumbers: settings["dial.emergency"],
        defaultAccount: settings["dial.account"] - 1,
        volume: settings["audio.volume"],
        ringVolume: settings["audio.ring-volume"],
        supportContact: settings["phone.support-contact"],
        leastSecurity: settings["call.least-security"],
    };
}

/** The enabled accounts, with the defaults that depend on other settings filled in. */
export function accountsOf(
    settings: Settings,
    password: (account: AccountNumber) => Secret,
): readonly AccountSettings[] {
    return accountNumbers
        .filter((number) => settings[`account${number}.enabled`])
        .map((number) => {
            const transport = settings[`account${number}.transport`];
            const user = settings[`account${number}.user`];
            const domain = settings[`account${number}.domain`];
            return {
                id: number - 1,
                label: settings[`account${number}.label`] || user,
                user,
                domain,
                authUser: settings[`account${number}.auth-user`] || user,
                password: password(number),
                displayName: settings[`account${number}.display-name`],
                transport,
                server: settings[`account${number}.server`] || domain,
                port: settings[`account${number}.port`] || usualPorts[transport],
                path: settings[`account${number}.path`],
                expires: settings[`account${number}.expires`],
                media: settings[`account${number}.media`],
            };
        });
}

/** Where each account registers, by its id; empty text for one that is not enabled. */
export function serversOf(settings: Settings): readonly string[] {
    const enabled = accountsOf(settings, () => new Secret(""));
    return accountNumbers.map((number) => {
        const account = enabled.find(({id}) => id === number - 1);
        return account === undefined ? "" : `${account.server}:${account.port} ${account.transport}`;
    });
}

/** What `sipSettingsOf` needs beside the settings. */
export interface SipFacts {
    readonly instanceId: string;
    readonly version: string;
    readonly turnPassword: () => Secret;
}

export function sipSettingsOf(settings: Settings, {instanceId, version, turnPassword}: SipFacts): SipSettings {
    return {
        ca: settings["sip.ca"],
        keepAlive: settings["sip.keep-alive"],
        dscp: settings["sip.dscp"],
        codecs: settings["audio.codecs"],
        ptime: settings["audio.ptime"],
        mediaAddress: settings["rtp.address"],
        keysOverClear: settings["rtp.keys-over-clear"],
        ice: {
            stun: settings["ice.stun"],
            turn: settings["ice.turn"],
            turnUser: settings["ice.turn-user"],
            turnPassword: turnPassword(),
            relayOnly: settings["ice.relay-only"],
        },
        collector: settings["quality.collector"],
        instanceId,
        userAgent: `Offhook/${version}`,
    };
}
