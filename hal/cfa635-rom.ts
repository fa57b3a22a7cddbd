/**
 * The character ROM of CFA635 and its kin: which code shows which character, and what stands in for the rest.
 * The set is that of the KS0073 family: ASCII with 12 holes, then the GSM alphabet, Greek capitals and Czech.
 * Source: data sheet CFA635-xxx-KU, "Character Generator ROM (CGROM)".
 */

/**
 * Characters that the ROM lacks and that the phone draws itself, at codes 0 to 7: eight rows from the top, the lowest
 * five bits of each the dots from left to right. Padlocks: open, closed, closed and filled.
 */
export const GLYPHS: readonly (readonly [character: string, rows: readonly number[]])[] = [
    ["○", [0x0e, 0x11, 0x10, 0x1f, 0x11, 0x11, 0x1f, 0x00]],
    ["◐", [0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x1f, 0x00]],
    ["◉", [0x0e, 0x11, 0x11, 0x1f, 0x1b, 0x1b, 0x1f, 0x00]],
];

/** Rows of the ROM from their first code on. A space stands for a code that nothing here uses. */
const ROM_ROWS: readonly (readonly [first: number, characters: string])[] = [
    [0x00, GLYPHS.map(([character]) => character).join("")],
    [0x10, "►◄⇈⇊«»↖↗↙↘▲▼↵"],
    [0x20, " !\"#¤%&'()*+,-./0123456789:;<=>?"],
    [0x40, "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"],
    [0x60, "¿abcdefghijklmnopqrstuvwxyzäöñüà"],
    [0x80, "⁰¹²³⁴⁵⁶⁷⁸⁹½¼±≥≤μ"],
    [0x90, "♪♫⍾♥♦"],
    [0x98, "“”"],
    [0x9c, "αεδ∞"],
    [0xa0, "@£$¥èéùìòÇ"],
    [0xab, "Øø"],
    [0xae, "ÅåΔ¢ΦτλΩπΨΣΘΞ●ÆæßÉΓΛΠΥ_ÈÊêçğŞşİı~◊"],
    [0xde, "↑→↓←"],
    [0xe2, "ÁÍÓÚÝáíóúýÔôŮůČĚŘŠŽčěřšž[\\]{|}"],
];

/**
 * Stand-ins, each character followed by the one that shows it: what the ROM lacks and what does not decompose
 * (Unicode NFKD) into something that it has. Cyrillic by ISO 9 where one letter does it.
 */
const STAND_INS: readonly string[] = [
    "º⁰°⁰•●·.∙●■●█●….–-—-―-−-‐-‑-",
    "‘'’'‚,‹<›>„”`'´'¨'ˆ'¸,¦|¬-×x÷/€E™t®R©c№N¶§†+‡+",
    "ªaĐDđdÐDðdÞPþpŁLłlŒOœoĦHħhŊNŋnŦTŧtĿLŀlŉnĸkſsẞßəeƏE",
    "✓v✔v✗x✘x☎T☏T✉M★*☆*◆◊◇◊▶►◀◄▸►◂◄▴▲▾▼△▲▽▼⇧↑⇩↓⇐←⇒→⏎↵⌫←",
    "АAБBВVГGДDЕEЁEЖŽЗZИIЙJКKЛLМMНNОOПPРRСSТTУUФFХHЦCЧČШŠЩŠЪ'ЫYЬ'ЭEЮJЯJ",
    "аaбbвvгgдdеeёeжžзzиiйjкkлlмmнnоoпpрrсsтtуuфfхhцcчčшšщšъ'ыyь'эeюjяj",
    "ӘAәaҒGғgҚKқkҢNңnӨOөoҰUұuҮUүuҺHһhҲHҳhҶČҷč",
    "ІIіiЇIїiЄEєeҐGґgЎUўuЂDђdЈJјjЉLљlЊNњnЋCћcЏDџdЅZѕzЃGѓgЌKќk",
    "ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΧX",
    "βßγgζzηhθtιiκkνnξxοoρpςsσsυuφfχxψpωw",
    "ƀbƁBƂBƃbƄBƅbƆOƇCƈcƉDƊDƋDƌdƍdƎEƐEƑFƒfƓGƔGƕhƖIƗIƘKƙkƚlƛlƜMƝNƞnƟO",
    "ƢOƣoƤPƥpƦRƧSƨsƩSƪlƫtƬTƭtƮTƱUƲVƳYƴyƵZƶzƷZƸZƹzƺzƻ2Ƽ5ƽ5ƾtƿwǀ|ǁ|ǂ|ǃ!",
    "ǝeǤGǥgǮZǯzǶHǷWȜYȝyȠNȡdȢOȣoȤZȥzȴlȵnȶtȷjȸdȹqȺAȻCȼcȽLȾTȿsɀzɁ'ɂ'ɃBɄUɅV",
    "ɆEɇeɈJɉjɊQɋqɌRɍrɎYɏy",
    "ɐaɑaɒaɓbɔoɕcɖdɗdɘeɚeɛεɜeɝeɞeɟjɠgɡgɢGɣgɤoɥhɦhɧhɨiɩiɪIɫlɬlɭlɮlɯmɰmɱm",
    "ɲnɳnɴNɵoɶOɷoɸfɹrɺrɻrɼrɽrɾrɿrʀRʁRʂsʃsʄjʅsʆsʇtʈtʉuʊuʋvʌvʍwʎyʏYʐzʑzʒz",
    "ʓzʔ'ʕ'ʖ'ʗ'ʘoʙBʚeʛGʜHʝjʞkʟLʠqʡ'ʢ'ʣdʤdʥdʦtʧtʨtʩfʪlʫl",
];

const CODES: ReadonlyMap<string, number> = new Map(
    ROM_ROWS.flatMap(([first, characters]) =>
        [...characters].map((character, index) => [character, first + index] as const),
    ),
);

const SHOWN_AS: ReadonlyMap<string, string> = new Map(STAND_INS.flatMap((row) => pairsOf(row)));

const UNKNOWN = 0x3f;
/** A Latin letter that nothing stands in for (phonetic small capitals and the like). */
const SOME_LETTER = 0x2a;
const BLANK = 0x20;

/** The ROM code that shows a character, or the nearest: é is é, ő is ö's letter o, a Cyrillic letter a Latin one. */
export function romCodeOf(character: string): number {
    const own = CODES.get(character);
    if (own !== undefined) return own;
    if (/[\p{Zs}\p{C}\p{M}]/u.test(character)) return BLANK;
    const standIn = SHOWN_AS.get(character);
    if (standIn !== undefined) return romCodeOf(standIn);
    const base = [...character.normalize("NFKD")][0] ?? character;
    if (base !== character) return romCodeOf(base);
    return /\p{Script=Latin}/u.test(character) ? SOME_LETTER : UNKNOWN;
}

function pairsOf(row: string): readonly (readonly [string, string])[] {
    const characters = [...row];
    return characters.flatMap((character, index) =>
        index % 2 === 0 ? [[character, characters[index + 1] ?? "?"] as const] : [],
    );
}

/** A line of text as ROM codes, one for each UTF-16 unit, so that columns stay columns. */
export function romCodesOf(line: string): Uint8Array {
    return Uint8Array.from({length: line.length}, (_, index) => romCodeOf(line[index] ?? " "));
}
