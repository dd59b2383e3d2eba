/** What is true of each picture, from cells that name a mask: a picture whose colours say the class of every pixel. */
import { QuernError } from "../../../foundation/base/errors.js";
import { imageBytes, isImageUri } from "../../../foundation/base/pictures/image-text.js";
import type { Picture } from "../../../foundation/base/pictures/picture.js";
import type { ParseContext, ParsedTruth } from "../definition.js";
import { pictureColumn } from "../pictures.js";
import {
  type ClassFile,
  type Colour,
  colourOf,
  IGNORED,
  type MaskClasses,
  maskClasses,
} from "./mask-classes.js";

const CLASS_FILES = ["labelmap.txt", "classes.txt"];
/** More would not fit the bytes of a mask, beside what is ignored. */
const MOST_CLASSES = 255;

/** Masks at the size at which the pictures are looked at. @throws QuernError DATA_MALFORMED naming the mask */
export async function parseMasks(
  cells: readonly string[],
  context: ParseContext,
): Promise<ParsedTruth<"segmentation">> {
  const { height, width } = pictureColumn(context.inputs);
  const colours: (Uint32Array | undefined)[] = [];
  for (const [row, cell] of cells.entries()) {
    colours.push(cell === "" ? undefined : sampled(await decoded(cell, row, context), height, width));
  }
  const met = new Set<Colour>();
  for (const mask of colours) for (const colour of mask ?? []) met.add(colour);
  const classes = maskClasses(met, classFile(context));
  const { names, codeOf } = named(classes, context.labels);
  const rows = colours.map((mask, row) => {
    if (!mask) return new Uint8Array(height * width).fill(IGNORED);
    return Uint8Array.from(mask, (colour) => codeOf(colour) ?? unknownColour(colour, cells[row]!, row));
  });
  if (names.length < 2 || names.length > MOST_CLASSES) {
    throw new QuernError(
      "TARGET_UNUSABLE",
      `The masks hold ${names.length} classes; 2 to ${MOST_CLASSES} can be learnt.`,
      { hint: "A mask has another grey level, or another colour of labelmap.txt, for every class." },
    );
  }
  const usable = Int32Array.from(cells.keys()).filter((row) => cells[row] !== "");
  return {
    target: { task: "segmentation", labels: names, height, width, rows },
    rows: usable,
    findings: [],
  };
}

/** Classes in the order of a model that is judged, where there is one. */
function named(
  { names, codes }: MaskClasses,
  known: readonly string[] | undefined,
): { readonly names: readonly string[]; readonly codeOf: (colour: Colour) => number | undefined } {
  if (!known) return { names, codeOf: (colour) => codes.get(colour) };
  // A class that the model does not know can only be missed.
  const places = names.map((name) => (known.includes(name) ? known.indexOf(name) : known.length));
  const hasOthers = places.includes(known.length);
  return {
    names: [...known, ...(hasOthers ? ["(other)"] : [])],
    codeOf(colour) {
      const code = codes.get(colour);
      return code === undefined || code === IGNORED ? code : places[code];
    },
  };
}

function classFile({ readFile }: ParseContext): ClassFile | undefined {
  for (const name of CLASS_FILES) {
    try {
      return { name, text: new TextDecoder().decode(readFile(name)) };
    } catch {
      // There need be none.
    }
  }
  return undefined;
}

async function decoded(cell: string, row: number, { readFile, decodeImage }: ParseContext): Promise<Picture> {
  try {
    const bytes = (isImageUri(cell) ? imageBytes(cell) : undefined) ?? readFile(cell);
    if (bytes[0] === 0xff && bytes[1] === 0xd8) throw new Error("it is a JPEG file");
    return await decodeImage(bytes);
  } catch (cause) {
    const said = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, "");
    throw new QuernError(
      "DATA_MALFORMED",
      `Row ${row + 1}: the mask ${nameOf(cell)} cannot be read: ${said}.`,
      {
        details: { row, file: nameOf(cell) },
        hint: "Give PNG files of 8 bits; JPEG changes colours and with them classes.",
        cause,
      },
    );
  }
}

const nameOf = (cell: string): string => (cell.length > 80 ? `${cell.slice(0, 80)}…` : cell);

/** The colour nearest to the middle of each pixel of the wanted size: classes cannot be averaged. */
function sampled({ width, height, channels, data }: Picture, rows: number, columns: number): Uint32Array {
  const colours = new Uint32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const y = Math.floor(((row + 0.5) * height) / rows);
    for (let column = 0; column < columns; column++) {
      const x = Math.floor(((column + 0.5) * width) / columns);
      const at = (y * width + x) * channels;
      const [red, green, blue] = [0, 1, 2].map((c) => data[at + Math.min(c, channels - 1)]!) as [
        number,
        number,
        number,
      ];
      colours[row * columns + column] = colourOf(red, green, blue);
    }
  }
  return colours;
}

function unknownColour(colour: Colour, cell: string, row: number): never {
  const channels = [colour >> 16, (colour >> 8) & 255, colour & 255].join(",");
  throw new QuernError(
    "DATA_MALFORMED",
    `Row ${row + 1}: the mask ${nameOf(cell)} holds the colour ${channels}, which is no class.`,
    {
      details: { row, file: nameOf(cell), colour: channels },
      hint: "Write a line such as `cat:255,0,0` for every class into labelmap.txt, in the folder of the data.",
    },
  );
}
