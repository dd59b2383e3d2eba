/** Boxes that people drew, whatever tool wrote them down. */
import { z } from "zod";
import { QuernError } from "../../../foundation/base/errors.js";
import type { Box } from "../detection/boxes.js";
import type { TrueObject } from "../detection/coco-metrics.js";

/** One object in one image; the image is named as the file names it. */
export interface AnnotatedObject extends TrueObject {
  /** Outlines: x and y of each corner in turn. */
  readonly polygons?: readonly (readonly number[])[];
}

export const malformed = (file: string, why: string): QuernError =>
  new QuernError("DATA_MALFORMED", `${file}: ${why}.`, { details: { file } });

const identifier = z.union([z.number(), z.string()]);
const box = z.tuple([z.number(), z.number(), z.number().nonnegative(), z.number().nonnegative()]);
const cocoSchema = z.object({
  images: z.array(z.object({ id: identifier, file_name: z.string() })),
  annotations: z.array(
    z.object({
      image_id: identifier,
      category_id: identifier,
      bbox: box,
      area: z.number().nonnegative().optional(),
      iscrowd: z.union([z.literal(0), z.literal(1)]).optional(),
      /** Of a crowd a run-length mask, which is passed over. */
      segmentation: z.unknown().optional(),
    }),
  ),
  categories: z.array(z.object({ id: identifier, name: z.string() })),
});
const polygonsSchema = z.array(z.array(z.number()).min(6));

/**
 * COCO's JSON (cocodataset.org/#format-data): boxes are left, top, width, height in pixels.
 * @throws QuernError DATA_MALFORMED
 */
export function readCoco(text: string, file: string): AnnotatedObject[] {
  const parsed = cocoSchema.safeParse(parsedJson(text, file));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw malformed(file, `${issue.path.join(".")}: ${issue.message}`);
  }
  const { images, annotations, categories } = parsed.data;
  const imageOf = new Map(images.map(({ id, file_name: name }) => [id, name]));
  const classOf = new Map(categories.map(({ id, name }) => [id, name]));
  return annotations.map((one, index) => {
    const image = imageOf.get(one.image_id);
    const name = classOf.get(one.category_id);
    if (image === undefined || name === undefined) {
      throw malformed(file, `annotation ${index + 1} names an image or a category that is not listed`);
    }
    const polygons = polygonsSchema.safeParse(one.segmentation);
    return {
      ...{ image, class: name, box: one.bbox },
      ...(one.area === undefined ? {} : { area: one.area }),
      ...(one.iscrowd === 1 ? { isCrowd: true } : {}),
      ...(polygons.success && polygons.data.length > 0 ? { polygons: polygons.data } : {}),
    };
  });
}

function parsedJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(file, `it is no JSON (${(cause as Error).message})`);
  }
}

/**
 * The labels of one image for YOLO: a line for each object, its class by number, then the centre, width and height as
 * shares of the image; or, for outlines, the corners.
 * @param image its name and size in pixels
 * @throws QuernError DATA_MALFORMED naming the line
 */
export function readYolo(
  text: string,
  image: { readonly name: string; readonly width: number; readonly height: number },
  classes: readonly string[],
): AnnotatedObject[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.flatMap((line, index) => {
    if (line === "") return [];
    const [code, ...shares] = line.split(/\s+/).map(Number) as [number, ...number[]];
    const name = classes[code];
    const isOutline = shares.length >= 6 && shares.length % 2 === 0;
    const isWithin = shares.every((share) => share >= 0 && share <= 1);
    if (name === undefined || !isWithin || !(shares.length === 4 || isOutline)) {
      throw malformed(
        image.name,
        `line ${index + 1} of its labels is no object of ${classes.length} classes`,
      );
    }
    const pixels = shares.map((share, k) => share * (k % 2 === 0 ? image.width : image.height));
    if (isOutline) return [{ image: image.name, class: name, box: boxAround(pixels), polygons: [pixels] }];
    const [x, y, width, height] = pixels as [number, number, number, number];
    return [{ image: image.name, class: name, box: [x - width / 2, y - height / 2, width, height] as Box }];
  });
}

function boxAround(corners: readonly number[]): Box {
  const xs = corners.filter((_, k) => k % 2 === 0);
  const ys = corners.filter((_, k) => k % 2 === 1);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

/** Larger files are no annotations of one image. */
const LARGEST_VOC_CHARACTERS = 4 * 2 ** 20;

/**
 * The XML of one image as Pascal VOC has it; pixels count from 1 and the last one belongs to the box.
 * @throws QuernError DATA_MALFORMED
 */
export function readVoc(text: string, file: string): AnnotatedObject[] {
  if (text.length > LARGEST_VOC_CHARACTERS) throw malformed(file, "it is too long for one image");
  if (!/<annotation[\s>]/.test(text)) throw malformed(file, "it has no <annotation>");
  // Cut at the tags: a pattern for whole elements would take quadratic time on tags that never close.
  const [head, ...objects] = text.split("<object>");
  const image = element(head!, "filename") ?? file;
  return objects.map((content) => {
    const [whole] = content.split("</object>");
    // Parts of an object have names and boxes of their own.
    const own = whole!
      .split("<part>")
      .map((piece, k) => (k === 0 ? piece : (piece.split("</part>")[1] ?? "")))
      .join("");
    const name = element(own, "name");
    const [left, top, right, bottom] = ["xmin", "ymin", "xmax", "ymax"].map((side) =>
      Number(element(own, side)),
    );
    const size = [right! - left! + 1, bottom! - top! + 1] as const;
    if (name === undefined || !(size[0] > 0 && size[1] > 0)) {
      throw malformed(file, "an <object> has no name or no box");
    }
    return { image, class: name, box: [left! - 1, top! - 1, ...size] };
  });
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function element(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]?.trim();
  return found?.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity]!);
}
