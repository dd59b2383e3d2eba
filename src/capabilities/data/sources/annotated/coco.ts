import { z } from "zod";
import {
  type AnnotatedObject,
  type AnnotatedPicture,
  boxInside,
  malformed,
  type Place,
} from "./annotated-picture.js";
import type { AnnotationFaults } from "./annotation-faults.js";

const identifier = z.union([z.number(), z.string()]);
const side = z.number();
const annotationSchema = z.object({
  image_id: identifier,
  category_id: identifier,
  bbox: z.tuple([side, side, side.nonnegative(), side.nonnegative()]),
  iscrowd: z.union([z.literal(0), z.literal(1)]).optional(),
});
const cocoSchema = z.object({
  images: z.array(
    z.object({
      id: identifier,
      file_name: z.string().min(1),
      width: z.number().positive(),
      height: z.number().positive(),
    }),
  ),
  // Looked at one by one.
  annotations: z.array(z.unknown()),
  categories: z.array(z.object({ id: identifier, name: z.string().min(1) })),
});

/** Whether a JSON text may be COCO's: it names the three lists. */
export const looksLikeCoco = (text: string): boolean =>
  /^\s*\{/.test(text) && ["images", "annotations", "categories"].every((key) => text.includes(`"${key}"`));

/**
 * COCO's JSON (cocodataset.org/#format-data): boxes are left, top, width, height in pixels. Pictures come in the order of
 * the file, also those without objects, but not those of which an annotation is among the faults.
 * @throws QuernError DATA_MALFORMED
 */
export function readCoco(text: string, file: string, faults: AnnotationFaults): AnnotatedPicture[] {
  const { images, annotations, categories } = parse(text, file);
  const pictures = byId("image", images, file);
  const labels = byId("category", categories, file);
  const objects = new Map(images.map(({ id }) => [id, [] as AnnotatedObject[]]));
  const lost = new Set<unknown>();
  for (const [index, annotation] of annotations.entries()) {
    const place = { file, entry: index + 1 };
    const id = (annotation as { image_id?: unknown } | null)?.image_id;
    const read = faults.read(() => {
      const { image_id, category_id, bbox, iscrowd } = parseAnnotation(annotation, place);
      const picture = pictures.get(image_id);
      const category = labels.get(category_id);
      if (!picture) throw malformed(place, `it is of the image ${JSON.stringify(id)}, which is not listed`);
      if (!category)
        throw malformed(place, `it is of the category ${JSON.stringify(category_id)}, which is not listed`);
      const box = boxInside(bbox, picture, place);
      if (!box) return;
      const crowd = iscrowd === 1 ? { crowd: true as const } : {};
      objects.get(image_id)!.push({ label: category.name, box, ...crowd });
    });
    if (!read && !lost.has(id) && objects.has(id as number | string)) {
      lost.add(id);
      faults.lose();
    }
  }
  return images.flatMap(({ id, file_name: name }) =>
    lost.has(id) ? [] : [{ name, objects: objects.get(id)! }],
  );
}

/** @throws QuernError DATA_MALFORMED for an id that two entries have: annotations would be of either */
function byId<Entry extends { readonly id: number | string }>(
  what: string,
  entries: readonly Entry[],
  file: string,
): ReadonlyMap<number | string, Entry> {
  const known = new Map<number | string, Entry>();
  for (const entry of entries) {
    if (known.has(entry.id))
      throw malformed({ file }, `two entries have the ${what} id ${JSON.stringify(entry.id)}`);
    known.set(entry.id, entry);
  }
  return known;
}

function parseAnnotation(annotation: unknown, place: Place): z.infer<typeof annotationSchema> {
  const parsed = annotationSchema.safeParse(annotation);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw malformed(place, `${path.join(".") || "the entry"}: ${message}`);
}

function parse(text: string, file: string): z.infer<typeof cocoSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed({ file }, `it is no JSON (${(cause as Error).message})`);
  }
  const parsed = cocoSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw malformed({ file }, `${path.join(".") || "the file"}: ${message}`);
}
