import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import { selectColumns } from "../../foundation/contracts/frame.js";
import type { MetricInput } from "../../foundation/contracts/metric.js";
import type { trustParts } from "../../foundation/contracts/trust.js";
import { measureCoverage } from "./conformal/measure.js";
import type { EvaluationContext, EvaluationRequest } from "./evaluation-request.js";
import { measureFairness } from "./fairness/measure-fairness.js";
import { findLabelErrors } from "./label-errors/find-label-errors.js";
import { findNovelty } from "./novelty/find-novelty.js";
import { twinFigures } from "./twin-figures.js";

/** Suspects, strange rows and pairs that a document keeps. */
const MOST_ROWS = 50;

type TrustReport = Pick<Evaluation, keyof typeof trustParts>;

/** The parts of an evaluation that say how far its numbers can be trusted; each only where what it needs was given. */
export function trustReport(
  request: EvaluationRequest,
  input: MetricInput,
  context: EvaluationContext,
): TrustReport {
  const { learning, twins, fairness, conformal, nearDuplicates, crossValidation } = request;
  const { random, resamples } = context;
  return {
    ...(learning ? { labelErrors: findLabelErrors({ ...learning, most: MOST_ROWS }) } : {}),
    ...(nearDuplicates ? { nearDuplicates } : {}),
    ...(twins?.some((twin) => twin > 0) ? { twins: twinFigures(request.metric, input, twins, context) } : {}),
    ...noveltyOf(request, context),
    ...(conformal
      ? { conformal: conformal.map((one) => measureCoverage(one, input.target, input.predictions)) }
      : {}),
    ...(fairness
      ? { fairness: measureFairness({ input, groups: fairness, random: random.fork("fairness"), resamples }) }
      : {}),
    ...(crossValidation ? { crossValidation } : {}),
  };
}

/** Rows of the learning part are compared by the columns that both have. */
function noveltyOf(
  { learning, features, rowNumbers }: EvaluationRequest,
  { random }: EvaluationContext,
): Pick<Evaluation, "novelty"> {
  if (!learning?.features || !features) return {};
  const shared = [...features.columns.keys()].filter((name) => learning.features!.columns.has(name));
  const novelty = findNovelty({
    learning: selectColumns(learning.features, shared),
    rows: selectColumns(features, shared),
    rowNumbers,
    random,
    most: MOST_ROWS,
  });
  return novelty ? { novelty } : {};
}
