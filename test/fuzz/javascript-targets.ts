/**
 * What is fuzzed of our JavaScript: whatever stands in the octets, a target returns; a rule that must hold and does not
 * throws. A new parser is one entry in the table at the end, and a folder of seeds.
 */
import {isIP} from "node:net";
import {isDeepStrictEqual} from "node:util";
import {initialSettings} from "../../firmware/config/schema.ts";
import {validate} from "../../firmware/config/validate.ts";
import {PhoneError} from "../../firmware/errors.ts";
import {createLog} from "../../firmware/log.ts";
import {DigitMapError, matchDigits, parseDigitMap} from "../../firmware/phone/digit-map.ts";
import {completionsOf, parseCommand} from "../../firmware/provisioning/commands.ts";
import {edit, emptyEditor, longestLine, longestRequest} from "../../firmware/provisioning/line-editor.ts";
import {errorLine, membersOf, parseRequest, type Request} from "../../firmware/provisioning/rpc-message.ts";
import {readChanges} from "../../firmware/provisioning/rpc-settings.ts";
import {guardDigest} from "../../firmware/sip/digest.ts";
import {reasonCauses} from "../../firmware/sip/end-reason.ts";
import {Framer, MAX_BODY, MAX_HEAD} from "../../firmware/sip/framer.ts";
import {internals} from "../../firmware/sip/jssip.ts";
import {MessageFilter} from "../../firmware/sip/message-filter.ts";
import {sdpOfMultipart} from "../../firmware/sip/multipart.ts";
import {
    escapeUser,
    formatAddress,
    parseAddress,
    parseSipUri,
    quoteDisplay,
    sipOfTel,
    telOfSip,
} from "../../firmware/sip/name-addr.ts";
import {partyOf} from "../../firmware/sip/party.ts";
import {answerOffer, type LocalAudio} from "../../firmware/sip/sdp.ts";
import {cryptoText, isSameKey, keyOctets, parseCrypto, suiteKey, suites} from "../../firmware/sip/sdp-crypto.ts";
import {candidateText, iceText, parseCandidate, parseFragment} from "../../firmware/sip/sdp-ice.ts";
import {parseSdp} from "../../firmware/sip/sdp-parse.ts";
import {sdpText} from "../../firmware/sip/sdp-write.ts";
import {formatMessage, parseHeaders, parseMessage} from "../../firmware/sip/sip-message.ts";
import {parsePackets} from "../../hal/display-protocol-cfa635.ts";
import {readableChallenge, readableMessage} from "./jssip-parser.ts";

function must(holds: boolean, what: string): void {
    if (!holds) throw new Error(`must be, and is not: ${what}`);
}

/** What a parser may throw is told; anything else goes on. */
function orThrown<T>(codes: readonly string[], run: () => T): T | null {
    try {
        return run();
    } catch (error) {
        if (error instanceof PhoneError && codes.includes(error.code)) return null;
        throw error;
    }
}

const local: LocalAudio = {
    address: "192.0.2.1",
    port: 16_384,
    codecs: ["opus", "G722", "PCMA", "PCMU"],
    ptime: 20,
    direction: "sendrecv",
    security: {
        type: "sdes",
        profile: "RTP/AVP",
        required: false,
        keys: suites.map((suite) => suiteKey(suite, new Uint8Array(keyOctets[suite]).fill(7))),
    },
    ice: null,
};

/** The same where ICE finds the path. */
const onIce: LocalAudio = {
    ...local,
    ice: {
        description: {ufrag: "ours", pwd: "ourPassword0of0ours0ours", candidates: [], complete: true},
        ssrc: 1,
        cname: "phone",
        fingerprint: {hash: "sha-256", value: new Uint8Array(32)},
        role: null,
    },
};

