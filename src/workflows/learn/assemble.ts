import type { CalibrationState } from "../../capabilities/trainers/calibration/index.js";
import { ensembleBytes } from "../../capabilities/trainers/tree-ensemble/emit.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import { pack } from "../../foundation/base/packing.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { FeatureStyle, Trainer } from "../../foundation/contracts/trainer.js";
import { bagging } from "./candidates.js";
import type { CombineTools } from "./combine.js";
import type { LearningMaterial } from "./material.js";
import type { LearnedModel, Member } from "./model.js";
import type { StackInput } from "./stack.js";
import { type FinishedTrial, fitTask } from "./trial.js";

/** A trial's part in the model. */
export interface Share {
  readonly trial: FinishedTrial;
  readonly weight: number;
}

/** The chosen trials, and what a second layer among them sees. */
export interface Choice {
  readonly shares: readonly Share[];
  /** Empty where none of the shares is of a second layer. */
  readonly inputs: readonly StackInput[];
}

/** The fitted models of a share: those of its folds, or one refitted on all rows. */
interface Part {
  readonly share: Share;
  /** A second layer sees it: it cannot be left out. */
  readonly feeds: boolean;
  readonly states: readonly unknown[];
  /** Of each, in the exported graph. */
  readonly bytes: readonly number[];
  readonly shrunk?: true;
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

export interface AssemblyContext {
  readonly material: LearningMaterial;
  readonly identity: Sha256;
  readonly tools: CombineTools;
}

/**
 * One model of the chosen trials and of those that a second layer sees: the fits of their folds averaged or kept,
 * or a new fit on all rows. What is too large loses fold models first (half a bag brings nearly all that a whole
 * one does), then its largest members.
 */
export async function assemble(
  { shares, inputs }: Choice,
  calibration: CalibrationState,
  limitBytes: number,
  context: AssemblyContext,
): Promise<LearnedModel> {
  const feeding = inputs.map(({ trial }) => trial);
  const silent = feeding.filter((trial) => !shares.some((share) => share.trial === trial));
  const needed = [...shares, ...silent.map((trial) => ({ trial, weight: 0 }))];
  // What is fitted anew runs side by side, in as many processes as the search did.
  const gathered = await Promise.all(
    needed.map((share) => gather(share, feeding.includes(share.trial), context)),
  );
  const parts = fitToSize(gathered, limitBytes);
  const styles = [
    ...new Set(parts.filter(({ share }) => !isStacked(share)).map(({ share }) => styleOf(share))),
  ];
  return {
    pipelines: styles.map((style) => context.tools.features.prepare(style).pipeline),
    members: membersOf(parts, styles),
    stack: inputs.map(({ trial, description }) => ({ trial: trial.candidate.number, description })),
    calibration,
  };
}

function membersOf(parts: readonly Part[], styles: readonly FeatureStyle[]): Member[] {
  const total = sum(parts.map(({ share }) => share.weight));
  return parts.flatMap(({ share, states }) => {
    const trainer = trainerOf(share);
    const member = (state: unknown, trialShare: number): Member => ({
      trainer,
      state,
      weight: (share.weight / total) * trialShare,
      trialShare,
      pipeline: isStacked(share) ? null : styles.indexOf(styleOf(share)),
      trial: share.trial.candidate.number,
    });
    const averages = states.length > 1 && bagging(trainer) === "average";
    return averages
      ? [member(trainer.average!(states), 1)]
      : states.map((state) => member(state, 1 / states.length));
  });
}

const trainerOf = ({ trial }: Share): Trainer => trial.candidate.trainer;
const styleOf = (share: Share): FeatureStyle => trainerOf(share).capabilities.features;
const isStacked = ({ trial }: Share): boolean => trial.candidate.origin === "stack";

async function gather(
  share: Share,
  feeds: boolean,
  { material, identity, tools }: AssemblyContext,
): Promise<Part> {
  const { trainer } = share.trial.candidate;
  const states: unknown[] = [];
  if (material.folds.length > 1 && bagging(trainer) === "refit") {
    const refit = fitTask(share.trial.candidate, identity, "all");
    states.push((await tools.fitter.fit(refit, tools.signal)).outcome.state);
  } else {
    for (const { hash } of share.trial.fits) states.push((await tools.load(hash)).state);
  }
  return { share, feeds, states, bytes: states.map((state) => graphBytes(trainer, state)) };
}

/** What a fitted model takes in the exported graph. */
export function graphBytes(trainer: Trainer, state: unknown): number {
  const { anatomy } = trainer.restore(state);
  return anatomy?.kind === "trees" ? ensembleBytes(anatomy.trees) : pack(state).length;
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

function fitToSize(parts: readonly Part[], limitBytes: number): readonly Part[] {
  const kept = [...parts];
  const excess = (): number => sum(kept.map(({ bytes }) => sum(bytes))) - limitBytes;
  while (excess() > 0) {
    const weighted = kept.filter(({ share }) => share.weight > 0).length;
    const reducible = kept.filter(
      (part) => part.states.length > 1 || (!part.feeds && (weighted > 1 || shrinks(part))),
    );
    if (reducible.length === 0) break;
    const largest = reducible.reduce((most, part) => (sum(part.bytes) > sum(most.bytes) ? part : most));
    const place = kept.indexOf(largest);
    if (largest.states.length > 1) kept[place] = halved(largest);
    else if (shrinks(largest)) kept[place] = shrunken(largest, excess());
    else kept.splice(place, 1);
  }
  return kept;
}

/** Half of the fold models. */
function halved(part: Part): Part {
  const half = Math.ceil(part.states.length / 2);
  return { ...part, states: part.states.slice(0, half), bytes: part.bytes.slice(0, half) };
}

/** Once: what a trainer leaves after that it cannot do without. */
const shrinks = ({ share, shrunk }: Part): boolean => !shrunk && trainerOf(share).shrink !== undefined;

/** A forest with fewer trees, say, down to half its size: what is larger still is better left out. */
function shrunken(part: Part, excessBytes: number): Part {
  const [whole] = part.bytes;
  const trainer = trainerOf(part.share);
  const state = trainer.shrink!(part.states[0], Math.max(whole! / 2, whole! - excessBytes));
  return { ...part, states: [state], bytes: [graphBytes(trainer, state)], shrunk: true };
}
