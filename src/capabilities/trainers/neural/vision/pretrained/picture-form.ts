/** How a pretrained network wants its pictures. */
import { z } from "zod";
import { QuernError } from "../../../../../foundation/base/errors.js";
import { readTextInside } from "../../../../../foundation/base/text-file.js";
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";
import { pictureChannels } from "../../layers/convolution.js";
import { lastSize, sizeAt } from "../../layers/sizes.js";
import type { Scope } from "../../scope.js";

/** A plain value. */
export interface PictureForm {
  readonly height: number;
  readonly width: number;
  /** By channel (red, green, blue), of values in 0..1. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly layout: "channels-first" | "channels-last";
}

export type Normalization = Pick<PictureForm, "mean" | "deviation">;

/** Of ImageNet, which most published networks were trained on. */
const IMAGENET: Normalization = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
/** Pixels of a side where neither file says any. */
const USUAL_SIDE = 224;

const side = z.number().int().min(1).max(4096);
const three = z.array(z.number()).length(3);
const sizeSchema = z.union([
  side,
  z.object({ height: side, width: side }),
  z.object({ shortest_edge: side }),
]);
/** `preprocessor_config.json` of transformers; what else it says is not looked at. */
const preprocessorSchema = z.object({
  size: sizeSchema.optional(),
  crop_size: sizeSchema.optional(),
  do_center_crop: z.boolean().optional(),
  do_normalize: z.boolean().optional(),
  image_mean: three.optional(),
  image_std: three.optional(),
});
/** `config.json` of timm. */
const trainedSchema = z.object({
  pretrained_cfg: z
    .object({ mean: three.optional(), std: three.optional(), input_size: z.array(side).length(3).optional() })
    .optional(),
});

export interface SaidForm {
  readonly side?: number;
  readonly normalization: Normalization;
}

/**
 * What the files beside a model say of its pictures.
 * @throws QuernError MODEL_REFUSED for files that are there and cannot be read
 */
export function readPictureForm(folder: string): SaidForm {
  const preprocessor = parsed(folder, "preprocessor_config.json", preprocessorSchema);
  if (preprocessor) {
    const { size, crop_size: crop, do_center_crop: crops = crop !== undefined } = preprocessor;
    const said = sideOf(crops ? (crop ?? size) : size);
    const { image_mean: mean = IMAGENET.mean, image_std: deviation = IMAGENET.deviation } = preprocessor;
    const plain = { mean: [0, 0, 0], deviation: [1, 1, 1] };
    return {
      ...(said === undefined ? {} : { side: said }),
      normalization: preprocessor.do_normalize === false ? plain : { mean, deviation },
    };
  }
  const trained = parsed(folder, "config.json", trainedSchema)?.pretrained_cfg;
  const { mean = IMAGENET.mean, std: deviation = IMAGENET.deviation, input_size: input } = trained ?? {};
  return { ...(input ? { side: input[1]! } : {}), normalization: { mean, deviation } };
}

function sideOf(size: z.infer<typeof sizeSchema> | undefined): number | undefined {
  if (size === undefined || typeof size === "number") return size;
  return "shortest_edge" in size ? size.shortest_edge : Math.max(size.height, size.width);
}

/** The side to which images of a model are read where the project says none. */
export const sideFor = ({ side: said }: SaidForm, fixed?: number): number => fixed ?? said ?? USUAL_SIDE;

const MAX_CONFIG_BYTES = 2 ** 20;

function parsed<T>(folder: string, name: string, schema: z.ZodType<T>): T | undefined {
  let text: string;
  try {
    text = readTextInside(folder, name, MAX_CONFIG_BYTES);
  } catch (cause) {
    if (QuernError.is(cause) && cause.code === "DATA_NOT_FOUND") return undefined;
    throw cause;
  }
  const refused = (why: string) =>
    new QuernError("MODEL_REFUSED", `${name} in ${folder} cannot be read: ${why}.`, { details: { folder } });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw refused("it is not JSON");
  }
  const result = schema.safeParse(content);
  if (!result.success) throw refused(z.prettifyError(result.error));
  return result.data;
}

/** Pictures as columns hold them, uint8 [N, H, W, 1 or 3], as the network wants them. */
export function formedPictures(
  scope: Scope,
  pictures: GraphValue,
  { height, width, mean, deviation, layout }: PictureForm,
): GraphValue {
  const { x } = scope;
  const channels = lastSize(pictures);
  const coloured = channels === 3 ? pictures : x.concat([pictures, pictures, pictures], 3);
  const planes = resized(scope, pictureChannels(scope, coloured, { mean, deviation }), height, width);
  return layout === "channels-first" ? planes : x.transpose(planes, [0, 2, 3, 1]);
}

/** [N, C, H, W] by linear interpolation between the centres of pixels. */
function resized({ x }: Scope, planes: GraphValue, height: number, width: number): GraphValue {
  const [from, across] = [sizeAt(planes, 2), sizeAt(planes, 3)];
  if (from === height && across === width) return planes;
  const scales = [1, 1, scaleTo(height, from), scaleTo(width, across)];
  return x.graph.op("Resize", [planes, undefined, x.graph.constant("float32", [4], scales)], {
    attributes: {
      mode: { string: "linear" },
      coordinate_transformation_mode: { string: "half_pixel" },
    },
  });
}

/** As a float32 whose product with `from` is not rounded below `to`: the runtime takes the whole part. */
function scaleTo(to: number, from: number): number {
  let scale = Math.fround(to / from);
  if (Math.floor(Math.fround(scale * from)) < to) scale = Math.fround(scale * (1 + 2 ** -23));
  return scale;
}
