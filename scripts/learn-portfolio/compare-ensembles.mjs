// node scripts/learn-portfolio/compare-ensembles.mjs SETS RESULTS: what combining the candidates is worth. Weights are
// chosen on few of a set's held-out rows and judged on the others; the loss is shown against the best single candidate.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fitBlend } from "../../dist/capabilities/ensembles/blend.js";
import { crossFittedEnsemble } from "../../dist/capabilities/ensembles/cross-fit.js";
import { selectGreedily } from "../../dist/capabilities/ensembles/greedy.js";
import { averagePredictions } from "../../dist/capabilities/ensembles/predictions.js";
import { metricValue, takeProblem } from "../../dist/capabilities/ensembles/problem.js";
import { METRIC_LIST } from "../../dist/catalogue.js";
import { createRandom } from "../../dist/foundation/base/random.js";
import { listSets } from "./material.mjs";

const [sets, results] = process.argv.slice(2);
const REPEATS = Number(process.env.QUERN_REPEATS ?? 6);
const JUDGED_ROWS = 3000;
const FOLDS = 5;
const metricOf = (id) => METRIC_LIST.find((metric) => metric.id === id);

/** Candidates of a set as a question; classes are "what is true" and "anything else". */
function problemOf({ name, task }) {
  const outcomes = readdirSync(results)
    .filter((file) => file.startsWith(`${name}-`))
    .map((file) => JSON.parse(readFileSync(join(results, file), "utf8")))
    .filter((result) => result.set === name && result.outcomes)
    .map(({ candidate, outcomes }) => ({
      family: candidate.split(" ")[0],
      values: new Float32Array(new Uint8Array(Buffer.from(outcomes, "base64")).buffer),
    }));
  const rows = outcomes[0]?.values.length ?? 0;
  const isRegression = task === "regression";
  const predictions = (values) =>
    isRegression
      ? { kind: "values", values: Float64Array.from(values) }
      : {
          kind: "probabilities",
          classes: 2,
          values: Float64Array.from({ length: 2 * rows }, (_, k) =>
            k % 2 ? values[k >> 1] : 1 - values[k >> 1],
          ),
        };
  return {
    rows,
    candidates: outcomes.map(({ values, family }) => ({ family, predictions: predictions(values) })),
    target: isRegression
      ? { task, values: new Float64Array(rows) }
      : { task: "binary", classes: ["other", "true"], codes: new Int32Array(rows).fill(1) },
    metric: metricOf(isRegression ? "rmse" : "log-loss"),
  };
}

const best = (problem) => {
  const losses = problem.candidates.map(({ predictions }) => metricValue(problem, predictions));
  const least = losses.indexOf(Math.min(...losses));
  return losses.map((_, k) => (k === least ? 1 : 0));
};
const greedy = (problem) => selectGreedily(problem).weights;
const meanOfTen = (problem) =>
  selectGreedily(problem, { steps: 15, bags: { count: 10, share: 0.8, random: createRandom("ensemble") } })
    .weights;

/** Equal weights for the best candidate of each of the best families. */
function bestOfFamilies(problem, families = 4) {
  const losses = problem.candidates.map(({ predictions }) => metricValue(problem, predictions));
  const order = losses.map((_, k) => k).sort((a, b) => losses[a] - losses[b]);
  const chosen = new Map();
  for (const k of order) {
    const { family } = problem.candidates[k];
    if (!chosen.has(family) && chosen.size < families) chosen.set(family, k);
  }
  return losses.map((_, k) => ([...chosen.values()].includes(k) ? 1 / chosen.size : 0));
}

/** The mean of ten selections, drawn to the best of each family. */
const drawn = (share) => (problem) => {
  const equal = bestOfFamilies(problem);
  return Array.from(meanOfTen(problem), (weight, k) => (1 - share) * weight + share * equal[k]);
};

/** Of the best few alone, as of hundreds of trials only the best are considered; with or without the best of each family. */
const ofBest = (count, withFamilies) => (problem) => {
  const losses = problem.candidates.map(({ predictions }) => metricValue(problem, predictions));
  const order = losses.map((_, k) => k).sort((a, b) => losses[a] - losses[b]);
  const families = new Set();
  const kept = order.filter((k, place) => {
    const isFirst = !families.has(problem.candidates[k].family);
    families.add(problem.candidates[k].family);
    return place < count || (withFamilies && isFirst);
  });
  const weights = meanOfTen({ ...problem, candidates: kept.map((k) => problem.candidates[k]) });
  return losses.map((_, k) => (kept.includes(k) ? weights[kept.indexOf(k)] : 0));
};

const ALL_WAYS = {
  single: best,
  "where it beats": (problem) => {
    const folds = Int32Array.from({ length: problem.rows }, (_, row) => row % FOLDS);
    const together = crossFittedEnsemble(problem, folds, greedy).value;
    return together < crossFittedEnsemble(problem, folds, best).value ? greedy(problem) : best(problem);
  },
  always: greedy,
  "mean of ten": meanOfTen,
  blend: (problem) => fitBlend(problem).weights,
  "best of four families": bestOfFamilies,
  "drawn by .3": drawn(0.3),
  "drawn by .5": drawn(0.5),
  "of the best 8": ofBest(8, false),
  "of the best 8 and of each family": ofBest(8, true),
};
const asked = process.env.QUERN_WAYS?.split(",") ?? Object.keys(ALL_WAYS);
const WAYS = Object.fromEntries(["single", ...asked].map((way) => [way, ALL_WAYS[way]]));

for (const count of [300, 900]) {
  const relative = Object.fromEntries(Object.keys(WAYS).map((way) => [way, []]));
  for (const set of listSets(sets)) {
    const problem = problemOf(set);
    if (problem.candidates.length < 8 || problem.rows < count + 200) continue;
    const losses = Object.fromEntries(Object.keys(WAYS).map((way) => [way, 0]));
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const order = createRandom(`${set.name}/${repeat}`).permutation(problem.rows);
      const chosenOn = { ...takeProblem(problem, order.subarray(0, count)), rows: count };
      const judgedOn = takeProblem(problem, order.subarray(count, count + JUDGED_ROWS));
      const judged = judgedOn.candidates.map(({ predictions }) => predictions);
      for (const [way, choose] of Object.entries(WAYS))
        losses[way] += metricValue(judgedOn, averagePredictions(judged, choose(chosenOn))) / REPEATS;
    }
    for (const way of Object.keys(WAYS)) relative[way].push(losses[way] / losses.single - 1);
  }
  for (const [way, values] of Object.entries(relative)) {
    const mean = values.reduce((sum, value) => sum + value / values.length, 0);
    const worse = values.filter((value) => value > 1e-9).length;
    console.log(
      `${count} rows, ${way}: ${(100 * mean).toFixed(2)} % of loss, worse on ${worse} of ${values.length} sets`,
    );
  }
}
