/** Draws the phone as an SVG: its glass dot by dot from a real frame, its lamps, its keys. Same input, same bytes. */
import type {Frame, LampName, Lamps} from "../../hal/board.ts";
import {DOT_COLUMNS, DOT_ROWS, dotsOf} from "./dot-font.ts";

/** Pixels of one dot with its gap, and the dots of a cell with the gap to the next cell. */
interface Raster {
    readonly dot: number;
    readonly cellColumns: number;
    readonly cellRows: number;
}

interface Colours {
    readonly light: string;
    readonly dark: string;
    readonly cell: string;
}

interface Place {
    readonly x: number;
    readonly y: number;
}

/** White on blue, as the CFA635-TMF. */
const BLUE: Colours = {light: "#eaf4ff", dark: "#1b3fb5", cell: "#2348c0"};
/** Amber on black, as a terminal. */
const AMBER: Colours = {light: "#ffc24a", dark: "#1a1408", cell: "#1f180b"};
const CASE = {body: "#2b2e33", edge: "#17191c", key: "#3c4047", print: "#e8e8e4", faint: "#9a9da3"};
const LIT: Readonly<Record<LampName, string>> = {
    microphone: "#ff4b3e",
    ringing: "#ffb02e",
    call: "#4fd867",
    mute: "#ff4b3e",
    message: "#ffb02e",
    service: "#4fd867",
};
const LAMP_PRINT: Readonly<Record<LampName, string>> = {
    microphone: "MIC",
    ringing: "RING",
    call: "CALL",
    mute: "MUTE",
    message: "MSG",
    service: "LINE",
};
const KEYPAD: readonly (readonly [key: string, letters: string])[] = [
    ["1", ""],
    ["2", "ABC"],
    ["3", "DEF"],
    ["4", "GHI"],
    ["5", "JKL"],
    ["6", "MNO"],
    ["7", "PQRS"],
    ["8", "TUV"],
    ["9", "WXYZ"],
    ["*", ""],
    ["0", "+"],
    ["#", ""],
];

/** The phone with a glass of 20 x 4, and the same moment on one of 40 x 12. */
export function phonePicture(small: Frame, large: Frame, lamps: Lamps): string {
    const body = [
        `<rect x="8" y="8" width="904" height="348" rx="22" fill="${CASE.body}" stroke="${CASE.edge}" stroke-width="3"/>`,
        handset({x: 34, y: 34}),
        text({x: 142, y: 52}, "Offhook", 20, CASE.print),
        glass(small, {x: 142, y: 70}, {dot: 4, cellColumns: 6, cellRows: 9}, BLUE),
        lampRow(lamps, {x: 150, y: 262}),
        cursorKeys({x: 142, y: 298}),
        keypad({x: 682, y: 40}),
        text({x: 10, y: 392}, "The same moment on a display of 40 x 12", 16, "#77797d"),
        glass(large, {x: 96, y: 408}, {dot: 3, cellColumns: 6, cellRows: 9}, AMBER),
    ];
    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 784" width="920" height="784" role="img">`,
        `<title>Offhook in a call: ${escaped(small.lines.map((line) => line.trim()).join(", "))}</title>`,
        ...body,
        "</svg>",
        "",
    ].join("\n");
}

/** A bezel, the light behind, the cells, and one path for all lit dots. */
function glass(frame: Frame, place: Place, raster: Raster, colours: Colours): string {
    const columns = frame.lines[0]?.length ?? 0;
    const width = columns * raster.cellColumns * raster.dot;
    const height = frame.lines.length * raster.cellRows * raster.dot;
    const origin = {x: place.x + 16, y: place.y + 16};
    const cells = frame.lines.map((_, row) => cellRow(origin, row, columns, raster)).join("");
    const dots = frame.lines.map((line, row) => litDots(line, origin, row, raster)).join("");
    return [
        rectangle(place, width + 30, height + 29, `rx="8" fill="#0b0c0e"`),
        rectangle({x: place.x + 6, y: place.y + 6}, width + 18, height + 17, `rx="4" fill="${colours.dark}"`),
        `<path fill="${colours.cell}" d="${cells}"/>`,
        `<path fill="${colours.light}" d="${dots}"/>`,
    ].join("\n");
}

