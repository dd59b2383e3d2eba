/** From the colours of masks to classes. */
import { QuernError } from "../../../foundation/base/errors.js";

/** Red, green and blue as one number. */
export type Colour = number;
export const colourOf = (red: number, green: number, blue: number): Colour =>
  red * 65_536 + green * 256 + blue;
const isGrey = (colour: Colour): boolean => colour === (colour % 256) * 65_793;

/** Pixels that are not counted. */
export const IGNORED = 255;

export interface MaskClasses {
  readonly names: readonly string[];
  /** The class of a colour, or `IGNORED`. */
  readonly codes: ReadonlyMap<Colour, number>;
}

/** What a folder of masks says of its classes: `classes.txt` or `labelmap.txt`. */
export interface ClassFile {
  readonly name: string;
  readonly text: string;
}

const LABEL_LINE = /^([^:#][^:]*):(\d{1,3}),(\d{1,3}),(\d{1,3})(:|$)/;

/**
 * `labelmap.txt` gives every class a colour (`cat:255,0,0`, as CVAT writes it); otherwise grey levels are numbers of classes,
 * with their names in `classes.txt`, one on each line; otherwise colours are those of Pascal VOC.
 * @param met every colour that occurs
 * @throws QuernError DATA_MALFORMED
 */
export function maskClasses(met: ReadonlySet<Colour>, file: ClassFile | undefined): MaskClasses {
  const lines = (file?.text ?? "")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (file && lines.some((line) => LABEL_LINE.test(line))) return byLabelMap(lines, file.name);
  const codes = [...met].every(isGrey) ? greyCodes(met) : paletteCodes();
  const largest = Math.max(
    -1,
    ...[...met].map((colour) => codes.get(colour) ?? -1).filter((code) => code !== IGNORED),
  );
  if (file && largest >= lines.length) {
    throw new QuernError(
      "DATA_MALFORMED",
      `${file.name} names ${lines.length} classes; a mask holds the class ${largest}, and they count from 0.`,
      { details: { file: file.name, class: largest } },
    );
  }
  const count = file ? lines.length : largest + 1;
  return { names: Array.from({ length: count }, (_, code) => lines[code] ?? `class ${code}`), codes };
}

function byLabelMap(lines: readonly string[], file: string): MaskClasses {
  const names: string[] = [];
  const codes = new Map<Colour, number>();
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("#")) continue;
    const found = LABEL_LINE.exec(line);
    if (!found) {
      throw new QuernError(
        "DATA_MALFORMED",
        `${file}, line ${index + 1}: ${JSON.stringify(line.slice(0, 60))} is no class.`,
        {
          details: { file, line: index + 1 },
          hint: "Write the name and its colour: `cat:255,0,0`.",
        },
      );
    }
    codes.set(colourOf(Number(found[2]), Number(found[3]), Number(found[4])), names.length);
    names.push(found[1]!);
  }
  return { names, codes };
}

/** Black and white alone: the white is the one class beside the ground, not what is left out. */
function greyCodes(met: ReadonlySet<Colour>): Map<Colour, number> {
  const white = colourOf(255, 255, 255);
  const isBinary = [...met].every((colour) => colour === 0 || colour === white);
  const codes = new Map(Array.from({ length: 255 }, (_, level) => [colourOf(level, level, level), level]));
  return codes.set(white, isBinary ? 1 : IGNORED);
}

/** Three bits of each class, the lowest first, fill each channel from its highest bit on; borders are light yellow. */
function paletteCodes(): Map<Colour, number> {
  const codes = new Map<Colour, number>();
  for (let code = 0; code < 255; code++) {
    const channels = [0, 0, 0];
    for (let bit = 0; bit < 8; bit++) {
      for (let c = 0; c < 3; c++) channels[c]! |= ((code >> (3 * bit + c)) & 1) << (7 - bit);
    }
    codes.set(colourOf(channels[0]!, channels[1]!, channels[2]!), code);
  }
  return codes.set(colourOf(224, 224, 192), IGNORED);
}
