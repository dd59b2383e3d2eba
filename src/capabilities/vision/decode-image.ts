/** Compressed images to pixels, by libvips (sharp). Nothing of a file is decoded before its header passed the caps. */
import type { Sharp, SharpOptions } from "sharp";
import { QuernError } from "../../foundation/base/errors.js";
import { decodeNetpbm, isNetpbm } from "../../foundation/base/pictures/netpbm.js";
import type { Picture, PictureSize } from "../../foundation/base/pictures/picture.js";
import type { DecodeImage } from "../../foundation/contracts/image-cells.js";

export interface ImageLimits {
  /** Of the file. */
  readonly bytes: number;
  /** Width times height, of the decoded image. */
  readonly pixels: number;
}

/** A photo of 50 megapixels; decoding takes at most some 400 MB of memory at a time. */
export const DEFAULT_IMAGE_LIMITS: ImageLimits = { bytes: 64 * 2 ** 20, pixels: 50_000_000 };

/** The formats that reach the decoder, by their first bytes; SVG, PDF and others with a language inside never do. */
const SIGNATURES: readonly ((bytes: Uint8Array) => boolean)[] = [
  (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff,
  (bytes) => latin(bytes, 0, 8) === "\x89PNG\r\n\x1a\n",
  (bytes) => latin(bytes, 0, 4) === "RIFF" && latin(bytes, 8, 12) === "WEBP",
  (bytes) => /^GIF8[79]a$/.test(latin(bytes, 0, 6)),
];

/** Formats that people meet and that are not decoded, by their first bytes. */
const FOREIGN: readonly (readonly [name: string, (bytes: Uint8Array) => boolean])[] = [
  ["HEIC", (bytes) => /^ftyp(hei[cxms]|hev[cxm]|mif1|msf1)/.test(latin(bytes, 4, 12))],
  ["AVIF", (bytes) => /^ftypavi[fs]/.test(latin(bytes, 4, 12))],
  ["TIFF", (bytes) => /^(II\*\0|MM\0\*|II\+\0|MM\0\+)/.test(latin(bytes, 0, 4))],
  ["BMP", (bytes) => latin(bytes, 0, 2) === "BM"],
  ["JPEG XL", (bytes) => (bytes[0] === 0xff && bytes[1] === 0x0a) || latin(bytes, 4, 8) === "JXL "],
  ["PDF", (bytes) => latin(bytes, 0, 5) === "%PDF-"],
  ["SVG", (bytes) => /^(\xef\xbb\xbf)?\s*<(\?xml|!--|!DOCTYPE svg|svg)[\s>-]/i.test(latin(bytes, 0, 200))],
  ["HTML", (bytes) => /^\s*<(!doctype )?html/i.test(latin(bytes, 0, 200))],
];

function foreign(bytes: Uint8Array): string {
  const found = FOREIGN.find(([, matches]) => matches(bytes));
  return found
    ? `${found[0]} is not read; save it as JPEG or PNG`
    : "it is no JPEG, PNG, WebP, GIF, PGM or PPM file";
}

const latin = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

type SharpFactory = (input: Uint8Array, options: SharpOptions) => Sharp;
let loading: Promise<SharpFactory> | undefined;

/** Each image is decoded by one thread; several are decoded at a time. @throws QuernError UNSUPPORTED without sharp */
function loadSharp(): Promise<SharpFactory> {
  loading ??= importSharp().then((sharp) => {
    sharp.cache(false);
    sharp.concurrency(1);
    return sharp as SharpFactory;
  });
  return loading;
}

/** An optional package: who works with tables alone need not install it. */
async function importSharp() {
  try {
    return (await import("sharp")).default;
  } catch (cause) {
    throw new QuernError("UNSUPPORTED", "Images are decoded by the package sharp, which is not installed.", {
      cause,
      hint: "Run `npm install sharp`.",
    });
  }
}

/** @param pixels the most that are decoded; false: only the header is read */
async function open(bytes: Uint8Array, limits: ImageLimits, pixels: number | false): Promise<Sharp> {
  if (bytes.length > limits.bytes) {
    throw new Error(`its ${bytes.length} bytes are over the limit of ${limits.bytes}`);
  }
  if (bytes.length === 0) throw new Error("the file is empty");
  if (!SIGNATURES.some((matches) => matches(bytes))) {
    throw new Error(foreign(bytes));
  }
  const sharp = await loadSharp();
  return sharp(bytes, { limitInputPixels: pixels, failOn: "error", animated: false });
}

/** The size of an image before it is decoded, turned as its EXIF data say. @throws Error saying in one clause what is wrong */
export async function readImageHeader(
  bytes: Uint8Array,
  limits: ImageLimits = DEFAULT_IMAGE_LIMITS,
): Promise<PictureSize> {
  if (isNetpbm(bytes)) return decodeNetpbm(bytes);
  const {
    width,
    height,
    channels,
    orientation = 1,
  } = await explained((await open(bytes, limits, false)).metadata());
  if (width * height > limits.pixels) {
    throw new Error(`its ${width} x ${height} pixels are over the limit of ${limits.pixels}`);
  }
  const grey = (channels ?? 3) < 3 ? 1 : 3;
  return orientation > 4
    ? { width: height, height: width, channels: grey }
    : { width, height, channels: grey };
}

/** In sRGB, turned as the EXIF data say, on white where it is transparent; the first picture of an animation. */
export function createImageDecoder(limits: ImageLimits = DEFAULT_IMAGE_LIMITS): DecodeImage {
  return async (bytes) => {
    if (isNetpbm(bytes)) return decodeNetpbm(bytes);
    await readImageHeader(bytes, limits);
    const opened = (await open(bytes, limits, limits.pixels))
      .autoOrient()
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb");
    const { data, info } = await explained(
      opened.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true }),
    );
    return toPicture(data, info);
  };
}

function toPicture(
  data: Uint8Array,
  { width, height, channels }: { width: number; height: number; channels: number },
): Picture {
  if (channels === 1 || channels === 3) return { width, height, channels, data };
  throw new Error(`it has ${channels} channels`);
}

/** The first line of what libvips says, without names of its own; its many words for damage as one. */
async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const line = said.split("\n")[0]!.replace(/^Input buffer (has|contains) /, "it $1 ");
    const why = /unknown error|premature|corrupt|truncated/i.test(line) ? "it is damaged or cut off" : line;
    throw new Error(`it cannot be decoded: ${why}`, { cause });
  }
}
