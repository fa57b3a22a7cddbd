/**
 * The CFA635's character ROM as the data sheet draws it: 16 columns by high nibble, here one string a column, read
 * downwards by low nibble. Written apart from the driver's table. "·" stands for a picture without a Unicode name here.
 */
const COLUMNS: readonly string[] = [
    "01234567" + "01234567", // Glyphs 0 to 7, twice; shown by their number.
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

/** What a person sees where the code stands. */
export function seenAs(code: number): string {
    return [...(COLUMNS[code >> 4] ?? "")][code & 15] ?? "·";
}
