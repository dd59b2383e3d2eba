import type { Random } from "../../foundation/base/random.js";
import type { Conformal } from "../../foundation/contracts/conformal.js";
import type { Importance, LearningPoint } from "../../foundation/contracts/evaluation.js";
import type { Frame } from "../../foundation/contracts/frame.js";
import type { Predictions, Target } from "../../foundation/contracts/target.js";
import type { CrossValidation, NearDuplicates } from "../../foundation/contracts/trust.js";
import type { GainTable } from "./curves/thresholds.js";
import type { Rival } from "./intervals/compare.js";
import type { AnyMetric } from "./metrics/index.js";

export interface DecisionThreshold {
  readonly value: number;
  readonly chosenBy: "default" | "gain" | "f1" | "given";
  /** The rows on which it was chosen. */
  readonly split: string;
}

export interface EvaluationRequest {
  readonly target: Target;
  readonly predictions: Predictions;
  readonly weights?: Float64Array | undefined;
  /** `test`, `validation`, or the name of other data. */
  readonly split: string;
  /** The decisive metric. */
  readonly metric: AnyMetric;
  /** All that are reported; absent: those usual for the task. */
  readonly metrics?: readonly AnyMetric[];
  /** Binary; absent: 0.5. */
  readonly threshold?: DecisionThreshold | undefined;
  /** `table[actual][decided]`. */
  readonly gain?: GainTable | undefined;
  /** Raw columns of the same rows: for slices and worst errors. */
  readonly features?: Frame | undefined;
  /** Row numbers in the dataset version. */
  readonly rowNumbers?: ArrayLike<number> | undefined;
  readonly slices?: readonly string[];
  /** The dummy model, on the same rows. */
  readonly baseline?: Predictions | undefined;
  readonly previous?: Rival | undefined;
  readonly learningCurve?: readonly LearningPoint[];
  readonly importance?: readonly Importance[];
  /** For label errors, and with `features` on both sides for rows unlike those learnt from. */
  readonly learning?: LearningRows | undefined;
  /** Columns whose groups are compared, of the rows judged; they need not be features. */
  readonly fairness?: Frame | undefined;
  /** Equal and nearly equal rows, and for each row judged whether it has a twin among those learnt from (above 0). */
  readonly nearDuplicates?: NearDuplicates | undefined;
  readonly twins?: Uint8Array | undefined;
  /** Calibrated on rows other than those judged, for the same model; measured here. */
  readonly conformal?: readonly Conformal[] | undefined;
  readonly crossValidation?: CrossValidation | undefined;
}

/** The rows a model learnt from. */
export interface LearningRows {
  readonly target: Target;
  /** Out of fold: each row by a model that had not seen it. */
  readonly predictions: Predictions;
  readonly features?: Frame | undefined;
  /** Row numbers in the dataset version. */
  readonly rowNumbers?: ArrayLike<number> | undefined;
}

export interface EvaluationContext {
  readonly random: Random;
  /** Bootstrap resamples wanted; 0: no intervals. */
  readonly resamples: number;
  readonly signal?: AbortSignal;
}
