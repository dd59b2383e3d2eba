import {
  type AnnotatedObject,
  type AnnotatedPicture,
  boxInside,
  malformed,
  type Place,
  type Sides,
} from "./annotated-picture.js";
import type { AnnotationFaults } from "./annotation-faults.js";

/** Larger files are no annotations of one picture. */
const LARGEST_CHARACTERS = 4 * 2 ** 20;

/**
 * The XML of one picture as Pascal VOC has it; pixels count from 1 and the last one belongs to the box.
 * Undefined where an object is among the faults.
 * @throws QuernError DATA_MALFORMED where it is no such XML
 */
export function readVoc(text: string, file: string, faults: AnnotationFaults): AnnotatedPicture | undefined {
  if (text.length > LARGEST_CHARACTERS) throw malformed({ file }, "it is too long for one picture");
  if (!/<annotation[\s>]/.test(text)) throw malformed({ file }, "it has no <annotation>");
  if (!text.includes("</annotation>")) {
    throw malformed(
      { file },
      "it ends before </annotation>",
      "Copy the file again: its last part is missing.",
    );
  }
  // Cut at the tags: a pattern for whole elements would take quadratic time on tags that never close.
  const [head, ...pieces] = text.split("<object>");
  const [width, height] = ["width", "height"].map((name) => Number(element(head!, name))) as [number, number];
  if (!(width > 0 && height > 0)) {
    throw malformed({ file }, "its <size> does not say how wide and high the picture is");
  }
  const objects: AnnotatedObject[] = [];
  let line = linesOf(head!);
  let isWhole = true;
  for (const piece of pieces) {
    const place = { file, line };
    line += linesOf(piece) - 1;
    const read = faults.read(() => {
      const { label, pixels } = namedBox(piece, place);
      const box = boxInside(pixels, { width, height }, place);
      return box && { label, box };
    });
    if (!read) isWhole = false;
    else if (read.value) objects.push(read.value);
  }
  if (isWhole) return { name: element(head!, "filename") ?? "", objects };
  faults.lose();
  return undefined;
}

/** `pixels`: left, top, width and height, counting from 0. @throws QuernError DATA_MALFORMED */
function namedBox(piece: string, place: Place): { readonly label: string; readonly pixels: Sides } {
  const { label, corners } = readObject(piece);
  const [left, top, right, bottom] = corners;
  const [width, height] = [right! - left! + 1, bottom! - top! + 1];
  if (label === undefined || Number.isNaN(width) || Number.isNaN(height)) {
    throw malformed(place, "the <object> has no name or no box");
  }
  if (!(width > 0 && height > 0)) {
    throw malformed(
      place,
      `the box of ${JSON.stringify(label)} ends before it begins: ${corners.join(", ")}`,
    );
  }
  return { label, pixels: [left! - 1, top! - 1, width, height] };
}

const linesOf = (text: string): number => text.split("\n").length;

/** Parts of an object have names and boxes of their own. */
function readObject(piece: string): {
  readonly label: string | undefined;
  readonly corners: readonly number[];
} {
  const [whole] = piece.split("</object>");
  const own = whole!
    .split("<part>")
    .map((part, k) => (k === 0 ? part : (part.split("</part>")[1] ?? "")))
    .join("");
  const corners = ["xmin", "ymin", "xmax", "ymax"].map((side) => Number(element(own, side)));
  return { label: element(own, "name"), corners };
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function element(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]?.trim();
  return found?.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity]!);
}
