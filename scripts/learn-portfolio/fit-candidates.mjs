// node --no-liftoff scripts/learn-portfolio/fit-candidates.mjs SETS RESULTS [MINUTES]: fits every candidate on every set.
// Each result is a file: a run that was ended goes on where it stopped. One thread; candidates outermost, so that
// after any time the first ones have been fitted on all sets.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../dist/foundation/base/clock.js";
import { sha256 } from "../../dist/foundation/base/hash.js";
import { silentLogger } from "../../dist/foundation/base/logger.js";
import { estimateAll } from "../../dist/workflows/learn/candidates.js";
import { fitExecutor } from "../../dist/workflows/learn/fit.js";
import { CANDIDATES } from "./candidates.mjs";
import { listSets, loadMaterial, sizeOf } from "./material.mjs";

const [sets, results, minutes = "600"] = process.argv.slice(2);
/** Estimated, for one fit; of large data only what is cheap is asked for. Measured, it may be twice as much. */
const MOST_SECONDS = { small: 20, medium: 20, large: 2.5 };
const LEAST_PROBABILITY = 2 ** -40;

const end = Date.now() + Number(minutes) * 60_000;
mkdirSync(results, { recursive: true });
const loaded = [];
for (const set of listSets(sets)) loaded.push({ set, material: await loadMaterial(sets, set) });
for (const candidate of CANDIDATES)
  for (const { set, material } of loaded) {
    const path = join(results, `${set.name}-${sha256(candidate.id).slice(0, 12)}.json`);
    if (Date.now() > end || existsSync(path) || !candidate.trainer.tasks.includes(set.task)) continue;
    const result = await attempt(candidate, set, material);
    writeFileSync(path, JSON.stringify({ set: set.name, candidate: candidate.id, ...result }));
    const { loss, seconds, reason } = result;
    console.log(
      `${set.name} ${candidate.id}: ${reason ?? `${loss.toPrecision(4)} in ${seconds.toFixed(1)} s`}`,
    );
  }

async function attempt(candidate, set, material) {
  const estimate = fitEstimate(candidate, material);
  if (estimate > MOST_SECONDS[sizeOf(material.rows)])
    return { reason: `about ${estimate.toFixed(0)} s a fit` };
  try {
    return await heldOut(candidate, set, material);
  } catch (failure) {
    return { reason: String(failure.message).split("\n")[0] };
  }
}

/** A rough one: as many features as columns. */
function fitEstimate({ trainer, resolved }, { rows, columns, target }) {
  const specification = {
    rows,
    features: columns.length,
    task: target.task,
    classes: target.task === "regression" ? 1 : target.classes.length,
    threads: 1,
  };
  const situation = { task: target.task, rows, folds: 1, specificationOf: () => specification };
  return estimateAll({ trainer, config: resolved }, situation).seconds;
}

/**
 * What losses and those of ensembles need of the held-out predictions, by fold: the probability of the true class, or
 * the error in deviations of the target. `seconds` are of the processor, for all folds.
 */
async function heldOut({ trainer, resolved }, { name }, material) {
  const parts = [];
  let seconds = 0;
  for (const [fold, { heldOut: rows }] of material.folds.entries()) {
    const before = process.cpuUsage();
    const { heldOut: predictions } = await fitExecutor.fit(
      { trainer: trainer.id, config: resolved, fold },
      material,
      {
        trainer,
        seed: `portfolio/${name}`,
        threads: 1,
        clock: systemClock,
        logger: silentLogger,
        signal: new AbortController().signal,
        report: () => undefined,
      },
    );
    const { user, system } = process.cpuUsage(before);
    seconds += (user + system) / 1e6;
    parts.push(outcomes(predictions, material.target, rows));
    if (seconds / (fold + 1) > 2 * MOST_SECONDS[sizeOf(material.rows)])
      return { reason: `${seconds.toFixed(0)} s a fit` };
  }
  const values = Float32Array.from(parts.flatMap((part) => Array.from(part)));
  const loss = material.target.task === "regression" ? rootMeanSquare(values) : meanLogLoss(values);
  return { loss, seconds, outcomes: Buffer.from(values.buffer).toString("base64") };
}

function outcomes({ values, classes }, target, rows) {
  if (target.task !== "regression")
    return Array.from(rows, (row, i) => values[i * classes + target.codes[row]]);
  const scale = deviation(target.values);
  return Array.from(rows, (row, i) => (values[i] - target.values[row]) / scale);
}

function deviation(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function rootMeanSquare(errors) {
  return Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
}

function meanLogLoss(probabilities) {
  const log = (p) => Math.log(Math.max(p, LEAST_PROBABILITY));
  return -probabilities.reduce((sum, p) => sum + log(p), 0) / probabilities.length;
}