/** An offer from anywhere: read, answered, and our answer is an SDP again with a line for each of theirs. */
function sdp(text: string): void {
    const offer = orThrown(["badSdp"], () => parseSdp(text));
    if (offer === null) return;
    for (const side of [local, onIce]) {
        const agreed = orThrown(["noCommonCodec", "noSecurity"], () => answerOffer(offer, side));
        if (agreed === null) continue;
        const answer = parseSdp(sdpText({sessionId: 1, version: 1, address: local.address, lines: agreed.lines}));
        must(answer.media.length === offer.media.length, "a line of the answer for each of the offer");
        must(answer.media.filter(({port}) => port > 0).length === 1, "one line is taken");
        must(agreed.remote.codecs.length > 0, "a codec");
        must("ice" in agreed.remote === (side.ice !== null), "the path that there is");
        must(agreed.remote.security.type !== "dtls" || side.ice !== null, "DTLS on ICE alone");
    }
}

/** A candidate, and the body of an INFO with candidates. */
function candidate(text: string): void {
    const read = parseCandidate(text);
    if (read !== null) {
        must(isDeepStrictEqual(parseCandidate(candidateText(read).slice("a=candidate:".length)), read), "itself again");
        must(read.port > 0 && read.port < 65_536 && isIP(read.address) !== 0, "what the engine takes");
    }
    const fragment = parseFragment(text);
    if (fragment === null) return;
    must(isDeepStrictEqual(parseFragment(iceText(fragment).join("\n")), fragment), "a fragment itself again");
}

function crypto(text: string): void {
    const attribute = parseCrypto(text, 1);
    if (!attribute.ok) {
        must(!attribute.what.includes("\n") && attribute.what.length < 100, "words of ours");
        return;
    }
    const again = parseCrypto(cryptoText(attribute.crypto).slice("a=crypto:".length), 1);
    must(again.ok && again.crypto.tag === attribute.crypto.tag, "the tag");
    must(again.ok && isSameKey(again.crypto, attribute.crypto), "the key");
}

/** The first octet says into what chunks the others are cut. */
function framer(octets: Buffer): void {
    const size = 1 + (octets[0] ?? 0);
    const stream = octets.subarray(1);
    const whole = new Framer().push(stream);
    const cut = new Framer();
    const frames = [];
    for (let at = 0; at < stream.length; at += size) frames.push(...cut.push(stream.subarray(at, at + size)));
    must(isDeepStrictEqual(frames, whole), "the same frames whatever the chunks");
    for (const frame of whole) {
        if (frame.type === "message") must(frame.text.length <= MAX_HEAD + 4 + MAX_BODY, "a bounded message");
    }
}

const silent = createLog(() => {}, "error");

/** One message through the filter: what comes out of it, to JsSIP or as an answer, JsSIP's parser reads. */
function message(text: string): void {
    const parsed = parseMessage(text);
    if (parsed === null) return;
    must(isDeepStrictEqual(parseMessage(formatMessage(parsed)), parsed), "a message written is the message");
    const answer = (out: string): void => must(parseMessage(out) !== null, "an answer that is a message");
    const sentBy = (): string => "127.0.0.1:5061";
    const filter = new MessageFilter({user: "100", sentBy, deliver: readableMessage, answer, log: silent});
    filter.ingress(text);
    filter.close();
}

/** The values of header fields that name somebody or something. */
function names(text: string): void {
    const address = parseAddress(text);
    if (address !== null) {
        const again = parseAddress(formatAddress({...address, display: quoteDisplay(address.display)}));
        must(again?.uri === address.uri, "the URI of an address");
        const uri = parseSipUri(address.uri);
        if (uri !== null) {
            const user = escapeUser(uri.user);
            must(escapeUser(user) === user, "what is escaped stays so");
        }
        telOfSip(sipOfTel(address.uri));
    }
    partyOf({from: text, asserted: [text]});
    reasonCauses(text);
    const [type = "", ...body] = text.split("\n");
    sdpOfMultipart(type, body.join("\n"));
}

guardDigest(internals);

/** The challenge of a server, as the filter unfolds it: nothing in it gets out of the header line of our answer. */
function digest(text: string): void {
    const [field] = parseHeaders(`WWW-Authenticate: ${text}`.split("\r\n"));
    const challenge = readableChallenge(field?.value ?? "");
    if (challenge === null) return;
    const credentials = {username: "100", password: "secret", realm: null, ha1: null};
    const answer = Object.assign(Object.create(internals.DigestAuthentication.prototype), {
        _credentials: credentials,
        _nc: 0,
        _nonce: null,
    });
    const request = {method: "REGISTER", ruri: "sip:phone.test", body: ""};
    if (answer.authenticate(request, challenge, "cnonce")) must(!/[\r\n]/.test(answer.toString()), "one line");
}