function cellRow(origin: Place, row: number, columns: number, raster: Raster): string {
    const y = origin.y + row * raster.cellRows * raster.dot;
    return Array.from({length: columns}, (_, column) => {
        const x = origin.x + column * raster.cellColumns * raster.dot;
        return box(x, y, DOT_COLUMNS * raster.dot - 1, (DOT_ROWS + 1) * raster.dot - 1);
    }).join("");
}

/** Each lit dot a square with a gap of one pixel, as on a real glass. */
function litDots(line: string, origin: Place, row: number, raster: Raster): string {
    const {dot} = raster;
    const boxes = [...line].flatMap((character, column) =>
        dotsOf(character).flatMap((bits, y) =>
            bits.flatMap((lit, x) => {
                if (!lit) return [];
                const left = origin.x + (column * raster.cellColumns + x) * dot;
                return [box(left, origin.y + (row * raster.cellRows + y) * dot, dot - 1, dot - 1)];
            }),
        ),
    );
    return boxes.join("");
}

function box(x: number, y: number, width: number, height: number): string {
    return `M${x} ${y}h${width}v${height}h-${width}z`;
}

function rectangle({x, y}: Place, width: number, height: number, paint: string): string {
    return `<rect x="${x}" y="${y}" width="${width}" height="${height}" ${paint}/>`;
}

/** `x`, `y`: left end of the base line. */
function text({x, y}: Place, words: string, size: number, colour: string, anchor = "start"): string {
    const font = `font-family="Helvetica, Arial, sans-serif" font-size="${size}" fill="${colour}"`;
    return `<text x="${x}" y="${y}" text-anchor="${anchor}" ${font}>${escaped(words)}</text>`;
}

function escaped(words: string): string {
    return words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The cradle without its handset: it is in somebody's hand. */
function handset(place: Place): string {
    const cup = (y: number): string => rectangle({x: place.x + 10, y}, 64, 78, `rx="20" fill="${CASE.edge}"`);
    return [
        rectangle(place, 84, 296, `rx="26" fill="#212327" stroke="${CASE.edge}" stroke-width="2"`),
        cup(place.y + 12),
        cup(place.y + 206),
        rectangle({x: place.x + 35, y: place.y + 24}, 14, 26, `rx="5" fill="${CASE.key}"`),
    ].join("\n");
}

function lampRow(lamps: Lamps, place: Place): string {
    const names = Object.keys(LAMP_PRINT) as LampName[];
    return names
        .map((name, index) => {
            const x = place.x + index * 86;
            const colour = lamps[name] === "off" ? "#1c1e21" : LIT[name];
            const lamp = `<circle cx="${x + 6}" cy="${place.y + 10}" r="6" fill="${colour}" stroke="${CASE.edge}"/>`;
            return `${lamp}\n${text({x: x + 18, y: place.y + 15}, LAMP_PRINT[name], 12, CASE.faint)}`;
        })
        .join("\n");
}

function cursorKeys(place: Place): string {
    return ["X", "←", "↑", "↓", "→", "OK"]
        .map((print, index) => {
            const at = {x: place.x + index * 86, y: place.y};
            const key = rectangle(at, 74, 34, `rx="8" fill="${CASE.key}" stroke="${CASE.edge}"`);
            return `${key}\n${text({x: at.x + 37, y: at.y + 23}, print, 16, CASE.print, "middle")}`;
        })
        .join("\n");
}

function keypad(place: Place): string {
    return KEYPAD.map(([key, letters], index) => {
        const at = {x: place.x + (index % 3) * 72, y: place.y + Math.floor(index / 3) * 74};
        const cap = rectangle(at, 62, 62, `rx="10" fill="${CASE.key}" stroke="${CASE.edge}"`);
        const digit = text({x: at.x + 31, y: at.y + (letters === "" ? 40 : 32)}, key, 24, CASE.print, "middle");
        const below =
            letters === "" ? "" : `\n${text({x: at.x + 31, y: at.y + 50}, letters, 11, CASE.faint, "middle")}`;
        return `${cap}\n${digit}${below}`;
    }).join("\n");
}
