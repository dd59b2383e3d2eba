/** Changes of pictures that keep their meaning: one function of a picture, a configuration and random numbers. */
import type { Random } from "../../../../foundation/base/random.js";
import type { ImageSize } from "./image-inputs.js";

/** What is done to a single picture. */
export interface PictureChanges {
  readonly flip: "none" | "horizontal" | "both";
  /** Share of the side. */
  readonly shift: number;
  /** Degrees. */
  readonly rotation: number;
  /** Share. */
  readonly colour: number;
  /** Share of the side. */
  readonly cutout: number;
  /** Probability. */
  readonly erasing: number;
}

/** Mid-grey, about the mean of what networks see. */
const GREY = 128;

/** Writes a changed copy of the picture [height, width, channels] to `target`, from `offset` on. */
export function augmentPicture(
  source: Uint8Array,
  size: ImageSize,
  changes: PictureChanges,
  random: Random,
  target: Uint8Array,
  offset: number,
): void {
  const picture = target.subarray(offset, offset + source.length);
  move(source, size, changes, random, picture);
  if (changes.colour > 0) recolour(picture, size, changes.colour, random);
  if (changes.cutout > 0) cutOut(picture, size, changes.cutout, random);
  if (changes.erasing > 0 && random.uniform() < changes.erasing) erase(picture, size, random);
}

const between = (random: Random, bound: number): number => bound * (2 * random.uniform() - 1);

/** Flip, shift and turn in one pass; what lies outside repeats the border. */
function move(
  source: Uint8Array,
  size: ImageSize,
  { flip, shift, rotation }: PictureChanges,
  random: Random,
  target: Uint8Array,
): void {
  const isMirrored = flip !== "none" && random.uniform() < 0.5;
  const isUpended = flip === "both" && random.uniform() < 0.5;
  const right = shift > 0 ? Math.round(between(random, shift * size.width)) : 0;
  const down = shift > 0 ? Math.round(between(random, shift * size.height)) : 0;
  if (rotation > 0) {
    const angle = (between(random, rotation) * Math.PI) / 180;
    turn(source, size, { angle, right, down, isMirrored, isUpended }, target);
    return;
  }
  const { height, width, channels } = size;
  for (let y = 0; y < height; y++) {
    const moved = clamp(y - down, height);
    const row = (isUpended ? height - 1 - moved : moved) * width;
    for (let x = 0; x < width; x++) {
      const along = clamp(x - right, width);
      const from = (row + (isMirrored ? width - 1 - along : along)) * channels;
      const to = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) target[to + c] = source[from + c]!;
    }
  }
}

const clamp = (place: number, length: number): number => Math.min(length - 1, Math.max(0, place));

interface Turn {
  /** Radians, around the centre. */
  readonly angle: number;
  readonly right: number;
  readonly down: number;
  readonly isMirrored: boolean;
  readonly isUpended: boolean;
}

/** Bilinear between the four nearest pixels of the source. */
function turn(
  source: Uint8Array,
  { height, width, channels }: ImageSize,
  by: Turn,
  target: Uint8Array,
): void {
  const [cosine, sine] = [Math.cos(by.angle), Math.sin(by.angle)];
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [x - by.right - centreX, y - by.down - centreY];
      const [u, v] = [cosine * dx + sine * dy, cosine * dy - sine * dx];
      const fromX = Math.min(width - 1, Math.max(0, centreX + (by.isMirrored ? -u : u)));
      const fromY = Math.min(height - 1, Math.max(0, centreY + (by.isUpended ? -v : v)));
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      const [shareX, shareY] = [fromX - left, fromY - top];
      const [nextX, nextY] = [Math.min(width - 1, left + 1), Math.min(height - 1, top + 1)];
      for (let c = 0; c < channels; c++) {
        const pixel = (row: number, column: number) => source[(row * width + column) * channels + c]!;
        const upper = pixel(top, left) * (1 - shareX) + pixel(top, nextX) * shareX;
        const lower = pixel(nextY, left) * (1 - shareX) + pixel(nextY, nextX) * shareX;
        target[(y * width + x) * channels + c] = Math.floor(upper * (1 - shareY) + lower * shareY + 0.5);
      }
    }
  }
}

/** Brightness times, contrast around the mean, saturation around the grey of each pixel. */
function recolour(picture: Uint8Array, { channels }: ImageSize, strength: number, random: Random): void {
  const [brightness, contrast, saturation] = [1, 2, 3].map(() => 1 + between(random, strength)) as [
    number,
    number,
    number,
  ];
  let sum = 0;
  for (const value of picture) sum += value;
  const mean = (brightness * sum) / picture.length;
  for (let i = 0; i < picture.length; i += channels) {
    const grey = channels === 3 ? (picture[i]! + picture[i + 1]! + picture[i + 2]!) / 3 : picture[i]!;
    for (let c = 0; c < channels; c++) {
      const saturated = grey + saturation * (picture[i + c]! - grey);
      const value = mean + contrast * (brightness * saturated - mean);
      picture[i + c] = Math.min(255, Math.max(0, Math.floor(value + 0.5)));
    }
  }
}

/** A square around a random pixel, as far as it lies inside. */
function cutOut(picture: Uint8Array, size: ImageSize, share: number, random: Random): void {
  const side = Math.max(1, Math.round(share * Math.min(size.height, size.width)));
  const top = random.integer(size.height) - (side >> 1);
  const left = random.integer(size.width) - (side >> 1);
  fill(picture, size, { top, left, height: side, width: side }, () => GREY);
}

/** 2 to 33 % of the area, sides in a ratio of 0.3 to 3.3, as the paper has it. */
function erase(picture: Uint8Array, size: ImageSize, random: Random): void {
  const area = (0.02 + 0.31 * random.uniform()) * size.height * size.width;
  const ratio = 0.3 * 11 ** random.uniform();
  const height = Math.min(size.height, Math.max(1, Math.round(Math.sqrt(area * ratio))));
  const width = Math.min(size.width, Math.max(1, Math.round(Math.sqrt(area / ratio))));
  const top = random.integer(size.height - height + 1);
  const left = random.integer(size.width - width + 1);
  fill(picture, size, { top, left, height, width }, () => random.integer(256));
}

function fill(
  picture: Uint8Array,
  { height, width, channels }: ImageSize,
  box: { top: number; left: number; height: number; width: number },
  value: () => number,
): void {
  for (let y = Math.max(0, box.top); y < Math.min(height, box.top + box.height); y++) {
    for (let x = Math.max(0, box.left); x < Math.min(width, box.left + box.width); x++) {
      for (let c = 0; c < channels; c++) picture[(y * width + x) * channels + c] = value();
    }
  }
}
