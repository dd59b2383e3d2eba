/** What people drew into pictures, whatever tool wrote it down. */
import { QuernError } from "../../../../foundation/base/errors.js";

/** Left, top, width and height, in pixels or in shares of the picture. */
export type Sides = readonly [x: number, y: number, width: number, height: number];
/** In shares of the picture. */
export type ShareBox = Sides;

export interface AnnotatedObject {
  readonly label: string;
  readonly box: ShareBox;
  /** Many objects in one box. */
  readonly crowd?: true;
}

export interface AnnotatedPicture {
  /** As the annotations name it. */
  readonly name: string;
  readonly objects: readonly AnnotatedObject[];
}

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line?: number;
  /** From 1: of a list. */
  readonly entry?: number;
}

export function malformed({ file, line, entry }: Place, why: string, hint?: string): QuernError {
  const place = line ? `, line ${line}` : entry ? `, annotation ${entry}` : "";
  return new QuernError("DATA_MALFORMED", `${file}${place}: ${why}.`, {
    details: { file, ...(line ? { line } : {}), ...(entry ? { entry } : {}) },
    hint: hint ?? "Correct the annotation, or take it out of the file.",
  });
}

/** Annotators leave boxes a little outside; so much of a side is cut off without a word. */
const OUTSIDE = 0.02;
/** Below a hundredth of a pixel of a large picture it is a click, not a box. */
const LEAST_SIDE = 1e-6;

/**
 * The part of a box that lies in its picture; undefined for a box without an area, which some tools leave behind.
 * @param box in pixels, or in shares of a picture of 1 x 1
 * @throws QuernError DATA_MALFORMED for a box that lies outside
 */
export function boxInside(
  [x, y, width, height]: Sides,
  picture: { readonly width: number; readonly height: number },
  place: Place,
): ShareBox | undefined {
  const sides = [
    x / picture.width,
    y / picture.height,
    (x + width) / picture.width,
    (y + height) / picture.height,
  ];
  const [left, top, right, bottom] = sides.map((side) => Math.min(1, Math.max(0, side))) as [
    number,
    number,
    number,
    number,
  ];
  const isOutside = sides.some((side) => !(side >= -OUTSIDE && side <= 1 + OUTSIDE));
  if (isOutside) {
    const size = picture.width === 1 ? "" : ` of ${picture.width} x ${picture.height} pixels`;
    throw malformed(
      place,
      `the box ${[x, y, width, height].map(short).join(", ")} leaves its picture${size}`,
    );
  }
  if (right - left < LEAST_SIDE || bottom - top < LEAST_SIDE) return undefined;
  return [left, top, right - left, bottom - top].map(rounded) as unknown as ShareBox;
}

const short = (value: number): string => String(Number(value.toPrecision(6)));
/** Of the longest sides in use a hundredth of a pixel. */
const rounded = (share: number): number => Math.round(share * 1e7) / 1e7;
