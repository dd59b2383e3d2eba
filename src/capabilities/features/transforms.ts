import type { Transform } from "../../foundation/contracts/transform.js";
import { createHostTransforms, type HostServices } from "./host/index.js";
import { createHanSegmenter } from "./jieba.js";
import type { TransformMap } from "./pipeline/pipeline.js";
import { asCategory } from "./transforms/as-category.js";
import { bin } from "./transforms/bin.js";
import { clip } from "./transforms/clip.js";
import { datetime } from "./transforms/datetime.js";
import { frequency } from "./transforms/frequency.js";
import { impute } from "./transforms/impute.js";
import { interact } from "./transforms/interact.js";
import { lda } from "./transforms/lda.js";
import { log } from "./transforms/log.js";
import { minMax } from "./transforms/min-max.js";
import { oneHot } from "./transforms/one-hot.js";
import { ordinal } from "./transforms/ordinal.js";
import { pca } from "./transforms/pca.js";
import { quantile } from "./transforms/quantile.js";
import { rare } from "./transforms/rare.js";
import { robust } from "./transforms/robust.js";
import { select } from "./transforms/select.js";
import { standard } from "./transforms/standard.js";
import { targetEncode } from "./transforms/target-encode.js";
import { tfidf } from "./transforms/tfidf.js";
import { toFloat32 } from "./transforms/to-float32.js";
import { yeoJohnson } from "./transforms/yeo-johnson.js";

/** Transforms that a graph can hold. The list hides their config and state types: each schema checks its own. */
const GRAPH_TRANSFORMS = [
  // numbers
  impute,
  standard,
  robust,
  minMax,
  quantile,
  yeoJohnson,
  clip,
  log,
  bin,
  toFloat32,
  // categories
  asCategory,
  oneHot,
  ordinal,
  rare,
  frequency,
  targetEncode,
  // dates and texts
  datetime,
  tfidf,
  // several columns together
  interact,
  pca,
  lda,
  select,
] as unknown as readonly Transform[];

/** All built-in transforms by id; `services` are what host transforms need from outside, by default jieba. */
export function createTransforms(
  services: HostServices = { segmentHan: createHanSegmenter() },
): TransformMap {
  const inGraph = GRAPH_TRANSFORMS.map((transform) => [transform.id, transform] as const);
  return new Map([...inGraph, ...createHostTransforms(services)]);
}
