// What each candidate, and each ensemble of candidates, does on each set, from the files that fitting left.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crossFittedEnsemble } from "../../dist/capabilities/ensembles/cross-fit.js";
import { selectGreedily } from "../../dist/capabilities/ensembles/greedy.js";
import { METRIC_LIST } from "../../dist/catalogue.js";
import { CANDIDATES } from "./candidates.mjs";
import { sizeOf } from "./material.mjs";

/** Rows of a set that judge ensembles: every k-th beyond this many. */
const JUDGING_ROWS = 1000;
const STEPS = 15;
const PARTS = 4;
/** A set on which everything does nearly the same still differs by noise: scales are at least this share of the dummy's loss. */
const LEAST_SCALE = 0.06;
/** Of a single set's normalised loss: what fails there should not decide the order alone. */
const WORST = 2;
const BASELINE = "dummy";
const REFERENCE = "gbdt";

/** Sets with losses and processor seconds by candidate. */
export function readScores(sets, results) {
  const all = readdirSync(results).map((file) => JSON.parse(readFileSync(join(results, file), "utf8")));
  const known = new Map(CANDIDATES.map(({ id }) => [id, new Map()]));
  for (const file of all) known.get(file.candidate)?.set(file.set, file);
  return sets.map((set) => {
    const files = [...known].map(([id, bySet]) => [id, bySet.get(set.name)]).filter(([, file]) => file);
    const outcomes = files.filter(([, { loss }]) => loss !== undefined);
    return { ...createSet(set, new Map(outcomes)), asked: new Set(files.map(([id]) => id)) };
  });
}

function createSet({ name, task, rows, source }, files) {
  const regression = task === "regression";
  const members = new Map(
    [...files].map(([id, { outcomes }]) => [id, predictions(thinned(floats(outcomes)), regression)]),
  );
  const count = [...members.values()][0].values.length / (regression ? 1 : 2);
  const set = {
    name,
    task,
    rows,
    source,
    size: sizeOf(rows),
    losses: new Map([...files].map(([id, { loss }]) => [id, loss])),
    seconds: new Map([...files].map(([id, { seconds }]) => [id, seconds])),
    members,
    target: regression
      ? { task, values: new Float64Array(count) }
      : { task: "binary", classes: ["other", "true"], codes: new Int32Array(count).fill(1) },
    metric: METRIC_LIST.find(({ id }) => id === (regression ? "rmse" : "log-loss")),
    parts: Int32Array.from({ length: count }, (_, row) => row % PARTS),
    known: new Map(),
  };
  return { ...set, scale: scaleOf(set) };
}

function floats(base64) {
  const bytes = Buffer.from(base64, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function thinned(values) {
  const step = Math.max(1, Math.ceil(values.length / JUDGING_ROWS));
  return values.filter((_, row) => row % step === 0);
}

/** The true class against all others: its probability is all that log loss asks of a row. */
function predictions(values, regression) {
  if (regression) return { kind: "values", values: Float64Array.from(values) };
  const pairs = Float64Array.from({ length: 2 * values.length }, (_, at) =>
    at % 2 === 0 ? 1 - values[at >> 1] : values[at >> 1],
  );
  return { kind: "probabilities", values: pairs, classes: 2 };
}

/** 0: the ensemble of all candidates; 1: the median candidate. */
function scaleOf(set) {
  const ids = [...set.members.keys()].filter((id) => id !== BASELINE);
  const best = ensembleLoss(set, ids);
  const singles = ids.map((id) => ensembleLoss(set, [id])).sort((a, b) => a - b);
  const spread = Math.max(singles[singles.length >> 1] - best, LEAST_SCALE * ensembleLoss(set, [BASELINE]));
  return { best, spread };
}

/** Of the greedy ensemble of those that were fitted, each quarter of the rows judged by weights of the others. */
function ensembleLoss(set, ids) {
  const present = ids.filter((id) => set.members.has(id)).sort();
  const key = present.join("\n");
  const known = set.known.get(key);
  if (known !== undefined) return known;
  const problem = {
    candidates: present.map((id) => ({ predictions: set.members.get(id) })),
    target: set.target,
    metric: set.metric,
  };
  const choose = (asked) => selectGreedily(asked, { steps: STEPS }).weights;
  const { value } = crossFittedEnsemble(problem, set.parts, choose);
  set.known.set(key, value);
  return value;
}

/** Normalised loss of the ensemble of a list: 0 as good as everything together, 1 as the median candidate alone. */
export function listLoss(set, ids) {
  if (!ids.some((id) => set.members.has(id))) return WORST;
  return Math.min(WORST, (ensembleLoss(set, ids) - set.scale.best) / set.scale.spread);
}

/** Processor seconds of a candidate over those of boosting with its defaults, the geometric mean over sets. */
export function relativeCost(sets, id) {
  const ratios = sets
    .filter(({ seconds }) => seconds.has(id) && seconds.has(REFERENCE))
    .map(({ seconds }) => Math.log(Math.max(0.01, seconds.get(id)) / Math.max(0.01, seconds.get(REFERENCE))));
  if (ratios.length === 0) return Number.POSITIVE_INFINITY;
  return Math.exp(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length);
}
