import type { WorkEstimate, WorkSpecification } from "../../../../foundation/contracts/trainer.js";
import type { Architecture, TextNetworkConfig } from "./config.js";
import { textTrainingLength } from "./fit-text.js";

/** Measured on one thread, in seconds. */
const COST = {
  start: 0.5,
  step: 1e-3,
  /** Of one multiplication in a product of matrices, forward; backward takes two more. */
  product: 1.15e-11,
  /** Of one value between layers: activation, mask and their derivatives. */
  value: 2.5e-9,
  /** Of one parameter: its gradient and the optimizer. */
  parameter: 1e-8,
  /** Of one place that the way back through a recurrent layer is unrolled to: once, and in each step. */
  unrolled: 0.02,
  place: 1e-4,
  /** Of one coefficient that a text of the wide part meets, in the whole fit. */
  wide: 4e-7,
};
/** Of the tokenizer that the pipeline trains. */
const VOCABULARY = 8000;
const PIECES_UNKNOWN = 128;

interface PieceWork {
  /** Multiplications for one piece, forward. */
  readonly products: number;
  /** Values between layers for one piece. */
  readonly values: number;
}

const WORK: Readonly<Record<Architecture, (config: TextNetworkConfig, pieces: number) => PieceWork>> = {
  bag: ({ width }) => ({ products: 0, values: 16 * width }),
  convolution: ({ width }) => ({ products: 12 * width ** 2, values: 12 * width }),
  recurrent: ({ width, layers }) => ({ products: layers * 16 * width ** 2, values: layers * 24 * width }),
  transformer: ({ width, layers, heads }, pieces) => ({
    products: layers * (12 * width ** 2 + 2 * pieces * width),
    values: layers * (20 * width + 4 * heads * pieces),
  }),
};

/** Of the wide part: fitted to all rows, and to parts of them. */
export function wideSeconds(
  { rows, features, classes }: Pick<WorkSpecification, "rows" | "features" | "classes">,
  pieces: number,
): number {
  return rows * (2 * pieces + features) * Math.max(2, classes) * COST.wide;
}

/** Time and memory of one training; pieces of texts as the specification says. */
export function estimateTextTraining(
  { rows, features, classes, textPieces = PIECES_UNKNOWN }: WorkSpecification,
  config: TextNetworkConfig,
): WorkEstimate {
  const { architecture, width, layers, pairBuckets } = config;
  const { batch, steps } = textTrainingLength(config, rows);
  const pieces = architecture === "bag" ? textPieces : Math.min(textPieces, config.length);
  const { products, values } = WORK[architecture](config, pieces);
  const isBag = architecture === "bag";
  const vectors = (VOCABULARY + (isBag ? pairBuckets : 0)) * width;
  const parameters = vectors + products + features * width;
  const unrolled = architecture === "recurrent" ? layers * pieces : 0;
  const step =
    COST.step +
    batch * pieces * (3 * products * COST.product + values * COST.value) +
    parameters * COST.parameter +
    unrolled * COST.place;
  const wide = config.wide ? wideSeconds({ rows, features, classes }, textPieces) : 0;
  return {
    seconds: COST.start + unrolled * COST.unrolled + steps * step + wide,
    bytes: 4 * (rows * (features + textPieces) + 12 * parameters + 3 * batch * pieces * values),
  };
}
