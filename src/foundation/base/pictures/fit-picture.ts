import type { Picture, PictureSize } from "./picture.js";

/**
 * Brings an image to a format: the whole image is stretched to the size (nothing is cut off), colours become grey
 * by their luma (ITU-R BT.601), grey becomes three equal channels.
 * @returns `height * width * channels` values; the image's own data where it has the format already
 */
export function fitPicture(picture: Picture, format: PictureSize): Uint8Array {
  const recoloured = withChannels(picture, format.channels);
  return resizePicture(recoloured, format.width, format.height);
}

function withChannels(picture: Picture, channels: number): Picture {
  if (picture.channels === channels) return picture;
  const pixels = picture.width * picture.height;
  const data = new Uint8Array(pixels * channels);
  const source = picture.data;
  if (channels === 3) {
    for (let i = 0; i < pixels; i++) data.fill(source[i]!, 3 * i, 3 * i + 3);
  } else {
    // Thousandths in whole numbers, so that every runtime rounds alike.
    for (let i = 0; i < pixels; i++) {
      const luma = 299 * source[3 * i]! + 587 * source[3 * i + 1]! + 114 * source[3 * i + 2]!;
      data[i] = Math.floor((luma + 500) / 1000);
    }
  }
  return { ...picture, channels, data };
}

/** Which source positions make one target position, and how much each counts; the weights sum to 1. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` for each target position. */
  readonly weights: Float64Array;
  readonly stride: number;
}

/** Smaller: the mean over the area a target pixel covers. Larger: linear between the two nearest centres. */
function tapsFor(source: number, target: number): Taps {
  const scale = source / target;
  const stride = scale > 1 ? Math.ceil(scale) + 1 : 2;
  const first = new Int32Array(target);
  const count = new Int32Array(target);
  const weights = new Float64Array(target * stride);
  for (let i = 0; i < target; i++) {
    if (scale > 1) {
      const [start, end] = [i * scale, Math.min(source, (i + 1) * scale)];
      first[i] = Math.floor(start);
      count[i] = Math.min(source, Math.ceil(end)) - first[i]!;
      for (let k = 0; k < count[i]!; k++) {
        const at = first[i]! + k;
        weights[i * stride + k] = (Math.min(end, at + 1) - Math.max(start, at)) / (end - start);
      }
    } else {
      const centre = Math.min(source - 1, Math.max(0, (i + 0.5) * scale - 0.5));
      first[i] = Math.min(Math.floor(centre), Math.max(0, source - 2));
      count[i] = Math.min(2, source);
      const second = count[i] === 2 ? centre - first[i]! : 0;
      weights[i * stride] = 1 - second;
      weights[i * stride + 1] = second;
    }
  }
  return { first, count, weights, stride };
}

/** The image stretched to another size; its own data where it has that size. */
export function resizePicture(picture: Picture, width: number, height: number): Uint8Array {
  if (picture.width === width && picture.height === height) return picture.data;
  const { channels } = picture;
  const across = tapsFor(picture.width, width);
  const down = tapsFor(picture.height, height);
  const narrow = new Map<number, Float64Array>();
  const result = new Uint8Array(width * height * channels);
  const sum = new Float64Array(width * channels);
  for (let y = 0; y < height; y++) {
    const first = down.first[y]!;
    for (const row of [...narrow.keys()]) if (row < first) narrow.delete(row);
    sum.fill(0);
    for (let k = 0; k < down.count[y]!; k++) {
      const row = narrow.get(first + k) ?? narrowRow(picture, first + k, across, width);
      narrow.set(first + k, row);
      const weight = down.weights[y * down.stride + k]!;
      for (let i = 0; i < sum.length; i++) sum[i]! += weight * row[i]!;
    }
    const offset = y * width * channels;
    for (let i = 0; i < sum.length; i++) result[offset + i] = Math.floor(sum[i]! + 0.5);
  }
  return result;
}

/** One row of the source at the target's width. */
function narrowRow({ data, width, channels }: Picture, y: number, taps: Taps, target: number): Float64Array {
  const row = new Float64Array(target * channels);
  const offset = y * width * channels;
  for (let x = 0; x < target; x++) {
    const count = taps.count[x]!;
    for (let k = 0; k < count; k++) {
      const weight = taps.weights[x * taps.stride + k]!;
      const source = offset + (taps.first[x]! + k) * channels;
      for (let c = 0; c < channels; c++) row[x * channels + c]! += weight * data[source + c]!;
    }
  }
  return row;
}
