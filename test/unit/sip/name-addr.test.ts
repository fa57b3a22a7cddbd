import {describe, expect, it} from "vitest";
import {
    escapeUser,
    formatAddress,
    formatSipUri,
    parseAddress,
    parseSipUri,
    quoteDisplay,
    sipOfTel,
    telOfSip,
} from "../../../firmware/sip/name-addr.ts";
import {parameterOf, parseMessage, splitOutside} from "../../../firmware/sip/sip-message.ts";
import {seededRandom} from "../../support/random.ts";

describe("an address", () => {
    it.each([
        ['"A. \\"B\\" <C>" <sip:a@b>;tag=1', '"A. \\"B\\" <C>"', "sip:a@b", ";tag=1"],
        ["Bob <sip:a@b;x=y>", "Bob", "sip:a@b;x=y", ""],
        ["<sip:a@b>", "", "sip:a@b", ""],
        ["sip:a@b;tag=1", "", "sip:a@b", ";tag=1"],
        ["tel:+49 ;tag=1", "", "tel:+49", ";tag=1"],
    ])("is taken apart: %s", (text, display, uri, parameters) => {
        expect(parseAddress(text)).toEqual({display, uri, parameters});
    });

    it.each(['"never closed <sip:a@b>', "Bob <sip:a@b", '"only a name"'])("is none: %s", (text) => {
        expect(parseAddress(text)).toBeNull();
    });

    it("is put together with brackets", () => {
        expect(formatAddress({display: "", uri: "sip:a@b", parameters: ";tag=1"})).toBe("<sip:a@b>;tag=1");
        expect(formatAddress({display: '"B"', uri: "sip:a@b", parameters: ""})).toBe('"B" <sip:a@b>');
    });

    it.each([
        ["Bob Smith", "Bob Smith"],
        ["Zoë", '"Zoë"'],
        ['a "b" \\', '"a \\"b\\" \\\\"'],
        ['"Zoë"', '"Zoë"'],
        ["", ""],
    ])("has its display name quoted where it must be: %s", (display, quoted) => {
        expect(quoteDisplay(display)).toBe(quoted);
    });
});

describe("a user part", () => {
    it.each([
        ["*21*600#", "*21*600%23"],
        ["a%20b", "a%20b"],
        ["100%", "100%25"],
        ["zo%E9", "zo%25E9"],
        ["zoë☎", "zo%C3%AB%E2%98%8E"],
        ["a b", "a%20b"],
        ["\ud800", "%EF%BF%BD"],
        ["+49;x=1", "+49;x=1"],
    ])("%s is escaped as %s, once", (user, escaped) => {
        expect(escapeUser(user)).toBe(escaped);
        expect(escapeUser(escaped)).toBe(escaped);
    });
});

describe("a SIP URI", () => {
    it("is taken apart and put together", () => {
        const uri = "sips:a:b;c@d@[::1]:5061;transport=tcp?X=y";
        expect(parseSipUri(uri)).toEqual({
            scheme: "sips",
            user: "a",
            password: "b;c@d",
            rest: "[::1]:5061;transport=tcp?X=y",
        });
        expect(formatSipUri(parseSipUri(uri) ?? {scheme: "sip", user: "", password: null, rest: ""})).toBe(uri);
    });

    it.each(["tel:1", "http://a", "", ":", "sip"])("is not '%s'", (text) => {
        expect(parseSipUri(text)).toBeNull();
    });
});

describe("a tel URI", () => {
    it.each(["tel:+49-30-123", "tel:110", "tel:7042;phone-context=example.com", "tel:*21#", "tel:+1;ext=5;isub=a"])(
        "goes in as a SIP URI and comes out as it was: %s",
        (uri) => {
            expect(sipOfTel(uri)).toMatch(/^sip:[^@#]+@tel\.invalid.*;user=phone$/);
            expect(telOfSip(sipOfTel(uri))).toBe(uri);
        },
    );

    it("is nothing else", () => {
        expect(sipOfTel("sip:a@b")).toBe("sip:a@b");
        expect(telOfSip("sip:tel.invalid")).toBe("sip:tel.invalid");
        expect(telOfSip("sip:1@tel.invalid.example.com")).toBe("sip:1@tel.invalid.example.com");
    });
});

describe("a header value", () => {
    it("is split outside of quotes and brackets", () => {
        expect(splitOutside('"a,b\\"," <sip:x,y>, c', ",")).toEqual(['"a,b\\"," <sip:x,y>', " c"]);
    });

    it("has parameters behind its address", () => {
        expect(parameterOf('"tag=x" <sip:a;tag=uri>; TAG = y ;lr', "tag")).toBe("y");
        expect(parameterOf("<sip:a>;lr", "lr")).toBe("");
        expect(parameterOf("<sip:a;tag=uri>", "tag")).toBeUndefined();
    });

    it("is unfolded, and its compact name written out", () => {
        const message = parseMessage("OPTIONS sip:a SIP/2.0\r\nf: a\r\n  b\r\n\tc\r\nnonsense\r\n\r\nbody");
        expect(message?.headers).toEqual([
            {name: "From", key: "from", value: "a b c"},
            {name: "", key: "", value: "nonsense"},
        ]);
        expect(message?.body).toBe("body");
    });
});

describe("the scanners", () => {
    it("take anything, and what is put together reads the same", () => {
        const random = seededRandom(0xadd2);
        const pieces = [
            '"',
            "\\",
            "<",
            ">",
            ";",
            ",",
            "@",
            ":",
            "sip:",
            "tel:",
            "a",
            "ë",
            " ",
            "%",
            "#",
            "=",
            "\ud800",
        ];
        for (let round = 0; round < 20_000; round += 1) {
            const text = Array.from({length: random.below(12)}, () => random.pick(pieces)).join("");
            const address = parseAddress(text);
            escapeUser(text);
            splitOutside(text, ",");
            telOfSip(sipOfTel(text));
            if (address === null) continue;
            const again = parseAddress(formatAddress({...address, display: quoteDisplay(address.display)}));
            expect(again?.uri ?? "").toBe(address.uri);
        }
    });
});
