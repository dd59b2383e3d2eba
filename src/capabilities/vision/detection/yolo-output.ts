import { type Detection, type SuppressionOptions, suppressOverlaps } from "./boxes.js";

export interface YoloOptions extends SuppressionOptions {
  readonly classes: readonly string[];
  /** Boxes of which no class is surer than this are left out. */
  readonly confidence: number;
}

/** What YOLOv8 and its successors predict with by default. */
export const YOLO_DEFAULTS = { confidence: 0.25, overlap: 0.7, limit: 300 } as const;

/**
 * Boxes of one image from the output of YOLOv8 and YOLO11: float32 [4 + classes, places], rows of centre x, centre y,
 * width and height in pixels of the input, then a probability for each class.
 * @throws Error where the output has another size than the classes ask for
 */
export function readYoloOutput(output: Float32Array, options: YoloOptions): Detection[] {
  const { classes, confidence } = options;
  const places = output.length / (4 + classes.length);
  if (!Number.isInteger(places)) {
    throw new Error(`${output.length} values are not boxes with ${classes.length} classes.`);
  }
  const found: Detection[] = [];
  for (let place = 0; place < places; place++) {
    const at = (row: number): number => output[row * places + place]!;
    for (const [k, name] of classes.entries()) {
      const score = at(4 + k);
      if (!(score > confidence) || classes.some((_, other) => at(4 + other) > score)) continue;
      const [width, height] = [at(2), at(3)];
      found.push({ class: name, score, box: [at(0) - width / 2, at(1) - height / 2, width, height] });
      break;
    }
  }
  return suppressOverlaps(found, options);
}
