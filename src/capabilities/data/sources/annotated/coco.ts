import { z } from "zod";
import { type AnnotatedObject, type AnnotatedPicture, boxInside, malformed } from "./annotated-picture.js";

const identifier = z.union([z.number(), z.string()]);
const side = z.number();
const cocoSchema = z.object({
  images: z.array(
    z.object({
      id: identifier,
      file_name: z.string().min(1),
      width: z.number().positive(),
      height: z.number().positive(),
    }),
  ),
  annotations: z.array(
    z.object({
      image_id: identifier,
      category_id: identifier,
      bbox: z.tuple([side, side, side.nonnegative(), side.nonnegative()]),
      iscrowd: z.union([z.literal(0), z.literal(1)]).optional(),
    }),
  ),
  categories: z.array(z.object({ id: identifier, name: z.string().min(1) })),
});

/** Whether a JSON text may be COCO's: it names the three lists. */
export const looksLikeCoco = (text: string): boolean =>
  /^\s*\{/.test(text) && ["images", "annotations", "categories"].every((key) => text.includes(`"${key}"`));

/**
 * COCO's JSON (cocodataset.org/#format-data): boxes are left, top, width, height in pixels. Pictures come in the order of
 * the file, also those without objects.
 * @throws QuernError DATA_MALFORMED naming the entry
 */
export function readCoco(text: string, file: string): AnnotatedPicture[] {
  const { images, annotations, categories } = parse(text, file);
  const pictures = new Map(images.map((image) => [image.id, { image, objects: [] as AnnotatedObject[] }]));
  const labels = new Map(categories.map(({ id, name }) => [id, name]));
  for (const [index, { image_id: id, category_id: category, bbox, iscrowd }] of annotations.entries()) {
    const place = { file, entry: index + 1 };
    const picture = pictures.get(id);
    const label = labels.get(category);
    if (!picture) throw malformed(place, `it is of the image ${JSON.stringify(id)}, which is not listed`);
    if (label === undefined)
      throw malformed(place, `it is of the category ${JSON.stringify(category)}, which is not listed`);
    const box = boxInside(bbox, picture.image, place);
    if (box) picture.objects.push({ label, box, ...(iscrowd === 1 ? { crowd: true as const } : {}) });
  }
  return [...pictures.values()].map(({ image, objects }) => ({ name: image.file_name, objects }));
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
  const [list, index, ...rest] = path;
  const place = list === "annotations" && typeof index === "number" ? { file, entry: index + 1 } : { file };
  const key = place.entry === undefined ? path.join(".") : rest.join(".");
  throw malformed(place, `${key}: ${message}`);
}
