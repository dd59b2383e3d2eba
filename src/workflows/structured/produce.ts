/** From checked data of a structured task to a registered model: divide, fit, choose, judge once, export, register. */
import { findProblems } from "../../capabilities/data/findings/find-problems.js";
import { measureTable } from "../../capabilities/data/profile/profile-table.js";
import { QuernError } from "../../foundation/base/errors.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import { type Frame, takeRows } from "../../foundation/contracts/frame.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import { takeStructures } from "../../foundation/contracts/structured.js";
import { throwIfAborted } from "../context.js";
import { recordDataset, recordSplit } from "../train/record-data.js";
import { fitCandidate, type OpenStructure, openStructure } from "./fit.js";
import type { JudgedStructure, StructureTrial } from "./judged.js";
import type { StructureCandidate, StructureProduction } from "./production.js";
import { registerStructure } from "./register.js";

/** Of a name that a column gives. */
const NAME_LENGTH = 60;

export async function produceStructure(production: StructureProduction): Promise<TrainResult> {
  const { project, store, lease, progress, context, metric, prepared } = production;
  const dataset = await recordDataset(production);
  const splitId = await recordSplit(production, dataset);
  progress.report({ stage: "profile", done: 0, total: 1 });
  const inspection = await inspect(production, dataset.id, splitId);
  const trials: StructureTrial[] = [];
  for (const candidate of production.candidates) {
    throwIfAborted(context.signal);
    const trial = await tryCandidate(production, candidate, { dataset: dataset.id, split: splitId });
    trials.push(trial);
    const { value, seconds } = trial;
    production.course.trial(
      { trial: candidate.number, trainer: candidate.trainer.id, value, seconds },
      metric,
    );
  }
  const best = bestOf(production, trials);
  const opened = openStructure(best.model, best.candidate.trainer, production.transforms);
  progress.report({ stage: "evaluate", done: 0, total: 1 });
  const openings = await store.datasets.openTest({ split: splitId, run: lease.id, purpose: "train" });
  const judged: JudgedStructure = {
    name: project.name ?? nameAfter(prepared.column),
    dataset,
    splitId,
    ...inspection,
    trials,
    best,
    opened,
    evaluation: await judgeTest(production, opened),
    openings,
  };
  const result = await registerStructure(production, judged);
  production.course.curves(
    trials.flatMap(({ candidate, model }) =>
      model
        ? [{ name: `${candidate.trainer.id}-${candidate.number}`, curves: model.diagnostics.curves ?? {} }]
        : [],
    ),
  );
  return result;
}

async function inspect(
  { data, prepared, division, steps, extensions }: StructureProduction,
  dataset: string,
  split: string,
): Promise<Pick<JudgedStructure, "profile" | "findings">> {
  const { schema, frame, roles, unreadable, truth, truthColumns: truths } = prepared;
  const { value } = await steps.run(
    {
      id: "inspect-structure",
      version: 2,
      config: { schema, roles, unreadable, truths },
      inputs: { dataset, split },
    },
    async () => {
      const input = await measureTable(data.table, schema, { frame, roles, truths, unreadable });
      const { finders } = extensions;
      const findings = findProblems({ ...input, splits: division.splits }, { finders });
      return { profile: input.profile, findings };
    },
  );
  return { profile: value.profile, findings: [...value.findings, ...truth.findings] };
}

/** A trainer that fails is left out, unless it was the only one. */
async function tryCandidate(
  production: StructureProduction,
  candidate: StructureCandidate,
  inputs: { readonly dataset: string; readonly split: string },
): Promise<StructureTrial> {
  const { prepared, division, metric, transforms, context, candidates } = production;
  const { definition, truth } = prepared;
  try {
    const { value: model, seconds, hash } = await fitCandidate(production, candidate, inputs);
    const rows = division.whole.validation;
    const held = takeRows(prepared.inputs, rows);
    const judged = definition.judge({
      target: takeStructures(truth.target, rows),
      inputs: held,
      answers: await openStructure(model, candidate.trainer, transforms).answer(held),
      rowNumbers: rows,
      split: "validation",
      metric,
      random: createRandom("validation"),
      resamples: 0,
      signal: context.signal,
    });
    return { candidate, value: judged.metrics[metric]?.value ?? null, seconds, model, hash };
  } catch (failure) {
    if (candidates.length === 1 || context.signal.aborted) throw failure;
    const error = failure instanceof Error ? failure.message : String(failure);
    return { candidate, value: null, seconds: 0, error };
  }
}

function bestOf(
  { metric, prepared }: StructureProduction,
  trials: readonly StructureTrial[],
): JudgedStructure["best"] {
  const direction = prepared.definition.metrics.find(({ id }) => id === metric)!.direction;
  const sign = direction === "maximize" ? 1 : -1;
  const rank = ({ value }: StructureTrial) => (value === null ? Number.NEGATIVE_INFINITY : sign * value);
  const fitted = trials.filter((trial): trial is JudgedStructure["best"] => trial.model !== undefined);
  const best = [...fitted].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)))[0];
  if (best) return best;
  const [first] = trials;
  throw new QuernError(
    "TRAINING_FAILED",
    `No trainer succeeded; ${first?.candidate.trainer.id}: ${first?.error}`,
    {
      details: { failures: trials.map(({ candidate, error }) => ({ trainer: candidate.trainer.id, error })) },
    },
  );
}

async function judgeTest(
  { prepared, division, metric, project, context }: StructureProduction,
  opened: OpenStructure,
): Promise<Evaluation> {
  const { definition, truth } = prepared;
  const { train, test } = division.whole;
  const part = (rows: Int32Array): { target: typeof truth.target; inputs: Frame } => ({
    target: takeStructures(truth.target, rows),
    inputs: takeRows(prepared.inputs, rows),
  });
  const judged = part(test);
  const baseline = project.evaluation.baseline && definition.baseline?.(part(train), judged.inputs);
  return definition.judge({
    ...judged,
    answers: await opened.answer(judged.inputs),
    ...(baseline ? { baseline } : {}),
    rowNumbers: test,
    split: "test",
    metric,
    random: createRandom(project.seed).fork("evaluate"),
    resamples: project.evaluation.resamples,
    signal: context.signal,
  });
}

/** A model without a name is called after what it predicts. */
function nameAfter(column: string): string {
  const plain = column.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[^\p{L}\p{N}]+/u, "");
  return plain.slice(0, NAME_LENGTH).replace(/[^\p{L}\p{N}]+$/u, "") || "model";
}
