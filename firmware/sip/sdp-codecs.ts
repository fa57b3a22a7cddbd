/** The codecs of this phone as SDP names and numbers them (RFC 3551 §6, RFC 7587 §7, RFC 4733 §2.4). */
import type {Codec, CodecName} from "../../native/index.ts";
import type {RtpMap, SdpMedia} from "./sdp-parse.ts";

interface CodecFacts {
    /** Name in `a=rtpmap`; compared without regard to case. */
    readonly encoding: string;
    /** RTP clock in Hz: 8000 for G.722 although it samples at 16 kHz (RFC 3551 §4.5.2). */
    readonly clockRate: number;
    /** Channels in `a=rtpmap`: always 2 for Opus, also where one is sent (RFC 7587 §7). */
    readonly channels: number;
    /** The number that we offer; those below 96 are fixed by RFC 3551 and need no `a=rtpmap`. */
    readonly payloadType: number;
    readonly parameters: string | null;
}

export const codecFacts: Readonly<Record<CodecName, CodecFacts>> = {
    PCMU: {encoding: "PCMU", clockRate: 8000, channels: 1, payloadType: 0, parameters: null},
    PCMA: {encoding: "PCMA", clockRate: 8000, channels: 1, payloadType: 8, parameters: null},
    G722: {encoding: "G722", clockRate: 8000, channels: 1, payloadType: 9, parameters: null},
    opus: {encoding: "opus", clockRate: 48_000, channels: 2, payloadType: 96, parameters: "useinbandfec=1"},
};

/** The digits, `*`, `#`, A to D: the events that we send and know (RFC 4733 §3.2). */
const EVENTS = "0-15";
const EVENT_ENCODING = "telephone-event";
const eventPayloadTypes: Readonly<Record<number, number>> = {8000: 101, 48000: 102};

/** A telephone-event payload; its clock MUST be that of the codec beside it (RFC 4733 §2.1). */
export interface EventPayload {
    readonly payloadType: number;
    readonly clockRate: number;
}

/** Payload types of one session: a number, once bound, keeps its meaning (RFC 3264 §8.3.2). */
export interface Payloads {
    readonly codecs: readonly Codec[];
    readonly events: readonly EventPayload[];
}

export const noPayloads: Payloads = {codecs: [], events: []};

/** What the line can do of what we can, in its order, with its numbers. */
export function commonPayloads(media: SdpMedia, ours: readonly CodecName[], known: Payloads = noPayloads): Payloads {
    const codecs: Codec[] = [];
    const events: EventPayload[] = [];
    for (const format of media.formats) {
        if (!/^\d{1,3}$/.test(format) || Number(format) > 127) continue;
        const payloadType = Number(format);
        const map = media.rtpmaps.get(payloadType) ?? mapOf(payloadType, known);
        if (map?.name === EVENT_ENCODING) {
            if (!events.some((event) => event.clockRate === map.clockRate)) {
                events.push({payloadType, clockRate: map.clockRate});
            }
            continue;
        }
        const name = ours.find((candidate) => map !== null && isCodec(candidate, map));
        // A codec that is listed twice, with other parameters, is taken as it comes first.
        if (name === undefined || codecs.some((codec) => codec.name === name)) continue;
        codecs.push({name, payloadType, clockRate: codecFacts[name].clockRate});
    }
    return {codecs, events: events.filter((event) => codecs.some((codec) => codec.clockRate === event.clockRate))};
}

function isCodec(name: CodecName, map: RtpMap): boolean {
    const facts = codecFacts[name];
    return (
        facts.encoding.toLowerCase() === map.name &&
        facts.clockRate === map.clockRate &&
        facts.channels === map.channels
    );
}

/** What a number without `a=rtpmap` means: what was bound before, or what RFC 3551 fixes. */
function mapOf(payloadType: number, known: Payloads): RtpMap | null {
    if (known.events.some((event) => event.payloadType === payloadType)) {
        const clockRate = known.events.find((event) => event.payloadType === payloadType)?.clockRate ?? 8000;
        return {name: EVENT_ENCODING, clockRate, channels: 1};
    }
    const bound = known.codecs.find((codec) => codec.payloadType === payloadType)?.name;
    const names: readonly CodecName[] = ["PCMU", "PCMA", "G722"];
    const fixed = names.find((name) => codecFacts[name].payloadType === payloadType);
    const name = bound ?? fixed;
    if (name === undefined) return null;
    const {encoding, clockRate, channels} = codecFacts[name];
    return {name: encoding.toLowerCase(), clockRate, channels};
}

/** Numbers for an offer of `names`: those bound already stay, the others get our own or the next free number. */
export function offeredPayloads(names: readonly CodecName[], known: Payloads): Payloads {
    const taken = new Set([...known.codecs, ...known.events].map(({payloadType}) => payloadType));
    const number = (wanted: number): number => {
        let payloadType = wanted;
        // Dynamic numbers are 96 to 127 (RFC 3551 §6); six are in use at most.
        while (taken.has(payloadType)) payloadType = payloadType < 127 ? Math.max(96, payloadType + 1) : 96;
        taken.add(payloadType);
        return payloadType;
    };
    const codecs = names.map((name) => {
        const {clockRate, payloadType} = codecFacts[name];
        return known.codecs.find((codec) => codec.name === name) ?? {name, clockRate, payloadType: number(payloadType)};
    });
    const clocks = [...new Set(codecs.map((codec) => codec.clockRate))];
    const events = clocks.map((clockRate) => {
        const bound = known.events.find((event) => event.clockRate === clockRate);
        return bound ?? {clockRate, payloadType: number(eventPayloadTypes[clockRate] ?? 101)};
    });
    return {codecs, events};
}

/** `a=rtpmap` and `a=fmtp` of a codec. */
export function codecAttributes({name, payloadType}: Codec): readonly string[] {
    const {encoding, clockRate, channels, parameters} = codecFacts[name];
    const map = `a=rtpmap:${payloadType} ${encoding}/${clockRate}${channels === 1 ? "" : `/${channels}`}`;
    return parameters === null ? [map] : [map, `a=fmtp:${payloadType} ${parameters}`];
}

/** `a=rtpmap` and `a=fmtp` of telephone-event. */
export function eventAttributes({payloadType, clockRate}: EventPayload): readonly string[] {
    return [`a=rtpmap:${payloadType} ${EVENT_ENCODING}/${clockRate}`, `a=fmtp:${payloadType} ${EVENTS}`];
}
