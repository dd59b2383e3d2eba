/** Changes of a picture that take the boxes and the class of every pixel along. */
import type { Random } from "../../../../foundation/base/random.js";
import { augmentPicture } from "./augment.js";
import type { ImageSize } from "./image-inputs.js";
import type { SceneChanges } from "./scene-fields.js";

/** Where a picture comes to lie: along each axis, position in the source = start + step * position, in shares. */
export interface Placement {
  readonly startX: number;
  readonly stepX: number;
  readonly startY: number;
  readonly stepY: number;
}

export const AS_IT_IS: Placement = { startX: 0, stepX: 1, startY: 0, stepY: 1 };

const between = (random: Random, bound: number): number => bound * (2 * random.uniform() - 1);

/** One size for both axes, so that shapes stay; mirrored axes run backwards. */
export function drawPlacement(
  { flip, zoom, shift }: Pick<SceneChanges, "flip" | "zoom" | "shift">,
  random: Random,
): Placement {
  const isMirrored = flip !== "none" && random.uniform() < 0.5;
  const isUpended = flip === "both" && random.uniform() < 0.5;
  const seen = 1 / (1 + (zoom > 0 ? between(random, zoom) : 0));
  const [right, down] = [0, 1].map(() => (shift > 0 ? between(random, shift) : 0)) as [number, number];
  const [left, top] = [(1 - seen) / 2 + right, (1 - seen) / 2 + down];
  return {
    startX: isMirrored ? left + seen : left,
    stepX: isMirrored ? -seen : seen,
    startY: isUpended ? top + seen : top,
    stepY: isUpended ? -seen : seen,
  };
}

const isUnmoved = ({ startX, stepX, startY, stepY }: Placement): boolean =>
  startX === 0 && stepX === 1 && startY === 0 && stepY === 1;

/** Mid-grey, about the mean of what networks see. */
const GREY = 128;

/**
 * Writes the picture [height, width, channels] as it is placed, in other colours and with a square cut out, as the changes
 * say. Between pixels it is bilinear; outside it is grey.
 */
export function placePicture(
  source: Uint8Array,
  size: ImageSize,
  placement: Placement,
  { colour, cutout }: Pick<SceneChanges, "colour" | "cutout">,
  random: Random,
  target: Uint8Array,
): void {
  const placed = isUnmoved(placement) ? source : movedPicture(source, size, placement);
  const others = { flip: "none", shift: 0, rotation: 0, erasing: 0 } as const;
  augmentPicture(placed, size, { ...others, colour, cutout }, random, target, 0);
}

/** The nearest two pixels of each place along an axis, and how much the second counts; -1: outside. */
function taps(length: number, start: number, step: number): { first: Int32Array; share: Float64Array } {
  const first = new Int32Array(length);
  const share = new Float64Array(length);
  for (let k = 0; k < length; k++) {
    const at = (start + (step * (k + 0.5)) / length) * length - 0.5;
    if (at < -0.5 || at > length - 0.5) {
      first[k] = -1;
      continue;
    }
    const within = Math.min(length - 1, Math.max(0, at));
    first[k] = Math.floor(within);
    share[k] = within - first[k]!;
  }
  return { first, share };
}

function movedPicture(source: Uint8Array, size: ImageSize, placement: Placement): Uint8Array {
  const { height, width, channels } = size;
  const across = taps(width, placement.startX, placement.stepX);
  const down = taps(height, placement.startY, placement.stepY);
  const target = new Uint8Array(source.length).fill(GREY);
  for (let y = 0; y < height; y++) {
    const top = down.first[y]!;
    if (top < 0) continue;
    const [upperRow, lowerRow] = [top * width, Math.min(height - 1, top + 1) * width];
    const lowerShare = down.share[y]!;
    for (let x = 0; x < width; x++) {
      const left = across.first[x]!;
      if (left < 0) continue;
      const right = Math.min(width - 1, left + 1);
      const rightShare = across.share[x]!;
      const to = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) {
        const pixel = (row: number, column: number) => source[(row + column) * channels + c]!;
        const upper = pixel(upperRow, left) * (1 - rightShare) + pixel(upperRow, right) * rightShare;
        const lower = pixel(lowerRow, left) * (1 - rightShare) + pixel(lowerRow, right) * rightShare;
        target[to + c] = Math.floor(upper * (1 - lowerShare) + lower * lowerShare + 0.5);
      }
    }
  }
  return target;
}

/** Writes the classes [height, width] as they are placed, by the nearest pixel; outside they are `ignored`. */
export function placeClasses(
  source: Uint8Array,
  { height, width }: Pick<ImageSize, "height" | "width">,
  { startX, stepX, startY, stepY }: Placement,
  ignored: number,
  target: Uint8Array,
): void {
  for (let y = 0; y < height; y++) {
    const row = Math.floor((startY + (stepY * (y + 0.5)) / height) * height);
    for (let x = 0; x < width; x++) {
      const column = Math.floor((startX + (stepX * (x + 0.5)) / width) * width);
      const isInside = row >= 0 && row < height && column >= 0 && column < width;
      target[y * width + x] = isInside ? source[row * width + column]! : ignored;
    }
  }
}

/** Left, top, right and bottom in shares of the picture. */
export type Corners = readonly [left: number, top: number, right: number, bottom: number];

/** The box as it is placed, cut at the borders of the picture, and which share of it is still to be seen. */
export function placeBox(
  [left, top, right, bottom]: Corners,
  { startX, stepX, startY, stepY }: Placement,
): { readonly corners: Corners; readonly seen: number } {
  const [x0, x1] = placedSpan(left, right, startX, stepX);
  const [y0, y1] = placedSpan(top, bottom, startY, stepY);
  const inside = (value: number): number => Math.min(1, Math.max(0, value));
  const [l, t, r, b]: Corners = [inside(x0), inside(y0), inside(x1), inside(y1)];
  const whole = (x1 - x0) * (y1 - y0);
  return { corners: [l, t, r, b], seen: whole > 0 ? ((r - l) * (b - t)) / whole : 0 };
}

function placedSpan(from: number, to: number, start: number, step: number): [number, number] {
  const ends = [(from - start) / step, (to - start) / step] as const;
  return step > 0 ? [ends[0], ends[1]] : [ends[1], ends[0]];
}
