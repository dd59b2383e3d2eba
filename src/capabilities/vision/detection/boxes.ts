/** Rectangles in pixels of the image, and what is done to lists of them. */

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

export interface SuppressionOptions {
  /** A box is dropped where it overlaps a surer one of its class by more than this. */
  readonly overlap: number;
  /** Surest kept, over all classes. */
  readonly limit: number;
}

/** Greedy non-maximum suppression within each class; surest first, equals in the order given. */
export function suppressOverlaps(
  detections: readonly Detection[],
  { overlap: most, limit }: SuppressionOptions,
): Detection[] {
  const kept: Detection[] = [];
  for (const candidate of [...detections].sort((a, b) => b.score - a.score)) {
    if (kept.length >= limit) break;
    const isCovered = kept.some(
      (one) => one.class === candidate.class && overlap(one.box, candidate.box) > most,
    );
    if (!isCovered) kept.push(candidate);
  }
  return kept;
}

/** How an image of any size lies inside a network's input: scaled by `gain`, then moved by the margins. */
export interface Letterbox {
  readonly gain: number;
  readonly left: number;
  readonly top: number;
}

/** The largest centred place that keeps the sides' ratio; margins are whole pixels. */
export function letterbox(
  image: { readonly width: number; readonly height: number },
  input: { readonly width: number; readonly height: number },
): Letterbox {
  const gain = Math.min(input.height / image.height, input.width / image.width);
  const [width, height] = [Math.round(image.width * gain), Math.round(image.height * gain)];
  return {
    gain,
    left: Math.floor((input.width - width) / 2),
    top: Math.floor((input.height - height) / 2),
  };
}

/** A box of the network's input as one of the image, cut at its borders. */
export function outOfLetterbox(
  [x, y, width, height]: Box,
  { gain, left, top }: Letterbox,
  image: { readonly width: number; readonly height: number },
): Box {
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  const [x0, x1] = [x, x + width].map((value) => within((value - left) / gain, image.width)) as [
    number,
    number,
  ];
  const [y0, y1] = [y, y + height].map((value) => within((value - top) / gain, image.height)) as [
    number,
    number,
  ];
  return [x0, y0, x1 - x0, y1 - y0];
}
