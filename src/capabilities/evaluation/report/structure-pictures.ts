/** Pictures of a report with what a model says of them drawn in: boxes, or the class of every pixel. */
import { formatPercent } from "../../../engines/pages/format.js";
import { type Html, html, shorten } from "../../../engines/pages/html.js";
import { encodePng } from "../../../foundation/base/pictures/png.js";
import type { BoxesAnswer, MaskAnswer } from "../../../foundation/contracts/structured-answers.js";

/** Drawn width; heights follow. */
const WIDTH = 240;

type AnsweredBox = BoxesAnswer["boxes"][number];

/** @param lack the class of a box that the other side does not have */
export function picturedBoxes(image: string, { boxes }: BoxesAnswer, other: BoxesAnswer, lack: string): Html {
  const { width, height } = shownSize(image);
  const drawn = boxes.map((one) => {
    const state = other.boxes.some((box) => box.label === one.label && isSame(box, one)) ? "right" : lack;
    const [x, y, across, down] = one.box;
    const place = { x: x * width, y: y * height };
    const score = one.score < 1 ? ` ${formatPercent(one.score, 0)}` : "";
    return html`<rect class="object ${state}" x="${short(place.x)}" y="${short(place.y)}" width="${short(across * width)}" height="${short(down * height)}"/><text class="object" x="${short(place.x + 2)}" y="${short(Math.max(10, place.y + 11))}">${shorten(one.label, 16)}${score}</text>`;
  });
  return frame(image, { width, height }, drawn);
}

/** The classes as colours over the picture; what is not counted is grey. */
export function picturedMask(image: string, { mask }: MaskAnswer): Html {
  const size = shownSize(image);
  const data = new Uint8Array(mask.width * mask.height * 3);
  let at = 0;
  for (let k = 0; k < mask.runs.length; k += 2) {
    const colour = classColour(mask.runs[k]!);
    for (let end = at + mask.runs[k + 1]!; at < end; at++) data.set(colour, 3 * at);
  }
  const png = encodePng({ width: mask.width, height: mask.height, channels: 3, data });
  const source = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  const overlay = html`<image href="${source}" width="${size.width}" height="${size.height}" opacity="0.55" preserveAspectRatio="none"/>`;
  return frame(image, size, [overlay]);
}

/** The colour of a class beside its name. */
export function swatch(code: number): Html {
  const [red, green, blue] = classColour(code);
  return html`<svg class="swatch" viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" fill="rgb(${red},${green},${blue})"/></svg>`;
}

function frame(
  image: string,
  { width, height }: { readonly width: number; readonly height: number },
  drawn: readonly Html[],
): Html {
  return html`<svg class="scene" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"><image href="${image}" width="${width}" height="${height}" preserveAspectRatio="none"/>${drawn}</svg>`;
}

/** A PNG says its size in its first bytes. */
function shownSize(image: string): { readonly width: number; readonly height: number } {
  const header = Buffer.from(image.slice(image.indexOf(",") + 1, image.indexOf(",") + 45), "base64");
  const [width, height] = [header.readUInt32BE(16), header.readUInt32BE(20)];
  return { width: WIDTH, height: Math.max(1, Math.round((WIDTH * height) / width)) };
}

const short = (value: number): string => value.toFixed(1);

/** Half of what both cover together is in both: as Pascal VOC counts. */
function isSame({ box: a }: AnsweredBox, { box: b }: AnsweredBox): boolean {
  const across = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const down = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  const both = across > 0 && down > 0 ? across * down : 0;
  return both >= (a[2] * a[3] + b[2] * b[3] - both) / 2;
}

/** Class 0, most often the ground, is dark; the others go around the colour wheel by the golden angle. */
function classColour(code: number): readonly [number, number, number] {
  if (code === 0) return [20, 20, 30];
  if (code === 255) return [128, 128, 128];
  const hue = (code * 137.508) % 360;
  const channel = (shift: number) => {
    const k = (shift + hue / 30) % 12;
    return Math.round(255 * (0.55 - 0.45 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
