/**
 * The CFA635's character ROM as the data sheet draws it: 16 columns by high nibble, here one string a column, read
 * downwards by low nibble. Written apart from the driver's table. "·" stands for a picture without a Unicode name here.
 */
const COLUMNS: readonly string[] = [
    "01234567" + "01234567", // Glyphs 0 to 7, twice; shown by their number where nobody knows the drawing.
    "►◄⇈⇊«»↖↗↙↘▲▼↵··█",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
    "⁰¹²³⁴⁵⁶⁷⁸⁹½¼±≥≤μ",
    "♪♫⍾♥♦···“”··αεδ∞",
    "@£$¥èéùìòÇ·Øø·Åå",
    "Δ¢ΦτλΩπΨΣΘΞ●ÆæßÉ",
    "ΓΛΠΥ_ÈÊêçğŞşİı~◊",
    "··············↑→",
    "↓←ÁÍÓÚÝáíóúýÔôŮů",
    "ČĚŘŠŽčěřšž[\\]{|}",
];

/** Drawings that a person would know, row by row from the top, and the characters that stand for them here. */
const DRAWINGS: Readonly<Record<string, string>> = {
    // Padlocks: open, closed, closed and filled.
    "0e11101f11111f00": "○",
    "0e11111f11111f00": "◐",
    "0e11111f1b1b1f00": "◉",
};

/** What a person sees where the code stands, the module's glyphs being drawn so. */
export function seenAs(code: number, glyphs: readonly Uint8Array[]): string {
    const drawing = code < 16 ? DRAWINGS[Buffer.from(glyphs[code & 7] ?? []).toString("hex")] : undefined;
    return drawing ?? [...(COLUMNS[code >> 4] ?? "")][code & 15] ?? "·";
}