/** The first octet says whether a secret is typed. */
function editor(octets: Buffer): void {
    const hidden = (octets[0] ?? 0) % 2 === 1;
    let state = emptyEditor;
    for (const octet of octets.subarray(1)) {
        const edited = edit(state, octet, hidden);
        state = edited.editor;
        must(
            state.text.length <= (state.request ? longestRequest : longestLine) && state.history.length <= 50,
            "bounds",
        );
        must(!hidden || /^(\r\n|\^C\r\n)?$/.test(edited.echo), "nothing of a secret is echoed");
        for (const input of edited.inputs) if (input.type === "line") parseCommand(input.text);
        completionsOf(state.text);
    }
}

/** A tool's line: nothing of it is echoed or kept, and what is wrong with it is told on one line in words of ours. */
function rpc(octets: Buffer): void {
    let state = emptyEditor;
    for (const octet of [0x7b, ...octets.filter((each) => each !== 0x0a && each !== 0x0d), 0x0a]) {
        const {editor: next, echo, inputs} = edit(state, octet, false);
        state = next;
        must(echo === "" && next.history.length === 0, "neither echo nor history");
        for (const input of inputs) {
            must(input.type === "request" || input.type === "requestError", "a tool's line");
            if (input.type === "request") request(input.text);
        }
    }
    must(isDeepStrictEqual(state, emptyEditor), "a line that has ended");
}

function request(line: string): void {
    const parsed = parseRequest(line);
    if (!parsed.ok) {
        must(!errorLine(parsed.id, parsed.error).includes("\n") && parsed.error.message.length < 100, "words of ours");
        return;
    }
    const {id, method, params} = parsed.request;
    const written = (request: Request): string =>
        // JSON has one zero, JavaScript two.
        JSON.stringify({
            jsonrpc: "2.0",
            id: request.id,
            method: request.method,
            params: Object.fromEntries(request.params),
        });
    const again = parseRequest(written({id, method, params}));
    must(again.ok && written(again.request) === written(parsed.request), "itself again");
    const read = readChanges(membersOf(params.get("changes")) ?? params);
    const judged = validate(read.changes, initialSettings);
    if (judged.ok) must(Object.keys(judged.settings).length === Object.keys(initialSettings).length, "no new setting");
}

/** The first octet says into what chunks the others are cut. */
function display(octets: Buffer): void {
    const size = 1 + (octets[0] ?? 0);
    const stream = octets.subarray(1);
    const whole = parsePackets(stream);
    const packets = [];
    let dropped = 0;
    let rest: Uint8Array = new Uint8Array();
    for (let at = 0; at < stream.length; at += size) {
        const parsed = parsePackets(Buffer.concat([rest, stream.subarray(at, at + size)]));
        packets.push(...parsed.packets);
        dropped += parsed.dropped;
        rest = parsed.rest;
    }
    must(isDeepStrictEqual(packets, whole.packets) && dropped === whole.dropped, "the same whatever the chunks");
    const taken = packets.reduce((sum, {data}) => sum + data.length + 4, 0);
    must(taken + dropped + rest.length === stream.length, "each octet once");
}

/** A map, and behind the line end a number. */
function digitMap(text: string): void {
    const [source = "", number = ""] = text.split("\n");
    try {
        matchDigits(parseDigitMap(source), number.slice(0, 64));
    } catch (error) {
        if (!(error instanceof DigitMapError)) throw error;
        must(error.place <= source.length, "a place in the map");
    }
}

type Target = (octets: Buffer) => void;

/** What comes from a wire is read as UTF-8. */
const text =
    (target: (text: string) => void): Target =>
    (octets) =>
        target(octets.toString("utf8"));

export const javascriptTargets: Readonly<Record<string, Target>> = {
    sdp: text(sdp),
    crypto: text(crypto),
    candidate: text(candidate),
    framer,
    message: text(message),
    names: text(names),
    digest: text(digest),
    editor,
    rpc,
    display,
    "digit-map": text(digitMap),
};
