/** Rectangles in pictures. */

/** Left, top, width, height. */
export type Box = readonly [x: number, y: number, width: number, height: number];

/** Something found in an image. */
export interface Detection {
  readonly class: string;
  readonly box: Box;
  /** The greater, the surer. */
  readonly score: number;
}

export const boxArea = ([, , width, height]: Box): number => width * height;

export function intersection(a: Box, b: Box): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Intersection over union, 0..1; 0 for two empty boxes. */
export function overlap(a: Box, b: Box): number {
  const shared = intersection(a, b);
  return shared === 0 ? 0 : shared / (boxArea(a) + boxArea(b) - shared);
}
