import { createRandom } from "../../foundation/base/random.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import type { Project } from "../../foundation/contracts/project.js";
import { takeTarget, takeWeights } from "../../foundation/contracts/target.js";
import type { WorkflowContext } from "../context.js";
import type { Candidate, Situation } from "../learn/candidates.js";
import { fitExecutor } from "../learn/fit.js";
import type { PackedMaterial } from "../learn/material.js";
import { type Extensions, transformMap } from "../project/extensions.js";
import { featureSteps } from "../project/feature-steps.js";
import { type Division, wholeTarget } from "./divide.js";
import type { PreparedData } from "./prepare.js";

/** What is fitted to see how long it takes: enough rows to be like the rest, few enough to be quick. */
const MOST_ROWS = 4000;
/** A fit that is estimated to take longer is not tried, nor are further ones once all together took so long. */
const LONGEST_SECONDS = 3;
const ALL_SECONDS = 8;
/** The first fit of its kind also compiles: a quick one is repeated, and the quickest counts. */
const QUICK_SECONDS = 0.5;
const REPEATS = 3;
/** Beyond this a measurement says more of the moment than of the data. */
const MOST_PACE = 30;
/** Held out where there are no folds that say how much. */
const HELD_OUT_SHARE = 1 / 6;

interface PacedData {
  readonly prepared: PreparedData;
  readonly division: Division;
  readonly project: Project;
  readonly extensions: Extensions;
}

/**
 * How many times its estimate each candidate's fit takes here and now, by one fit on a sample of the rows: estimates
 * know neither this machine nor how soon boosting stops and trees are pure on these data. What is too long to try,
 * or fails, gets the median of the others; 1 where nothing was tried.
 */
export async function measurePaces(
  candidates: readonly Candidate[],
  situation: Situation,
  data: PacedData,
  context: WorkflowContext,
): Promise<number[]> {
  const material = sampleMaterial(data, situation);
  const [fold] = material.folds;
  const measured: (number | undefined)[] = [];
  let left = ALL_SECONDS;
  for (const candidate of candidates) {
    const { trainer, config } = candidate;
    const rows = { rows: fold!.fit.length, validationRows: fold!.heldOut.length };
    const expected = trainer.estimate({ ...situation.specificationOf(trainer), ...rows }, config).seconds;
    const isTried = expected <= Math.min(LONGEST_SECONDS, left);
    const start = context.clock.elapsed();
    const seconds = isTried ? await quickestFit(candidate, material, data, context) : undefined;
    left -= (context.clock.elapsed() - start) / 1000;
    const pace = seconds === undefined ? undefined : seconds / Math.max(expected, 1e-6);
    measured.push(pace === undefined ? undefined : Math.min(MOST_PACE, Math.max(1 / MOST_PACE, pace)));
  }
  const usual = median(measured.filter((pace) => pace !== undefined));
  return measured.map((pace) => pace ?? usual);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 1;
}

/** Some of the rows to learn from, with one fold held out as large as those of the training. */
function sampleMaterial({ prepared, division, project }: PacedData, { folds }: Situation): PackedMaterial {
  const { features, target, weights } = prepared;
  const { train, validation } = division.whole;
  const all = Int32Array.from([...train, ...validation]);
  const order = createRandom(project.seed).fork("paces").permutation(all.length);
  const rows = Int32Array.from(order.subarray(0, MOST_ROWS), (place) => all[place]!);
  const held = Math.max(1, Math.round(rows.length * (folds > 1 ? 1 / folds : HELD_OUT_SHARE)));
  const places = Int32Array.from(rows, (_, place) => place);
  return {
    rows: rows.length,
    columns: [...takeRows(features, rows).columns],
    target: takeTarget(wholeTarget(target, prepared.frame.rows), rows),
    ...takeWeights(weights, rows),
    folds: [{ fit: places.subarray(held), heldOut: places.subarray(0, held) }],
    ...(project.features.length > 0 ? { steps: featureSteps(project) } : {}),
  };
}

/** Seconds of the clock; undefined for a fit that fails: the training will say why. */
async function quickestFit(
  { trainer, config }: Candidate,
  material: PackedMaterial,
  { project: { seed }, extensions }: PacedData,
  { clock, logger, signal }: WorkflowContext,
): Promise<number | undefined> {
  const task = { trainer: trainer.id, config, fold: 0, material: "sample" };
  const tools = {
    ...{ trainer, seed, threads: 1, clock, logger, signal, report: () => undefined },
    transforms: transformMap(extensions),
  };
  let quickest = Number.POSITIVE_INFINITY;
  try {
    for (let k = 0; k < REPEATS && (k === 0 || quickest < QUICK_SECONDS); k++) {
      const start = clock.elapsed();
      await fitExecutor.fit(task, material, tools);
      quickest = Math.min(quickest, (clock.elapsed() - start) / 1000);
    }
    return quickest;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
