// A table as learning material: kinds and target as a training decides them, cut into folds.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { stratifiedFolds } from "../../dist/capabilities/trainers/numeric/folds.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { openLocation } from "../../dist/workflows/load/open-data.js";
import { resolveProject } from "../../dist/workflows/project/project-file.js";
import { prepareData } from "../../dist/workflows/train/prepare.js";

/** Medium tables get fewer folds, large ones a single holdout of a quarter. */
const FOLDS = { small: 5, medium: 3, large: 4 };
const STRATA = 10;

/** Sizes of the lists. A set counts as what its rows are. */
export const SIZES = ["small", "medium", "large"];
export const sizeOf = (rows) => (rows < 3000 ? "small" : rows <= 20_000 ? "medium" : "large");

export const listSets = (folder) => JSON.parse(readFileSync(join(folder, "sets.json"), "utf8"));

/** Everything `fitExecutor` takes, and the target of the rows that are held out. */
export async function loadMaterial(folder, { name, task, target: column }) {
  const data = await openLocation(
    resolve(folder, `${name}.csv`),
    {},
    { folder, threads: 1, signal: new AbortController().signal, allowedHosts: [] },
  );
  try {
    const prepared = await prepareData(
      data,
      resolveProject({ task: { target: column, ...(task === "regression" ? { type: task } : {}) } }),
    );
    const { frame, features } = prepared;
    const target = prepared.target.target;
    if (target.task !== task) throw new Error(`${name} was read as ${target.task}.`);
    return { rows: frame.rows, columns: [...features.columns], target, folds: cut(name, target, frame.rows) };
  } finally {
    await data.close();
  }
}

function cut(name, target, rows) {
  const size = sizeOf(rows);
  const groups = target.task === "regression" ? quantileBins(target.values) : target.codes;
  const assignment = stratifiedFolds(groups, FOLDS[size], createRandom(`portfolio/${name}`));
  const numbers = Int32Array.from({ length: rows }, (_, row) => row);
  const folds = Array.from({ length: FOLDS[size] }, (_, fold) => ({
    fit: numbers.filter((row) => assignment[row] !== fold),
    heldOut: numbers.filter((row) => assignment[row] === fold),
  }));
  return size === "large" ? folds.slice(0, 1) : folds;
}

function quantileBins(values) {
  const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const bins = new Int32Array(values.length);
  for (const [rank, row] of order.entries()) bins[row] = Math.floor((rank * STRATA) / order.length);
  return bins;
}
