import type { CalibrationState } from "../../capabilities/trainers/calibration/index.js";
import { ensembleBytes } from "../../capabilities/trainers/tree-ensemble/emit.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import { pack } from "../../foundation/base/packing.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";
import { bagging } from "./candidates.js";
import type { CombineTools } from "./combine.js";
import type { LearningMaterial } from "./material.js";
import type { LearnedModel, Member } from "./model.js";
import type { FinishedTrial } from "./trial.js";

/** A trial's part in the model. */
export interface Share {
  readonly trial: FinishedTrial;
  readonly weight: number;
}

/** The fitted models of a share: those of its folds, or one refitted on all rows. */
interface Part {
  readonly share: Share;
  readonly states: readonly unknown[];
  /** Of each, in the exported graph. */
  readonly bytes: readonly number[];
}

/** Goal on the size of the exported model, in 10^6 bytes. */
export const SIZE_GOAL = "bundleMegabytes";
/** Without such a goal: what loads quickly and answers in milliseconds. */
const USUAL_BYTES = 18e6;
/** Of a goal: the rest is for transforms and what the estimate of bytes misses. */
const USABLE_SHARE = 0.8;

/** Bytes that the members may take together. */
export function bundleLimit({ task }: Project): number {
  const goal = task.goals[SIZE_GOAL];
  const megabytes = goal === undefined ? Number.NaN : Number(/[\d.eE+-]+\s*$/.exec(goal)?.[0]);
  return Number.isFinite(megabytes) ? USABLE_SHARE * megabytes * 1e6 : USUAL_BYTES;
}

/**
 * One model of the chosen trials: the fits of its folds averaged or kept, or a new fit on all rows. What is too
 * large loses fold models first (half a bag brings nearly all that a whole one does), then its largest members.
 */
export async function assemble(
  shares: readonly Share[],
  calibration: CalibrationState,
  limitBytes: number,
  context: { material: LearningMaterial; identity: Sha256; tools: CombineTools },
): Promise<LearnedModel> {
  const gathered: Part[] = [];
  for (const share of shares) gathered.push(await gather(share, context));
  const parts = fitToSize(gathered, limitBytes);
  const total = parts.reduce((sum, { share }) => sum + share.weight, 0);
  const styles = [...new Set(parts.map(({ share }) => trainerOf(share).capabilities.features))];
  const members = parts.flatMap(({ share, states }) => {
    const member = (state: unknown, part: number): Member => ({
      trainer: trainerOf(share),
      state,
      weight: (share.weight / total) * part,
      pipeline: styles.indexOf(trainerOf(share).capabilities.features),
      trial: share.trial.candidate.number,
    });
    const averages = states.length > 1 && bagging(trainerOf(share)) === "average";
    return averages
      ? [member(trainerOf(share).average!(states), 1)]
      : states.map((state) => member(state, 1 / states.length));
  });
  return {
    pipelines: styles.map((style) => context.tools.features.prepare(style).pipeline),
    members,
    calibration,
  };
}

const trainerOf = ({ trial }: Share): Trainer => trial.candidate.trainer;

async function gather(
  share: Share,
  { material, identity, tools }: { material: LearningMaterial; identity: Sha256; tools: CombineTools },
): Promise<Part> {
  const { trainer, config } = share.trial.candidate;
  const states: unknown[] = [];
  if (material.folds.length > 1 && bagging(trainer) === "refit") {
    const refit = { trainer: trainer.id, config, material: identity, fold: "all" as const };
    states.push((await tools.fitter.fit(refit, tools.signal)).outcome.state);
  } else {
    for (const { hash } of share.trial.fits) states.push((await tools.load(hash)).state);
  }
  return { share, states, bytes: states.map((state) => graphBytes(trainer, state)) };
}

/** What a fitted model takes in the exported graph. */
function graphBytes(trainer: Trainer, state: unknown): number {
  const { anatomy } = trainer.restore(state);
  return anatomy?.kind === "trees" ? ensembleBytes(anatomy.trees) : pack(state).length;
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

function fitToSize(parts: readonly Part[], limitBytes: number): readonly Part[] {
  const kept = [...parts];
  const size = (): number => sum(kept.map(({ bytes }) => sum(bytes)));
  while (size() > limitBytes) {
    const largest = kept.reduce((most, part) => (sum(part.bytes) > sum(most.bytes) ? part : most));
    const place = kept.indexOf(largest);
    const half = Math.ceil(largest.states.length / 2);
    if (largest.states.length > 1)
      kept[place] = {
        ...largest,
        states: largest.states.slice(0, half),
        bytes: largest.bytes.slice(0, half),
      };
    else if (kept.length > 1) kept.splice(place, 1);
    else break;
  }
  return kept;
}
